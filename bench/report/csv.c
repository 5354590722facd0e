/* SPDX-License-Identifier: Apache-2.0
 * RFC 4180: CRLF ends a line, quotes around what holds a comma, a quote or a line end. The labels stand in every line,
 * so that a line says where its numbers come from. */
#include <inttypes.h>
#include <string.h>

#include "bench/report/figures.h"
#include "bench/report/labels.h"

static void print_field(FILE *out, const char *text) {
    if (strpbrk(text, ",\"\r\n") == NULL) {
        (void)fputs(text, out);
        return;
    }
    (void)fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"') (void)fputc('"', out);
        (void)fputc(*text, out);
    }
    (void)fputc('"', out);
}

static void print_heading(FILE *out) {
    (void)fputs(
        "mode,transport,placement,pattern,bytes,in_flight,connections,idle_streams,idle_connections,rate,rounds,errors",
        out);
    for (int figure = 0; figure < BENCH_FIGURE_COUNT; figure++) {
        const char *name = bench_figure_names[figure].name;
        (void)fprintf(out, ",%s,%s_min,%s_max", name, name, name);
    }
    (void)fputs(",notice,optimised", out);
    for (size_t i = 0; i < BENCH_LABEL_TEXTS; i++)
        (void)fprintf(out, ",%s", bench_label_texts[i].name);
    (void)fputs("\r\n", out);
}

static void print_figures(FILE *out, const bench_report_row *row) {
    for (int figure = 0; figure < BENCH_FIGURE_COUNT; figure++) {
        const bench_median *median = &row->figures[figure];
        if (!bench_knows(row, (bench_figure)figure)) {
            (void)fputs(",,,", out);
        } else {
            (void)fprintf(out, ",%s,%s,%s", bench_exact_text(median->median).text, bench_exact_text(median->least).text,
                          bench_exact_text(median->most).text);
        }
    }
}

static void print_row(FILE *out, const bench_report_row *row, const bench_labels *labels) {
    const bench_spec *spec = &row->spec;
    print_field(out, row->mode);
    (void)fputc(',', out);
    print_field(out, row->transport);
    (void)fputc(',', out);
    print_field(out, row->placement);
    (void)fprintf(out, ",%s,%zu,%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%s,%" PRIu32 ",%" PRIu64,
                  bench_pattern_word(spec->pattern), spec->bytes, spec->in_flight, spec->connections,
                  spec->idle_streams, spec->idle_connections, bench_exact_text(spec->rate).text, row->rounds,
                  row->errors);
    print_figures(out, row);
    (void)fprintf(out, ",%s,%s", bench_notice(labels), labels->optimised ? "yes" : "no");
    for (size_t i = 0; i < BENCH_LABEL_TEXTS; i++) {
        (void)fputc(',', out);
        print_field(out, bench_label_text(labels, i));
    }
    (void)fputs("\r\n", out);
}

bool bench_report_csv(const bench_report *report, FILE *out) {
    print_heading(out);
    for (size_t i = 0; i < report->row_count; i++)
        print_row(out, &report->rows[i], &report->labels);
    return !ferror(out);
}
