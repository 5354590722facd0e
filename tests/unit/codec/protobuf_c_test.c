#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "call_memory.h"
#include "codec.pb-c.h"
#include "legacy.pb-c.h"
#include "tree.pb-c.h"
#include "wire/limits.h"

#define TYPE(type, lower)                                                                                              \
    {                                                                                                                  \
        &grille_codec_protobuf_c, &grille__test__##lower##__descriptor, sizeof(Grille__Test__##type),                  \
            "grille.test." #type                                                                                       \
    }

static const grille_message_type tree = TYPE(Tree, tree), sub = TYPE(Sub, sub), legacy = TYPE(Legacy, legacy),
                                 wide = TYPE(Wide, wide), repeats = TYPE(Repeats, repeats),
                                 oneofs = TYPE(Oneofs, oneofs);
static const grille_codec *const codec = &grille_codec_protobuf_c;

static void test_prepare_sets_defaults(void **state) {
    call_memory memory;
    void *message = NULL;
    (void)state;
    call_memory_init(&memory, 4096);
    assert_int_equal(codec->prepare(&legacy, &memory.arena, &message), GRILLE_REASON_OK);
    const Grille__Test__Legacy *typed = message;
    assert_int_equal(typed->number, 42);
    assert_int_equal(typed->level, GRILLE__TEST__LEVEL__HIGH);
    assert_string_equal(typed->greeting, "hello");
    grille_arena_reset(&memory.arena);
}

static void test_memory_is_charged(void **state) {
    call_memory memory;
    grille_error error;
    void *message = NULL;
    uint8_t bytes[2000];
    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    memcpy(bytes, "\x12\xcd\x0f", 3); /* 1,997 bytes of data */
    for (size_t budget = 0; budget < 4000; budget += 97) {
        call_memory_init(&memory, budget);
        grille_reason reason =
            codec->decode(&sub, grille_bytes_of(bytes, sizeof(bytes)), &memory.arena, &message, &error);
        if (budget < sizeof(bytes)) assert_int_equal(reason, GRILLE_REASON_BUDGET);
        assert_true(reason == GRILLE_REASON_OK || reason == GRILLE_REASON_BUDGET);
        if (reason == GRILLE_REASON_BUDGET)
            assert_string_equal(error.text, "grille.test.Sub: no memory to decode 2000 bytes within the budget");
        assert_true(memory.budget.peak_bytes <= budget);
        grille_arena_reset(&memory.arena);
        assert_int_equal(memory.budget.used_bytes, 0);
    }
    call_memory_init(&memory, 1 << 16);
    assert_int_equal(codec->decode(&sub, grille_bytes_of(bytes, sizeof(bytes)), &memory.arena, &message, &error),
                     GRILLE_REASON_OK);
    assert_int_equal(((Grille__Test__Sub *)message)->data.len, 1997);
    grille_arena_reset(&memory.arena);
}

static size_t nest(uint8_t *out, size_t depth) {
    size_t at = 0;
    for (size_t left = depth - 1; left > 0; left--) {
        size_t len = 3 * (left - 1);
        out[at++] = 0x1a; /* Tree.only */
        out[at++] = (uint8_t)(len | 0x80);
        out[at++] = (uint8_t)(len >> 7);
    }
    return at;
}

static void test_depth(void **state) {
    uint8_t bytes[3 * (GRILLE_LIMIT_PROTOBUF_DEPTH + 2)];
    call_memory memory;
    grille_error error;
    void *message = NULL;
    (void)state;
    call_memory_init(&memory, 1 << 20);
    size_t len = nest(bytes, GRILLE_LIMIT_PROTOBUF_DEPTH);
    assert_int_equal(codec->decode(&tree, grille_bytes_of(bytes, len), &memory.arena, &message, &error),
                     GRILLE_REASON_OK);
    size_t depth = 0;
    for (const Grille__Test__Tree *node = message; node; node = node->only)
        depth++;
    assert_int_equal(depth, GRILLE_LIMIT_PROTOBUF_DEPTH);
    grille_arena_reset(&memory.arena);
    len = nest(bytes, GRILLE_LIMIT_PROTOBUF_DEPTH + 1);
    assert_int_equal(codec->decode(&tree, grille_bytes_of(bytes, len), &memory.arena, &message, &error),
                     GRILLE_REASON_CODEC_DEPTH);
    assert_string_equal(error.name, "CODEC-DEPTH");
    assert_int_equal(error.code, GRILLE_RESOURCE_EXHAUSTED);
    assert_int_equal(memory.budget.used_bytes, 0);
}

/* 400,000 empty messages in 800 kB: refused before anything is allocated. */
static void test_many_empty_messages(void **state) {
    enum { COUNT = 400000 };
    uint8_t *bytes = malloc(2 * COUNT);
    call_memory memory;
    grille_error error;
    void *message = NULL;
    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < COUNT; i++)
        memcpy(bytes + 2 * i, "\x0a\x00", 2);
    call_memory_init(&memory, 1 << 26);
    assert_int_equal(codec->decode(&tree, grille_bytes_of(bytes, 2 * COUNT), &memory.arena, &message, &error),
                     GRILLE_REASON_CODEC_FIELDS);
    assert_int_equal(memory.budget.peak_bytes, 0);
    free(bytes);
}

/* As many as may come cost what they cost within the budget, and not more. */
static void test_fields_at_the_limit(void **state) {
    size_t len = 2 * (size_t)GRILLE_LIMIT_PROTOBUF_FIELDS;
    uint8_t *bytes = malloc(len);
    call_memory memory;
    grille_error error;
    void *message = NULL;
    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < len; i += 2)
        memcpy(bytes + i, "\x12\x00", 2); /* Wide.empties */
    call_memory_init(&memory, 1 << 24);
    assert_int_equal(codec->decode(&wide, grille_bytes_of(bytes, len), &memory.arena, &message, &error),
                     GRILLE_REASON_OK);
    assert_int_equal(((Grille__Test__Wide *)message)->n_empties, GRILLE_LIMIT_PROTOBUF_FIELDS);
    grille_arena_reset(&memory.arena);
    call_memory_init(&memory, 1 << 16);
    assert_int_equal(codec->decode(&wide, grille_bytes_of(bytes, len), &memory.arena, &message, &error),
                     GRILLE_REASON_BUDGET);
    grille_arena_reset(&memory.arena);
    free(bytes);
}

static void test_errors_name_field_and_offset(void **state) {
    static const uint8_t bytes[] = {0x08, 0x01, 0x10, 0x01};
    call_memory memory;
    grille_error error;
    void *message = NULL;
    (void)state;
    call_memory_init(&memory, 4096);
    assert_int_equal(codec->decode(&sub, grille_bytes_of(bytes, sizeof(bytes)), &memory.arena, &message, &error),
                     GRILLE_REASON_CODEC_WIRE_TYPE);
    assert_string_equal(error.text, "grille.test.Sub: a field of a message does not have the wire type of its schema "
                                    "(field 2 at byte 2)");
    assert_int_equal(codec->decode(&legacy, grille_bytes_of(NULL, 0), &memory.arena, &message, &error),
                     GRILLE_REASON_CODEC_MALFORMED);
    assert_string_equal(
        error.text, "grille.test.Legacy: a required field is missing, or a message comes twice and can't be merged");
    grille_arena_reset(&memory.arena);
}

static void test_message_of_another_type(void **state) {
    Grille__Test__Tree other = GRILLE__TEST__TREE__INIT;
    Grille__Test__Sub zero;
    grille_error error;
    uint8_t out[1];
    size_t len = 0;
    (void)state;
    memset(&zero, 0, sizeof(zero));
    assert_int_equal(codec->measure(&sub, &other, &len, &error), GRILLE_REASON_BAD_ARGUMENT);
    assert_string_equal(error.text,
                        "the message is not initialised, or of another type; expected a grille.test.Sub that "
                        "starts as its __INIT macro says");
    assert_int_equal(codec->measure(&sub, &zero, &len, &error), GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(codec->measure(&sub, NULL, &len, &error), GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(codec->encode(&sub, &zero, out, 0, &error), GRILLE_REASON_BAD_ARGUMENT);
}

static void test_message_that_changes(void **state) {
    Grille__Test__Sub message = GRILLE__TEST__SUB__INIT;
    grille_error error;
    uint8_t out[16];
    size_t len = 0;
    (void)state;
    message.number = 1;
    assert_int_equal(codec->measure(&sub, &message, &len, &error), GRILLE_REASON_OK);
    assert_int_equal(len, 2);
    message.number = 300;
    assert_int_equal(codec->encode(&sub, &message, out, len, &error), GRILLE_REASON_BAD_ARGUMENT);
    assert_string_equal(error.text,
                        "the grille.test.Sub changed while it was encoded; does another thread write to it?");
}

/* protobuf_c_check.c */
static void test_what_cannot_be_encoded(void **state) {
    Grille__Test__Legacy message = GRILLE__TEST__LEGACY__INIT;
    Grille__Test__Repeats lists = GRILLE__TEST__REPEATS__INIT;
    Grille__Test__Tree root = GRILLE__TEST__TREE__INIT, child = GRILLE__TEST__TREE__INIT;
    Grille__Test__Tree *children[] = {&child};
    char *strings[] = {"a", NULL};
    grille_error error;
    size_t len = 0;
    (void)state;
    message.label = NULL;
    assert_int_equal(codec->measure(&legacy, &message, &len, &error), GRILLE_REASON_BAD_ARGUMENT);
    assert_string_equal(error.text, "grille.test.Legacy.label is NULL");
    lists.n_strings = 2;
    lists.strings = strings;
    assert_int_equal(codec->measure(&repeats, &lists, &len, &error), GRILLE_REASON_BAD_ARGUMENT);
    assert_string_equal(error.text, "grille.test.Repeats.strings is NULL");
    lists.n_strings = 0;
    lists.n_subs = 1;
    assert_int_equal(codec->measure(&repeats, &lists, &len, &error), GRILLE_REASON_BAD_ARGUMENT);
    assert_string_equal(error.text, "grille.test.Repeats.subs has a count and no items");
    root.n_children = 1;
    root.children = children;
    child.data.len = 3;
    assert_int_equal(codec->measure(&tree, &root, &len, &error), GRILLE_REASON_BAD_ARGUMENT);
    assert_string_equal(error.text, "grille.test.Tree.data has a length and no data");
    child.data.len = 0;
    child.base.descriptor = NULL;
    assert_int_equal(codec->measure(&tree, &root, &len, &error), GRILLE_REASON_BAD_ARGUMENT);
    assert_string_equal(error.text,
                        "grille.test.Tree.children is not initialised by its __INIT macro, or of another type");
    /* A loop would never end. */
    grille__test__tree__init(&child);
    child.only = &root;
    assert_int_equal(codec->measure(&tree, &root, &len, &error), GRILLE_REASON_BAD_ARGUMENT);
    assert_string_equal(error.text, "grille.test.Tree lies deeper than the 64 messages that a receiver takes");
    /* A member of a oneof that is not chosen is not looked at. */
    Grille__Test__Oneofs choice = GRILLE__TEST__ONEOFS__INIT;
    choice.choice_case = GRILLE__TEST__ONEOFS__CHOICE_NUMBER;
    choice.number = 7;
    assert_int_equal(codec->measure(&oneofs, &choice, &len, &error), GRILLE_REASON_OK);
    choice.choice_case = GRILLE__TEST__ONEOFS__CHOICE_BLOB;
    choice.blob = (ProtobufCBinaryData){3, NULL};
    assert_int_equal(codec->measure(&oneofs, &choice, &len, &error), GRILLE_REASON_BAD_ARGUMENT);
    assert_string_equal(error.text, "grille.test.Oneofs.blob has a length and no data");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prepare_sets_defaults),
        cmocka_unit_test(test_memory_is_charged),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_many_empty_messages),
        cmocka_unit_test(test_fields_at_the_limit),
        cmocka_unit_test(test_errors_name_field_and_offset),
        cmocka_unit_test(test_message_of_another_type),
        cmocka_unit_test(test_message_that_changes),
        cmocka_unit_test(test_what_cannot_be_encoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
