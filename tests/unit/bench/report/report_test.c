/* SPDX-License-Identifier: Apache-2.0
 * Goal: every way to show a report says what was measured, where, and nothing else, whatever the texts in it are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "failing_malloc.h"
#include "tests/unit/base/cmocka_all.h"
#include "tests/unit/bench/report/sample.h"

/* clang-format off: as it looks. */
static const char *const table_text =
    "NOT A NITRO NUMBER\n"
    "machine   Example CPU, 2 CPUs\n"
    "system    KVM guest\n"
    "kernel    Linux 6.1\n"
    "build     gcc 12.2.0 -O2, commit 0123abc+\n"
    "cipher    TLS13-AES128-GCM-SHA256\n"
    "date      2026-11-22T12:00:00Z\n"
    "command   grille bench --bytes 64,1Mi\n"
    "\n"
    "ping-pong, both ends on one CPU: unix, 64 B, 1 in flight, 1 connection, 3 rounds\n"
    "row           p50 us              x tls  x raw  max us               calls/s              CPU us/call\n"
    "raw             3.50 [3.25-4.00]  0.875   1.00    1234 [1000-2.00M]     286k [250k-308k]         3.75\n"
    "tls             4.00 [3.75-4.50]   1.00   1.14    1234 [1000-2.00M]     250k [222k-267k]            -\n"
    "rpc-attested    6.00 [5.75-6.50]   1.50   1.71    1234 [1000-2.00M]     167k [154k-174k]         6.12\n"
    "\n"
    "bulk, not pinned: unix, 4 in flight, 1 connection, 3 rounds\n"
    "row            bytes  errors  MB/s              x tls\n"
    "tls           64 KiB       0  2100 [2099-2101]   1.00\n"
    "rpc-attested  64 KiB       0  1050 [1049-1051]  0.500\n"
    "tls            1 MiB       7  2000 [1999-2001]   1.00\n"
    "rpc-attested   1 MiB       7  1900 [1899-1901]  0.950\n"
    "\n"
    "median [min-max] of the rounds; x tls: the first figure, as a multiple of that row's.\n"
    "Client and server share this machine: more work than it has CPUs for measures its scheduler.\n"
    "Only rows of one run compare, and of one placement; unpinned latency is mostly the scheduler's.\n"
    "NOT A NITRO NUMBER\n";
/* clang-format on */

static void a_table_is_aligned_and_has_ratios(void **state) {
    (void)state;
    bench_report report = sample_report();
    char *text = sample_text(bench_report_table, &report);
    assert_string_equal(text, table_text);
    free(text);
    bench_report_deinit(&report);
}

/* Rows that differ in what stands beside them have a column of it, and those that don't a word of the title; a row
 * beside nothing is compared with one beside nothing. */
static void idle_connections_are_shown(void **state) {
    (void)state;
    bench_report report = sample_report();
    report.rows[2].spec.idle_connections = 1000;
    char *text = sample_text(bench_report_table, &report);
    assert_non_null(strstr(text, "\nrow           idle conns  p50 us              x tls  x raw  "));
    assert_non_null(strstr(text, "\nraw                    0    3.50 [3.25-4.00]  0.875   1.00  "));
    assert_non_null(strstr(text, "\nrpc-attested        1000    6.00 [5.75-6.50]      -      -  "));
    free(text);
    report.rows[0].spec.idle_connections = report.rows[1].spec.idle_connections = 1000;
    text = sample_text(bench_report_table, &report);
    assert_non_null(strstr(text, ": unix, 64 B, 1 in flight, 1 connection, 1000 idle connections, 3 rounds\n"));
    assert_non_null(strstr(text, "\nrpc-attested    6.00 [5.75-6.50]   1.50   1.71  "));
    free(text);
    text = sample_text(bench_report_csv, &report);
    assert_non_null(strstr(text, ",connections,idle_streams,idle_connections,rate,"));
    assert_non_null(strstr(text, "\r\nraw,unix,same,ping-pong,64,1,1,0,1000,0,3,0,"));
    free(text);
    bench_report_deinit(&report);
}

static bool narrow(const bench_report *report, FILE *out) {
    return bench_report_table_in(report, 60, out);
}

/* The names of the rows stand in every block, what rows are compared by in the first. */
static void a_narrow_table_goes_on_below(void **state) {
    (void)state;
    bench_report report = sample_report();
    for (size_t i = 0; i < 3; i++)
        report.rows[i].spec.pattern = BENCH_IN_FLIGHT;
    char *text = sample_text(narrow, &report), *table = strstr(text, "\n\nin-flight") + 2;
    strstr(table, "\n\nmedian")[1] = '\0';
    for (char *line = strchr(table, '\n') + 1; *line != '\0'; line = strchr(line, '\n') + 1) {
        if (strncmp(line, "bulk, ", 6) != 0) assert_true(strcspn(line, "\n") <= 60);
    }
    assert_non_null(strstr(table, "row           calls/s              x tls  x raw\n"
                                  "raw              286k [250k-308k]   1.14   1.00\n"));
    assert_non_null(strstr(table, "\n\nrow           p50 us              max us\n"));
    assert_non_null(strstr(table, "\n\nrow           CPU us/call\nraw                  3.75\n"
                                  "tls                     -\nrpc-attested         6.12\n"));
    free(text);
    bench_report_deinit(&report);
}

static void numbers_have_three_digits(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *shown;
    } numbers[] = {
        {0, " 0\n"},           {4e-7, " 0\n"},         {0.00012345, " 0.000123\n"}, {0.0451, " 0.0451\n"},
        {0.0999, " 0.0999\n"}, {0.5, " 0.500\n"},      {0.99951, " 1.00\n"},        {9.994, " 9.99\n"},
        {9.996, " 10.0\n"},    {99.94, " 99.9\n"},     {99.96, " 100\n"},           {1234.5, " 1234\n"},
        {99999, " 99999\n"},   {99999.6, " 100k\n"},   {999499, " 999k\n"},         {999600, " 1.00M\n"},
        {1234567, " 1.23M\n"}, {20123456, " 20.1M\n"}, {9.997e8, " 1.00G\n"},       {1e15, " 1e+15\n"},
        {-2.5, " -2.50\n"},
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        bench_report report = sample_report();
        report.rows[2].figures[BENCH_SERVER_RSS_MIB] =
            sample_median(numbers[i].value, numbers[i].value, numbers[i].value);
        char *text = sample_text(bench_report_table, &report);
        if (strstr(text, numbers[i].shown) == NULL)
            fail_msg("%.17g is not%s in\n%s", numbers[i].value, numbers[i].shown, text);
        free(text);
        bench_report_deinit(&report);
    }
}

/* What can't be written is not known: no "nan" and no "inf" anywhere. */
static void what_is_no_number_is_not_shown(void **state) {
    (void)state;
    bool (*const formats[])(const bench_report *, FILE *) = {bench_report_table, bench_report_json, bench_report_csv};
    bench_report report = sample_report();
    report.rows[0].figures[BENCH_P90_US] = sample_median((double)NAN, 0, 1);
    report.rows[1].figures[BENCH_P90_US] = sample_median(1, 0, (double)INFINITY);
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        char *text = sample_text(formats[i], &report);
        assert_null(strstr(text, "nan"));
        assert_null(strstr(text, "inf,"));
        assert_null(strstr(text, "p90 us"));
        assert_null(strstr(text, "\"p90_us\""));
        free(text);
    }
    bench_report_deinit(&report);
}

static void a_table_shows_no_control_characters(void **state) {
    (void)state;
    bench_report report = sample_hostile();
    char *text = sample_text(bench_report_table, &report);
    for (const char *at = text; *at != '\0'; at++)
        assert_true((unsigned char)*at >= 0x20 || *at == '\n');
    assert_null(strchr(text, 0x7f));
    assert_null(strstr(text, "\xc2\x9b"));
    assert_non_null(strstr(text, "</script><!--\",'??[31m\xc3\xa9"));
    assert_non_null(strstr(text, "a&b<i>?"));
    assert_non_null(strstr(text, "a note,??of"));
    free(text);
    bench_report_deinit(&report);
}

/* Every format of a run elsewhere says so, and that of a run on Nitro hardware does not. */
static void every_format_says_where_it_was_not_measured(void **state) {
    (void)state;
    bool (*const formats[])(const bench_report *, FILE *) = {bench_report_table, bench_report_json, bench_report_csv,
                                                             bench_report_html};
    bench_report report = sample_report();
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        report.labels.nitro = false;
        char *text = sample_text(formats[i], &report);
        assert_non_null(strstr(text, "NOT A NITRO NUMBER"));
        free(text);
        report.labels.nitro = true;
        text = sample_text(formats[i], &report);
        assert_null(strstr(text, "NITRO NUMBER"));
        free(text);
    }
    report.labels.optimised = false;
    char *text = sample_text(bench_report_table, &report);
    assert_int_equal(sample_count(text, "\nDEBUG BUILD: not publishable\n") + (strncmp(text, "DEBUG", 5) == 0), 2);
    free(text);
    bench_report_deinit(&report);
}

static void a_report_without_rows_can_be_shown(void **state) {
    (void)state;
    bench_report report = {0};
    char *text = sample_text(bench_report_table, &report);
    assert_non_null(strstr(text, "\nno rows\n"));
    free(text);
    text = sample_text(bench_report_csv, &report);
    assert_int_equal(sample_count(text, "\r\n"), 1);
    free(text);
    text = sample_text(bench_report_json, &report);
    assert_non_null(strstr(text, "\"rows\":[\n]}\n"));
    free(text);
}

/* Takes one field (RFC 4180) at *at into `field`; false after the last one of a line. */
static bool csv_field(const char **at, char field[1024]) {
    size_t used = 0;
    bool quoted = **at == '"';
    if (quoted) ++*at;
    while (**at != '\0' && (quoted ? **at != '"' || (*at)[1] == '"' : **at != ',' && **at != '\r')) {
        if (quoted && **at == '"') ++*at;
        assert_true(quoted || (**at != '"' && **at != '\n'));
        assert_true(used < 1023);
        field[used++] = *(*at)++;
    }
    field[used] = '\0';
    if (quoted) {
        assert_true(**at == '"');
        ++*at;
    }
    bool more = **at == ',';
    if (!more) assert_memory_equal(*at, "\r\n", 2);
    *at += more ? 1 : 2;
    return more;
}

static size_t csv_line(const char **at, char fields[96][1024]) {
    size_t count = 0;
    while (csv_field(at, fields[count++]))
        assert_true(count < 96);
    return count;
}

static size_t csv_column(char fields[96][1024], size_t count, const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i], name) == 0) return i;
    }
    fail_msg("no column %s", name);
    return 0;
}

static void csv_has_one_line_for_each_row(void **state) {
    (void)state;
    static char heading[96][1024], fields[96][1024];
    bench_report report = sample_hostile();
    report.rows[6].spec.idle_connections = 1000;
    char *text = sample_text(bench_report_csv, &report);
    const char *at = text;
    size_t columns = csv_line(&at, heading);
    assert_int_equal(columns, 12 + 3 * BENCH_FIGURE_COUNT + 2 + 10);
    for (size_t row = 0; row < report.row_count; row++) {
        assert_int_equal(csv_line(&at, fields), columns);
        assert_string_equal(fields[csv_column(heading, columns, "mode")], report.rows[row].mode);
        assert_string_equal(fields[csv_column(heading, columns, "placement")], report.rows[row].placement);
        assert_string_equal(fields[csv_column(heading, columns, "idle_connections")], row == 6 ? "1000" : "0");
        assert_string_equal(fields[csv_column(heading, columns, "note")], report.labels.note);
        assert_string_equal(fields[csv_column(heading, columns, "command")], report.labels.command);
        assert_string_equal(fields[csv_column(heading, columns, "notice")], "NOT A NITRO NUMBER");
        assert_string_equal(fields[csv_column(heading, columns, "kib_per_connection")], "");
    }
    assert_string_equal(at, "");
    assert_string_equal(fields[csv_column(heading, columns, "mb_per_s")], "1900");
    assert_string_equal(fields[csv_column(heading, columns, "mb_per_s_min")], "1899");
    assert_string_equal(fields[csv_column(heading, columns, "errors")], "7");
    free(text);
    bench_report_deinit(&report);
}

/* A row with these latencies, as hgrm shows it: the caller's. */
static char *hgrm_text(const bench_report *report, bench_report_row *row) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_true(bench_report_hgrm(&report->labels, row, out));
    assert_int_equal(fclose(out), 0);
    return text;
}

static void hgrm_is_what_hdr_histogram_prints(void **state) {
    (void)state;
    bench_report report = sample_report();
    bench_report_row *row = &report.rows[0];
    bench_histogram_clear(row->latency_ns);
    bench_histogram_add(row->latency_ns, 100, 10);
    bench_histogram_add(row->latency_ns, 200, 90);
    char *text = hgrm_text(&report, row);
    assert_string_equal(text, "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
                              "       0.100 0.000000000000         10           1.00\n"
                              "       0.100 0.100000000000         10           1.11\n"
                              "       0.200 0.200000000000        100           1.25\n"
                              "       0.200 1.000000000000        100\n"
                              "#[Mean    =        0.190, StdDeviation   =        0.030]\n"
                              "#[Max     =        0.200, Total count    =          100]\n"
                              "#[Buckets =            1, SubBuckets     =          256]\n"
                              "#[raw ping-pong 64 B over unix (same), microseconds]\n"
                              "#[NOT A NITRO NUMBER]\n");
    free(text);
    bench_report_deinit(&report);
}

/* 1 to 200 ns, each once: the value at a percentile is that part of 200, rounded up. */
static void hgrm_levels_are_numerically_right(void **state) {
    (void)state;
    static const double first_levels[] = {0,   0.1,  0.2,   0.3, 0.4,   0.5,  0.55,  0.6,   0.65,
                                          0.7, 0.75, 0.775, 0.8, 0.825, 0.85, 0.875, 0.8875};
    const size_t known = sizeof(first_levels) / sizeof(first_levels[0]);
    bench_report report = sample_report();
    bench_histogram_clear(report.rows[0].latency_ns);
    for (uint64_t value = 1; value <= 200; value++)
        bench_histogram_add(report.rows[0].latency_ns, value, 1);
    char *text = hgrm_text(&report, &report.rows[0]), *at = strstr(text, "\n\n") + 2;
    size_t lines = 0;
    double value = 0, level = 0, inverse = 0, before = -1;
    unsigned long long count = 0;
    for (; *at == ' '; at = strchr(at, '\n') + 1, lines++) {
        int fields = sscanf(at, "%lf %lf %llu %lf", &value, &level, &count, &inverse);
        assert_true(level > before);
        before = level;
        assert_true(fabs(value * 1000 - (double)count) < 1e-6);
        assert_true((double)count >= level * 200 - 1e-6);
        assert_true((double)count - 1 < level * 200 || count == 1);
        if (lines < known) assert_true(fabs(level - first_levels[lines]) < 1e-12);
        assert_int_equal(fields >= 4 && at[40] == ' ' ? 4 : 3, level < 1 ? 4 : 3);
        if (level < 1) assert_true(fabs(inverse - 1 / (1 - level)) < 0.006);
    }
    assert_true(lines > known);
    assert_true(fabs(level - 1) < 1e-12);
    assert_int_equal(count, 200);
    free(text);
    bench_report_deinit(&report);
}

static void hgrm_of_no_latencies_has_no_lines(void **state) {
    (void)state;
    bench_report report = sample_hostile();
    char *text = hgrm_text(&report, &report.rows[3]);
    assert_int_equal(sample_count(text, "\n"), 4);
    assert_null(strstr(text, "nan"));
    free(text);
    text = hgrm_text(&report, &report.rows[0]);
    assert_int_equal(sample_count(text, "\n#["), 5);
    assert_null(strchr(text, 0x1b));
    free(text);
    bench_report_deinit(&report);
}

static void a_disk_that_is_full_is_told(void **state) {
    (void)state;
    bool (*const formats[])(const bench_report *, FILE *) = {bench_report_table, bench_report_json, bench_report_csv,
                                                             bench_report_html};
    bench_report report = sample_report();
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        FILE *full = fopen("/dev/full", "w");
        assert_non_null(full);
        setbuf(full, NULL);
        assert_false(formats[i](&report, full));
        (void)fclose(full);
    }
    bench_report_deinit(&report);
}

static bool compared(const bench_report *report, FILE *out) {
    return bench_report_compare(report, report, 0.1, out) == 0;
}

static void no_memory_is_told(void **state) {
    (void)state;
    bool (*const formats[])(const bench_report *, FILE *) = {bench_report_table, bench_report_html, compared};
    bench_report report = sample_report();
    FILE *out = fopen("/dev/null", "w");
    assert_non_null(out);
    const size_t living = failing_malloc_living();
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        size_t index = 0;
        for (bool shown = false; !shown; index++) {
            failing_malloc_from(index);
            shown = formats[i](&report, out);
            failing_malloc_never();
            assert_int_equal(failing_malloc_living(), living);
        }
        assert_true(index > 3);
    }
    (void)fclose(out);
    bench_report_deinit(&report);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_aligned_and_has_ratios),
        cmocka_unit_test(idle_connections_are_shown),
        cmocka_unit_test(a_narrow_table_goes_on_below),
        cmocka_unit_test(numbers_have_three_digits),
        cmocka_unit_test(what_is_no_number_is_not_shown),
        cmocka_unit_test(a_table_shows_no_control_characters),
        cmocka_unit_test(every_format_says_where_it_was_not_measured),
        cmocka_unit_test(a_report_without_rows_can_be_shown),
        cmocka_unit_test(csv_has_one_line_for_each_row),
        cmocka_unit_test(hgrm_is_what_hdr_histogram_prints),
        cmocka_unit_test(hgrm_levels_are_numerically_right),
        cmocka_unit_test(hgrm_of_no_latencies_has_no_lines),
        cmocka_unit_test(a_disk_that_is_full_is_told),
        cmocka_unit_test(no_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
