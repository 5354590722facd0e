/* SPDX-License-Identifier: Apache-2.0
 * What generated code tells the runtime of messages, methods and services. Written by protoc-gen-grille as constants;
 * applications only pass them on. */
#ifndef GRILLE_METHOD_H
#define GRILLE_METHOD_H

#include <stdbool.h>

#include "grille/status.h"

#ifdef __cplusplus
extern "C" {
#endif

struct grille_codec;

/* One message type in one message library. */
typedef struct grille_message_type {
    const struct grille_codec *codec; /* grille_codec_protobuf_c or grille_codec_nanopb */
    const void *descriptor;           /* ProtobufCMessageDescriptor or pb_msgdesc_t */
    size_t struct_bytes;              /* sizeof the C struct */
    const char *name;                 /* "package.Message" */
} grille_message_type;

/* The two message libraries (runtime/codec). */
extern const struct grille_codec grille_codec_protobuf_c;
extern const struct grille_codec grille_codec_nanopb;

typedef enum grille_method_kind {
    GRILLE_METHOD_UNARY,
    GRILLE_METHOD_CLIENT_STREAMING,
    GRILLE_METHOD_SERVER_STREAMING,
    GRILLE_METHOD_BIDIRECTIONAL
} grille_method_kind;

/* Flags of a method, from its options (proto/grille/v1/options.proto). */
#define GRILLE_METHOD_OFFLOAD    0x1u /* the handler runs on the worker pool */
#define GRILLE_METHOD_IDEMPOTENT 0x2u /* may be retried */

struct grille_service;

typedef struct grille_method {
    const char *path; /* "/package.Service/Method" */
    uint32_t id;      /* first 4 bytes, big-endian, of SHA-256 of the path (docs/protocol.md) */
    grille_method_kind kind;
    uint32_t flags;
    uint32_t default_timeout_ms; /* 0: none */
    const grille_message_type *request;
    const grille_message_type *response;
    const struct grille_service *service; /* it belongs to; NULL: its schema is not compared with the peer's */
    uint32_t max_request_bytes;           /* largest request message that its server takes; 0: the server's limit */
    uint32_t max_response_bytes;          /* largest response message that its caller takes; 0: the channel's limit */
    uint32_t identity_kinds;              /* bit n: callers of grille_identity_kind n; 0: any that the policy allows */
} grille_method;

typedef struct grille_service {
    const char *name; /* "package.Service" */
    uint32_t id;      /* first 4 bytes, big-endian, of SHA-256 of the name */
    uint8_t schema_digest[32];
    const grille_method *methods;
    size_t method_count;
} grille_service;

#ifdef __cplusplus
}
#endif
#endif
