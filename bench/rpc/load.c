/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/rpc/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "grille/stats.h"

enum { MOST_ERRORS = 100, READY_TIMEOUT_MS = 20000 };

/* ---- Counting ---- */

bool bench_rpc_note(bench_rpc_load_state *load, uint64_t now_ns, uint64_t latency_ns, size_t message_bytes) {
    bool more = false;
    if (load->several_threads) (void)pthread_mutex_lock(&load->lock);
    more = bench_recorder_note(load->recorder, now_ns, latency_ns, message_bytes);
    if (load->several_threads) (void)pthread_mutex_unlock(&load->lock);
    if (!more) atomic_store(&load->over, true);
    return more && !atomic_load_explicit(&load->over, memory_order_relaxed);
}

void bench_rpc_failed(bench_rpc_load_state *load, const char *what, grille_code code, const char *message) {
    if (atomic_load(&load->closing)) return;
    if (atomic_fetch_add(&load->errors, 1) == 0) {
        (void)fprintf(stderr, "bench: %s: %s: %s\n", what, grille_code_name(code), message);
    }
    (void)pthread_mutex_lock(&load->lock);
    bench_recorder_error(load->recorder);
    (void)pthread_mutex_unlock(&load->lock);
    if (atomic_load(&load->errors) >= MOST_ERRORS) atomic_store(&load->over, true);
}

void bench_rpc_start(bench_rpc_load_state *load) {
    atomic_fetch_add(&load->out, 1);
}

void bench_rpc_land(bench_rpc_load_state *load) {
    if (atomic_fetch_sub(&load->out, 1) != 1) return;
    (void)pthread_mutex_lock(&load->lock);
    (void)pthread_cond_signal(&load->landed);
    (void)pthread_mutex_unlock(&load->lock);
}

void bench_rpc_wait(bench_rpc_load_state *load) {
    (void)pthread_mutex_lock(&load->lock);
    while (atomic_load(&load->out) > 0)
        (void)pthread_cond_wait(&load->landed, &load->lock);
    (void)pthread_mutex_unlock(&load->lock);
}

bool bench_rpc_wait_seconds(bench_rpc_load_state *load, unsigned seconds) {
    struct timespec until;
    bool landed = false;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)seconds;
    (void)pthread_mutex_lock(&load->lock);
    while (atomic_load(&load->out) > 0 && pthread_cond_timedwait(&load->landed, &load->lock, &until) == 0) {
    }
    landed = atomic_load(&load->out) == 0;
    (void)pthread_mutex_unlock(&load->lock);
    return landed;
}

/* ---- Channels ---- */

bool bench_rpc_ping(bench_rpc_load_state *load, grille_channel *channel) {
    client_grille_bench_v1_echo_ping_reply reply;
    const grille_code code = client_grille_bench_v1_echo_ping(channel, &load->ball, NULL, &reply);
    const bool same = code == GRILLE_OK && reply.response->payload.len == load->ball.payload.len;
    if (!same) bench_rpc_failed(load, "Ping", code, code == GRILLE_OK ? "another payload came back" : reply.message);
    client_grille_bench_v1_echo_ping_reply_free(&reply);
    return same;
}

/* True when so many connections of the channel are verified. */
static bool has_connections(grille_channel *channel, uint32_t count) {
    grille_stats *stats = NULL;
    bool has = grille_channel_get_stats(channel, &stats) == GRILLE_OK && stats->connection_count >= count;
    grille_stats_free(stats);
    return has;
}

static bool wait_for_connections(grille_channel *channel, uint32_t count) {
    for (unsigned waited_ms = 0; !has_connections(channel, count); waited_ms++) {
        if (waited_ms == READY_TIMEOUT_MS) {
            (void)fprintf(stderr, "bench: not all of %u connections stand after %d ms\n", count, READY_TIMEOUT_MS);
            return false;
        }
        (void)usleep(1000);
    }
    return true;
}

/* The same address so many times; the caller's. */
static char *repeat_address(const char *address, uint32_t count) {
    const size_t capacity = count * (strlen(address) + 1);
    char *text = malloc(capacity);
    size_t used = 0;
    for (uint32_t i = 0; text != NULL && i < count; i++)
        used += (size_t)snprintf(text + used, capacity - used, "%s%s", i > 0 ? "," : "", address);
    return text;
}

grille_channel *bench_rpc_open_several(bench_rpc_load_state *load, uint32_t count) {
    char *address = repeat_address(load->address, count);
    grille_channel_options options = load->options;
    grille_channel *channel = NULL;
    bool opened = false;
    grille_error error;
    options.balancing = count > 1 ? GRILLE_ROUND_ROBIN : GRILLE_PICK_FIRST;
    opened = address != NULL && bench_rpc_told(grille_channel_open(address, &options, &channel, &error), &error) &&
             bench_rpc_told(grille_channel_wait_ready(channel, READY_TIMEOUT_MS, &error), &error) &&
             (count == 1 || wait_for_connections(channel, count));
    free(address);
    if (opened) return channel;
    grille_channel_close(channel);
    return NULL;
}

/* One call over it, too. */
static grille_channel *open_asked(bench_rpc_load_state *load, uint32_t count) {
    grille_channel *channel = bench_rpc_open_several(load, count);
    if (channel == NULL || bench_rpc_ping(load, channel)) return channel;
    grille_channel_close(channel);
    return NULL;
}

grille_channel *bench_rpc_open_one(bench_rpc_load_state *load) {
    return open_asked(load, 1);
}

bool bench_rpc_open_channels(bench_rpc_load_state *load, uint32_t connections, uint32_t per_channel) {
    for (uint32_t opened = load->channel_count * per_channel; opened < connections; opened += per_channel) {
        const uint32_t left = connections - opened;
        grille_channel *channel = open_asked(load, left < per_channel ? left : per_channel);
        if (channel == NULL) return false;
        load->channels[load->channel_count++] = channel;
    }
    return true;
}

void bench_rpc_close_channels(bench_rpc_load_state *load) {
    atomic_store(&load->closing, true);
    while (load->channel_count > 0)
        grille_channel_close(load->channels[--load->channel_count]);
    while (load->idle_channel_count > 0)
        grille_channel_close(load->idle_channels[--load->idle_channel_count]);
}

/* ---- One load ---- */

static bool init(bench_rpc_load_state *load, const bench_rpc_trust *trust, const bench_spec *spec,
                 bench_recorder *recorder) {
    static const char in_process[] = "inproc:";
    const uint32_t channels = spec->connections > 0 ? spec->connections : 1;
    *load = (bench_rpc_load_state){.spec = spec, .recorder = recorder, .address = spec->address};
    load->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    load->landed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    load->several_threads = channels > 1 || spec->pattern == BENCH_CONNECT;
    load->ball = (Grille__Bench__V1__Ball)GRILLE__BENCH__V1__BALL__INIT;
    load->ball.payload.len = spec->bytes;
    load->ball.payload.data = calloc(1, spec->bytes > 0 ? spec->bytes : 1);
    load->channels = calloc(channels, sizeof *load->channels);
    if (load->ball.payload.data == NULL || load->channels == NULL || !trust->load(spec, false, &load->end)) {
        return false;
    }
    load->options = grille_channel_options_default();
    load->options.identity = load->end.identity;
    load->options.policy = load->end.policy;
    load->options.spin_us = spec->spin_us;
    if (load->options.max_calls < bench_rpc_streams(spec)) load->options.max_calls = bench_rpc_streams(spec);
    load->options.max_message_bytes = bench_rpc_message_bytes(spec);
    load->options.max_memory_bytes = bench_rpc_memory_bytes(spec);
    if (strncmp(spec->address, in_process, strlen(in_process)) != 0) return true;
    load->own_server = bench_rpc_server_start(trust, spec, spec->address);
    return load->own_server != NULL;
}

static void deinit(bench_rpc_load_state *load) {
    bench_rpc_close_channels(load);
    grille_server_free(load->own_server);
    bench_rpc_end_free(&load->end);
    free(load->channels);
    free(load->idle_channels);
    free(load->ball.payload.data);
}

static void run_on_channels(bench_rpc_load_state *load) {
    switch (load->spec->pattern) {
    case BENCH_OPEN_LOOP:
        bench_rpc_load_open_loop(load);
        return;
    case BENCH_STREAM_UP:
    case BENCH_STREAM_DOWN:
    case BENCH_STREAM_BOTH:
        bench_rpc_load_streams(load);
        return;
    case BENCH_IN_FLIGHT:
        bench_rpc_load_in_flight(load);
        return;
    case BENCH_BULK:
        if (load->spec->in_flight > 1) {
            bench_rpc_load_in_flight(load);
            return;
        }
        break;
    default:
        break;
    }
    bench_rpc_load_blocking(load);
}

/* A channel is a thread: a thousand of them would measure the scheduler. Streams stay where they began. */
static uint32_t per_channel(const bench_spec *spec) {
    switch (spec->pattern) {
    case BENCH_PING_PONG:
    case BENCH_IN_FLIGHT:
    case BENCH_OPEN_LOOP:
    case BENCH_BULK:
        return spec->idle_streams > 0 ? 1 : BENCH_RPC_CONNECTIONS_PER_CHANNEL;
    default:
        return 1;
    }
}

static bool run(bench_rpc_load_state *load) {
    const bench_spec *spec = load->spec;
    bench_rpc_idle_stream *streams = NULL;
    bool stands = true;
    if (spec->pattern == BENCH_CONNECT) {
        bench_rpc_load_connect(load);
    } else if (spec->pattern == BENCH_IDLE) {
        bench_rpc_load_idle(load);
    } else {
        stands = bench_rpc_open_channels(load, spec->connections > 0 ? spec->connections : 1, per_channel(spec)) &&
                 bench_rpc_open_idle_streams(load, &streams) && bench_rpc_open_idle_connections(load);
        if (stands) {
            bench_recorder_start(load->recorder, bench_now_ns());
            run_on_channels(load);
            stands = bench_rpc_idle_connections_stand(load);
        }
    }
    bench_rpc_close_channels(load);
    free(streams);
    return stands && load->recorder->result.calls > 0 && atomic_load(&load->errors) < MOST_ERRORS;
}

int bench_rpc_load(const bench_rpc_trust *trust, const bench_spec *spec, bench_recorder *recorder) {
    bench_rpc_load_state load;
    bool done = false;
    bench_rpc_log_errors_only();
    done = init(&load, trust, spec, recorder) && run(&load);
    (void)snprintf(recorder->result.cipher, sizeof recorder->result.cipher, "%s", trust->cipher());
    deinit(&load);
    return done ? 0 : 1;
}
