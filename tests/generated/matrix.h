/* SPDX-License-Identifier: Apache-2.0
 * What is called in each message library, through one face: clients and servers of matrix.proto. */
#ifndef GRILLE_TESTS_GENERATED_MATRIX_H
#define GRILLE_TESTS_GENERATED_MATRIX_H

#include <semaphore.h>
#include <stdatomic.h>

#include "grille/grille.h"

enum { SAMPLE_ITEMS = 4, DETAILS_MAX = 4200, PAIRS_MAX = 8, PAIR_MAX = 64 };

typedef struct sample_point {
    int32_t x, y;
    const char *name;
} sample_point;

/* A value for every field of Everything; counts of 0 and NULL stand for absence. */
typedef struct sample {
    double real;
    int64_t whole;
    bool yes;
    const char *text;
    const char *blob;
    int colour;
    bool has_maybe_number;
    int32_t maybe_number;
    const char *maybe_text;
    const char *maybe_blob;
    const sample_point *point;
    enum { WAY_NONE, WAY_SLOT, WAY_NONCE, WAY_PLACE } way;
    uint32_t slot;
    const char *nonce;
    sample_point place;
    size_t number_count;
    int32_t numbers[SAMPLE_ITEMS];
    size_t name_count;
    const char *names[SAMPLE_ITEMS];
    size_t part_count;
    const char *parts[SAMPLE_ITEMS];
    size_t point_count;
    sample_point points[SAMPLE_ITEMS];
    size_t count_count;
    struct {
        const char *key;
        int32_t value;
    } counts[SAMPLE_ITEMS];
    size_t place_count;
    struct {
        int64_t key;
        sample_point value;
    } places[SAMPLE_ITEMS];
} sample;

extern const sample samples[];
extern const size_t sample_count;

/* ---- clients ---- */

typedef struct told_pair {
    char key[PAIR_MAX];
    uint8_t value[PAIR_MAX];
    size_t len;
} told_pair;

/* How a call ended; what it showed is copied. */
typedef struct outcome {
    grille_code code;
    char message[1100];
    uint8_t details[DETAILS_MAX];
    size_t details_len;
    told_pair headers[PAIRS_MAX], trailers[PAIRS_MAX];
    size_t header_count, trailer_count;
    bool same; /* the response is what was expected */
    atomic_int delivered;
    sem_t done; /* posted when an asynchronous call has ended */
    const sample *expected;
} outcome;

void outcome_init(outcome *of);
void outcome_take(outcome *of, grille_code code, const char *message, grille_bytes details,
                  const grille_metadata *headers, const grille_metadata *trailers);

/* For any typed reply. */
#define OUTCOME_TAKE(of, reply)                                                                                        \
    outcome_take((of), (reply)->code, (reply)->message, (reply)->details, &(reply)->headers, &(reply)->trailers)

typedef struct matrix_client {
    const char *name;
    void (*mirror)(grille_channel *channel, const sample *with, const grille_call_options *options, outcome *of);
    grille_code (*mirror_async)(grille_channel *channel, const sample *with, const grille_call_options *options,
                                outcome *of);
    void (*turn)(grille_channel *channel, grille_bytes data, const grille_call_options *options, outcome *of);
    void (*tell)(grille_channel *channel, const grille_call_options *options, outcome *of);
    void (*fail_with)(grille_channel *channel, uint32_t code, const char *message, grille_bytes details,
                      const grille_call_options *options, outcome *of);
    void (*wait)(grille_channel *channel, const grille_call_options *options, outcome *of);
    grille_code (*wait_async)(grille_channel *channel, const grille_call_options *options, outcome *of,
                              grille_call **call);
    void (*missing)(grille_channel *channel, const grille_call_options *options, outcome *of);
} matrix_client;

extern const matrix_client client_pb, client_nano;

/* ---- servers ---- */

typedef struct matrix_counts {
    atomic_int waiting;   /* Wait began */
    atomic_int cancelled; /* Wait saw that nobody waits */
    atomic_ullong remaining_ms;
} matrix_counts;

grille_code matrix_register_pb(grille_server *server, matrix_counts *counts, grille_error *error);
grille_code matrix_register_nano(grille_server *server, matrix_counts *counts, grille_error *error);

/* What handlers of both do. */
grille_code handle_tell(grille_call *call);
grille_code handle_fail(grille_call *call, uint32_t code, const char *message, size_t message_len,
                        grille_bytes details);
grille_code handle_wait(grille_call *call, matrix_counts *counts);
/* Bytes of the call's own memory, turned round; false without memory. */
bool turned(grille_call *call, const uint8_t *data, size_t len, uint8_t **out);

bool text_is(const char *expected, const void *data, size_t len);

#endif
