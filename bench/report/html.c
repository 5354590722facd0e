/* SPDX-License-Identifier: Apache-2.0
 * page.html with the report in it: as tables, which need no script, and as JSON for the script that draws. */
#include <stdlib.h>
#include <string.h>

#include "bench/report/group.h"
#include "bench/report/labels.h"
#include "bench/report/page.h"

/* As text or as the value of a quoted attribute; control characters and what is no UTF-8 become U+FFFD. */
static void print_text(FILE *out, const char *text) {
    while (*text != '\0') {
        size_t length = bench_character(text);
        bool shown = length > 1 || (length == 1 && (*text >= 0x20 || *text == '\n') && *text != 0x7f);
        switch (shown && length == 1 ? *text : 0) {
        case '&':
            (void)fputs("&amp;", out);
            break;
        case '<':
            (void)fputs("&lt;", out);
            break;
        case '>':
            (void)fputs("&gt;", out);
            break;
        case '"':
            (void)fputs("&quot;", out);
            break;
        case '\'':
            (void)fputs("&#39;", out);
            break;
        default:
            (void)fwrite(shown ? text : "\xef\xbf\xbd", 1, shown ? length : 3, out);
            break;
        }
        text += length > 0 ? length : 1;
    }
}

/* "p50 us" and "us/call" with the sign of micro, "x tls" with that of times. */
static void print_heading(FILE *out, const char *heading) {
    const char *us = strstr(heading, " us");
    if (strncmp(heading, "x ", 2) == 0) {
        (void)fputs("&times; ", out);
        print_text(out, heading + 2);
    } else if (us != NULL && (us[3] == '\0' || us[3] == '/')) {
        (void)fprintf(out, "%.*s &micro;s%s", (int)(us - heading), heading, us + 3);
    } else {
        print_text(out, heading);
    }
}

static void print_warnings(const bench_labels *labels, FILE *out) {
    const char *const texts[] = {bench_notice(labels), bench_build_warning(labels)};
    for (size_t i = 0; i < 2; i++) {
        if (texts[i][0] != '\0') (void)fprintf(out, "<p class=\"warning\">%s</p>\n", texts[i]);
    }
}

static void print_labels(const bench_labels *labels, FILE *out) {
    static const char *const names[BENCH_LABEL_TEXTS] = {"machine", "system", "kernel", "compiler", "flags",
                                                         "commit",  "cipher", "date",   "command",  "note"};
    for (size_t i = 0; i < BENCH_LABEL_TEXTS; i++) {
        const char *text = bench_label_text(labels, i);
        if (*text == '\0') continue;
        (void)fprintf(out, "<dt>%s</dt><dd>", names[i]);
        print_text(out, text);
        (void)fputs("</dd>\n", out);
    }
}

static void print_head(const bench_group *group, FILE *out) {
    (void)fputs("<thead><tr>", out);
    for (size_t i = 0; i < group->column_count; i++) {
        const bench_column *column = &group->columns[i];
        (void)fputs(column->kind == BENCH_COLUMN_FIGURE ? "<th scope=\"col\" colspan=\"2\">" : "<th scope=\"col\">",
                    out);
        print_heading(out, column->heading);
        (void)fputs("</th>", out);
    }
    (void)fputs("</tr></thead>\n", out);
}

/* A line above it where other work begins. */
static void print_row(const bench_group *group, size_t number, FILE *out) {
    const bench_report_row *row = group->rows[number];
    bool next = number > 0 && !bench_same_work(group->rows[number - 1], row);
    (void)fputs(next ? "<tr class=\"next\">" : "<tr>", out);
    for (size_t i = 0; i < group->column_count; i++) {
        const bench_column *column = &group->columns[i];
        bench_text value, range;
        bench_group_cell(group, column, row, &value, &range);
        (void)fputs(column->kind == BENCH_COLUMN_MODE ? "<th scope=\"row\">" : "<td>", out);
        print_text(out, value.text);
        (void)fputs(column->kind == BENCH_COLUMN_MODE ? "</th>" : "</td>", out);
        if (column->kind == BENCH_COLUMN_FIGURE) (void)fprintf(out, "<td class=\"range\">%s</td>", range.text);
    }
    (void)fputs("</tr>\n", out);
}

/* Where the script puts the plots of a group; what they show is decided here. */
static void print_plots(const bench_group *group, FILE *out) {
    const bench_report_row *first = group->rows[0];
    if (group->main == BENCH_FIGURE_COUNT) return;
    const bench_figure_name *figure = &bench_figure_names[group->main];
    (void)fprintf(out, "<div class=\"plots\" data-pattern=\"%s\" data-placement=\"",
                  bench_pattern_word(first->spec.pattern));
    print_text(out, first->placement);
    (void)fprintf(out, "\" data-figure=\"%s\" data-heading=\"", figure->name);
    print_heading(out, figure->heading);
    (void)fprintf(out, "\" data-better=\"%s is better\"></div>\n", figure->less_is_better ? "less" : "more");
}

static void print_group(const bench_group *group, size_t number, FILE *out) {
    (void)fputs("<h3>", out);
    print_text(out, bench_placement_text(group->rows[0]->placement));
    (void)fputs("</h3>\n", out);
    print_plots(group, out);
    (void)fprintf(out, "<p class=\"shape\" id=\"group%zu\">", number);
    print_text(out, group->title);
    (void)fprintf(out,
                  "</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"group%zu\">\n"
                  "<table aria-labelledby=\"group%zu\">\n",
                  number, number);
    print_head(group, out);
    (void)fputs("<tbody>\n", out);
    for (size_t i = 0; i < group->row_count; i++)
        print_row(group, i, out);
    (void)fputs("</tbody>\n</table>\n</div>\n", out);
}

/* One section for each pattern, in the order of the first rows. */
static bool print_groups(const bench_report *report, FILE *out) {
    bench_group *groups;
    size_t count;
    bool told[BENCH_PATTERN_COUNT] = {false};
    if (!bench_groups_of(report, &groups, &count)) return false;
    if (count == 0) (void)fputs("<p>no rows</p>\n", out);
    for (size_t i = 0; i < count; i++) {
        bench_pattern pattern = groups[i].rows[0]->spec.pattern;
        if (told[pattern]) continue;
        told[pattern] = true;
        (void)fprintf(out, "<section>\n<h2>%s</h2>\n", bench_pattern_word(pattern));
        for (size_t other = i; other < count; other++) {
            if (groups[other].rows[0]->spec.pattern == pattern) print_group(&groups[other], other, out);
        }
        (void)fputs("</section>\n", out);
    }
    bench_groups_free(groups, count);
    return true;
}

static bool print_part(const bench_report *report, const char *name, size_t length, FILE *out) {
    static const char *const names[] = {"WARNINGS", "LABELS", "GROUPS", "DATA"};
    size_t part = 0;
    while (part < 4 && (strlen(names[part]) != length || memcmp(names[part], name, length) != 0))
        part++;
    switch (part) {
    case 0:
        print_warnings(&report->labels, out);
        return true;
    case 1:
        print_labels(&report->labels, out);
        return true;
    case 2:
        return print_groups(report, out);
    case 3:
        return bench_report_json(report, out);
    default:
        return false;
    }
}

bool bench_report_html(const bench_report *report, FILE *out) {
    const char *at = bench_page, *place;
    while ((place = strstr(at, "<!--")) != NULL) {
        const char *name = place + strlen("<!--"), *end = strstr(name, "-->");
        (void)fwrite(at, 1, (size_t)(place - at), out);
        if (end == NULL || !print_part(report, name, (size_t)(end - name), out)) return false;
        at = end + strlen("-->");
        if (*at == '\n') at++;
    }
    (void)fputs(at, out);
    return !ferror(out);
}
