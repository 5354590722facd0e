/* SPDX-License-Identifier: Apache-2.0
 * The parts of the command that have no file of their own to be tried on: times, words, JSON, places in a policy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "document_files.h"
#include "document_view.h"
#include "json.h"
#include "options.h"
#include "parts_tests.h"
#include "policy_insert.h"
#include "wall_time.h"

static int64_t time_of(const char *text) {
    grille_wall_ms wall_ms = -2;
    return wall_time_parse(text, &wall_ms) ? wall_ms : -1;
}

static void times(void **state) {
    (void)state;
    assert_int_equal(0, time_of("0"));
    assert_int_equal(0, time_of("1970-01-01T00:00:00Z"));
    assert_int_equal(1767268800000, time_of("1767268800000"));
    assert_int_equal(1767268800000, time_of("2026-01-01T12:00:00Z"));
    assert_int_equal(1767268800000, time_of("2026-01-01t12:00:00z"));
    assert_int_equal(1767268800123, time_of("2026-01-01T12:00:00.123Z"));
    assert_int_equal(1767268800100, time_of("2026-01-01T12:00:00.1Z"));
    assert_int_equal(1767268800123, time_of("2026-01-01T12:00:00.123999999999Z"));
    assert_int_equal(1767268800000, time_of("2026-01-01T13:30:00+01:30"));
    assert_int_equal(1767268800500, time_of("2025-12-31T13:01:00.5-22:59"));
    assert_int_equal(1767268800000, time_of("2026-01-01T12:00:00-00:00"));
    assert_int_equal(253402300799999, time_of("253402300799999"));
    assert_int_equal(253402300799999, time_of("9999-12-31T23:59:59.999Z"));
}

static void what_is_no_time(void **state) {
    static const char *const texts[] = {"",
                                        "now",
                                        " 1",
                                        "1 ",
                                        "-1",
                                        "+1",
                                        "1.5",
                                        "0x10",
                                        "253402300800000",
                                        "99999999999999999999999999",
                                        "2026-01-01",
                                        "2026-01-01T12:00:00",
                                        "2026-01-01T12:00:00.Z",
                                        "2026-01-01T12:00:00,5Z",
                                        "2026-01-01T12:00:00ZZ",
                                        "2026-01-01T12:00:00Z ",
                                        "2026-01-01T12:00:00+0100",
                                        "2026-01-01T12:00:00+24:00",
                                        "2026-01-01T12:00:00+01:60",
                                        "2026-01-01T12:00:00+01:0",
                                        "2026-01-01T12:00:00+01:000",
                                        "2026-01-01T12:00:00 01:00",
                                        "2026-02-30T12:00:00Z",
                                        "2026-01-01T24:00:00Z",
                                        "2026-01-01T23:59:60Z",
                                        "1970-01-01T00:00:00+00:01",
                                        "9999-12-31T23:59:59-00:01",
                                        "1969-12-31T23:59:59Z"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (time_of(texts[i]) != -1) fail_msg("\"%s\" was read as a time", texts[i]);
    }
}

static void nearest_words(void **state) {
    static const char *const words[] = {"--json", "--at", "--root", "--policy", "-o"};
    (void)state;
    assert_string_equal("--json", nearest_word("--jsn", words, 5));
    assert_string_equal("--json", nearest_word("--sjon", words, 5));
    assert_string_equal("--policy", nearest_word("--plicy", words, 5));
    assert_string_equal("--policy", nearest_word("--policies", words, 5));
    assert_string_equal("--root", nearest_word("--rot", words, 5));
    assert_null(nearest_word("--verbose", words, 5));
    assert_null(nearest_word("", words, 4));
    assert_null(nearest_word("--json", words, 0));
    assert_null(nearest_word("a word that is much longer than any option and than any buffer for one", words, 5));
}

static const char *json_of(const char *bytes, size_t len) {
    static char text[256];
    char *written = NULL;
    size_t written_len = 0;
    FILE *out = open_memstream(&written, &written_len);
    assert_non_null(out);
    json_quoted(out, grille_bytes_of(bytes, len));
    assert_int_equal(0, fclose(out));
    (void)snprintf(text, sizeof text, "%s", written);
    free(written);
    return text;
}

#define JSON_OF(literal) json_of(literal, sizeof literal - 1)

static void json_strings(void **state) {
    (void)state;
    assert_string_equal("\"\"", JSON_OF(""));
    assert_string_equal("\"plain /text\"", JSON_OF("plain /text"));
    assert_string_equal("\"\\\"\\\\\"", JSON_OF("\"\\"));
    assert_string_equal("\"\\u0000\\u000a\\u001b\\u007f\"", JSON_OF("\0\n\x1b\x7f"));
    assert_string_equal("\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"",
                        JSON_OF("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"));
    /* Lone, cut, overlong, surrogate and too large ones are replaced byte by byte. */
    assert_string_equal("\"\\ufffda\"", JSON_OF("\x80"
                                                "a"));
    assert_string_equal("\"\\ufffd\"", JSON_OF("\xc3"));
    assert_string_equal("\"\\ufffd(\"", JSON_OF("\xc3("));
    assert_string_equal("\"\\ufffd\\ufffd\"", JSON_OF("\xc0\x80"));
    assert_string_equal("\"\\ufffd\\ufffd\\ufffd\"", JSON_OF("\xe0\x80\x80"));
    assert_string_equal("\"\\ufffd\\ufffd\\ufffd\"", JSON_OF("\xed\xa0\x80"));
    assert_string_equal("\"\\ufffd\\ufffd\\ufffd\\ufffd\"", JSON_OF("\xf4\x90\x80\x80"));
    assert_string_equal("\"\\ufffd\\ufffd\\ufffd(\"", JSON_OF("\xf0\x9f\x98("));
}

/* What goes where "@" stands. */
static void expect_place(const char *marked, size_t indent, bool needs_newline) {
    char text[512] = "";
    const char *mark = strchr(marked, '@');
    policy_place place = {.offset = 0};
    grille_error error;
    assert_non_null(mark);
    (void)snprintf(text, sizeof text, "%.*s%s", (int)(mark - marked), marked, mark + 1);
    if (!policy_place_find(grille_bytes_of_text(text), "p", &place, &error)) fail_msg("%s: %s", marked, error.text);
    assert_int_equal(mark - marked, place.offset);
    assert_int_equal(indent, place.indent);
    assert_int_equal(needs_newline, place.needs_newline);
}

static void places(void **state) {
    (void)state;
    expect_place("peers:\n- a: b\n@", 0, false);
    expect_place("peers:\n- a: b@", 0, true);
    expect_place("peers:\n  - a: b # c\n@\n\nx: y\n", 2, false);
    expect_place("peers:\n  - a: b\n    # deeper\n   # deeper too\n@  # not\nx: y\n", 2, false);
    expect_place("peers:\n  - a: b\n    # deeper@", 2, true);
    expect_place("x: y\npeers:\n    - {a: b,\n       c: d}\n@# end\n", 4, false);
    expect_place("peers:\n  - a: |\n      text\n      more\n@x: y\n", 2, false);
    expect_place("peers:\n  - a:\n    - b\n    - c\n@x: y\n", 2, false);
    expect_place("peers:\n  - a: 'b\n      c'\n@x: y\n", 2, false);
    expect_place("peers:\n  - a: b\n  - c: [d,\n      e]\n@x: y\n", 2, false);
    expect_place("peers:\r\n  - a: b\r\n@x: y\r\n", 2, false);
}

static void no_place(void **state) {
    static const char *const texts[] = {"{peers: [a]}\n", "peers: [{a: b}]\n", "peers: {a: b}\n", "x: y\n", "",
                                        "peers: ["};
    policy_place place;
    grille_error error;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(policy_place_find(grille_bytes_of_text(texts[i]), "p", &place, &error));
        assert_true(error.text[0] != '\0');
    }
}

/* The longest field that a view of hostile bytes may have stays inside them. */
static void expect_inside(grille_bytes field, grille_bytes document) {
    if (field.len == 0) return;
    assert_true(field.data >= document.data && field.len <= document.len);
    assert_true((size_t)(field.data - document.data) <= document.len - field.len);
}

static void look_at(grille_bytes document) {
    static document_view view;
    bool readable = document_view_read(document, &view);
    const grille_bytes fields[] = {view.payload,     view.signature,  view.protected_header, view.unprotected,
                                   view.module_id,   view.digest,     view.certificate,      view.public_key,
                                   view.user_data,   view.nonce,      view.pcrs.values[0],   view.pcrs.values[31],
                                   view.cabundle[0], view.cabundle[7]};
    assert_true(readable || view.problem.name[0] != '\0');
    assert_true(view.cabundle_count <= GRILLE_LIMIT_CABUNDLE_CERTIFICATES);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        expect_inside(fields[i], document);
}

static void views_of_hostile_documents(void **state) {
    static const char *const names[] = {"ok_untagged.cose", "ok_indef_map.cose", "bad_tpm_key.cose"};
    (void)state;
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        grille_bytes document = document_file(names[n]);
        uint8_t *changed = malloc(document.len);
        assert_non_null(changed);
        memcpy(changed, document.data, document.len);
        for (size_t i = 0; i < document.len; i++) {
            static const uint8_t bytes[] = {0x00, 0x1b, 0x5f, 0x9b, 0xbf, 0xff};
            uint8_t *prefix = malloc(i + 1); /* of its exact size, for the sanitizer */
            assert_non_null(prefix);
            memcpy(prefix, document.data, i + 1);
            look_at(grille_bytes_of(prefix, i + 1));
            free(prefix);
            changed[i] = bytes[i % sizeof bytes];
            look_at(grille_bytes_of(changed, document.len));
            changed[i] = document.data[i];
        }
        free(changed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times),
        cmocka_unit_test(what_is_no_time),
        cmocka_unit_test(nearest_words),
        cmocka_unit_test(json_strings),
        cmocka_unit_test(places),
        cmocka_unit_test(no_place),
        cmocka_unit_test(views_of_hostile_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + kms_policy_tests();
}
