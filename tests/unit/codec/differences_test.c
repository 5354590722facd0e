/* Where the codecs do otherwise than protobuf's reference implementation: all of it (docs/generated-code.md,
 * "Differences"). What the reference does comes from make_vectors.py. */
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

/* What one side makes of the bytes: its dump and what it writes again, or "refused" and the reason. */
typedef struct outcome {
    const char *dump;
    const char *again;
} outcome;

typedef struct difference {
    const char *what;
    const char *type;
    const char *digits;
    outcome protobuf_c;
    outcome nanopb;
} difference;

#define TEXT_16 "61616161616161616161616161616161"

static const difference differences[] = {
    {"protobuf-c does not write -0.0",
     "Scalars",
     "090000000000000080",
     {"{1:9223372036854775808}", "-"},
     {"{1:9223372036854775808}", "090000000000000080"}},
    {"nanopb packs all numbers", "Repeats", "60016002", {"{12:[1,2]}", "60016002"}, {"{12:[1,2]}", "62020102"}},
    {"an entry's zero is not written",
     "Maps",
     "0a050a016b1000",
     {"{1:[{1:\"6b\"}]}", "0a030a016b"},
     {"{1:[{1:\"6b\"}]}", "0a030a016b"}},
    {"a map is a list: a key may come twice",
     "Maps",
     "0a050a016b10010a050a016b1002",
     {"{1:[{1:\"6b\",2:1},{1:\"6b\",2:2}]}", "0a050a016b10010a050a016b1002"},
     {"{1:[{1:\"6b\",2:1},{1:\"6b\",2:2}]}", "0a050a016b10010a050a016b1002"}},
    {"protobuf-c replaces a oneof's message",
     "Oneofs",
     "2a0208012a03120161",
     {"{5:{2:\"61\"}}", "2a03120161"},
     {"{5:{1:1,2:\"61\"}}", "2a050801120161"}},
    {"protobuf-c replaces an optional message",
     "Optionals",
     "320208013203120161",
     {"{6:{2:\"61\"}}", "3203120161"},
     {"{6:{1:1,2:\"61\"}}", "32050801120161"}},
    {"protobuf-c can't merge a message with an unset oneof",
     "Everything",
     "12001200",
     {"refused", "CODEC-MALFORMED"},
     {"{2:{}}", "1200"}},
    {"UTF-8 is not checked", "Scalars", "7201ff", {"{14:\"ff\"}", "7201ff"}, {"{14:\"ff\"}", "7201ff"}},
    {"text of protobuf-c ends at a zero byte",
     "Scalars",
     "7203610062",
     {"{14:\"61\"}", "720161"},
     {"{14:\"610062\"}", "7203610062"}},
    {"text with max_size ends at a zero byte",
     "Scalars",
     "9a0103610062",
     {"{19:\"61\"}", "9a010161"},
     {"{19:\"61\"}", "9a010161"}},
    {"nanopb refuses a uint32 over its range", "Scalars", "288080808010", {"{}", "-"}, {"refused", "CODEC-BOUND"}},
    {"nanopb refuses a sint32 over its range", "Scalars", "388080808020", {"{}", "-"}, {"refused", "CODEC-BOUND"}},
    {"nanopb refuses a bool over 32 bits", "Scalars", "68808080808001", {"{13:1}", "6801"}, {"refused", "CODEC-BOUND"}},
    {"a known field with another wire type is refused",
     "Scalars",
     "1d01000000",
     {"refused", "CODEC-WIRE-TYPE"},
     {"refused", "CODEC-WIRE-TYPE"}},
    {"text with the wire type of a number is refused",
     "Scalars",
     "7001",
     {"refused", "CODEC-WIRE-TYPE"},
     {"refused", "CODEC-WIRE-TYPE"}},
    {"a varint of more than 64 bits is refused",
     "Scalars",
     "18ffffffffffffffffff7f",
     {"refused", "CODEC-MALFORMED"},
     {"refused", "CODEC-MALFORMED"}},
    {"groups are refused", "Empty", "0b0c", {"refused", "CODEC-GROUP"}, {"refused", "CODEC-GROUP"}},
    {"nanopb drops unknown fields", "Empty", "0801", {"{}", "0801"}, {"{}", "-"}},
    {"nanopb refuses one item over max_count",
     "Holder",
     "1a001a001a001a00",
     {"{3:[\"\",\"\",\"\",\"\"]}", "1a001a001a001a00"},
     {"refused", "CODEC-BOUND"}},
    {"nanopb refuses one byte over max_size",
     "Scalars",
     "827d11" TEXT_16 "61",
     {"{2000:\"" TEXT_16 "61\"}", "827d11" TEXT_16 "61"},
     {"refused", "CODEC-BOUND"}},
    {"nanopb refuses text as long as its max_size",
     "Scalars",
     "9a0110" TEXT_16,
     {"{19:\"" TEXT_16 "\"}", "9a0110" TEXT_16},
     {"refused", "CODEC-BOUND"}},
    {"an enum of proto2 keeps unknown values",
     "Legacy",
     "080128633200",
     {"{1:1,5:99,6:\"\"}", "080128633200"},
     {"{1:1,5:99,6:\"\"}", "080128633200"}},
    {"extensions are unknown fields",
     "Legacy",
     "08013200a00601",
     {"{1:1,6:\"\"}", "08013200a00601"},
     {"{1:1,6:\"\"}", "08013200"}},
};

static const char *vectors_path;

static uint8_t *undigit(const char *digits, size_t *len) {
    *len = strlen(digits) / 2;
    uint8_t *bytes = malloc(*len);
    assert_non_null(bytes);
    for (size_t i = 0; i < *len; i++)
        assert_int_equal(sscanf(digits + 2 * i, "%2hhx", &bytes[i]), 1);
    return bytes;
}

static void check_again(const grille_message_type *type, const void *message, const char *digits) {
    grille_error error;
    uint8_t out[256];
    char written[2 * sizeof(out) + 1] = "-";
    size_t len = 0;
    assert_int_equal(type->codec->measure(type, message, &len, &error), GRILLE_REASON_OK);
    assert_true(len <= sizeof(out));
    assert_int_equal(type->codec->encode(type, message, out, len, &error), GRILLE_REASON_OK);
    for (size_t i = 0; i < len; i++)
        snprintf(written + 2 * i, 3, "%02x", out[i]);
    assert_string_equal(written, digits);
}

static void check_codec(const difference *listed, const grille_message_type *type, const outcome *expected) {
    grille_budget budget;
    grille_arena arena;
    grille_error error = {.code = GRILLE_OK};
    void *message = NULL;
    size_t len;
    uint8_t *bytes = undigit(listed->digits, &len);
    grille_budget_init(&budget, 1 << 20);
    grille_arena_init(&arena, NULL, 0, &budget);
    grille_reason reason = type->codec->decode(type, grille_bytes_of(bytes, len), &arena, &message, &error);
    if (!strcmp(expected->dump, "refused")) {
        assert_string_equal(grille_reason_name(reason), expected->again);
    } else {
        dump_text text = {0};
        assert_int_equal(reason, GRILLE_REASON_OK);
        if (type->codec == &grille_codec_nanopb)
            dump_nanopb(&text, type, message);
        else
            dump_protobuf_c(&text, message);
        assert_string_equal(text.text, expected->dump);
        dump_free(&text);
        check_again(type, message, expected->again);
    }
    free(bytes);
    grille_arena_reset(&arena);
}

static const codec_pair *find_pair(const char *name) {
    for (size_t i = 0; i < CODEC_PAIRS; i++)
        if (!strcmp(codec_pairs[i].name, name)) return &codec_pairs[i];
    return NULL;
}

static void test_codecs_do_as_listed(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(differences) / sizeof(*differences); i++) {
        const codec_pair *pair = find_pair(differences[i].type);
        print_message("%s\n", differences[i].what);
        check_codec(&differences[i], &pair->protobuf_c, &differences[i].protobuf_c);
        check_codec(&differences[i], &pair->nanopb, &differences[i].nanopb);
    }
}

static bool is_same(const outcome *expected, const char *dump, const char *again) {
    return !strcmp(expected->dump, dump) && (!strcmp(dump, "refused") || !strcmp(expected->again, again));
}

/* Every listed difference is one, and the list is the same on both sides. */
static void test_list_is_true(void **state) {
    FILE *file = fopen(vectors_path, "r");
    char *line = NULL;
    size_t capacity = 0, count = 0;
    (void)state;
    assert_non_null(file);
    while (getline(&line, &capacity, file) > 0) {
        const char *kind = strtok(line, " \n"), *type = strtok(NULL, " \n"), *digits = strtok(NULL, " \n");
        const char *dump = strtok(NULL, " \n"), *again = strtok(NULL, " \n");
        if (strcmp(kind, "differs") != 0) continue;
        assert_true(count < sizeof(differences) / sizeof(*differences));
        const difference *listed = &differences[count++];
        assert_string_equal(listed->type, type);
        assert_string_equal(listed->digits, digits);
        if (is_same(&listed->protobuf_c, dump, again) && is_same(&listed->nanopb, dump, again))
            fail_msg("no difference: %s", listed->what);
    }
    assert_int_equal(count, sizeof(differences) / sizeof(*differences));
    free(line);
    fclose(file);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codecs_do_as_listed),
        cmocka_unit_test(test_list_is_true),
    };
    if (argc != 2) return 2;
    vectors_path = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
