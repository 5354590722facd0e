/* SPDX-License-Identifier: Apache-2.0
 * Goal: metadata keeps its order and repeats, and nothing that breaks its rules or limits is sent. */
#include "rpc/metadata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "wire/limits.h"

typedef struct fixture {
    grille_budget budget;
    grille_arena arena;
    uint8_t first[256];
    grille_metadata_builder builder;
} fixture;

static void fixture_init(fixture *f, size_t budget_bytes) {
    *f = (fixture){0};
    grille_budget_init(&f->budget, budget_bytes);
    grille_arena_init(&f->arena, f->first, sizeof f->first, &f->budget);
}

static grille_reason add(fixture *f, const char *key, const char *value) {
    return grille_metadata_builder_add(&f->builder, &f->arena, key, grille_bytes_of_text(value));
}

static void keeps_order_and_repeats_through_both_forms(void **state) {
    static const uint8_t binary[] = {0, 255, 10};
    fixture f;
    grille_metadata_view view;
    grille_metadata pairs;
    char key[24];
    int at = 0;
    (void)state;
    fixture_init(&f, 1 << 20);
    assert_int_equal(add(&f, "b", "1"), GRILLE_REASON_OK);
    assert_int_equal(add(&f, "a", ""), GRILLE_REASON_OK);
    assert_int_equal(add(&f, "b", "2"), GRILLE_REASON_OK);
    assert_int_equal(grille_metadata_builder_add(&f.builder, &f.arena, "raw-bin", grille_bytes_of(binary, 3)),
                     GRILLE_REASON_OK);
    for (at = 0; at < 40; at++) {
        (void)snprintf(key, sizeof key, "key.%d", at);
        assert_int_equal(add(&f, key, "a value that makes the buffer grow a few times"), GRILLE_REASON_OK);
    }
    assert_int_equal(grille_metadata_builder_view(&f.builder, &view), GRILLE_REASON_OK);
    assert_true(grille_metadata_to_pairs(&view, &f.arena, &pairs));
    assert_int_equal(pairs.count, 44);
    assert_string_equal(pairs.pairs[0].key, "b");
    assert_string_equal(pairs.pairs[1].key, "a");
    assert_string_equal(pairs.pairs[43].key, "key.39");
    assert_true(grille_bytes_equal(grille_metadata_get(&pairs, "b", 0), grille_bytes_of_text("1")));
    assert_true(grille_bytes_equal(grille_metadata_get(&pairs, "b", 1), grille_bytes_of_text("2")));
    assert_null(grille_metadata_get(&pairs, "b", 2).data);
    assert_non_null(grille_metadata_get(&pairs, "a", 0).data);
    assert_int_equal(grille_metadata_get(&pairs, "a", 0).len, 0);
    assert_true(grille_bytes_equal(grille_metadata_get(&pairs, "raw-bin", 0), grille_bytes_of(binary, 3)));
    assert_null(grille_metadata_get(NULL, "b", 0).data);
    grille_arena_reset(&f.arena);
    assert_int_equal(f.budget.used_bytes, 0);
}

static void refuses_what_metadata_may_not_hold(void **state) {
    static const char *const bad_keys[] = {"", "Upper", "sp ace", "grille-x", "colon:", "\xc3\xa4", "new\nline"};
    fixture f;
    size_t at = 0;
    (void)state;
    fixture_init(&f, 1 << 20);
    for (at = 0; at < sizeof bad_keys / sizeof *bad_keys; at++) {
        assert_int_equal(add(&f, bad_keys[at], "v"), GRILLE_REASON_RPC_BAD_METADATA);
    }
    assert_int_equal(grille_metadata_builder_add(&f.builder, &f.arena, NULL, grille_bytes_of_text("v")),
                     GRILLE_REASON_RPC_BAD_METADATA);
    assert_int_equal(add(&f, "key", "line\n"), GRILLE_REASON_RPC_BAD_METADATA);
    assert_int_equal(add(&f, "key", "\x7f"), GRILLE_REASON_RPC_BAD_METADATA);
    assert_int_equal(f.builder.count, 0);
}

static void refuses_one_entry_and_one_byte_too_many(void **state) {
    static char long_value[GRILLE_LIMIT_METADATA_BYTES + 2];
    fixture f;
    int at = 0;
    (void)state;
    fixture_init(&f, 1 << 20);
    for (at = 0; at < GRILLE_LIMIT_METADATA_ENTRIES; at++)
        assert_int_equal(add(&f, "k", "v"), GRILLE_REASON_OK);
    assert_int_equal(add(&f, "k", "v"), GRILLE_REASON_RPC_METADATA_TOO_LONG);
    assert_int_equal(f.builder.count, GRILLE_LIMIT_METADATA_ENTRIES);
    grille_arena_reset(&f.arena);

    fixture_init(&f, 1 << 20);
    memset(long_value, 'v', sizeof long_value - 1);
    assert_int_equal(add(&f, "k", long_value), GRILLE_REASON_RPC_METADATA_TOO_LONG);
    long_value[GRILLE_LIMIT_METADATA_BYTES - 64] = 0;
    assert_int_equal(add(&f, "k", long_value), GRILLE_REASON_OK);
    long_value[64] = 0;
    assert_int_equal(add(&f, "k", long_value), GRILLE_REASON_RPC_METADATA_TOO_LONG);
    grille_arena_reset(&f.arena);
}

static void says_so_when_memory_ends(void **state) {
    static char value[2048];
    fixture f;
    grille_metadata_view view;
    grille_metadata pairs;
    (void)state;
    fixture_init(&f, 8192);
    memset(value, 'v', sizeof value - 1);
    assert_int_equal(add(&f, "k", value), GRILLE_REASON_OK);
    assert_int_equal(add(&f, "k", value), GRILLE_REASON_BUDGET);
    assert_int_equal(grille_metadata_builder_view(&f.builder, &view), GRILLE_REASON_OK);
    assert_int_equal(view.count, 1);
    f.budget.limit_bytes = f.budget.used_bytes;
    assert_false(grille_metadata_to_pairs(&view, &f.arena, &pairs));
    grille_arena_reset(&f.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_order_and_repeats_through_both_forms),
        cmocka_unit_test(refuses_what_metadata_may_not_hold),
        cmocka_unit_test(refuses_one_entry_and_one_byte_too_many),
        cmocka_unit_test(says_so_when_memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
