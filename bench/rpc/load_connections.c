/* SPDX-License-Identifier: Apache-2.0
 * Connections opened all the time, and connections that only stand. */
#include <stdlib.h>

#include "bench/agent/usage.h"
#include "bench/rpc/load.h"

/* ---- Connect ---- */

static void *connect_again_and_again(void *user) {
    bench_rpc_load_state *load = user;
    while (!atomic_load(&load->over)) {
        const uint64_t begin_ns = bench_now_ns();
        grille_channel *channel = bench_rpc_open_one(load);
        uint64_t now_ns = 0;
        if (channel == NULL) {
            bench_rpc_failed(load, "a connection", GRILLE_UNAVAILABLE, "it did not open");
            continue;
        }
        grille_channel_close(channel);
        now_ns = bench_now_ns();
        (void)bench_rpc_note(load, now_ns, now_ns - begin_ns, 2 * load->ball.payload.len);
    }
    return NULL;
}

void bench_rpc_load_connect(bench_rpc_load_state *load) {
    const uint32_t count = load->spec->in_flight > 0 ? load->spec->in_flight : 1;
    pthread_t *threads = calloc(count, sizeof *threads);
    uint32_t begun = 0;
    bench_recorder_start(load->recorder, bench_now_ns());
    while (threads != NULL && begun < count &&
           pthread_create(&threads[begun], NULL, connect_again_and_again, load) == 0)
        begun++;
    if (begun < count) {
        atomic_store(&load->over, true);
        bench_rpc_failed(load, "connect", GRILLE_SYSTEM, "not so many threads can be had");
    }
    while (begun > 0)
        (void)pthread_join(threads[--begun], NULL);
    free(threads);
}

/* ---- Idle ---- */

/* After this a connection has given its buffers back. */
enum { SETTLE_NS = 1000000000 };

static void settle(void) {
    const struct timespec time = {.tv_sec = SETTLE_NS / 1000000000, .tv_nsec = SETTLE_NS % 1000000000};
    (void)nanosleep(&time, NULL);
}

void bench_rpc_load_idle(bench_rpc_load_state *load) {
    bench_recorder *recorder = load->recorder;
    const uint32_t count = load->spec->connections > 0 ? load->spec->connections : 1;
    if (!bench_rpc_open_channels(load, 1, 1)) return;
    settle();
    if (load->spec->server_pid > 0) {
        recorder->result.server_first_rss_kib = bench_usage_rss_kib(load->spec->server_pid);
    }
    bench_recorder_begin(recorder, bench_now_ns());
    if (!bench_rpc_open_channels(load, count, 1)) return;
    settle();
    recorder->result.calls = count;
    bench_recorder_end(recorder, bench_now_ns());
}
