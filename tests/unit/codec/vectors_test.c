/* Both codecs against protobuf's reference implementation, on meaning and on bytes (make_vectors.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dump.h"
#include "types.h"

enum { MEMORY_BYTES = 1 << 20 };

static const char *vectors_path;

typedef struct test_vector {
    char *line; /* the rest points into it */
    const char *kind, *type, *digits, *dump;
    grille_bytes bytes;
} test_vector;

/* Exactly as many bytes as there are digits for, so that ASan sees any read past them. */
static uint8_t *undigit(const char *digits, size_t *len) {
    *len = strcmp(digits, "-") ? strlen(digits) / 2 : 0;
    uint8_t *bytes = malloc(*len ? *len : 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < *len; i++)
        assert_int_equal(sscanf(digits + 2 * i, "%2hhx", &bytes[i]), 1);
    return bytes;
}

static const codec_pair *find_pair(const char *name) {
    for (size_t i = 0; i < CODEC_PAIRS; i++)
        if (!strcmp(codec_pairs[i].name, name)) return &codec_pairs[i];
    fail_msg("no type %s", name);
    return NULL;
}

static void write_dump(dump_text *text, const grille_message_type *type, const void *message) {
    if (type->codec == &grille_codec_nanopb)
        dump_nanopb(text, type, message);
    else
        dump_protobuf_c(text, message);
}

/* Does a map in this dump have an entry without key or value? The reference implementation writes the zero, these
 * codecs leave it out (docs/generated-code.md, "Differences"). */
static bool has_short_entry(const test_vector *vector, size_t encoded_len) {
    bool has_maps = !strcmp(vector->type, "Maps") || !strcmp(vector->type, "Everything");
    return has_maps && encoded_len < vector->bytes.len;
}

/* The pass that measures and encodes at once gives the same bytes, in as much room as they need, and nothing outside.
 */
static void check_short_encoding(const test_vector *vector, const grille_message_type *type, const void *message,
                                 grille_bytes expected) {
    for (size_t capacity = 0; capacity <= expected.len + 3; capacity += 1 + expected.len / 16) {
        grille_error error;
        size_t len = 0;
        uint8_t *out = malloc(capacity ? capacity : 1);
        assert_non_null(out);
        const grille_reason reason = type->codec->encode_short(type, message, out, capacity, &len, &error);
        if (capacity < expected.len) assert_int_equal(reason, GRILLE_REASON_NO_SPACE);
        if (reason == GRILLE_REASON_OK && (len != expected.len || memcmp(out, expected.data, len) != 0))
            fail_msg("%s %s: encoded otherwise in one pass", vector->type, vector->digits);
        free(out);
    }
}

static void check_encoding(const test_vector *vector, const grille_message_type *type, const void *message,
                           grille_arena *arena) {
    grille_error error;
    size_t len = 0;
    void *again = NULL;
    assert_int_equal(type->codec->measure(type, message, &len, &error), GRILLE_REASON_OK);
    uint8_t *out = malloc(len ? len : 1);
    assert_non_null(out);
    assert_int_equal(type->codec->encode(type, message, out, len, &error), GRILLE_REASON_OK);
    if (has_short_entry(vector, len)) {
        dump_text text = {0};
        assert_int_equal(type->codec->decode(type, grille_bytes_of(out, len), arena, &again, &error), GRILLE_REASON_OK);
        write_dump(&text, type, again);
        assert_string_equal(text.text, vector->dump);
        dump_free(&text);
    } else if (len != vector->bytes.len || (len > 0 && memcmp(out, vector->bytes.data, len) != 0)) {
        fail_msg("%s %s: encoded otherwise", vector->type, vector->digits);
    }
    check_short_encoding(vector, type, message, grille_bytes_of(out, len));
    free(out);
}

static void check_vector(const test_vector *vector, const grille_message_type *type) {
    grille_budget budget;
    grille_arena arena;
    grille_error error = {.code = GRILLE_OK};
    void *message = NULL;
    dump_text text = {0};
    grille_budget_init(&budget, MEMORY_BYTES);
    grille_arena_init(&arena, NULL, 0, &budget);
    grille_reason reason = type->codec->decode(type, vector->bytes, &arena, &message, &error);
    if (!strcmp(vector->kind, "refused")) {
        if (reason == GRILLE_REASON_OK) fail_msg("%s %s: decoded", vector->type, vector->digits);
        assert_true(strlen(error.text) > 0);
    } else {
        if (reason != GRILLE_REASON_OK) fail_msg("%s %s: %s", vector->type, vector->digits, error.text);
        write_dump(&text, type, message);
        assert_string_equal(text.text, vector->dump);
        if (!strcmp(vector->kind, "exact")) check_encoding(vector, type, message, &arena);
    }
    dump_free(&text);
    grille_arena_reset(&arena);
    assert_int_equal(budget.used_bytes, 0);
}

static bool read_vector(FILE *file, test_vector *vector) {
    size_t capacity = 0;
    uint8_t *bytes;
    vector->line = NULL;
    if (getline(&vector->line, &capacity, file) <= 0) {
        free(vector->line);
        return false;
    }
    vector->kind = strtok(vector->line, " \n");
    vector->type = strtok(NULL, " \n");
    vector->digits = strtok(NULL, " \n");
    vector->dump = strtok(NULL, " \n");
    assert_non_null(vector->dump);
    bytes = undigit(vector->digits, &vector->bytes.len);
    vector->bytes.data = bytes;
    return true;
}

/* Every beginning of a message: both codecs take it or both refuse it, and say why. */
static void check_prefixes(const codec_pair *pair, grille_bytes whole) {
    for (size_t len = 0; len < whole.len; len++) {
        const grille_message_type *types[] = {&pair->protobuf_c, &pair->nanopb};
        grille_reason reasons[2];
        uint8_t *copy = malloc(len ? len : 1);
        assert_non_null(copy);
        memcpy(copy, whole.data, len);
        for (size_t i = 0; i < 2; i++) {
            grille_budget budget;
            grille_arena arena;
            grille_error error = {.code = GRILLE_OK};
            void *message = NULL;
            grille_budget_init(&budget, MEMORY_BYTES);
            grille_arena_init(&arena, NULL, 0, &budget);
            reasons[i] = types[i]->codec->decode(types[i], grille_bytes_of(copy, len), &arena, &message, &error);
            assert_int_equal(reasons[i] == GRILLE_REASON_OK, error.text[0] == 0);
            grille_arena_reset(&arena);
        }
        free(copy);
        assert_int_equal(reasons[0], reasons[1]);
        assert_true(reasons[0] == GRILLE_REASON_OK || reasons[0] == GRILLE_REASON_CODEC_MALFORMED);
    }
}

static void test_every_prefix(void **state) {
    enum { LONGEST = 256 };
    FILE *file = fopen(vectors_path, "r");
    test_vector vector;
    int count = 0;
    (void)state;
    assert_non_null(file);
    while (read_vector(file, &vector)) {
        if (!strcmp(vector.kind, "exact") && vector.bytes.len <= LONGEST) {
            check_prefixes(find_pair(vector.type), vector.bytes);
            count++;
        }
        free((void *)(uintptr_t)vector.bytes.data);
        free(vector.line);
    }
    fclose(file);
    assert_true(count > 200);
}

static int check_all(const char *kind, bool nanopb) {
    FILE *file = fopen(vectors_path, "r");
    test_vector vector;
    int count = 0;
    assert_non_null(file);
    while (read_vector(file, &vector)) {
        const codec_pair *pair = find_pair(vector.type);
        if (!strcmp(vector.kind, kind)) {
            check_vector(&vector, nanopb ? &pair->nanopb : &pair->protobuf_c);
            count++;
        }
        free((void *)(uintptr_t)vector.bytes.data);
        free(vector.line);
    }
    fclose(file);
    return count;
}

static void test_nanopb_exact(void **state) {
    (void)state;
    assert_true(check_all("exact", true) > 300);
}

static void test_nanopb_meaning(void **state) {
    (void)state;
    assert_true(check_all("meaning", true) > 300);
}

static void test_nanopb_refused(void **state) {
    (void)state;
    assert_true(check_all("refused", true) > 200);
}

static void test_protobuf_c_exact(void **state) {
    (void)state;
    assert_true(check_all("exact", false) > 300);
}

static void test_protobuf_c_meaning(void **state) {
    (void)state;
    assert_true(check_all("meaning", false) > 300);
}

static void test_protobuf_c_refused(void **state) {
    (void)state;
    assert_true(check_all("refused", false) > 200);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nanopb_exact),       cmocka_unit_test(test_nanopb_meaning),
        cmocka_unit_test(test_nanopb_refused),     cmocka_unit_test(test_protobuf_c_exact),
        cmocka_unit_test(test_protobuf_c_meaning), cmocka_unit_test(test_protobuf_c_refused),
        cmocka_unit_test(test_every_prefix),
    };
    if (argc != 2) return 2;
    vectors_path = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
