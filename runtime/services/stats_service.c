/* SPDX-License-Identifier: Apache-2.0
 * A server's counters by RPC: a snapshot, item by item. Snapshots are memory that a peer makes us take, so only so many
 * calls are answered at one time. */
#include <stdatomic.h>
#include <string.h>

#include "attest/evidence.h"
#include "base/bytes.h"
#include "base/error.h"
#include "grille/server.h"
#include "grille/stats.h"
#include "grille/v1/stats.grille-nano.h"
#include "wire/limits.h"

typedef grille_own_grille_v1_stats_get_server_stream get_stream;

/* One answer; in its call's memory. */
typedef struct answer {
    grille_stats *stats;
    bool no_connections;
    size_t next; /* item: the totals, then methods, then connections */
} answer;

/* Of the whole process. */
static atomic_uint snapshots;

static bool take_snapshot_slot(void) {
    if (atomic_fetch_add(&snapshots, 1) < GRILLE_LIMIT_STATS_SNAPSHOTS) return true;
    atomic_fetch_sub(&snapshots, 1);
    return false;
}

/* ---- items ---- */

static void fill_calls(const grille_call_stats *calls, grille_v1_CallStats *told) {
    told->started = calls->started;
    told->in_flight = calls->in_flight;
    told->ended_count = GRILLE_STATUS_CODES;
    memcpy(told->ended, calls->ended, sizeof calls->ended);
    told->messages_sent = calls->messages_sent;
    told->messages_received = calls->messages_received;
    told->bytes_sent = calls->bytes_sent;
    told->bytes_received = calls->bytes_received;
    told->latency_sum_us = calls->latency_sum_us;
    told->latency_us_count = GRILLE_LATENCY_BUCKETS;
    memcpy(told->latency_us, calls->latency_us, sizeof calls->latency_us);
}

static void fill_totals(const grille_stats *stats, grille_v1_StatsTotals *told) {
    const size_t most = sizeof told->connections_rejected / sizeof told->connections_rejected[0];
    told->has_made = true;
    fill_calls(&stats->made, &told->made);
    told->has_served = true;
    fill_calls(&stats->served, &told->served);
    told->connections_accepted = stats->connections_accepted;
    for (size_t at = 0; at < stats->rejected_count && at < most; at++) {
        told->connections_rejected[told->connections_rejected_count++] = (grille_v1_ReasonCount){
            .name = grille_bytes_of_text(grille_reason_name(stats->connections_rejected[at].reason)),
            .count = stats->connections_rejected[at].count};
    }
    for (int at = 0; at < GRILLE_REFUSAL_COUNT; at++) {
        told->refused[told->refused_count++] = (grille_v1_ReasonCount){
            .name = grille_bytes_of_text(grille_refusal_name((grille_refusal)at)), .count = stats->refused[at]};
    }
}

static grille_v1_ConnectionStats connection_of(const grille_connection_stats *connection) {
    return (grille_v1_ConnectionStats){
        .number = connection->number,
        .set = grille_bytes_of_text(connection->set),
        .age_ms = connection->age_ms,
        .own_calls = connection->own_calls,
        .peer_calls = connection->peer_calls,
        .frames_received = connection->frames_received,
        .frames_sent = connection->frames_sent,
        .calls_refused = connection->calls_refused,
        .memory_bytes = connection->memory_bytes,
        .send_credit_bytes = connection->send_credit_bytes,
        .receive_credit_bytes = connection->receive_credit_bytes,
        .blocked_streams = connection->blocked_streams,
        .unconsumed_bytes = connection->unconsumed_bytes,
        .holder_stream = connection->holder_stream,
        .holder_bytes = connection->holder_bytes,
    };
}

/* False past the last one. */
static bool fill_item(const answer *state, grille_v1_StatsItem *item) {
    const grille_stats *stats = state->stats;
    size_t at = state->next;
    memset(item, 0, sizeof *item);
    if (at == 0) {
        item->which_item = grille_v1_StatsItem_totals_tag;
        fill_totals(stats, &item->item.totals);
        return true;
    }
    at -= 1;
    if (at < stats->method_count) {
        item->which_item = grille_v1_StatsItem_method_tag;
        item->item.method.path = grille_bytes_of_text(stats->methods[at].method->path);
        item->item.method.is_caller = stats->methods[at].is_caller;
        item->item.method.has_calls = true;
        fill_calls(&stats->methods[at].calls, &item->item.method.calls);
        return true;
    }
    at -= stats->method_count;
    if (state->no_connections || at >= stats->connection_count) return false;
    item->which_item = grille_v1_StatsItem_connection_tag;
    item->item.connection = connection_of(&stats->connections[at]);
    return true;
}

/* ---- Get ---- */

static void push(get_stream *stream, void *user) {
    answer *state = grille_call_data(grille_own_grille_v1_stats_get_server_call(stream));
    grille_v1_StatsItem item;
    (void)user;
    for (; fill_item(state, &item); state->next++) {
        if (grille_own_grille_v1_stats_get_server_send(stream, &item) != GRILLE_OK) return;
    }
    (void)grille_own_grille_v1_stats_get_server_finish(stream, GRILLE_OK);
}

static grille_code open_get(get_stream *stream, const grille_v1_GetStatsRequest *request, void *user) {
    grille_call *call = grille_own_grille_v1_stats_get_server_call(stream);
    answer *state = grille_call_alloc(call, sizeof *state);
    if (state == NULL) return grille_fail(call, GRILLE_RESOURCE_EXHAUSTED, "no memory for the answer");
    if (!take_snapshot_slot()) {
        return grille_fail(call, GRILLE_RESOURCE_EXHAUSTED, "%d calls of this method are being answered already",
                           GRILLE_LIMIT_STATS_SNAPSHOTS);
    }
    if (grille_server_get_stats(user, &state->stats) != GRILLE_OK) {
        atomic_fetch_sub(&snapshots, 1);
        return grille_fail(call, GRILLE_RESOURCE_EXHAUSTED, "no memory for a snapshot");
    }
    state->no_connections = request->no_connections;
    grille_call_set_data(call, state);
    push(stream, user);
    return GRILLE_OK;
}

static void get_ended(get_stream *stream, grille_call_end why, void *user) {
    answer *state = grille_call_data(grille_own_grille_v1_stats_get_server_call(stream));
    (void)why;
    (void)user;
    grille_stats_free(state->stats);
    state->stats = NULL;
    atomic_fetch_sub(&snapshots, 1);
}

grille_code grille_stats_serve(grille_server *server, const grille_policy *policy, const grille_identity *identity,
                               grille_error *error) {
    static const grille_own_grille_v1_stats_handlers handlers = {
        .get = {.open = open_get, .writable = push, .end = get_ended}};
    grille_error_clear(error);
    if (!grille_policy_allows_stats(policy, grille_identity_get_kind(identity))) {
        return grille_reason_code(grille_error_set(
            error, GRILLE_REASON_POLICY_FORBIDS,
            "the stats service is off, as it is in an enclave by default; write `stats: true` into the policy of this "
            "program if its peers may read its counters"));
    }
    return grille_own_grille_v1_stats_register_with_error(server, &handlers, server, error);
}
