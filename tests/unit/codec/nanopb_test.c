#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pb_decode.h>

#include "base/bytes.h"
#include "call_memory.h"
#include "codec.nano.h"
#include "codec/nanopb_view.h"
#include "legacy.nano.h"
#include "wire/limits.h"

#define TYPE(type)                                                                                                     \
    { &grille_codec_nanopb, &grille_test_##type##_msg, sizeof(grille_test_##type), "grille.test." #type }

static const grille_message_type sub = TYPE(Sub), legacy = TYPE(Legacy), wide = TYPE(Wide), repeats = TYPE(Repeats),
                                 scalars = TYPE(Scalars), oneofs = TYPE(Oneofs), holder = TYPE(Holder),
                                 everything = TYPE(Everything), optionals = TYPE(Optionals);
static const grille_codec *const codec = &grille_codec_nanopb;

static void test_prepare_sets_defaults(void **state) {
    call_memory memory;
    void *message = NULL;
    uint8_t dirt[4096];
    (void)state;
    memset(dirt, 0xa5, sizeof(dirt));
    call_memory_init(&memory, 0);
    grille_arena_init(&memory.arena, dirt, sizeof(dirt), NULL);
    assert_int_equal(codec->prepare(&legacy, &memory.arena, &message), GRILLE_REASON_OK);
    const grille_test_Legacy *typed = message;
    assert_int_equal(typed->number, 42);
    assert_int_equal(typed->level, grille_test_Level_HIGH);
    assert_string_equal(typed->greeting, "hello");
    assert_false(typed->has_number);
    assert_false(typed->name.has);
    assert_null(typed->name.bytes.data);
    assert_int_equal(typed->loose_count, 0);
}

static void test_memory_is_charged(void **state) {
    call_memory memory;
    grille_error error;
    void *message = NULL;
    (void)state;
    call_memory_init(&memory, sizeof(grille_test_Everything) - 1);
    assert_int_equal(codec->decode(&everything, grille_bytes_of(NULL, 0), &memory.arena, &message, &error),
                     GRILLE_REASON_BUDGET);
    assert_int_equal(error.code, GRILLE_RESOURCE_EXHAUSTED);
    assert_int_equal(codec->prepare(&everything, &memory.arena, &message), GRILLE_REASON_BUDGET);
    assert_int_equal(memory.budget.peak_bytes, 0);
}

/* What was in the memory before must not be seen as a view: each struct is cleared as a whole. */
static void test_views_do_not_survive_in_memory(void **state) {
    uint8_t dirt[8192];
    grille_arena arena;
    grille_error error;
    void *message = NULL;
    (void)state;
    memset(dirt, 0xa5, sizeof(dirt));
    grille_arena_init(&arena, dirt, sizeof(dirt), NULL);
    assert_int_equal(codec->decode(&holder, grille_bytes_of(NULL, 0), &arena, &message, &error), GRILLE_REASON_OK);
    const grille_test_Holder *typed = message;
    assert_int_equal(typed->parts.count, 0);
    assert_null(typed->data.data);
    assert_int_equal(typed->which_inner, 0);
    assert_false(typed->has_sub);
}

static void test_views_lie_in_the_message(void **state) {
    static const uint8_t bytes[] = "\x12\x03"
                                   "abc\x1a\x00\x1a\x02"
                                   "de\x22\x01x";
    grille_bytes encoded = grille_bytes_of(bytes, sizeof(bytes) - 1);
    call_memory memory;
    grille_error error;
    void *message = NULL;
    (void)state;
    call_memory_init(&memory, 4096);
    assert_int_equal(codec->decode(&holder, encoded, &memory.arena, &message, &error), GRILLE_REASON_OK);
    const grille_test_Holder *typed = message;
    assert_ptr_equal(typed->data.data, bytes + 2);
    assert_int_equal(typed->data.len, 3);
    assert_int_equal(typed->parts.count, 2);
    assert_int_equal(typed->parts.items[0].len, 0);
    assert_ptr_equal(typed->parts.items[1].data, bytes + 9);
    assert_int_equal(typed->which_inner, grille_test_Holder_left_tag);
    assert_ptr_equal(typed->inner.left.data, bytes + 13);
    grille_arena_reset(&memory.arena);
}

/* A wrong wire type would reach the view's function with a stream over nanopb's stack; decoding by nanopb itself, past
 * the scan, does just that. */
static void test_view_of_the_stack_is_refused(void **state) {
    static const uint8_t varint[] = {0x10, 0x05}, fixed32[] = {0x15, 1, 2, 3, 4},
                         fixed64[] = {0x11, 1, 2, 3, 4, 5, 6, 7, 8};
    static const struct {
        const uint8_t *bytes;
        size_t len;
    } wrong[] = {{varint, sizeof(varint)}, {fixed32, sizeof(fixed32)}, {fixed64, sizeof(fixed64)}};
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        grille_test_Sub message;
        memset(&message, 0, sizeof(message));
        pb_istream_t stream = grille_view_stream(grille_bytes_of(wrong[i].bytes, wrong[i].len));
        assert_false(pb_decode(&stream, &grille_test_Sub_msg, &message));
        assert_null(message.data.data);
    }
}

static void test_foreign_stream_is_refused(void **state) {
    static const uint8_t bytes[] = {0x12, 0x01, 'x'};
    grille_test_Sub message;
    (void)state;
    memset(&message, 0, sizeof(message));
    pb_istream_t stream = pb_istream_from_buffer(bytes, sizeof(bytes));
    assert_false(pb_decode(&stream, &grille_test_Sub_msg, &message));
    assert_string_equal(PB_GET_ERROR(&stream), "view outside the message");
    assert_null(message.data.data);
}

/* Every field of every kind with every wire type: the right one or packed numbers decode, all others are refused. */
static void test_every_wire_type(void **state) {
    static const char *const values[] = {"\x01", "12345678", "\x00", "", "", "1234"};
    static const size_t lens[] = {1, 8, 1, 0, 0, 4};
    /* Scalars in the order of its field numbers. */
    static const unsigned char types[] = {1, 5, 0, 0, 0, 0, 0, 0, 5, 1, 5, 1, 0, 2, 2, 0, 0, 2, 2};
    (void)state;
    for (unsigned number = 1; number <= sizeof(types); number++)
        for (unsigned wire_type = 0; wire_type < 8; wire_type++) {
            uint8_t bytes[16];
            size_t len = 0;
            call_memory memory;
            grille_error error;
            void *message = NULL;
            if (number < 16) {
                bytes[len++] = (uint8_t)(number << 3 | wire_type);
            } else {
                bytes[len++] = (uint8_t)((number << 3 | wire_type) | 0x80);
                bytes[len++] = 1;
            }
            if (wire_type < 6) {
                memcpy(bytes + len, values[wire_type], lens[wire_type]);
                len += lens[wire_type];
            }
            call_memory_init(&memory, 1 << 16);
            grille_reason reason =
                codec->decode(&scalars, grille_bytes_of(bytes, len), &memory.arena, &message, &error);
            assert_int_equal(reason == GRILLE_REASON_OK, wire_type == types[number - 1]);
            grille_arena_reset(&memory.arena);
        }
}

static void test_too_many_fields(void **state) {
    enum { COUNT = 400000 };
    uint8_t *bytes = malloc(2 * COUNT);
    call_memory memory;
    grille_error error;
    void *message = NULL;
    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < COUNT; i++)
        memcpy(bytes + 2 * i, "\x12\x00", 2);
    call_memory_init(&memory, 1 << 20);
    assert_int_equal(codec->decode(&wide, grille_bytes_of(bytes, 2 * COUNT), &memory.arena, &message, &error),
                     GRILLE_REASON_CODEC_FIELDS);
    assert_int_equal(memory.budget.peak_bytes, 0);
    free(bytes);
}

static void test_errors_name_field_and_offset(void **state) {
    static const uint8_t parts[] = "\x12\x00\x1a\x00\x1a\x00\x1a\x00\x1a\x00";
    static const uint8_t packed[] = "\x0a\x01\x01\x2a\x09\x01\x01\x01\x01\x01\x01\x01\x01\x01";
    call_memory memory;
    grille_error error;
    void *message = NULL;
    (void)state;
    call_memory_init(&memory, 1 << 16);
    assert_int_equal(codec->decode(&holder, grille_bytes_of(parts, sizeof(parts) - 1), &memory.arena, &message, &error),
                     GRILLE_REASON_CODEC_BOUND);
    assert_string_equal(error.text, "grille.test.Holder: array overflow (field 3 at byte 8)");
    assert_int_equal(
        codec->decode(&repeats, grille_bytes_of(packed, sizeof(packed) - 1), &memory.arena, &message, &error),
        GRILLE_REASON_CODEC_BOUND);
    assert_string_equal(error.text, "grille.test.Repeats: array overflow (field 5 at byte 3)");
    assert_int_equal(codec->decode(&legacy, grille_bytes_of(NULL, 0), &memory.arena, &message, &error),
                     GRILLE_REASON_CODEC_MALFORMED);
    assert_string_equal(error.text, "grille.test.Legacy: missing required field (field 0 at byte 0)");
    grille_arena_reset(&memory.arena);
}

/* An optional view that is there and empty is not one that is absent. */
static void test_presence_of_views(void **state) {
    grille_test_Optionals message;
    grille_error error;
    uint8_t out[8];
    size_t len = 0;
    (void)state;
    memset(&message, 0, sizeof(message));
    assert_int_equal(codec->measure(&optionals, &message, &len, &error), GRILLE_REASON_OK);
    assert_int_equal(len, 0);
    message.some_bytes.has = 1;
    assert_int_equal(codec->measure(&optionals, &message, &len, &error), GRILLE_REASON_OK);
    assert_int_equal(len, 2);
    assert_int_equal(codec->encode(&optionals, &message, out, len, &error), GRILLE_REASON_OK);
    assert_memory_equal(out, "\x22\x00", 2);
    message.some_bytes.has = 0;
    message.some_bytes.bytes.len = 1;
    message.some_bytes.bytes.data = out;
    assert_int_equal(codec->measure(&optionals, &message, &len, &error), GRILLE_REASON_OK);
    assert_int_equal(len, 0);
}

static void expect_refusal(const grille_message_type *type, const void *message, const char *text) {
    grille_error error;
    size_t len = 0;
    assert_int_equal(codec->measure(type, message, &len, &error), GRILLE_REASON_BAD_ARGUMENT);
    assert_string_equal(error.text, text);
}

/* nanopb_check.c */
static void test_what_cannot_be_encoded(void **state) {
    grille_test_Repeats lists;
    grille_test_Scalars numbers;
    grille_test_Oneofs choice;
    grille_test_Holder parts;
    (void)state;
    memset(&lists, 0, sizeof(lists));
    lists.int32s_count = 9;
    expect_refusal(&repeats, &lists,
                   "grille.test.Repeats: field 1, or one below it, has more items than its max_count");
    lists.int32s_count = 0;
    lists.strings.count = 9;
    expect_refusal(&repeats, &lists,
                   "grille.test.Repeats: field 7, or one below it, has more items than its max_count");
    lists.strings.count = 1;
    lists.strings.items[0].len = 1;
    expect_refusal(&repeats, &lists,
                   "grille.test.Repeats: field 7, or one below it, has an item with a length and no data");
    memset(&numbers, 0, sizeof(numbers));
    memset(numbers.short_string, 'x', sizeof(numbers.short_string));
    expect_refusal(&scalars, &numbers, "grille.test.Scalars: field 19, or one below it, is text without an end");
    memset(&numbers, 0, sizeof(numbers));
    numbers.short_bytes.size = 17;
    expect_refusal(&scalars, &numbers, "grille.test.Scalars: field 2000, or one below it, is longer than its max_size");
    memset(&choice, 0, sizeof(choice));
    choice.which_choice = grille_test_Oneofs_holder_tag;
    choice.choice.holder.has_sub = true;
    choice.choice.holder.sub.data.len = 5;
    expect_refusal(&oneofs, &choice, "grille.test.Oneofs: field 2, or one below it, has a length and no data");
    memset(&parts, 0, sizeof(parts));
    parts.parts.count = 4;
    expect_refusal(&holder, &parts, "grille.test.Holder: field 3, or one below it, has more items than its max_count");
    expect_refusal(&holder, NULL, "the grille.test.Holder is NULL");
}

static void test_message_that_changes(void **state) {
    grille_test_Sub message;
    grille_error error;
    uint8_t out[16];
    size_t len = 0;
    (void)state;
    memset(&message, 0, sizeof(message));
    message.number = 300;
    assert_int_equal(codec->measure(&sub, &message, &len, &error), GRILLE_REASON_OK);
    assert_int_equal(len, 3);
    message.number = 1;
    assert_int_equal(codec->encode(&sub, &message, out, len, &error), GRILLE_REASON_BAD_ARGUMENT);
    message.number = 1 << 20;
    assert_int_equal(codec->encode(&sub, &message, out, len, &error), GRILLE_REASON_BAD_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prepare_sets_defaults),
        cmocka_unit_test(test_memory_is_charged),
        cmocka_unit_test(test_views_do_not_survive_in_memory),
        cmocka_unit_test(test_views_lie_in_the_message),
        cmocka_unit_test(test_view_of_the_stack_is_refused),
        cmocka_unit_test(test_foreign_stream_is_refused),
        cmocka_unit_test(test_every_wire_type),
        cmocka_unit_test(test_too_many_fields),
        cmocka_unit_test(test_errors_name_field_and_offset),
        cmocka_unit_test(test_presence_of_views),
        cmocka_unit_test(test_what_cannot_be_encoded),
        cmocka_unit_test(test_message_that_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
