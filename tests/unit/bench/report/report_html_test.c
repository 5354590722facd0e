/* SPDX-License-Identifier: Apache-2.0
 * Goal: the page is well-formed whatever the texts in it are, holds the whole report, and asks nobody for anything. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/base/cmocka_all.h"
#include "tests/unit/bench/report/sample.h"

enum { DEPTH_MAX = 32, NAME_BYTES = 16 };

static bool one_of(const char *name, const char *const *names) {
    while (*names != NULL && strcmp(name, *names) != 0)
        names++;
    return *names != NULL;
}

/* A reference of HTML, as the page uses them: &name; or &#number; */
static const char *after_reference(const char *at) {
    size_t length = 1 + (at[1] == '#');
    while (isalnum((unsigned char)at[length]))
        length++;
    if (length < 3 || at[length] != ';') fail_msg("a bare & at %.40s", at);
    return at + length + 1;
}

/* After the '>' of the tag whose name ends at `at`: attributes are name="value". */
static const char *after_attributes(const char *at) {
    while (*at != '>') {
        at += strspn(at, " ");
        size_t length = strcspn(at, " =>\"'<");
        if (length == 0 || at[length] == '\0') fail_msg("no attribute at %.40s", at);
        at += length;
        if (*at != '=') continue;
        if (*++at != '"') fail_msg("no quote at %.40s", at);
        for (at++; *at != '"';) {
            if (*at == '<' || *at == '\0') fail_msg("an attribute does not end at %.40s", at);
            at = *at == '&' ? after_reference(at) : at + 1;
        }
        at++;
    }
    return at + 1;
}

/* Every element is closed in its order, every character that means something is escaped. */
static void is_well_formed(const char *page) {
    static const char *const alone[] = {"meta", "link", NULL}, *const raw[] = {"script", "style", "title", NULL};
    char open[DEPTH_MAX][NAME_BYTES];
    size_t depth = 0, elements = 0;
    assert_memory_equal(page, "<!DOCTYPE html>\n", 16);
    for (const char *at = page + 16; *at != '\0';) {
        if (*at == '&') at = after_reference(at);
        if (*at != '<') {
            if (*at == '>') fail_msg("a bare > at %.40s", at);
            at += *at != '\0';
            continue;
        }
        bool end = at[1] == '/';
        char name[NAME_BYTES];
        size_t length = strspn(at + 1 + end, "abcdefghijklmnopqrstuvwxyz0123456789");
        if (length == 0 || length >= NAME_BYTES) fail_msg("no element at %.40s", at);
        (void)snprintf(name, sizeof(name), "%.*s", (int)length, at + 1 + end);
        at = after_attributes(at + 1 + end + length);
        if (end) {
            assert_true(depth > 0);
            assert_string_equal(open[--depth], name);
        } else if (!one_of(name, alone)) {
            assert_true(depth < DEPTH_MAX);
            (void)snprintf(open[depth++], NAME_BYTES, "%s", name);
            elements++;
            if (one_of(name, raw)) at = strstr(at, "</");
            assert_non_null(at);
        }
    }
    assert_int_equal(depth, 0);
    assert_true(elements > 20);
}

static void the_page_is_well_formed(void **state) {
    (void)state;
    bench_report report = sample_report();
    char *page = sample_text(bench_report_html, &report);
    is_well_formed(page);
    assert_int_equal(sample_count(page, "<p class=\"warning\">NOT A NITRO NUMBER</p>"), 2);
    assert_int_equal(sample_count(page, "<h2>"), 2);
    assert_int_equal(sample_count(page, "<table "), 2);
    assert_int_equal(sample_count(page, "<th scope=\"row\">"), report.row_count);
    assert_non_null(
        strstr(page, "<th scope=\"col\" colspan=\"2\">p50 &micro;s</th><th scope=\"col\">&times; tls</th>"));
    assert_non_null(strstr(page, "<th scope=\"row\">raw</th><td>3.50</td><td class=\"range\">[3.25-4.00]</td>"
                                 "<td>0.875</td><td>1.00</td>"));
    assert_non_null(strstr(page, "data-pattern=\"bulk\" data-placement=\"free\" data-figure=\"mb_per_s\" "
                                 "data-heading=\"MB/s\" data-better=\"more is better\""));
    assert_non_null(strstr(page, "<dt>cipher</dt><dd>TLS13-AES128-GCM-SHA256</dd>"));
    free(page);
    report.labels.nitro = true;
    report.labels.optimised = false;
    page = sample_text(bench_report_html, &report);
    assert_null(strstr(page, "NOT A NITRO"));
    assert_int_equal(sample_count(page, "<p class=\"warning\">DEBUG BUILD: not publishable</p>"), 2);
    free(page);
    bench_report_deinit(&report);
    page = sample_text(bench_report_html, &report);
    is_well_formed(page);
    assert_non_null(strstr(page, "<p>no rows</p>"));
    free(page);
}

static void the_page_needs_no_network(void **state) {
    (void)state;
    static const char *const reaches[] = {"//",      "http",     "url(",    "@import",   "src=",        "<img",
                                          "<iframe", "fetch(",   "XMLHttp", "WebSocket", "EventSource", "Beacon",
                                          "import(", "Worker",   "<object", "<embed",    "innerHTML",   "eval(",
                                          "open(",   "location", NULL};
    bench_report report = sample_report();
    char *page = sample_text(bench_report_html, &report);
    for (size_t i = 0; reaches[i] != NULL; i++) {
        const char *found = strstr(page, reaches[i]);
        if (found != NULL && strncmp(found, "http-equiv", 10) == 0) found = strstr(found + 1, reaches[i]);
        if (found != NULL) fail_msg("the page has %s: %.60s", reaches[i], found);
    }
    assert_int_equal(sample_count(page, "href="), 1);
    assert_non_null(strstr(page, "href=\"data:,\""));
    assert_non_null(strstr(page, "content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                                 "img-src data:; base-uri 'none'; form-action 'none'\""));
    free(page);
    bench_report_deinit(&report);
}

static void hostile_texts_stay_texts(void **state) {
    (void)state;
    bench_report report = sample_hostile();
    char *page = sample_text(bench_report_html, &report);
    is_well_formed(page);
    assert_int_equal(sample_count(page, "<script"), 2);
    assert_int_equal(sample_count(page, "</script"), 2);
    assert_null(strstr(page, "<!--"));
    assert_null(strchr(page, 0x1b));
    assert_non_null(
        strstr(page, "<th scope=\"row\">&lt;/script&gt;&lt;!--&quot;,&#39;\n\xef\xbf\xbd[31m\xc3\xa9</th>"));
    assert_non_null(strstr(page, "data-placement=\"x,&quot;y\""));
    free(page);
    bench_report_deinit(&report);
}

/* What the script reads is the report's own JSON, and no name of a mode can end it. */
static void the_page_holds_the_whole_report(void **state) {
    (void)state;
    static const char begin[] = "<script type=\"application/json\" id=\"report\">\n";
    bench_report report = sample_hostile();
    char *page = sample_text(bench_report_html, &report), *json = sample_text(bench_report_json, &report);
    char *data = strstr(page, begin);
    assert_non_null(data);
    data += strlen(begin);
    assert_memory_equal(data, json, strlen(json));
    assert_memory_equal(data + strlen(json), "</script>\n", 10);
    free(page);
    free(json);
    bench_report_deinit(&report);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_well_formed),
        cmocka_unit_test(the_page_needs_no_network),
        cmocka_unit_test(hostile_texts_stay_texts),
        cmocka_unit_test(the_page_holds_the_whole_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
