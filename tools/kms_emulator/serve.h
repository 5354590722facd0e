/* SPDX-License-Identifier: Apache-2.0
 * HTTPS (HTTP/1.1 over TLS 1.2 and 1.3) before a front. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_SERVE_H
#define GRILLE_TOOLS_KMS_EMULATOR_SERVE_H

#include "kms_emulator/front.h"

/* Connections at once. */
#define KMS_CONNECTIONS_MOST 512

/* A connection that sends nothing for so long is closed. */
#define KMS_IDLE_SECONDS 60

/* Of one request's header fields, and of a connection's own memory. */
#define KMS_HEADER_BYTES     32768
#define KMS_CONNECTION_BYTES 65536

/* What is read of a body that is over its limit, so that its sender hears why; more ends the connection. */
#define KMS_DISCARDED_BYTES 16777216

typedef struct kms_server kms_server;

/* Serves `front`, which is borrowed, on `listen` (kms_listen_parse) with the certificate in `folder`, from a thread of
 * its own. BAD_ARGUMENT: no such address; SYSTEM: it is taken, or the certificate can't be used. */
GRILLE_MUST_USE grille_reason kms_server_start(kms_front *front, const char *folder, const char *listen,
                                               kms_server **server, grille_error *error);

/* Ends it: what is being answered is. NULL is fine. */
void kms_server_stop(kms_server *server);

/* Where it listens: "127.0.0.1:8443". As long as the server. */
const char *kms_server_address(const kms_server *server);

#endif
