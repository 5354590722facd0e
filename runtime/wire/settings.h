/* SPDX-License-Identifier: Apache-2.0
 * The SETTINGS payload: wire.proto Settings. Pure functions, any thread. */
#ifndef GRILLE_WIRE_SETTINGS_H
#define GRILLE_WIRE_SETTINGS_H

#include "wire/message.h"

/* Numbers of one side: what it lets its peer do. Services are a view of the encoded message ({0} when there are none).
 */
typedef struct grille_settings {
    uint32_t max_streams;
    uint32_t max_handlers;
    uint32_t max_message_bytes;
    uint32_t max_metadata_bytes;
    uint32_t stream_window_bytes;
    uint32_t connection_window_bytes;
    grille_bytes services_encoded;
    uint32_t service_count;
} grille_settings;

typedef struct grille_service_digest {
    uint32_t id;         /* first 4 bytes, big-endian, of SHA-256 of "package.Service"; never 0 */
    grille_bytes digest; /* SHA-256: GRILLE_SCHEMA_DIGEST_BYTES */
} grille_service_digest;

/* What holds before SETTINGS, and what we announce by default. */
grille_settings grille_settings_minimum(void);
grille_settings grille_settings_default(void);

/* OK when every number lies between its minimum and its limit and the stream window is at most 1/16 of the
 * connection's; else WIRE_LIMIT. */
GRILLE_MUST_USE grille_reason grille_settings_check(const grille_settings *settings);

/* A number that is absent or 0 is its minimum. WIRE_BAD_MESSAGE, or as grille_settings_check; *settings is only written
 * on success and borrows. */
GRILLE_MUST_USE grille_reason grille_settings_decode(grille_bytes encoded, grille_settings *settings);

/* Numbers at their minimum are left out. `services` are at most GRILLE_LIMIT_SERVICES (else the writer fails with
 * WIRE_LIMIT), with rising ids (else with WIRE_BAD_MESSAGE); the view in *settings is not used. */
void grille_settings_write(grille_writer *writer, const grille_settings *settings,
                           const grille_service_digest *services, size_t service_count);

typedef struct grille_service_iterator {
    grille_message_reader message;
} grille_service_iterator;

/* The peer's services, ids rising; borrows what *settings borrows. */
grille_service_iterator grille_settings_services(const grille_settings *settings);
GRILLE_MUST_USE bool grille_service_next(grille_service_iterator *iterator, grille_service_digest *service);

#endif
