/* SPDX-License-Identifier: Apache-2.0
 * A bound on the heap of one input: c + k·n with c = k = 0. What a stranger's evidence is read by takes nothing from
 * it, wolfCrypt's signatures included. Counted where the sanitizers' runtime is linked; elsewhere
 * tests/unit/attest/cost_test.c counts. */
#ifndef GRILLE_TESTS_FUZZ_NO_HEAP_H
#define GRILLE_TESTS_FUZZ_NO_HEAP_H

#include <stdbool.h>
#include <stddef.h>

#include "crypto/crypto.h"
#include "tests/fuzz/crypto/fuzz_check.h"

/* compiler-rt, sanitizer/allocator_interface.h */
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *)) __attribute__((weak));

/* Of the thread that runs the input alone: libFuzzer's own threads allocate when they start. */
static _Thread_local size_t heap_bytes;
static _Thread_local bool heap_counts;

static void heap_taken(const volatile void *block, size_t bytes) {
    (void)block;
    if (heap_counts) heap_bytes += bytes;
}

static void heap_given(const volatile void *block) {
    (void)block;
}

/* Around what must not allocate. */
static inline void no_heap_begin(void) {
    static bool installed;
    if (!installed && __sanitizer_install_malloc_and_free_hooks != NULL) {
        (void)__sanitizer_install_malloc_and_free_hooks(heap_taken, heap_given);
    }
    installed = true;
    (void)grille_crypto_wolf(); /* initialised once: not an input's cost */
    heap_bytes = 0;
    heap_counts = true;
}

static inline void no_heap_end(void) {
    heap_counts = false;
    FUZZ_CHECK(heap_bytes == 0);
}

#endif
