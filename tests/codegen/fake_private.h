/* SPDX-License-Identifier: Apache-2.0
 * What the two halves of the fake runtime share. */
#ifndef GRILLE_TESTS_CODEGEN_FAKE_PRIVATE_H
#define GRILLE_TESTS_CODEGEN_FAKE_PRIVATE_H

#include "base/error.h"
#include "codec/codec.h"
#include "fake_runtime.h"

enum { FAKE_MOST_SERVICES = 8, FAKE_MOST_WAITING = 8, FAKE_MEMORY_BYTES = 1 << 28 };

typedef struct fake_stream fake_stream;

struct grille_call {
    char message[256];
    const grille_method *method;
    fake_stream *stream; /* NULL: a unary call */
    void *data;
    grille_metadata headers, trailers;
    grille_metadata_pair header, trailer; /* one of each; borrowed */
};

typedef struct fake_registration {
    const grille_service *service;
    const grille_method_handler *methods;
    const void *handlers;
    void *user;
} fake_registration;

typedef struct fake_waiting_call {
    grille_reply reply;
    grille_deliver_fn *deliver;
    void (*callback)(void);
    void *user;
} fake_waiting_call;

typedef struct fake_state {
    fake_registration services[FAKE_MOST_SERVICES];
    size_t service_count;
    fake_waiting_call waiting[FAKE_MOST_WAITING];
    size_t waiting_count;
    const grille_method *last_method;
    uint32_t last_timeout_ms;
    int replies_held;
    grille_budget budget;
    grille_arena arena;
    struct grille_call call; /* of all unary calls */
    bool deferred;
    grille_code deferred_code;
    grille_bytes deferred_response;
} fake_state;

extern fake_state fake;

/* In the arena; {NULL, 0} or NULL when it fails. */
grille_bytes fake_encode(const grille_message_type *type, const void *message);
const void *fake_decode(const grille_message_type *type, grille_bytes encoded);
void *fake_prepare(const grille_message_type *type);

/* Who serves a method; NULL when nobody does. */
const fake_registration *fake_find(const grille_method *method, size_t *index);

/* Delivers the events of all streams; ends and forgets them. */
void fake_streams_run(void);
void fake_streams_end(void);

#endif
