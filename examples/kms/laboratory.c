/* SPDX-License-Identifier: Apache-2.0 */
#include "laboratory.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX INT64_C(1000000000000) /* thousandths: 2^32 of them add up in 64 bits */

_Static_assert(LABORATORY_REPORT_MAX > (LABORATORY_TESTS_MAX + 1) * 160 + (LABORATORY_LISTED_MAX + 4) * 100,
               "every report fits");

/* The text up to the next comma, or to the end; *last tells which. */
static grille_bytes next_field(grille_bytes *rest, bool *last) {
    const uint8_t *comma = rest->len != 0 ? memchr(rest->data, ',', rest->len) : NULL;
    grille_bytes field = {rest->data, comma != NULL ? (size_t)(comma - rest->data) : rest->len};
    *last = comma == NULL;
    *rest = (grille_bytes){rest->data + (comma != NULL ? field.len + 1 : field.len),
                           rest->len - field.len - (comma != NULL ? 1 : 0)};
    return field;
}

static const char *read_name(grille_bytes field) {
    if (field.len == 0) return "a name is empty";
    if (field.len > LABORATORY_FIELD_MAX) return "a name is longer than 63 bytes";
    for (size_t at = 0; at < field.len; at++) {
        if (field.data[at] < 0x20 || field.data[at] == 0x7f) return "a name holds a control character";
    }
    return NULL;
}

static const char *read_value(grille_bytes field, int64_t *thousandths) {
    static const char wrong[] = "the value is no decimal number with at most three places";
    const bool negative = field.len != 0 && field.data[0] == '-';
    int places = -1;
    size_t digits = 0;
    int64_t value = 0;
    for (size_t at = negative ? 1 : 0; at < field.len; at++) {
        const uint8_t letter = field.data[at];
        if (letter == '.' && places < 0) {
            places = 0;
            continue;
        }
        if (letter < '0' || letter > '9' || places == 3) return wrong;
        value = value * 10 + (letter - '0');
        digits++;
        if (places >= 0) places++;
        if (value > VALUE_MAX) return "the value is too large";
    }
    if (digits == 0 || places == 0) return wrong;
    for (places = places < 0 ? 0 : places; places < 3; places++)
        value *= 10;
    if (value > VALUE_MAX) return "the value is too large";
    *thousandths = negative ? -value : value;
    return NULL;
}

static laboratory_test *test_of(laboratory *lab, grille_bytes name) {
    size_t at = 0;
    for (; at < lab->test_count; at++) {
        if (strlen(lab->tests[at].name) == name.len && memcmp(lab->tests[at].name, name.data, name.len) == 0)
            return &lab->tests[at];
    }
    if (at == LABORATORY_TESTS_MAX) return NULL;
    memcpy(lab->tests[at].name, name.data, name.len);
    lab->tests[at].name[name.len] = 0;
    lab->test_count++;
    return &lab->tests[at];
}

static void add(laboratory_test *test, int64_t value) {
    if (test->count == 0 || value < test->lowest) test->lowest = value;
    if (test->count == 0 || value > test->highest) test->highest = value;
    test->sum += value;
    test->count++;
}

/* NULL, or why the record is bad. */
static const char *take(laboratory *lab, grille_bytes record) {
    bool last = false;
    int64_t value = 0;
    const grille_bytes patient = next_field(&record, &last);
    const char *why = last ? "there are fewer than 3 fields: patient,test,value" : read_name(patient);
    if (why != NULL) return why;
    const grille_bytes name = next_field(&record, &last);
    why = last ? "there are fewer than 3 fields: patient,test,value" : read_name(name);
    if (why != NULL) return why;
    const grille_bytes number = next_field(&record, &last);
    why = last ? read_value(number, &value) : "there are more than 3 fields: patient,test,value";
    if (why != NULL) return why;
    laboratory_test *test = test_of(lab, name);
    if (test == NULL) return "there are more than 64 tests";
    add(test, value);
    return NULL;
}

void laboratory_take(laboratory *lab, grille_bytes record) {
    const char *why = take(lab, record);
    lab->records++;
    if (why == NULL) return;
    if (lab->bad < LABORATORY_LISTED_MAX) {
        lab->listed[lab->bad].number = lab->records;
        lab->listed[lab->bad].why = why;
    }
    lab->bad++;
}

typedef struct output {
    char *text;
    size_t len;
} output;

static void put(output *out, const char *format, ...) GRILLE_PRINTF(2, 3);
static void put(output *out, const char *format, ...) {
    const size_t room = LABORATORY_REPORT_MAX - out->len;
    va_list values;
    va_start(values, format);
    const int len = vsnprintf(out->text + out->len, room, format, values);
    va_end(values);
    if (len > 0 && (size_t)len < room) out->len += (size_t)len;
}

/* Without zeros at its end. */
static void put_value(output *out, int64_t thousandths) {
    const uint64_t size = thousandths < 0 ? 0 - (uint64_t)thousandths : (uint64_t)thousandths;
    unsigned part = (unsigned)(size % 1000), digits = 3;
    put(out, ",%s%" PRIu64, thousandths < 0 ? "-" : "", size / 1000);
    if (part == 0) return;
    for (; part % 10 == 0; digits--)
        part /= 10;
    put(out, ".%0*u", (int)digits, part);
}

/* Rounded to thousandths, halves away from zero. */
static int64_t mean_of(const laboratory_test *test) {
    const int64_t half = test->count / 2;
    return (test->sum + (test->sum < 0 ? -half : half)) / (int64_t)test->count;
}

size_t laboratory_report(const laboratory *lab, char text[LABORATORY_REPORT_MAX]) {
    output out = {.text = text};
    put(&out, "test,records,lowest,mean,highest\n");
    for (size_t at = 0; at < lab->test_count; at++) {
        const laboratory_test *test = &lab->tests[at];
        put(&out, "%s,%" PRIu32, test->name, test->count);
        put_value(&out, test->lowest);
        put_value(&out, mean_of(test));
        put_value(&out, test->highest);
        put(&out, "\n");
    }
    put(&out, "\n%" PRIu32 " records, %" PRIu32 " bad\n", lab->records, lab->bad);
    for (uint32_t at = 0; at < lab->bad && at < LABORATORY_LISTED_MAX; at++)
        put(&out, "record %" PRIu32 ": %s\n", lab->listed[at].number, lab->listed[at].why);
    if (lab->bad > LABORATORY_LISTED_MAX) put(&out, "and %" PRIu32 " more\n", lab->bad - LABORATORY_LISTED_MAX);
    return out.len;
}
