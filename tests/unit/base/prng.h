/* SPDX-License-Identifier: Apache-2.0
 * Repeatable numbers for tests: SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators). */
#ifndef GRILLE_TESTS_PRNG_H
#define GRILLE_TESTS_PRNG_H

#include <stdint.h>

/* The next number of the sequence that `*state`, at first the seed, stands in. */
static inline uint64_t prng_next(uint64_t *state) {
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

/* A number below `bound`, which is not 0. */
static inline uint64_t prng_below(uint64_t *state, uint64_t bound) {
    return prng_next(state) % bound;
}

#endif
