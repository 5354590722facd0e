/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/driver/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/driver/plan_axes.h"
#include "bench/driver/plan_named.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { BULK_BYTES = 1 << 20, SMALL_BYTES = 64, MANY_IN_FLIGHT = 100, CONNECTS_AT_ONCE = 4, IDLE_CONNECTIONS = 1000 };
enum { CONNECTIONS_PER_MS = 2, STREAMS_PER_MS = 20 };

/* Starting and ending two processes. */
#define OVERHEAD_S 0.1

/* ---- Rows ---- */

static bool fits(const bench_plan_row *row, const bench_mode *mode) {
    const bool inproc = strcmp(row->transport, "inproc") == 0;
    if (row->spec.idle_streams > 0 && !mode->is_rpc) return false;
    if (inproc && (mode->is_peer || strcmp(row->placement, "split") == 0)) return false; /* one process */
    /* A pattern that a peer has not it says itself. */
    if (mode->is_peer && strcmp(row->transport, "unix") != 0 && strcmp(row->transport, "tcp") != 0) return false;
    return true;
}

static bool is_same(const bench_plan_row *one, const bench_plan_row *other) {
    return one->spec.pattern == other->spec.pattern && one->spec.bytes == other->spec.bytes &&
           one->spec.in_flight == other->spec.in_flight && one->spec.connections == other->spec.connections &&
           one->spec.idle_streams == other->spec.idle_streams &&
           one->spec.idle_connections == other->spec.idle_connections && one->spec.loops == other->spec.loops &&
           strcmp(one->mode, other->mode) == 0 && strcmp(one->transport, other->transport) == 0 &&
           strcmp(one->placement, other->placement) == 0;
}

/* Parts of a plan may meet in a row: it is measured once. */
static bool add_row(bench_plan *plan, const bench_plan_row *row, bench_wrong *wrong) {
    for (size_t i = 0; i < plan->row_count; i++) {
        if (is_same(&plan->rows[i], row)) return true;
    }
    if (plan->row_count == BENCH_ROWS_MAX)
        return bench_wrong_say(wrong, "that makes more than %d rows", BENCH_ROWS_MAX);
    plan->rows[plan->row_count++] = *row;
    return true;
}

/* Who calls whom, by what each proves; or how many loops serve, where it is not one. */
static void name_mode(bench_plan_row *row, const bench_mode *mode, bool usual) {
    if (!usual) {
        (void)snprintf(row->mode, sizeof row->mode, "%.13s %s>%s", mode->name, row->client_kind, row->server_kind);
    } else if (mode->is_rpc && row->spec.loops > 1) {
        (void)snprintf(row->mode, sizeof row->mode, "%.13s %u loops", mode->name, row->spec.loops);
    } else {
        (void)snprintf(row->mode, sizeof row->mode, "%.31s", mode->name);
    }
}

/* One mode, with each pair of kinds where it has identities. */
static bool add_mode(bench_plan *plan, const bench_axes *axes, bench_plan_row row, const bench_mode *mode,
                     bench_wrong *wrong) {
    const bench_list once = {.at = {BENCH_X509}, .count = 1};
    const bench_list *servers = mode->is_attested ? &axes->server_kinds : &once;
    const bench_list *clients = mode->is_attested ? &axes->client_kinds : &once;
    if (!fits(&row, mode)) return true;
    row.program = mode->program;
    (void)snprintf(row.agent_row, sizeof row.agent_row, "%s", mode->name);
    for (size_t s = 0; s < servers->count; s++) {
        for (size_t c = 0; c < clients->count; c++) {
            const char *server = bench_kind_words[servers->at[s]], *client = bench_kind_words[clients->at[c]];
            const bool usual = servers->count == 1 && clients->count == 1 && servers->at[0] == BENCH_X509 &&
                               clients->at[0] == BENCH_X509;
            (void)snprintf(row.server_kind, sizeof row.server_kind, "%s", server);
            (void)snprintf(row.client_kind, sizeof row.client_kind, "%s", client);
            name_mode(&row, mode, usual);
            if (!add_row(plan, &row, wrong)) return false;
        }
    }
    return true;
}

static bool add_places(bench_plan *plan, const bench_axes *axes, bench_plan_row row, bench_wrong *wrong) {
    for (size_t t = 0; t < axes->transports.count; t++) {
        for (size_t p = 0; p < axes->placements.count; p++) {
            (void)snprintf(row.transport, sizeof row.transport, "%s",
                           axes->target != NULL ? "target" : bench_transport_words[axes->transports.at[t]]);
            (void)snprintf(row.placement, sizeof row.placement, "%s", bench_placement_words[axes->placements.at[p]]);
            if (axes->target != NULL) (void)snprintf(row.spec.address, sizeof row.spec.address, "%s", axes->target);
            for (size_t m = 0; m < axes->mode_count; m++) {
                if (!add_mode(plan, axes, row, &axes->modes[m], wrong)) return false;
            }
        }
    }
    return true;
}

/* `list`, or its one value where it is empty or the pattern doesn't look at it. */
static bench_list list_or(const bench_list *list, bool looks, uint64_t value) {
    return looks && list->count > 0 ? *list : (bench_list){.at = {value}, .count = 1};
}

/* Until each of many connections has had calls, or has given back what its handshake needed, and many streams have left
 * the caches. */
static uint32_t more_warm_up_ms(const bench_spec *spec) {
    if (spec->pattern == BENCH_IDLE) return 0;
    return (spec->connections + spec->idle_connections) / CONNECTIONS_PER_MS + spec->idle_streams / STREAMS_PER_MS;
}

/* Every pair of what stands beside the calls. */
static bool add_beside(bench_plan *plan, const bench_axes *axes, bench_plan_row row, bench_wrong *wrong) {
    const bool looks = row.spec.pattern != BENCH_CONNECT && row.spec.pattern != BENCH_IDLE;
    const bench_list streams = list_or(&axes->idle_streams, looks, 0);
    const bench_list connections = list_or(&axes->idle_connections, looks, 0);
    for (size_t s = 0; s < streams.count; s++) {
        for (size_t c = 0; c < connections.count; c++) {
            row.spec.idle_streams = (uint32_t)streams.at[s];
            row.spec.idle_connections = (uint32_t)connections.at[c];
            row.spec.warm_up_ms = axes->spec.warm_up_ms + (axes->warm_up_given ? 0 : more_warm_up_ms(&row.spec));
            if (!add_places(plan, axes, row, wrong)) return false;
        }
    }
    return true;
}

static bool add_pattern(bench_plan *plan, const bench_axes *axes, bench_pattern pattern, bench_wrong *wrong) {
    const bool connect = pattern == BENCH_CONNECT, idle = pattern == BENCH_IDLE, bulk = pattern == BENCH_BULK;
    const bool stream = bench_pattern_is_stream(pattern), many = pattern == BENCH_IN_FLIGHT;
    const bench_list bytes = list_or(&axes->bytes, !connect && !idle, bulk ? BULK_BYTES : SMALL_BYTES);
    const bench_list at_once = stream ? list_or(&axes->streams, true, 1)
                                      : list_or(&axes->in_flight, many || bulk || connect,
                                                many      ? MANY_IN_FLIGHT
                                                : connect ? CONNECTS_AT_ONCE
                                                          : 1);
    const bench_list connections = list_or(&axes->connections, !connect, idle ? IDLE_CONNECTIONS : 1);
    bench_plan_row row = {.spec = axes->spec};
    row.spec.pattern = pattern;
    if (pattern != BENCH_OPEN_LOOP) row.spec.rate = 0;
    for (size_t b = 0; b < bytes.count; b++) {
        for (size_t f = 0; f < at_once.count; f++) {
            for (size_t c = 0; c < connections.count; c++) {
                row.spec.bytes = (size_t)bytes.at[b];
                row.spec.in_flight = (uint32_t)at_once.at[f];
                row.spec.connections = (uint32_t)connections.at[c];
                if (!add_beside(plan, axes, row, wrong)) return false;
            }
        }
    }
    return true;
}

static bool add_part(bench_plan *plan, const bench_wishes *wishes, unsigned cpus, bench_wrong *wrong) {
    bench_axes axes;
    if (!bench_axes_read(wishes, cpus, plan, &axes, wrong)) return false;
    plan->left_out_split = plan->left_out_split || axes.left_out_split;
    for (size_t i = 0; i < axes.patterns.count; i++) {
        if (!add_pattern(plan, &axes, (bench_pattern)axes.patterns.at[i], wrong)) return false;
    }
    return true;
}

static bool add_parts(bench_plan *plan, const bench_wishes *wishes, unsigned cpus, bench_wrong *wrong) {
    bench_named_plan named;
    if (!bench_plan_named(wishes, &named, wrong)) return false;
    if (bench_plan_has_a_shape(wishes)) return add_part(plan, wishes, cpus, wrong);
    for (size_t i = 0; i < named.count; i++) {
        const bench_wishes part = bench_plan_part(wishes, &named, i);
        if (!add_part(plan, &part, cpus, wrong)) return false;
    }
    return true;
}

bool bench_plan_make(const bench_wishes *wishes, unsigned cpus, bench_plan *plan, bench_wrong *wrong) {
    memset(plan, 0, sizeof *plan);
    memset(wrong, 0, sizeof *wrong);
    plan->rows = calloc(BENCH_ROWS_MAX, sizeof *plan->rows);
    if (plan->rows == NULL) return bench_wrong_say(wrong, "no memory");
    if (!add_parts(plan, wishes, cpus, wrong)) return false;
    if (plan->row_count == 0) return bench_wrong_say(wrong, "nothing of that can be measured: no row is left");
    return true;
}

void bench_plan_deinit(bench_plan *plan) {
    free(plan->rows);
    plan->rows = NULL;
    plan->row_count = 0;
}

/* ---- Words ---- */

static void write_bytes(size_t bytes, char text[24]) {
    if (bytes >= 1 << 20 && bytes % (1 << 20) == 0) {
        (void)snprintf(text, 24, "%zu MiB", bytes >> 20);
    } else if (bytes >= 1024 && bytes % 1024 == 0) {
        (void)snprintf(text, 24, "%zu KiB", bytes >> 10);
    } else {
        (void)snprintf(text, 24, "%zu B", bytes);
    }
}

void bench_plan_row_name(const bench_plan_row *row, char name[160]) {
    char bytes[24], more[80] = "";
    size_t used = 0;
    write_bytes(row->spec.bytes, bytes);
    if (row->spec.in_flight > 1) used += (size_t)snprintf(more, sizeof more, " x%u", row->spec.in_flight);
    if (row->spec.connections > 1) {
        used += (size_t)snprintf(more + used, sizeof more - used, " on %u", row->spec.connections);
    }
    if (row->spec.idle_streams > 0) {
        used += (size_t)snprintf(more + used, sizeof more - used, " +%u", row->spec.idle_streams);
    }
    if (row->spec.idle_connections > 0) {
        (void)snprintf(more + used, sizeof more - used, " beside %u", row->spec.idle_connections);
    }
    (void)snprintf(name, 160, "%s %s %s %s %s%s", row->mode, row->transport, row->placement,
                   bench_pattern_word(row->spec.pattern), bytes, more);
}

double bench_plan_seconds(const bench_plan *plan) {
    double all = 0;
    for (size_t i = 0; i < plan->row_count; i++) {
        const bench_spec *spec = &plan->rows[i].spec;
        all += spec->pattern == BENCH_IDLE ? 2.0 : spec->seconds + spec->warm_up_ms / 1000.0;
        all += OVERHEAD_S;
    }
    return all * plan->rounds;
}
