/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/calendar.h"

#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "cmocka_all.h"

static void agrees_with_timegm_on_every_day(void **state) {
    size_t days = 0;
    (void)state;
    for (int year = 1950; year <= 9999; year += year < 2200 ? 1 : 97) {
        for (int day = 1; day <= 366; day++) {
            struct tm tm = {.tm_year = year - 1900, .tm_mday = day, .tm_hour = 23, .tm_min = 59, .tm_sec = 58};
            time_t seconds = timegm(&tm); /* brings tm into range */
            grille_civil civil = {tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, 23, 59, 58};
            grille_wall_ms ms = 0;
            char text[64];
            if (civil.year > 9999) continue;
            assert_true(grille_civil_to_wall_ms(&civil, &ms));
            assert_int_equal((int64_t)seconds * 1000, ms);
            (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
            assert_string_equal(text, grille_civil_format(ms + 999).text);
            days++;
        }
    }
    assert_true(days > 100000);
}

static void dates_that_do_not_exist_are_refused(void **state) {
    static const grille_civil bad[] = {
        {1949, 12, 31, 0, 0, 0}, {10000, 1, 1, 0, 0, 0}, {2026, 0, 1, 0, 0, 0},  {2026, 13, 1, 0, 0, 0},
        {2026, 1, 0, 0, 0, 0},   {2026, 1, 32, 0, 0, 0}, {2026, 2, 29, 0, 0, 0}, {2100, 2, 29, 0, 0, 0},
        {2000, 2, 30, 0, 0, 0},  {2026, 4, 31, 0, 0, 0}, {2026, 1, 1, 24, 0, 0}, {2026, 1, 1, 0, 60, 0},
        {2026, 1, 1, 0, 0, 60},  {2026, 1, 1, -1, 0, 0}, {2026, 1, 1, 0, -1, 0}, {2026, 1, 1, 0, 0, -1},
    };
    grille_wall_ms ms = 7;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(grille_civil_to_wall_ms(&bad[i], &ms));
    assert_int_equal(7, ms);
}

static void rfc3339_is_taken_in_one_form(void **state) {
    static const char *const bad[] = {"",
                                      "2027-01-31",
                                      "2027-01-31T12:00:00",
                                      "2027-01-31T12:00:00z",
                                      "2027-01-31 12:00:00Z",
                                      "2027-01-31T12:00:00.0Z",
                                      "2027-01-31T12:00:00+00:00",
                                      "2027-1-31T12:00:00Z",
                                      "2027-02-29T12:00:00Z",
                                      "2027-01-31T12:00:60Z",
                                      "2027-01-31T12:00:00ZZ",
                                      "+027-01-31T12:00:00Z",
                                      " 2027-01-31T12:00:00Z"};
    grille_wall_ms ms = 0;
    const char *good = "2027-01-31T12:00:00Z";
    (void)state;
    assert_true(grille_civil_parse_rfc3339(grille_bytes_of_text(good), &ms));
    assert_int_equal(INT64_C(1801396800000), ms);
    for (size_t i = 0; i < strlen(good); i++)
        assert_false(grille_civil_parse_rfc3339(grille_bytes_of(good, i), &ms));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(grille_civil_parse_rfc3339(grille_bytes_of_text(bad[i]), &ms));
    }
}

static void far_times_are_printed_as_milliseconds(void **state) {
    (void)state;
    assert_string_equal("1969-12-31T23:59:59Z", grille_civil_format(-1).text);
    assert_string_equal("9223372036854775807 ms", grille_civil_format(INT64_MAX).text);
    assert_string_equal("-9223372036854775808 ms", grille_civil_format(INT64_MIN).text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_timegm_on_every_day),
        cmocka_unit_test(dates_that_do_not_exist_are_refused),
        cmocka_unit_test(rfc3339_is_taken_in_one_form),
        cmocka_unit_test(far_times_are_printed_as_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
