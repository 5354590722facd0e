/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/utf8.h"

const bench_figure_name bench_figure_names[BENCH_FIGURE_COUNT] = {
#define X(identifier, name, heading, less) [BENCH_##identifier] = {name, heading, less},
    BENCH_FIGURE_MAP(X)
#undef X
};

const char *bench_notice(const bench_labels *labels) {
    return labels->nitro ? "" : "NOT A NITRO NUMBER";
}

const char *bench_build_warning(const bench_labels *labels) {
    return labels->optimised ? "" : "DEBUG BUILD: not publishable";
}

bool bench_knows(const bench_report_row *row, bench_figure figure) {
    const bench_median *median = &row->figures[figure];
    return median->known && isfinite(median->median) && isfinite(median->least) && isfinite(median->most);
}

bench_figure bench_main_figure(const bench_report_row *const *rows, size_t count) {
    static const bench_figure choices[BENCH_PATTERN_COUNT][3] = {
        [BENCH_PING_PONG] = {BENCH_P50_US, BENCH_CALLS_PER_S, BENCH_CPU_US},
        [BENCH_IN_FLIGHT] = {BENCH_CALLS_PER_S, BENCH_P50_US, BENCH_CPU_US},
        [BENCH_OPEN_LOOP] = {BENCH_P99_US, BENCH_P50_US, BENCH_CPU_US},
        [BENCH_BULK] = {BENCH_MB_PER_S, BENCH_CALLS_PER_S, BENCH_P50_US},
        [BENCH_STREAM_UP] = {BENCH_MB_PER_S, BENCH_CALLS_PER_S, BENCH_CPU_US},
        [BENCH_STREAM_DOWN] = {BENCH_MB_PER_S, BENCH_CALLS_PER_S, BENCH_CPU_US},
        [BENCH_STREAM_BOTH] = {BENCH_MB_PER_S, BENCH_CALLS_PER_S, BENCH_CPU_US},
        [BENCH_CONNECT] = {BENCH_CONNECTIONS_PER_S, BENCH_CALLS_PER_S, BENCH_P50_US},
        [BENCH_IDLE] = {BENCH_KIB_PER_CONNECTION, BENCH_SERVER_RSS_MIB, BENCH_CPU_US},
    };
    if (count == 0 || rows[0]->spec.pattern >= BENCH_PATTERN_COUNT) return BENCH_FIGURE_COUNT;
    for (size_t choice = 0; choice < 3; choice++) {
        bench_figure figure = choices[rows[0]->spec.pattern][choice];
        for (size_t i = 0; i < count; i++) {
            if (bench_knows(rows[i], figure)) return figure;
        }
    }
    return BENCH_FIGURE_COUNT;
}

bool bench_same_work(const bench_report_row *one, const bench_report_row *other) {
    const bench_spec *a = &one->spec, *b = &other->spec;
    return strcmp(one->transport, other->transport) == 0 && a->pattern == b->pattern && a->bytes == b->bytes &&
           a->in_flight == b->in_flight && a->connections == b->connections && a->idle_streams == b->idle_streams &&
           a->idle_connections == b->idle_connections && !(a->rate < b->rate) && !(a->rate > b->rate);
}

/* With three digits, without an exponent; what is below a millionth is 0. */
static void three_digits(char *text, size_t size, double value, const char *unit) {
    double shown = fabs(value);
    int places = shown >= 99.95 || shown < 0.5e-6 ? 0 : shown >= 9.995 ? 1 : shown >= 0.9995 ? 2 : 3;
    for (double below = 0.09995; places >= 3 && places < 6 && shown < below; below /= 10)
        places++;
    (void)snprintf(text, size, "%.*f%s", places, value, unit);
}

bench_text bench_figure_text(double value) {
    bench_text result;
    double size = fabs(value);
    if (!isfinite(value)) {
        (void)snprintf(result.text, sizeof(result.text), "-");
    } else if (size >= 1e15) {
        (void)snprintf(result.text, sizeof(result.text), "%.3g", value);
    } else if (size >= 999.5e6) {
        three_digits(result.text, sizeof(result.text), value / 1e9, "G");
    } else if (size >= 999.5e3) {
        three_digits(result.text, sizeof(result.text), value / 1e6, "M");
    } else if (size >= 99999.5) {
        three_digits(result.text, sizeof(result.text), value / 1e3, "k");
    } else {
        three_digits(result.text, sizeof(result.text), value, "");
    }
    return result;
}

bench_text bench_bytes_text(size_t bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    bench_text result;
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        value /= 1024;
        unit++;
    }
    (void)snprintf(result.text, sizeof(result.text), "%.4g %s", value, units[unit]);
    return result;
}

bench_text bench_exact_text(double value) {
    bench_text result;
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(result.text, sizeof(result.text), "%.*g", digits, value);
        double back = strtod(result.text, NULL);
        if (!(back < value) && !(back > value)) break;
    }
    return result;
}

size_t bench_character(const char *text) {
    size_t have = strnlen(text, 4);
    for (size_t length = 1; length <= have; length++) {
        if (grille_utf8_valid(grille_bytes_of(text, length))) return length;
    }
    return 0;
}
