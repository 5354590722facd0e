/* SPDX-License-Identifier: Apache-2.0
 * An arena hands out memory that is aligned and nobody else's, within its budget, and wipes it on reset. */
#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "failing_malloc.h"
#include "prng.h"

static void test_first_block_needs_no_heap(void **state) {
    alignas(max_align_t) uint8_t first[256];
    grille_arena arena;
    (void)state;
    grille_arena_init(&arena, first, sizeof first, NULL);
    failing_malloc_from(0);
    assert_ptr_equal(grille_arena_alloc(&arena, 100), first);
    assert_non_null(grille_arena_alloc(&arena, 100));
    assert_null(grille_arena_alloc(&arena, 100));
    grille_arena_reset(&arena);
    assert_ptr_equal(grille_arena_alloc(&arena, 256), first);
    assert_null(grille_arena_alloc(&arena, 1));
    assert_int_equal(failing_malloc_asked(), 0);
    failing_malloc_never();
    grille_arena_reset(&arena);
}

static void test_reset_wipes_what_was_used(void **state) {
    uint8_t first[64];
    grille_arena arena;
    (void)state;
    memset(first, 0xee, sizeof first);
    grille_arena_init(&arena, first, sizeof first, NULL);
    memset(grille_arena_alloc(&arena, 10), 0x5a, 10);
    grille_arena_reset(&arena);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(first[i], 0);
    assert_int_equal(first[63], 0xee);
    assert_int_equal(arena.first_high_water, 0);
}

static void test_further_blocks_are_wiped_and_given_back(void **state) {
    grille_budget budget;
    grille_arena arena;
    size_t living = failing_malloc_living();
    size_t block_bytes = 0;
    void *memory = NULL;
    (void)state;
    grille_budget_init(&budget, 100000);
    grille_arena_init(&arena, NULL, 0, &budget);
    memory = grille_arena_alloc(&arena, 5000);
    assert_non_null(memory);
    memset(memory, 0x5a, 5000);
    block_bytes = budget.used_bytes;
    assert_true(block_bytes >= 5000);
    assert_int_equal(block_bytes % 16, 8); /* a size that the allocator does not round */
    failing_malloc_spy(block_bytes);
    grille_arena_reset(&arena);
    assert_int_equal(failing_malloc_spied(), 0);
    failing_malloc_spy(0);
    assert_int_equal(budget.used_bytes, 0);
    assert_int_equal(failing_malloc_living(), living);
}

static void test_copy_is_followed_by_zero(void **state) {
    uint8_t first[64];
    grille_arena arena;
    grille_bytes copy = {0};
    (void)state;
    memset(first, 0xee, sizeof first);
    grille_arena_init(&arena, first, sizeof first, NULL);
    copy = grille_arena_copy(&arena, grille_bytes_of("abc", 3));
    assert_int_equal(copy.len, 3);
    assert_string_equal((const char *)copy.data, "abc");
    copy = grille_arena_copy(&arena, grille_bytes_of(NULL, 0));
    assert_non_null(copy.data);
    assert_int_equal(copy.len, 0);
    copy = grille_arena_copy(&arena, grille_bytes_of(first, sizeof first));
    assert_null(copy.data);
    assert_int_equal(copy.len, 0);
}

static void test_sizes_that_overflow(void **state) {
    uint8_t first[64];
    grille_budget budget;
    grille_arena arena;
    (void)state;
    grille_budget_init(&budget, SIZE_MAX);
    grille_arena_init(&arena, first, sizeof first, &budget);
    assert_null(grille_arena_alloc(&arena, SIZE_MAX));
    assert_null(grille_arena_alloc(&arena, SIZE_MAX - 8));
    assert_null(grille_arena_copy(&arena, grille_bytes_of(first, SIZE_MAX)).data);
    assert_int_equal(budget.used_bytes, 0);
}

/* A small budget still serves what fits it, though the block that would be taken otherwise does not. */
static void test_block_shrinks_to_the_budget(void **state) {
    grille_budget budget;
    grille_arena arena;
    (void)state;
    grille_budget_init(&budget, 200);
    grille_arena_init(&arena, NULL, 0, &budget);
    assert_non_null(grille_arena_alloc(&arena, 100));
    assert_null(grille_arena_alloc(&arena, 100));
    grille_arena_reset(&arena);
    assert_int_equal(budget.used_bytes, 0);
}

/* Bytes that the arena charges for its next block, with the smallest pieces. */
static size_t next_block_bytes(grille_arena *arena, const grille_budget *budget) {
    size_t before = budget->used_bytes;
    while (budget->used_bytes == before)
        assert_non_null(grille_arena_alloc(arena, 1));
    return budget->used_bytes - before;
}

/* Blocks double from 1 KiB, so that much data needs few, and stop at 32 KiB, so that little is left unused. */
static void test_blocks_double_up_to_a_limit(void **state) {
    grille_budget budget;
    grille_arena arena;
    size_t header_bytes = 0;
    (void)state;
    grille_budget_init(&budget, 1000000);
    grille_arena_init(&arena, NULL, 0, &budget);
    header_bytes = next_block_bytes(&arena, &budget) - 1024;
    for (size_t expected = 2048; expected <= 32768; expected *= 2) {
        assert_int_equal(next_block_bytes(&arena, &budget), expected + header_bytes);
    }
    assert_int_equal(next_block_bytes(&arena, &budget), 32768 + header_bytes);
    grille_arena_reset(&arena);
    assert_int_equal(budget.used_bytes, 0);
}

typedef struct piece {
    uint8_t *at;
    size_t len;
    uint8_t fill;
} piece;

/* One round of random pieces: aligned, inside nobody else's, untouched until the reset. */
static void play_round(grille_arena *arena, uint64_t *random) {
    enum { PIECES = 60 };
    piece pieces[PIECES];
    size_t count = 0;
    while (count < PIECES) {
        piece *next = &pieces[count];
        next->len = prng_below(random, prng_below(random, 8) == 0 ? 9000 : 200);
        next->fill = (uint8_t)prng_next(random);
        next->at = grille_arena_alloc(arena, next->len);
        if (next->at == NULL) break;
        assert_int_equal((uintptr_t)next->at % alignof(max_align_t), 0);
        memset(next->at, next->fill, next->len);
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < pieces[i].len; j++)
            assert_int_equal(pieces[i].at[j], pieces[i].fill);
    }
    grille_arena_reset(arena);
}

static void test_model(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        alignas(max_align_t) uint8_t first[1024];
        uint64_t random = seed;
        grille_budget budget;
        grille_arena arena;
        grille_budget_init(&budget, prng_below(&random, 100000));
        grille_arena_init(&arena, first + seed % 16, sizeof first - 16, &budget);
        for (int round = 0; round < 20; round++) {
            play_round(&arena, &random);
            assert_int_equal(budget.used_bytes, 0);
        }
    }
}

static void test_out_of_memory_at_each_block(void **state) {
    (void)state;
    for (size_t failing = 0; failing < 8; failing++) {
        uint64_t random = 7;
        size_t living = failing_malloc_living();
        grille_budget budget;
        grille_arena arena;
        grille_budget_init(&budget, 1000000);
        grille_arena_init(&arena, NULL, 0, &budget);
        failing_malloc_from(failing);
        play_round(&arena, &random);
        failing_malloc_never();
        assert_int_equal(budget.used_bytes, 0);
        assert_int_equal(failing_malloc_living(), living);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_block_needs_no_heap),
        cmocka_unit_test(test_reset_wipes_what_was_used),
        cmocka_unit_test(test_further_blocks_are_wiped_and_given_back),
        cmocka_unit_test(test_copy_is_followed_by_zero),
        cmocka_unit_test(test_sizes_that_overflow),
        cmocka_unit_test(test_block_shrinks_to_the_budget),
        cmocka_unit_test(test_blocks_double_up_to_a_limit),
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_out_of_memory_at_each_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
