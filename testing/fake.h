/* SPDX-License-Identifier: Apache-2.0
 * What a fake holds: its methods' answers and records (fake.c), and the streams that run (fake_call.c). */
#ifndef GRILLE_TESTING_FAKE_H
#define GRILLE_TESTING_FAKE_H

#include <pthread.h>

#include "base/arena.h"
#include "base/error.h"
#include "codec/codec.h"
#include "grille/testing.h"

/* What a call is answered with. Never changed and never freed before the fake: calls under way refer to it. */
typedef struct fake_answer {
    grille_code code;
    const char *message;    /* "": none */
    const void **responses; /* decoded */
    size_t response_count;
} fake_answer;

typedef struct fake_method {
    const fake_answer *answer;
    const void *handlers; /* NULL: the answer holds */
    void *user;
    size_t calls;
    uint8_t *last; /* the last request, encoded */
    size_t last_len;
    bool has_last;
    grille_arena shown; /* the copy that grille_fake_request gave */
} fake_method;

/* A stream that runs, with what it found when it began. */
typedef struct fake_stream {
    struct fake_stream *next;
    grille_call *call;
    const fake_answer *answer;
    const void *handlers;
    void *user;
    size_t sent;
    bool half_closed, answered;
} fake_stream;

struct grille_fake {
    const grille_service *service;
    const grille_method_handler *methods; /* the generated ones */
    grille_method_handler *table;         /* ours in front of them */
    grille_services *services;
    grille_channel *channel;
    pthread_mutex_t lock; /* of all below */
    grille_budget budget;
    grille_arena kept; /* answers */
    fake_method *state;
    fake_stream *streams;
};

/* Ours for one method: it has the members that the generated one has. */
grille_method_handler grille_fake_table_entry(const grille_method *method);

/* Counts a call; what it finds. */
fake_stream grille_fake_begin(grille_fake *fake, grille_call *call);
/* Keeps a copy of a request or message. NULL is ignored. */
void grille_fake_record(grille_fake *fake, const grille_method *method, const void *message);

size_t grille_fake_index(const grille_fake *fake, const grille_method *method);

#endif
