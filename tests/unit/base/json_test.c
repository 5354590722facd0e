/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/bytes.h"
#include "cmocka_all.h"

/* Tokens as letters: O o A a K T N t f n, E at the end, X when bad. */
static void trace(grille_bytes text, char *letters, size_t capacity) {
    static const char names[] = "XEOoAaKTNtfn";
    grille_json json = grille_json_of(text);
    size_t len = 0;
    char letter = 0;
    while (letter != 'X' && letter != 'E' && len + 1 < capacity) {
        letter = names[grille_json_next(&json).kind];
        letters[len++] = letter;
    }
    letters[len] = '\0';
}

static void expect(const char *text, const char *letters) {
    char seen[256];
    trace(grille_bytes_of_text(text), seen, sizeof seen);
    if (strcmp(seen, letters) != 0) fail_msg("%s: %s, expected %s", text, seen, letters);
}

static bool is_whole(grille_bytes text) {
    char seen[256];
    trace(text, seen, sizeof seen);
    return seen[strlen(seen) - 1] == 'E';
}

static void reads_every_kind(void **state) {
    (void)state;
    expect("{}", "OoE");
    expect(" [ ] ", "AaE");
    expect("\"\"", "TE");
    expect("\t\r\n-0.5e+10 ", "NE");
    expect("[true,false,null,0,\"a\",{\"b\":[{}]}]", "AtfnNTOKAOoaoaE");
    expect("{\"a\":1,\"b\":{\"c\":[]},\"d\":\"\\\"\"}", "OKNKOKAaoKToE");
    expect("[1E5,1e-5,10,0.25,-7]", "ANNNNNaE");
    expect("\"\\u00e4\\\\\\/\\b\\f\\n\\r\\t\"", "TE");
}

static void refuses_all_else(void **state) {
    static const char *const rows[] = {
        "",
        " ",
        "{",
        "[",
        "]",
        "}",
        "[}",
        "{]",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\" 1}",
        "{1:2}",
        "{\"a\":1,}",
        "{,}",
        "{} {}",
        "1 2",
        "01",
        "-",
        "1.",
        ".5",
        "+1",
        "1e",
        "1e+",
        "0x10",
        "NaN",
        "Infinity",
        "tru",
        "TRUE",
        "nulll",
        "'a'",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\n\"",
        "\"\\\"",
        "[\"a\",",
        "{\"a\":[1}",
        "/**/1",
        "\xef\xbb\xbf{}",
        "[1]x",
        "\"a\"\"b\"",
        "{\"a\":1 \"b\":2}",
        "\v1",
        "- 1",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (is_whole(grille_bytes_of_text(rows[i]))) fail_msg("accepted: %s", rows[i]);
    }
    assert_false(is_whole(grille_bytes_of("1\0", 2)));
    assert_false(is_whole(grille_bytes_of("\"a\0b\"", 5)));
    assert_false(is_whole(grille_bytes_of(NULL, 0)));
}

/* No beginning of it is whole, and what was bad stays so. */
static void every_beginning_is_refused(void **state) {
    const grille_bytes text = grille_bytes_of_text("{\"a\":[1.5e3,\"\\ud83d\\ude00\",true,null],\"b\":{}}");
    (void)state;
    assert_true(is_whole(text));
    for (size_t len = 0; len < text.len; len++) {
        grille_json json = grille_json_of(grille_bytes_of(text.data, len));
        grille_json_kind kind = GRILLE_JSON_OBJECT;
        while (kind != GRILLE_JSON_BAD && kind != GRILLE_JSON_END)
            kind = grille_json_next(&json).kind;
        assert_int_equal(kind, GRILLE_JSON_BAD);
        assert_int_equal(grille_json_next(&json).kind, GRILLE_JSON_BAD);
    }
}

static void depth_has_an_end(void **state) {
    char text[2 * GRILLE_JSON_DEPTH + 3];
    (void)state;
    for (size_t depth = 1; depth <= GRILLE_JSON_DEPTH + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(is_whole(grille_bytes_of(text, 2 * depth)), depth <= GRILLE_JSON_DEPTH);
    }
}

static void remembers_what_is_open(void **state) {
    (void)state;
    expect("[{\"a\":[[{\"b\":[]}]]},[]]", "AOKAAOKAaoaaoAaaE");
    expect("[{\"a\":[[{\"b\":[]}]}]", "AOKAAOKAaoaX");
}

static grille_json_token only(grille_json *json, const char *text) {
    *json = grille_json_of(grille_bytes_of_text(text));
    return grille_json_next(json);
}

static void resolves_texts(void **state) {
    static const struct {
        const char *json, *text;
    } rows[] = {
        {"\"\"", ""},
        {"\"plain\"", "plain"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00E4\\u20ac\\ud83d\\uDE00\"", "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\"\\uffff\"", "\xef\xbf\xbf"},
        {"\"\\u0000\"", NULL},
        {"\"\\ud83d\"", NULL},
        {"\"\\ud83dx\"", NULL},
        {"\"\\ud83d\\n\"", NULL},
        {"\"\\ud83d\\u0041\"", NULL},
        {"\"\\ude00\\ud83d\"", NULL},
        {"1", NULL},
    };
    uint8_t room[32];
    grille_json json;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_writer writer = grille_writer_into(room, sizeof room);
        const bool well = grille_json_text(only(&json, rows[i].json), &writer);
        assert_int_equal(well, rows[i].text != NULL);
        if (!well) continue;
        assert_int_equal(writer.len, strlen(rows[i].text));
        assert_memory_equal(room, rows[i].text, writer.len);
        writer = grille_writer_into(room, writer.len == 0 ? 0 : writer.len - 1);
        assert_int_equal(grille_json_text(only(&json, rows[i].json), &writer), strlen(rows[i].text) == 0);
    }
}

static void compares_texts(void **state) {
    grille_json json;
    (void)state;
    assert_true(grille_json_is(only(&json, "\"abc\""), "abc"));
    assert_false(grille_json_is(only(&json, "\"abc\""), "abcd"));
    assert_false(grille_json_is(only(&json, "\"a\\n\""), "a\\n"));
    assert_false(grille_json_is(only(&json, "7"), "7"));
}

static void reads_numbers(void **state) {
    static const struct {
        const char *json;
        uint64_t max, value;
        bool well;
    } rows[] = {
        {"0", 0, 0, true},
        {"16", UINT32_MAX, 16, true},
        {"4294967295", UINT32_MAX, UINT32_MAX, true},
        {"4294967296", UINT32_MAX, 0, false},
        {"18446744073709551615", UINT64_MAX, UINT64_MAX, true},
        {"18446744073709551616", UINT64_MAX, 0, false},
        {"99999999999999999999", UINT64_MAX, 0, false},
        {"-1", UINT64_MAX, 0, false},
        {"1.0", UINT64_MAX, 0, false},
        {"1e2", UINT64_MAX, 0, false},
        {"\"1\"", UINT64_MAX, 0, false},
        {"true", UINT64_MAX, 0, false},
    };
    grille_json json;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t value = 0;
        assert_int_equal(grille_json_number(only(&json, rows[i].json), rows[i].max, &value), rows[i].well);
        assert_int_equal(value, rows[i].well ? rows[i].value : 0);
    }
}

static void passes_over_values(void **state) {
    grille_json json = grille_json_of(grille_bytes_of_text("{\"a\":[1,{\"b\":[]}],\"c\":2,\"d\":{\"e\":3},\"f\":4}"));
    (void)state;
    assert_int_equal(grille_json_next(&json).kind, GRILLE_JSON_OBJECT);
    for (const char *key = "acd"; *key != '\0'; key++) {
        const grille_json_token token = grille_json_next(&json);
        assert_int_equal(token.raw.data[0], *key);
        assert_true(grille_json_skip(&json, token));
    }
    assert_true(grille_json_is(grille_json_next(&json), "f"));
    assert_int_equal(grille_json_next(&json).kind, GRILLE_JSON_NUMBER);
    assert_int_equal(grille_json_next(&json).kind, GRILLE_JSON_OBJECT_END);
    assert_int_equal(grille_json_next(&json).kind, GRILLE_JSON_END);
    assert_true(grille_json_skip(&json, only(&json, "[[],1]")));
    assert_int_equal(grille_json_next(&json).kind, GRILLE_JSON_END);
    assert_false(grille_json_skip(&json, only(&json, "[[],1")));
    (void)only(&json, "{\"a\":}");
    assert_false(grille_json_skip(&json, grille_json_next(&json)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_kind),
        cmocka_unit_test(refuses_all_else),
        cmocka_unit_test(every_beginning_is_refused),
        cmocka_unit_test(depth_has_an_end),
        cmocka_unit_test(remembers_what_is_open),
        cmocka_unit_test(resolves_texts),
        cmocka_unit_test(compares_texts),
        cmocka_unit_test(reads_numbers),
        cmocka_unit_test(passes_over_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
