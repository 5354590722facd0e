/* SPDX-License-Identifier: Apache-2.0
 * Schema "grille-bench/1" (bench/README.md, "Files of a run"). One line for each row, so that a complaint can name it.
 * What could end a script element or a line of JavaScript is escaped: the page embeds this text as it is. */
#include <inttypes.h>
#include <string.h>

#include "bench/report/figures.h"
#include "bench/report/labels.h"

static bool line_separator(const char *at, size_t length) {
    return length == 3 && (memcmp(at, "\xe2\x80\xa8", 3) == 0 || memcmp(at, "\xe2\x80\xa9", 3) == 0);
}

static void print_string(FILE *out, const char *text) {
    (void)fputc('"', out);
    while (*text != '\0') {
        size_t length = bench_character(text);
        unsigned char byte = (unsigned char)*text;
        if (length == 0) {
            (void)fputs("\xef\xbf\xbd", out);
            length = 1;
        } else if (byte == '"' || byte == '\\') {
            (void)fprintf(out, "\\%c", byte);
        } else if (byte < 0x20 || byte == 0x7f || byte == '<' || byte == '>' || byte == '&') {
            (void)fprintf(out, "\\u%04x", byte);
        } else if (line_separator(text, length)) {
            (void)fprintf(out, "\\u20%02x", (unsigned char)text[2] & 0x3f);
        } else {
            (void)fwrite(text, 1, length, out);
        }
        text += length;
    }
    (void)fputc('"', out);
}

static void print_member(FILE *out, const char *name, const char *text) {
    (void)fprintf(out, "\"%s\":", name);
    print_string(out, text);
}

static void print_labels(FILE *out, const bench_labels *labels) {
    (void)fputs("\"labels\":{", out);
    for (size_t i = 0; i < BENCH_LABEL_TEXTS; i++) {
        print_member(out, bench_label_texts[i].name, bench_label_text(labels, i));
        (void)fputs(",\n", out);
    }
    (void)fprintf(out, "\"nitro\":%s,\n\"optimised\":%s,\n", labels->nitro ? "true" : "false",
                  labels->optimised ? "true" : "false");
    print_member(out, "notice", bench_notice(labels));
    (void)fputs("},\n", out);
}

static void print_spec(FILE *out, const bench_spec *spec) {
    (void)fprintf(out,
                  "\"pattern\":\"%s\",\"bytes\":%zu,\"in_flight\":%" PRIu32 ",\"connections\":%" PRIu32
                  ",\"idle_streams\":%" PRIu32 ",\"idle_connections\":%" PRIu32
                  ",\"rate\":%s,\"seconds\":%s,\"spin_us\":%" PRIu32 ",\"loops\":%" PRIu32,
                  bench_pattern_word(spec->pattern), spec->bytes, spec->in_flight, spec->connections,
                  spec->idle_streams, spec->idle_connections, bench_exact_text(spec->rate).text,
                  bench_exact_text(spec->seconds).text, spec->spin_us, spec->loops);
}

static void print_figures(FILE *out, const bench_report_row *row) {
    const char *separator = "";
    (void)fputs(",\"figures\":{", out);
    for (int figure = 0; figure < BENCH_FIGURE_COUNT; figure++) {
        const bench_median *median = &row->figures[figure];
        if (!bench_knows(row, (bench_figure)figure)) continue;
        (void)fprintf(out, "%s\"%s\":{\"median\":%s,\"min\":%s,\"max\":%s}", separator, bench_figure_names[figure].name,
                      bench_exact_text(median->median).text, bench_exact_text(median->least).text,
                      bench_exact_text(median->most).text);
        separator = ",";
    }
    (void)fputs("}", out);
}

static void print_latency(FILE *out, const bench_histogram *histogram) {
    size_t step = 0;
    uint64_t value, count;
    const char *separator = "";
    (void)fputs(",\"latency_ns\":[", out);
    while (histogram != NULL && bench_histogram_next(histogram, &step, &value, &count)) {
        (void)fprintf(out, "%s[%" PRIu64 ",%" PRIu64 "]", separator, value, count);
        separator = ",";
    }
    (void)fputs("]", out);
}

bool bench_report_json(const bench_report *report, FILE *out) {
    (void)fputs("{\"schema\":\"grille-bench/1\",\n", out);
    print_labels(out, &report->labels);
    (void)fputs("\"rows\":[", out);
    for (size_t i = 0; i < report->row_count; i++) {
        const bench_report_row *row = &report->rows[i];
        (void)fputs(i == 0 ? "\n{" : ",\n{", out);
        print_member(out, "mode", row->mode);
        (void)fputc(',', out);
        print_member(out, "transport", row->transport);
        (void)fputc(',', out);
        print_member(out, "placement", row->placement);
        (void)fputc(',', out);
        print_spec(out, &row->spec);
        (void)fprintf(out, ",\"rounds\":%" PRIu32 ",\"errors\":%" PRIu64, row->rounds, row->errors);
        print_figures(out, row);
        print_latency(out, row->latency_ns);
        (void)fputc('}', out);
    }
    (void)fputs("\n]}\n", out);
    return !ferror(out);
}
