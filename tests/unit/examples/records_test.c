/* SPDX-License-Identifier: Apache-2.0
 * Goal: records are opened in their place and nowhere else, files of them are read whole or refused, and the report is
 * right to the thousandth. */
#include "envelope.h"
#include "laboratory.h"
#include "record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t key[GRILLE_DATA_KEY_BYTES] = "a key of thirty-two bytes, this";
static const uint8_t other_key[GRILLE_DATA_KEY_BYTES] = "a key of thirty-two bytes, That";

static grille_bytes bytes_of(const char *text) {
    return (grille_bytes){(const uint8_t *)text, strlen(text)};
}

/* ---- records ---- */

static grille_code open_at(const uint8_t *with, const char *dataset, uint32_t number, bool last, grille_bytes sealed) {
    uint8_t plain[RECORD_MAX];
    const record_place place = {bytes_of(dataset), number, last};
    size_t len = 0;
    grille_error error;
    return record_open(with, &place, sealed, plain, &len, &error);
}

static void test_a_record_opens_in_its_place(void **state) {
    const record_place place = {bytes_of("2026-11"), 7, false};
    uint8_t sealed[RECORD_SEALED_MAX + 1], plain[RECORD_MAX];
    size_t len = 0, plain_len = 0;
    grille_error error;
    (void)state;
    assert_int_equal(record_seal(key, &place, bytes_of("Ada Abel,glucose,5.1"), sealed, &len, &error), GRILLE_OK);
    assert_int_equal(len, 20 + GRILLE_DATA_OVERHEAD_BYTES);
    const grille_bytes whole = {sealed, len};
    assert_int_equal(record_open(key, &place, whole, plain, &plain_len, &error), GRILLE_OK);
    assert_int_equal(plain_len, 20);
    assert_memory_equal(plain, "Ada Abel,glucose,5.1", 20);

    assert_int_equal(open_at(other_key, "2026-11", 7, false, whole), GRILLE_UNAUTHENTICATED);
    assert_int_equal(open_at(key, "2026-12", 7, false, whole), GRILLE_UNAUTHENTICATED);
    assert_int_equal(open_at(key, "2026-1", 7, false, whole), GRILLE_UNAUTHENTICATED);
    assert_int_equal(open_at(key, "2026-11", 6, false, whole), GRILLE_UNAUTHENTICATED);
    assert_int_equal(open_at(key, "2026-11", 7, true, whole), GRILLE_UNAUTHENTICATED);
    assert_int_equal(open_at(key, "", 7, false, whole), GRILLE_UNAUTHENTICATED);
    assert_int_equal(open_at(key, "2026-11", 7, false, (grille_bytes){sealed, 0}), GRILLE_UNAUTHENTICATED);
    for (size_t at = 0; at < len; at++) {
        sealed[at] ^= 1;
        assert_int_equal(open_at(key, "2026-11", 7, false, whole), GRILLE_UNAUTHENTICATED);
        sealed[at] ^= 1;
        assert_int_equal(open_at(key, "2026-11", 7, false, (grille_bytes){sealed, at}), GRILLE_UNAUTHENTICATED);
    }
    assert_int_equal(open_at(key, "2026-11", 7, false, whole), GRILLE_OK);
}

/* A report is no record, nor the report of another data set. */
static void test_a_report_is_no_record(void **state) {
    uint8_t sealed[64], report[64];
    size_t len = 0, report_len = 0;
    grille_error error;
    (void)state;
    assert_int_equal(record_report_seal(key, bytes_of("a"), bytes_of("text"), sealed, sizeof sealed, &len, &error),
                     GRILLE_OK);
    const grille_bytes whole = {sealed, len};
    assert_int_equal(record_report_open(key, bytes_of("a"), whole, report, sizeof report, &report_len, &error),
                     GRILLE_OK);
    assert_int_equal(report_len, 4);
    assert_memory_equal(report, "text", 4);
    assert_int_equal(record_report_open(key, bytes_of("b"), whole, report, sizeof report, &report_len, &error),
                     GRILLE_UNAUTHENTICATED);
    assert_int_equal(record_report_open(other_key, bytes_of("a"), whole, report, sizeof report, &report_len, &error),
                     GRILLE_UNAUTHENTICATED);
    assert_int_equal(record_report_open(key, bytes_of(""), whole, report, sizeof report, &report_len, &error),
                     GRILLE_UNAUTHENTICATED);
    assert_int_equal(open_at(key, "a", 0, true, whole), GRILLE_UNAUTHENTICATED);
    assert_int_equal(record_report_seal(key, bytes_of("a b"), bytes_of("text"), sealed, sizeof sealed, &len, &error),
                     GRILLE_INVALID_ARGUMENT);
}

static void test_lengths_of_records(void **state) {
    static const uint8_t zeros[RECORD_MAX + 1];
    const record_place place = {bytes_of("a"), 1, true};
    uint8_t sealed[RECORD_SEALED_MAX + 1], plain[RECORD_MAX];
    size_t len = 0;
    grille_error error;
    (void)state;
    assert_int_equal(record_seal(key, &place, (grille_bytes){zeros, RECORD_MAX + 1}, sealed, &len, &error),
                     GRILLE_INVALID_ARGUMENT);
    assert_string_equal(error.name, "INVALID_ARGUMENT");
    assert_int_equal(record_seal(key, &place, (grille_bytes){zeros, RECORD_MAX}, sealed, &len, &error), GRILLE_OK);
    assert_int_equal(len, RECORD_SEALED_MAX);
    assert_int_equal(record_open(key, &place, (grille_bytes){sealed, len}, plain, &len, &error), GRILLE_OK);
    assert_int_equal(len, RECORD_MAX);
    assert_int_equal(record_open(key, &place, (grille_bytes){sealed, RECORD_SEALED_MAX + 1}, plain, &len, &error),
                     GRILLE_UNAUTHENTICATED);
}

static void test_names_of_data_sets(void **state) {
    static const char longest[] = "0123456789012345678901234567890123456789012345678901234567890123";
    (void)state;
    assert_true(record_dataset_valid(bytes_of("2026-11_a.B")));
    assert_true(record_dataset_valid(bytes_of(longest)));
    assert_false(record_dataset_valid((grille_bytes){(const uint8_t *)longest, sizeof longest}));
    assert_false(record_dataset_valid(bytes_of("")));
    assert_false(record_dataset_valid((grille_bytes){(const uint8_t *)"a\0b", 3}));
    for (int letter = 1; letter < 256; letter++) {
        const uint8_t name[] = {'a', (uint8_t)letter};
        const bool expected = (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
                              (letter >= 'a' && letter <= 'z') || letter == '-' || letter == '_' || letter == '.';
        assert_int_equal(record_dataset_valid((grille_bytes){name, 2}), expected);
    }
}

/* ---- files of them ---- */

/* What a file says, in one text; or why it is refused. */
static const char *read_file(grille_bytes file, char text[256]) {
    envelope from;
    grille_bytes sealed;
    const char *wrong = envelope_read(file, &from);
    if (wrong != NULL) return wrong;
    int len = snprintf(text, 256, "%.*s %.*s", (int)from.dataset.len, (const char *)from.dataset.data,
                       (int)from.wrapped_key.len, (const char *)from.wrapped_key.data);
    while (envelope_next(&from, &sealed, &wrong))
        len += snprintf(text + len, 256 - (size_t)len, " [%.*s]", (int)sealed.len, (const char *)sealed.data);
    return wrong;
}

static grille_bytes write_file(uint8_t room[256]) {
    FILE *file = fmemopen(room, 256, "wb");
    assert_non_null(file);
    assert_true(envelope_begin(file, bytes_of("2026-11"), bytes_of("wrapped")));
    assert_true(envelope_add(file, bytes_of("one")));
    assert_true(envelope_add(file, bytes_of("")));
    assert_true(envelope_add(file, bytes_of("three")));
    const long len = ftell(file);
    assert_int_equal(fclose(file), 0);
    return (grille_bytes){room, (size_t)len};
}

static void test_a_file_is_read_as_written(void **state) {
    uint8_t room[256];
    char text[256];
    (void)state;
    const grille_bytes file = write_file(room);
    assert_int_equal(file.len, sizeof ENVELOPE_MAGIC - 1 + 5 * 4 + 7 + 7 + 3 + 5);
    assert_null(read_file(file, text));
    assert_string_equal(text, "2026-11 wrapped [one] [] [three]");
}

/* Cut anywhere a file is refused, or has fewer records, which their seals tell. */
static void test_a_file_cut_short(void **state) {
    uint8_t room[256];
    char text[256];
    (void)state;
    const grille_bytes file = write_file(room);
    const size_t key_end = sizeof ENVELOPE_MAGIC - 1 + 4 + 7 + 4 + 7;
    size_t whole = 0;
    for (size_t len = 0; len <= file.len; len++) {
        uint8_t *cut = malloc(len + 1); /* its own memory: one byte more would be seen */
        assert_non_null(cut);
        memcpy(cut, room, len);
        uint8_t *exact = realloc(cut, len > 0 ? len : 1);
        assert_non_null(exact);
        const char *wrong = read_file((grille_bytes){exact, len}, text);
        if (len < sizeof ENVELOPE_MAGIC - 1) {
            assert_string_equal(wrong, "it is no data set");
        } else if (len < sizeof ENVELOPE_MAGIC - 1 + 4 + 7) {
            assert_string_equal(wrong, "its name is cut short, or none");
        } else if (len < key_end) {
            assert_string_equal(wrong, "its data key is cut short, or none");
        } else if (len == key_end || len == key_end + 7 || len == key_end + 11 || len == file.len) {
            assert_null(wrong);
            whole++;
        } else {
            assert_string_equal(wrong, "a record is cut short, or too long");
        }
        free(exact);
    }
    assert_int_equal(whole, 4);
}

static void test_lengths_in_files(void **state) {
    uint8_t room[256];
    char text[256];
    (void)state;
    const grille_bytes file = write_file(room);
    const size_t name_at = sizeof ENVELOPE_MAGIC - 1;
    room[name_at] = 0xff; /* 4 GiB of name */
    assert_string_equal(read_file(file, text), "its name is cut short, or none");
    room[name_at] = 0;
    room[name_at + 3] = 0;
    assert_string_equal(read_file(file, text), "its name is cut short, or none");
    room[name_at + 3] = 7;
    room[name_at + 4 + 7 + 3] = 0;
    assert_string_equal(read_file(file, text), "its data key is cut short, or none");
    room[name_at + 4 + 7 + 3] = 7;
    room[name_at + 4] = ' ';
    assert_string_equal(read_file(file, text), "its name is cut short, or none");
    room[0] = 'A';
    assert_string_equal(read_file(file, text), "it is no data set");
}

/* ---- what the enclave makes of them ---- */

static const char *report_of(const char *const *records, size_t count) {
    static char text[LABORATORY_REPORT_MAX];
    laboratory lab = {0};
    for (size_t at = 0; at < count; at++)
        laboratory_take(&lab, bytes_of(records[at]));
    text[laboratory_report(&lab, text)] = 0;
    return text;
}

static void test_a_report(void **state) {
    const char *const records[] = {"Ada,glucose,5.1",  "Ben,ferritin,88", "Ben,glucose,4.85", "Cleo,glucose,7.255",
                                   "Dora,excess,-2.5", "Ida,excess,0.0",  "Jan,excess,1."};
    (void)state;
    assert_string_equal(report_of(records, 7), "test,records,lowest,mean,highest\n"
                                               "glucose,3,4.85,5.735,7.255\n"
                                               "ferritin,1,88,88,88\n"
                                               "excess,2,-2.5,-1.25,0\n"
                                               "\n7 records, 1 bad\n"
                                               "record 7: the value is no decimal number with at most three places\n");
    assert_string_equal(report_of(NULL, 0), "test,records,lowest,mean,highest\n\n0 records, 0 bad\n");
}

/* Halves away from zero, on both sides. */
static void test_means_are_rounded(void **state) {
    const char *const records[] = {"a,up,0.001", "a,up,0.002", "a,down,-0.001", "a,down,-0.002",
                                   "a,third,1",  "a,third,0",  "a,third,0"};
    (void)state;
    assert_string_equal(report_of(records, 7), "test,records,lowest,mean,highest\n"
                                               "up,2,0.001,0.002,0.002\n"
                                               "down,2,-0.002,-0.002,-0.001\n"
                                               "third,3,0,0.333,1\n"
                                               "\n7 records, 0 bad\n");
}

static void test_bad_records(void **state) {
    static const struct {
        const char *record, *why;
    } bad[] = {
        {"", "there are fewer than 3 fields: patient,test,value"},
        {"Ada", "there are fewer than 3 fields: patient,test,value"},
        {"Ada,glucose", "there are fewer than 3 fields: patient,test,value"},
        {"Ada,glucose,1,2", "there are more than 3 fields: patient,test,value"},
        {",glucose,1", "a name is empty"},
        {"Ada,,1", "a name is empty"},
        {"Ada\t,glucose,1", "a name holds a control character"},
        {"Ada,glucose\x7f,1", "a name holds a control character"},
        {"Ada,0123456789012345678901234567890123456789012345678901234567890123,1", "a name is longer than 63 bytes"},
        {"Ada,glucose,", "the value is no decimal number with at most three places"},
        {"Ada,glucose,-", "the value is no decimal number with at most three places"},
        {"Ada,glucose,.", "the value is no decimal number with at most three places"},
        {"Ada,glucose,1.", "the value is no decimal number with at most three places"},
        {"Ada,glucose,1.2345", "the value is no decimal number with at most three places"},
        {"Ada,glucose,1.2.3", "the value is no decimal number with at most three places"},
        {"Ada,glucose,+1", "the value is no decimal number with at most three places"},
        {"Ada,glucose,1e3", "the value is no decimal number with at most three places"},
        {"Ada,glucose,1000000000.001", "the value is too large"},
        {"Ada,glucose,99999999999999999999999", "the value is too large"},
    };
    char expected[512];
    (void)state;
    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        (void)snprintf(expected, sizeof expected,
                       "test,records,lowest,mean,highest\n\n1 records, 1 bad\nrecord 1: %s\n", bad[at].why);
        assert_string_equal(report_of(&bad[at].record, 1), expected);
    }
    const char *const largest[] = {"Ada,a,1000000000", "Ada,a,-1000000000", "Ada,a,1000000000.000"};
    assert_string_equal(report_of(largest, 3),
                        "test,records,lowest,mean,highest\na,3,-1000000000,333333333.333,1000000000\n"
                        "\n3 records, 0 bad\n");
}

/* The longest report: every test with the longest name and values, more bad records than are listed. */
static void test_the_longest_report(void **state) {
    static char text[LABORATORY_REPORT_MAX];
    char record[256];
    laboratory lab = {0};
    (void)state;
    for (int at = 0; at < LABORATORY_TESTS_MAX + 1; at++) {
        (void)snprintf(record, sizeof record, "Ada,%063d,-999999999.999", at);
        laboratory_take(&lab, bytes_of(record));
    }
    for (int at = 0; at < 100; at++)
        laboratory_take(&lab, bytes_of("Ada,glucose,none at all"));
    const size_t len = laboratory_report(&lab, text);
    assert_true(len < sizeof text - 1);
    text[len] = 0;
    assert_non_null(strstr(text, "000063,1,-999999999.999,-999999999.999,-999999999.999\n\n165 records, 101 bad\n"
                                 "record 65: there are more than 64 tests\nrecord 66: "));
    assert_non_null(strstr(text, "record 84: the value is no decimal number with at most three places\nand 81 more\n"));
    assert_string_equal(text + len - 12, "and 81 more\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_record_opens_in_its_place),
        cmocka_unit_test(test_a_report_is_no_record),
        cmocka_unit_test(test_lengths_of_records),
        cmocka_unit_test(test_names_of_data_sets),
        cmocka_unit_test(test_a_file_is_read_as_written),
        cmocka_unit_test(test_a_file_cut_short),
        cmocka_unit_test(test_lengths_in_files),
        cmocka_unit_test(test_a_report),
        cmocka_unit_test(test_means_are_rounded),
        cmocka_unit_test(test_bad_records),
        cmocka_unit_test(test_the_longest_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
