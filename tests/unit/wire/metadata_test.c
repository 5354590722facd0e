/* SPDX-License-Identifier: Apache-2.0
 * Metadata: which keys and values may travel, limits, order, and copying from one message to another. */
#include "wire/metadata.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "samples.h"
#include "wire/limits.h"

static grille_metadata_entry entry_of(grille_bytes key, grille_bytes value) {
    return (grille_metadata_entry){.key = key, .value = value};
}

static grille_reason check(grille_bytes key, grille_bytes value) {
    grille_metadata_entry entry = entry_of(key, value);
    return grille_metadata_entry_check(&entry);
}

static void test_key_characters(void **state) {
    (void)state;
    for (int character = 0; character < 256; character++) {
        const uint8_t key[] = {'k', (uint8_t)character};
        bool allowed = character != 0 && strchr("0123456789abcdefghijklmnopqrstuvwxyz_.-", character) != NULL;
        assert_int_equal(check(grille_bytes_of(key, 2), grille_bytes_of_text("v")),
                         allowed ? GRILLE_REASON_OK : GRILLE_REASON_WIRE_BAD_MESSAGE);
        assert_int_equal(check(grille_bytes_of(key + 1, 1), grille_bytes_of_text("v")),
                         allowed ? GRILLE_REASON_OK : GRILLE_REASON_WIRE_BAD_MESSAGE);
    }
}

static void test_value_characters(void **state) {
    (void)state;
    for (int character = 0; character < 256; character++) {
        const uint8_t value[] = {'v', (uint8_t)character};
        bool printable = character >= 0x20 && character <= 0x7e;
        assert_int_equal(check(grille_bytes_of_text("key"), grille_bytes_of(value, 2)),
                         printable ? GRILLE_REASON_OK : GRILLE_REASON_WIRE_BAD_MESSAGE);
        assert_int_equal(check(grille_bytes_of_text("key-bin"), grille_bytes_of(value, 2)), GRILLE_REASON_OK);
    }
    assert_int_equal(check(grille_bytes_of_text("-bin"), grille_bytes_of("\xff", 1)), GRILLE_REASON_OK);
    assert_int_equal(check(grille_bytes_of_text("bin"), grille_bytes_of("\xff", 1)), GRILLE_REASON_WIRE_BAD_MESSAGE);
    assert_int_equal(check(grille_bytes_of_text("-bin-"), grille_bytes_of("\xff", 1)), GRILLE_REASON_WIRE_BAD_MESSAGE);
    assert_int_equal(check(grille_bytes_of_text("key"), grille_bytes_of(NULL, 0)), GRILLE_REASON_OK);
}

/* GRILLE_LIMIT_METADATA_KEY_BYTES and one over it. */
static void test_key_length(void **state) {
    grille_bytes value = grille_bytes_of_text("v");
    (void)state;
    assert_int_equal(check(grille_bytes_of(NULL, 0), value), GRILLE_REASON_WIRE_BAD_MESSAGE);
    assert_int_equal(check(sample_fill('k', GRILLE_LIMIT_METADATA_KEY_BYTES), value), GRILLE_REASON_OK);
    assert_int_equal(check(sample_fill('k', GRILLE_LIMIT_METADATA_KEY_BYTES + 1), value), GRILLE_REASON_WIRE_LIMIT);
}

static void test_reserved_keys(void **state) {
    (void)state;
    assert_true(grille_metadata_key_is_reserved(grille_bytes_of_text("grille-")));
    assert_true(grille_metadata_key_is_reserved(grille_bytes_of_text("grille-trace")));
    assert_false(grille_metadata_key_is_reserved(grille_bytes_of_text("grille")));
    assert_false(grille_metadata_key_is_reserved(grille_bytes_of_text("agrille-")));
    assert_false(grille_metadata_key_is_reserved(grille_bytes_of(NULL, 0)));
}

static grille_bytes encode(const grille_metadata_entry *entries, size_t count) {
    static uint8_t buffer[65536];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        grille_metadata_entry_write(&writer, &entries[i]);
        size += grille_metadata_entry_size(&entries[i]);
        assert_int_equal(grille_written(&writer).len, size);
    }
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    return sample_copy(grille_written(&writer));
}

static void test_entry_bytes(void **state) {
    grille_metadata_entry entry = entry_of(grille_bytes_of_text("ab"), grille_bytes_of_text("xyz"));
    grille_metadata_entry empty = entry_of(grille_bytes_of_text("ab"), grille_bytes_of(NULL, 0));
    (void)state;
    assert_true(grille_bytes_equal(encode(&entry, 1), sample_hex("7a 09 0a 02 6162 12 03 78797a")));
    assert_true(grille_bytes_equal(encode(&empty, 1), sample_hex("7a 04 0a 02 6162")));
}

static void test_order_find_and_copy(void **state) {
    const grille_metadata_entry entries[] = {
        entry_of(grille_bytes_of_text("b"), grille_bytes_of_text("1")),
        entry_of(grille_bytes_of_text("a"), grille_bytes_of_text("2")),
        entry_of(grille_bytes_of_text("b"), grille_bytes_of_text("3")),
        entry_of(grille_bytes_of_text("c-bin"), grille_bytes_of("\0\xff", 2)),
    };
    /* Other fields stand before, between and after, as in the messages that carry metadata. */
    const grille_bytes parts[] = {sample_hex("0d 01020304"), encode(entries, 2), sample_hex("10 05"),
                                  encode(entries + 2, 2), sample_hex("a2 06 01 7a")};
    grille_bytes encoded = sample_join(parts, 5);
    grille_metadata_view view = {0};
    grille_metadata_iterator iterator;
    grille_metadata_entry entry;
    grille_bytes value = {0};
    uint8_t buffer[256];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    (void)state;
    assert_int_equal(grille_metadata_view_of(encoded, &view), GRILLE_REASON_OK);
    assert_int_equal(view.count, 4);
    assert_int_equal(view.encoded_bytes, parts[1].len + parts[3].len);
    iterator = grille_metadata_iterate(&view);
    for (size_t i = 0; i < 4; i++) {
        assert_true(grille_metadata_next(&iterator, &entry));
        assert_true(grille_bytes_equal(entry.key, entries[i].key));
        assert_true(grille_bytes_equal(entry.value, entries[i].value));
    }
    assert_false(grille_metadata_next(&iterator, &entry));
    assert_true(grille_metadata_find(&view, grille_bytes_of_text("b"), &value));
    assert_true(grille_bytes_equal(value, grille_bytes_of_text("1")));
    assert_false(grille_metadata_find(&view, grille_bytes_of_text("d"), &value));
    grille_metadata_write(&writer, &view);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    assert_true(grille_bytes_equal(grille_written(&writer), encode(entries, 4)));
    assert_int_equal(grille_written(&writer).len, view.encoded_bytes);
}

static void test_empty_view(void **state) {
    grille_metadata_view view = {0};
    grille_metadata_iterator iterator = grille_metadata_iterate(&view);
    grille_metadata_entry entry;
    (void)state;
    assert_false(grille_metadata_next(&iterator, &entry));
    assert_int_equal(grille_metadata_view_of(grille_bytes_of(NULL, 0), &view), GRILLE_REASON_OK);
    assert_int_equal(view.count, 0);
}

/* GRILLE_LIMIT_METADATA_ENTRIES and one over it. */
static void test_entry_limit(void **state) {
    grille_metadata_entry entries[GRILLE_LIMIT_METADATA_ENTRIES + 1];
    grille_metadata_view view = {0};
    (void)state;
    for (size_t i = 0; i <= GRILLE_LIMIT_METADATA_ENTRIES; i++) {
        entries[i] = entry_of(grille_bytes_of_text("k"), grille_bytes_of_text("v"));
    }
    assert_int_equal(grille_metadata_view_of(encode(entries, GRILLE_LIMIT_METADATA_ENTRIES), &view), GRILLE_REASON_OK);
    assert_int_equal(view.count, GRILLE_LIMIT_METADATA_ENTRIES);
    assert_int_equal(grille_metadata_view_of(encode(entries, GRILLE_LIMIT_METADATA_ENTRIES + 1), &view),
                     GRILLE_REASON_WIRE_LIMIT);
    assert_int_equal(view.count, GRILLE_LIMIT_METADATA_ENTRIES);
}

/* GRILLE_LIMIT_METADATA_BYTES and one over it, in one entry and as the sum of two. */
static void test_byte_limit(void **state) {
    const size_t overhead = 3 + 3 + 3; /* tag and length of entry, key, value; the key itself has 1 byte */
    size_t longest = GRILLE_LIMIT_METADATA_BYTES - overhead;
    grille_metadata_entry fits = entry_of(grille_bytes_of_text("k"), sample_fill('v', longest));
    grille_metadata_entry over = entry_of(grille_bytes_of_text("k"), sample_fill('v', longest + 1));
    const grille_metadata_entry two[] = {fits, entry_of(grille_bytes_of_text("k"), grille_bytes_of(NULL, 0))};
    grille_metadata_view view = {0};
    (void)state;
    assert_int_equal(grille_metadata_view_of(encode(&fits, 1), &view), GRILLE_REASON_OK);
    assert_int_equal(view.encoded_bytes, GRILLE_LIMIT_METADATA_BYTES);
    assert_int_equal(grille_metadata_view_of(encode(&over, 1), &view), GRILLE_REASON_WIRE_LIMIT);
    assert_int_equal(grille_metadata_view_of(encode(two, 2), &view), GRILLE_REASON_WIRE_LIMIT);
}

static void test_malformed_entries(void **state) {
    static const char *const rows[] = {
        "7a 00",                            /* no key */
        "7a 03 12 01 61",                   /* a value alone */
        "7a 02 0a 00",                      /* an empty key */
        "7a 06 0a 01 61 0a 01 62",          /* two keys */
        "7a 09 0a 01 61 12 01 61 12 01 61", /* two values */
        "7a 02 08 01",                      /* a key of another wire type */
        "7a 05 0a 01 61 10 01",             /* a value of another wire type */
        "7a 03 0a 02 61",                   /* a key that ends early */
        "7a 03 0a 01 41",                   /* an upper-case key */
        "7a 06 0a 01 61 12 01 0a",          /* a line feed in a text value */
        "78 01",                            /* the field itself of another wire type */
        "7a 05 0a 01 61",                   /* an entry that ends early */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_metadata_view view = {0};
        assert_int_equal(grille_metadata_view_of(sample_hex(rows[i]), &view), GRILLE_REASON_WIRE_BAD_MESSAGE);
        assert_int_equal(view.count, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_characters), cmocka_unit_test(test_value_characters),
        cmocka_unit_test(test_key_length),     cmocka_unit_test(test_reserved_keys),
        cmocka_unit_test(test_entry_bytes),    cmocka_unit_test(test_order_find_and_copy),
        cmocka_unit_test(test_empty_view),     cmocka_unit_test(test_entry_limit),
        cmocka_unit_test(test_byte_limit),     cmocka_unit_test(test_malformed_entries),
    };
    return cmocka_run_group_tests(tests, NULL, samples_free);
}
