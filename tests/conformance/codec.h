/* SPDX-License-Identifier: Apache-2.0
 * The messages of conformance.proto in one message library, so that cases, caller and server are written once. */
#ifndef GRILLE_TESTS_CONFORMANCE_CODEC_H
#define GRILLE_TESTS_CONFORMANCE_CODEC_H

#include "grille/grille.h"

/* Either library's Request or Response. */
typedef union conf_message {
    max_align_t align;
    unsigned char bytes[256];
} conf_message;

typedef struct conf_view {
    grille_bytes script_or_seen;
    grille_bytes data;
} conf_view;

typedef struct conf_codec {
    const char *name;
    const grille_service *service;
    const grille_service *unregistered;
    /* What they point to is the caller's. */
    void (*make_request)(conf_message *request, grille_bytes script, grille_bytes data);
    void (*make_response)(void *response, grille_bytes seen, grille_bytes data);
    /* In the storage of conf_message. */
    void (*init_response)(conf_message *response);
    conf_view (*read_request)(const void *request);
    conf_view (*read_response)(const void *response);
} conf_codec;

extern const conf_codec conf_protobuf_c;
extern const conf_codec conf_nanopb;

#endif
