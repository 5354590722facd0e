/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/read_row.h"

#include <inttypes.h>
#include <string.h>

#include "bench/report/figures.h"

/* A latency that no histogram bucket holds. */
static const uint64_t most_ns = UINT64_C(1) << 40;

static bool read_count(bench_json_place *place, const char *member, uint32_t *number) {
    uint64_t found;
    if (!bench_json_whole(place, member, 0, UINT32_MAX, &found)) return false;
    *number = (uint32_t)found;
    return true;
}

/* Files that were written before there was such a member say by that: 0. */
static bool read_later_count(bench_json_place *place, const char *member, uint32_t *number) {
    *number = 0;
    return json_object_get(place->value, member) == NULL || read_count(place, member, number);
}

static bool read_spec(bench_json_place *place, bench_spec *spec) {
    char word[32];
    uint64_t bytes;
    *spec = bench_spec_default();
    if (!bench_json_text(place, "pattern", word, sizeof(word))) return false;
    if (!bench_pattern_of(word, &spec->pattern)) {
        return bench_json_wrong(place, "pattern", "is \"%s\", which is none", word);
    }
    if (!bench_json_whole(place, "bytes", 0, UINT64_C(1) << 40, &bytes)) return false;
    spec->bytes = (size_t)bytes;
    return read_count(place, "in_flight", &spec->in_flight) && read_count(place, "connections", &spec->connections) &&
           read_count(place, "idle_streams", &spec->idle_streams) &&
           read_later_count(place, "idle_connections", &spec->idle_connections) &&
           bench_json_number(place, "rate", false, &spec->rate) &&
           bench_json_number(place, "seconds", false, &spec->seconds) && read_count(place, "spin_us", &spec->spin_us) &&
           read_count(place, "loops", &spec->loops);
}

static bool read_median(bench_json_place *figures, const char *name, bench_median *median) {
    bench_json_place place;
    if (!bench_json_object(figures, name, &place) || !bench_json_number(&place, "median", true, &median->median) ||
        !bench_json_number(&place, "min", true, &median->least) ||
        !bench_json_number(&place, "max", true, &median->most) || !bench_json_nothing_else(&place)) {
        return false;
    }
    if (median->least > median->median || median->median > median->most) {
        return bench_json_wrong(&place, NULL, "has min %g, median %g, max %g, must rise", median->least, median->median,
                                median->most);
    }
    median->known = true;
    return true;
}

static bool read_figures(bench_json_place *row_place, bench_report_row *row) {
    bench_json_place place;
    if (!bench_json_object(row_place, "figures", &place)) return false;
    for (int figure = 0; figure < BENCH_FIGURE_COUNT; figure++) {
        const char *name = bench_figure_names[figure].name;
        if (json_object_get(place.value, name) == NULL) continue;
        if (!read_median(&place, name, &row->figures[figure])) return false;
    }
    return bench_json_nothing_else(&place);
}

static bool read_pair(const bench_json_place *pair, uint64_t above, uint64_t *value, uint64_t *times) {
    const json_t *first = json_array_get(pair->value, 0), *second = json_array_get(pair->value, 1);
    if (json_array_size(pair->value) != 2 || !json_is_integer(first) || !json_is_integer(second)) {
        return bench_json_wrong(pair, NULL, "must be [nanoseconds, count]");
    }
    json_int_t ns = json_integer_value(first), count = json_integer_value(second);
    if (ns < 0 || (uint64_t)ns > most_ns || count < 1) {
        return bench_json_wrong(pair, NULL,
                                "is [%" JSON_INTEGER_FORMAT ", %" JSON_INTEGER_FORMAT "], must be 0 to %" PRIu64
                                " and 1 or more",
                                ns, count, most_ns);
    }
    if (pair->index > 0 && (uint64_t)ns <= above) {
        return bench_json_wrong(pair, NULL, "is not above the value before it, %" PRIu64, above);
    }
    *value = (uint64_t)ns;
    *times = (uint64_t)count;
    return true;
}

static bool read_latency(bench_json_place *row_place, bench_report_row *row) {
    bench_json_place place;
    uint64_t value = 0, times = 0, total = 0;
    if (!bench_json_array(row_place, "latency_ns", &place)) return false;
    size_t size = json_array_size(place.value);
    if (size == 0) return true;
    row->latency_ns = bench_histogram_new();
    if (row->latency_ns == NULL) return bench_json_wrong(&place, NULL, "cannot be held: no memory");
    for (size_t i = 0; i < size; i++) {
        bench_json_place pair = bench_json_element(&place, i);
        if (!read_pair(&pair, value, &value, &times)) return false;
        if (times > (UINT64_C(1) << 62) - total) return bench_json_wrong(&pair, NULL, "makes the counts too large");
        total += times;
        bench_histogram_add(row->latency_ns, value, times);
    }
    return true;
}

bool bench_json_row(bench_json_place *place, bench_report_row *row) {
    if (!json_is_object(place->value)) return bench_json_wrong(place, NULL, "must be an object");
    return bench_json_text(place, "mode", row->mode, sizeof(row->mode)) &&
           bench_json_text(place, "transport", row->transport, sizeof(row->transport)) &&
           bench_json_text(place, "placement", row->placement, sizeof(row->placement)) &&
           read_spec(place, &row->spec) && read_count(place, "rounds", &row->rounds) &&
           bench_json_whole(place, "errors", 0, INT64_MAX, &row->errors) && read_figures(place, row) &&
           read_latency(place, row) && bench_json_nothing_else(place);
}
