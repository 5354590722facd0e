/* SPDX-License-Identifier: Apache-2.0
 * Pauses between attempts that grow, with jitter (gRPC's connection-backoff.md), so that many who lost the same peer do
 * not come back at the same moment. Pure: randomness is an argument. */
#ifndef GRILLE_BASE_BACKOFF_H
#define GRILLE_BASE_BACKOFF_H

#include <stdint.h>

/* Of a backoff's pauses: each is off by up to a fifth. */
#define GRILLE_BACKOFF_JITTER_PERMILLE 200

/* Caller's storage. One thread. */
typedef struct grille_backoff {
    uint64_t first_us;
    uint64_t longest_us;
    uint32_t growth_permille; /* 1,600: each pause is 1.6 times the one before */
    uint64_t pause_us;        /* the next one, without jitter */
} grille_backoff;

/* Times below 2^47 us. A first pause above the longest is cut to it. */
void grille_backoff_init(grille_backoff *backoff, uint64_t first_us, uint64_t longest_us, uint32_t growth_permille);

/* How long to wait now. `random` is uniform in 32 bits. The result is never above the longest pause and a fifth. */
uint64_t grille_backoff_next_us(grille_backoff *backoff, uint32_t random);

/* The next pause is the first one again: an attempt was a lasting success. */
void grille_backoff_reset(grille_backoff *backoff);

/* `value_us` (below 2^47), off by up to `permille` (at most 1,000) of it in either direction; `random` as above. */
uint64_t grille_jitter_us(uint64_t value_us, uint32_t permille, uint32_t random);

#endif
