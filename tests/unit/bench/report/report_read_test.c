/* SPDX-License-Identifier: Apache-2.0
 * Goal: what was written is read back the same; whatever else a file holds is refused with its file, line and place. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failing_malloc.h"
#include "tests/unit/base/cmocka_all.h"
#include "tests/unit/bench/report/sample.h"

static void same_again(bench_report *report) {
    char path[512], why[512];
    bench_report back;
    char *text = sample_text(bench_report_json, report);
    sample_file(text, path);
    if (!bench_report_read(path, &back, why)) fail_msg("%s", why);
    char *again = sample_text(bench_report_json, &back);
    assert_string_equal(again, text);
    assert_int_equal(back.row_count, report->row_count);
    free(text);
    free(again);
    bench_report_deinit(&back);
    (void)unlink(path);
}

static void written_read_and_written_is_the_same(void **state) {
    (void)state;
    bench_report report = sample_report();
    report.rows[1].figures[BENCH_CPU_US] = sample_median(0.1 + 0.2, 0, 1e300);
    report.rows[1].spec.rate = 1.0 / 3;
    report.rows[1].spec.idle_connections = 1000;
    report.rows[1].errors = INT64_MAX;
    report.rows[1].figures[BENCH_KIB_PER_CONNECTION] = sample_median(0, -0.125, 2); /* memory that was given back */
    bench_histogram_add(report.rows[0].latency_ns, 0, 1);
    bench_histogram_add(report.rows[0].latency_ns, UINT64_MAX, 3);
    same_again(&report);
    report.labels.nitro = true;
    report.labels.optimised = false;
    same_again(&report);
    bench_report_deinit(&report);
    same_again(&report);
}

static void hostile_texts_come_back(void **state) {
    (void)state;
    char path[512], why[512];
    bench_report report = sample_hostile(), back;
    same_again(&report);
    char *text = sample_text(bench_report_json, &report);
    assert_null(strpbrk(text, "<>&\x1b\x80"));
    assert_null(strstr(text, "\xe2\x80\xa8"));
    sample_file(text, path);
    free(text);
    assert_true(bench_report_read(path, &back, why));
    assert_string_equal(back.rows[0].mode, sample_hostile_mode);
    assert_string_equal(back.rows[0].transport, "a&b<i>\xef\xbf\xbd");
    assert_string_equal(back.labels.command, report.labels.command);
    assert_string_equal(back.labels.note, report.labels.note);
    bench_report_deinit(&back);
    bench_report_deinit(&report);
    (void)unlink(path);
}

/* The sample's JSON with the first `old` replaced: the caller's. */
static char *with(const char *old, const char *new) {
    bench_report report = sample_report();
    char *text = sample_text(bench_report_json, &report), *at = strstr(text, old);
    if (at == NULL) fail_msg("the sample has no %s", old);
    char *changed = malloc(strlen(text) + strlen(new) + 1);
    assert_non_null(changed);
    (void)sprintf(changed, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
    free(text);
    bench_report_deinit(&report);
    return changed;
}

/* What was written before idle connections could be asked for has none. */
static void a_file_without_idle_connections_is_read(void **state) {
    (void)state;
    char path[512], why[512];
    bench_report report;
    char *text = with("\"idle_connections\":0,", "");
    sample_file(text, path);
    free(text);
    if (!bench_report_read(path, &report, why)) fail_msg("%s", why);
    for (size_t i = 0; i < report.row_count; i++)
        assert_int_equal(report.rows[i].spec.idle_connections, 0);
    bench_report_deinit(&report);
    (void)unlink(path);
}

static void refused(const char *text, const char *expected) {
    char path[512], why[512], whole[1024];
    bench_report report;
    sample_file(text, path);
    assert_false(bench_report_read(path, &report, why));
    (void)snprintf(whole, sizeof(whole), "%s: %s", path, expected);
    assert_string_equal(why, whole);
    assert_null(report.rows);
    (void)unlink(path);
}

static const struct {
    const char *old, *new, *expected;
} bad[] = {
    {"grille-bench/1", "grille-bench/2", "line 1: schema is \"grille-bench/2\", must be \"grille-bench/1\""},
    {"\"schema\":\"grille-bench/1\",", "", "line 1: schema is missing"},
    {"\"schema\":\"grille-bench/1\"", "\"schema\":1", "line 1: schema is a whole number, must be a text"},
    {"\"nitro\":false", "\"nitro\":true",
     "line 14: labels/notice is \"NOT A NITRO NUMBER\", must be \"\" where nitro is true"},
    {"\"nitro\":false", "\"nitro\":0", "line 12: labels/nitro is a whole number, must be true or false"},
    {"\"kernel\":\"Linux 6.1\",\n", "", "line 2: labels/kernel is missing"},
    {"\"compiler\":\"gcc 12.2.0\"", "\"compiler\":\"gggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg\"",
     "line 5: labels/compiler has 64 bytes, at most 63 fit"},
    {"\"note\":\"\"", "\"note\":\"\",\"host\":\"x\"", "line 11: labels/host is not known"},
    {"\"labels\":{", "\"labels\":[],\"rest\":{", "line 2: labels is an array, must be an object"},
    {"\"rows\":[", "\"rows\":7,\"rest\":[", "line 15: rows is a whole number, must be an array"},
    {"\n]}", "]\n,\"more\":null}", "line 23: more is not known"},
    {"\n{\"mode\":\"raw\"", "\n\"raw\",{\"mode\":\"raw\"", "line 16: rows/0 must be an object"},
    {"{\"mode\":\"tls\"", "{\"mode\":null", "line 17: rows/1/mode is null, must be a text"},
    {"\"mode\":\"tls\"", "\"mode\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
     "line 17: rows/1/mode has 32 bytes, at most 31 fit"},
    {"\"pattern\":\"bulk\"", "\"pattern\":\"bulky\"", "line 19: rows/3/pattern is \"bulky\", which is none"},
    {"\"bytes\":1048576", "\"bytes\":1099511627777",
     "line 21: rows/5/bytes is 1099511627777, must be 0 to 1099511627776"},
    {"\"bytes\":64", "\"bytes\":-1", "line 16: rows/0/bytes is -1, must be 0 to 1099511627776"},
    {"\"bytes\":64", "\"bytes\":64.0", "line 16: rows/0/bytes is a fraction, must be a whole number"},
    {"\"in_flight\":4", "\"in_flight\":4294967296", "line 19: rows/3/in_flight is 4294967296, must be 0 to 4294967295"},
    {"\"idle_connections\":0", "\"idle_connections\":-1",
     "line 16: rows/0/idle_connections is -1, must be 0 to 4294967295"},
    {"\"idle_connections\":0", "\"idle_connections\":null",
     "line 16: rows/0/idle_connections is null, must be a whole number"},
    {"\"rate\":0", "\"rate\":-0.5", "line 16: rows/0/rate is -0.5, must be 0 or more"},
    {"\"rate\":0", "\"rate\":\"0\"", "line 16: rows/0/rate is a text, must be a number"},
    {"\"errors\":0", "\"errors\":-3", "line 16: rows/0/errors is -3, must be 0 to 9223372036854775807"},
    {"\"min\":3.25", "\"min\":3.75", "line 16: rows/0/figures/p50_us has min 3.75, median 3.5, max 4, must rise"},
    {"\"min\":3.25,", "", "line 16: rows/0/figures/p50_us/min is missing"},
    {"\"min\":3.25,", "\"min\":3.25,\"mean\":1,", "line 16: rows/0/figures/p50_us/mean is not known"},
    {"\"p50_us\"", "\"p51_us\"", "line 16: rows/0/figures/p51_us is not known"},
    {"\"figures\":{\"mb_per_s\":{", "\"figures\":{\"mb_per_s\":0,\"x\":{",
     "line 19: rows/3/figures/mb_per_s is a whole number, must be an object"},
    {"[1236991,10]", "[1236991]", "line 16: rows/0/latency_ns/1 must be [nanoseconds, count]"},
    {"[1236991,10]", "[1236991,0]",
     "line 16: rows/0/latency_ns/1 is [1236991, 0], must be 0 to 1099511627776 and 1 or more"},
    {"[1236991,10]", "[1099511627777,1]",
     "line 16: rows/0/latency_ns/1 is [1099511627777, 1], must be 0 to 1099511627776 and 1 or more"},
    {"[1236991,10]", "[3,10]", "line 16: rows/0/latency_ns/1 is not above the value before it, 3503"},
    {"[1236991,10]", "[1236991,9223372036854775807]", "line 16: rows/0/latency_ns/1 makes the counts too large"},
};

static void what_is_wrong_is_named(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *text = with(bad[i].old, bad[i].new);
        refused(text, bad[i].expected);
        free(text);
    }
}

static void lines_are_right_in_any_layout(void **state) {
    (void)state;
    refused("\n\n[]\n", "line 3: must be an object");
    refused("{\"\\\"schema\": 1,\n\"x\": [\"]}\\\"\", {\"schema\": {}}],\n\"schema\"\n:\n7}",
            "line 5: schema is a whole number, must be a text");
    refused("{\n\"labels\": {}}", "line 1: schema is missing");
}

static void what_is_no_json_is_told_by_its_line(void **state) {
    (void)state;
    char why[512], path[512];
    bench_report report;
    sample_file("{\"schema\":\n\"grille-bench/1\",\n!", path);
    assert_false(bench_report_read(path, &report, why));
    assert_memory_equal(why, path, strlen(path));
    assert_memory_equal(why + strlen(path), ": line 3: ", 10);
    (void)unlink(path);
    assert_false(bench_report_read(path, &report, why));
    assert_string_equal(why + strlen(path), ": No such file or directory");
    assert_false(bench_report_read("/", &report, why));
    assert_string_equal(why, "/: cannot be read");
    sample_file("", path);
    assert_false(bench_report_read(path, &report, why));
    (void)unlink(path);
}

/* Every file that ends too early is refused, and none is read beyond its end. */
static void a_file_cut_anywhere_is_refused(void **state) {
    (void)state;
    char why[512], path[512];
    bench_report sample = sample_report(), report;
    char *text = sample_text(bench_report_json, &sample);
    size_t length = strlen(text);
    sample_file(text, path);
    for (size_t cut = length - 2; cut > 0; cut -= cut > 97 ? 97 : 1) {
        assert_int_equal(truncate(path, (off_t)cut), 0);
        assert_false(bench_report_read(path, &report, why));
        assert_true(strlen(why) > strlen(path));
    }
    (void)unlink(path);
    free(text);
    bench_report_deinit(&sample);
}

/* At whichever allocation memory ends, reading fails with a reason and leaves nothing behind. */
static void no_memory_is_told(void **state) {
    (void)state;
    char why[512], path[512];
    bench_report sample = sample_report(), report;
    char *text = sample_text(bench_report_json, &sample);
    sample_file(text, path);
    free(text);
    bench_report_deinit(&sample);
    const size_t living = failing_malloc_living();
    size_t index = 0;
    for (bool read = false; !read; index++) {
        failing_malloc_from(index);
        read = bench_report_read(path, &report, why);
        failing_malloc_never();
        if (read) bench_report_deinit(&report);
        if (!read) assert_memory_equal(why, path, strlen(path));
        assert_int_equal(failing_malloc_living(), living);
    }
    assert_true(index > 100);
    (void)unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_read_and_written_is_the_same),
        cmocka_unit_test(hostile_texts_come_back),
        cmocka_unit_test(a_file_without_idle_connections_is_read),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(lines_are_right_in_any_layout),
        cmocka_unit_test(what_is_no_json_is_told_by_its_line),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(no_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
