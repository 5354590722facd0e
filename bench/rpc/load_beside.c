/* SPDX-License-Identifier: Apache-2.0
 * What stands beside the calls: streams that are open, connections that are verified, and nothing moves on either. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/rpc/load.h"
#include "grille/stats.h"

enum { STAND_TIMEOUT_S = 10 };

/* ---- Idle streams ---- */

static void on_stood(client_grille_bench_v1_echo_both_stream *stream, const Grille__Bench__V1__Ball *message,
                     void *user) {
    const bench_rpc_idle_stream *idle = user;
    (void)stream;
    (void)message;
    bench_rpc_land(idle->load);
}

static void on_fell(client_grille_bench_v1_echo_both_stream *stream,
                    const client_grille_bench_v1_echo_both_reply *reply, void *user) {
    const bench_rpc_idle_stream *idle = user;
    (void)stream;
    bench_rpc_failed(idle->load, "an idle stream", reply->code, reply->message);
    if (!atomic_load(&idle->load->closing)) atomic_store(&idle->load->over, true);
}

/* False after a message on standard error: what was begun has not all come back. */
static bool all_stand(bench_rpc_load_state *load, uint32_t begun) {
    if (!bench_rpc_wait_seconds(load, STAND_TIMEOUT_S)) {
        (void)fprintf(stderr, "bench: %u of %u idle streams stand after %d s: the server's max_streams may be lower\n",
                      begun - atomic_load(&load->out), begun, STAND_TIMEOUT_S);
        return false;
    }
    return !atomic_load(&load->over);
}

bool bench_rpc_open_idle_streams(bench_rpc_load_state *load, bench_rpc_idle_stream **streams) {
    static const client_grille_bench_v1_echo_both_events events = {.on_message = on_stood, .on_done = on_fell};
    const Grille__Bench__V1__Ball empty = GRILLE__BENCH__V1__BALL__INIT;
    const uint32_t count = load->spec->idle_streams;
    *streams = calloc(count > 0 ? count : 1, sizeof **streams);
    if (*streams == NULL) return false;
    for (uint32_t i = 0; i < count; i++) {
        bench_rpc_idle_stream *idle = &(*streams)[i];
        grille_channel *channel = load->channels[i % load->channel_count];
        idle->load = load;
        bench_rpc_start(load);
        if (client_grille_bench_v1_echo_both_open(channel, NULL, &events, idle, &idle->stream) != GRILLE_OK ||
            client_grille_bench_v1_echo_both_send(idle->stream, &empty) != GRILLE_OK) {
            (void)fprintf(stderr, "bench: stream %u of %u did not open\n", i + 1, count);
            return false;
        }
        /* Only so many may wait for the peer's settings. */
        if (i % 512 == 511 && !all_stand(load, i + 1)) return false;
    }
    return all_stand(load, count);
}

/* ---- Idle connections ---- */

typedef struct idle_count {
    uint64_t open;
    uint64_t ever; /* verified so far */
} idle_count;

static bool count_idle(const bench_rpc_load_state *load, idle_count *count) {
    *count = (idle_count){0};
    for (uint32_t i = 0; i < load->idle_channel_count; i++) {
        grille_stats *stats = NULL;
        if (grille_channel_get_stats(load->idle_channels[i], &stats) != GRILLE_OK) {
            (void)fprintf(stderr, "bench: no memory to count idle connections\n");
            return false;
        }
        count->open += stats->connection_count;
        count->ever += stats->connections_accepted;
        grille_stats_free(stats);
    }
    return true;
}

bool bench_rpc_open_idle_connections(bench_rpc_load_state *load) {
    const uint32_t wanted = load->spec->idle_connections;
    const uint32_t most = BENCH_RPC_CONNECTIONS_PER_CHANNEL;
    idle_count count;
    if (wanted == 0) return true;
    load->idle_channels = calloc(wanted / most + 1, sizeof *load->idle_channels);
    if (load->idle_channels == NULL) return false;
    for (uint32_t opened = 0; opened < wanted; opened += most) {
        grille_channel *channel = bench_rpc_open_several(load, wanted - opened < most ? wanted - opened : most);
        if (channel == NULL) return false;
        load->idle_channels[load->idle_channel_count++] = channel;
    }
    if (!count_idle(load, &count)) return false;
    load->idle_verified = count.ever;
    return bench_rpc_idle_connections_stand(load);
}

bool bench_rpc_idle_connections_stand(bench_rpc_load_state *load) {
    idle_count count;
    if (load->idle_channel_count == 0) return true;
    if (!count_idle(load, &count)) return false;
    if (count.open == load->spec->idle_connections && count.ever == load->idle_verified) return true;
    (void)fprintf(stderr, "bench: of %u idle connections %llu stand, and %llu were opened anew: one has fallen\n",
                  load->spec->idle_connections, (unsigned long long)count.open,
                  (unsigned long long)(count.ever - load->idle_verified));
    return false;
}
