/* SPDX-License-Identifier: Apache-2.0
 * Unary calls: one at a time, so many at once, at a fixed rate. */
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "bench/agent/schedule.h"
#include "bench/rpc/load.h"

/* Calls that are under way in an open loop: below what one channel lets wait. Later ones are sent late; their latency
 * counts from when they were meant to be. */
enum { OPEN_LOOP_MOST = 1000 };

static size_t bulk_bytes(const Grille__Bench__V1__Done *done) {
    return (size_t)done->bytes;
}

/* ---- One at a time, blocking ---- */

static bool take(bench_rpc_load_state *load, grille_channel *channel) {
    client_grille_bench_v1_echo_take_reply reply;
    const grille_code code = client_grille_bench_v1_echo_take(channel, &load->ball, NULL, &reply);
    const bool whole = code == GRILLE_OK && bulk_bytes(reply.response) == load->ball.payload.len;
    if (!whole) bench_rpc_failed(load, "Take", code, code == GRILLE_OK ? "not all of it arrived" : reply.message);
    client_grille_bench_v1_echo_take_reply_free(&reply);
    return whole;
}

void bench_rpc_load_blocking(bench_rpc_load_state *load) {
    const bool bulk = load->spec->pattern == BENCH_BULK;
    const size_t moved = load->spec->bytes * (bulk ? 1 : 2);
    uint32_t at = 0;
    while (!atomic_load_explicit(&load->over, memory_order_relaxed)) {
        grille_channel *channel = load->channels[at];
        const uint64_t begin_ns = bench_now_ns();
        const bool good = bulk ? take(load, channel) : bench_rpc_ping(load, channel);
        const uint64_t now_ns = bench_now_ns();
        if (good) (void)bench_rpc_note(load, now_ns, now_ns - begin_ns, moved);
        at = at + 1 < load->channel_count ? at + 1 : 0;
    }
}

/* ---- So many at once: each answer begins the next call ---- */

typedef struct flight {
    bench_rpc_load_state *load;
    uint32_t connection;
    uint64_t begin_ns;
} flight;

/* False: no further call begins. */
static bool begin_next(flight *own, uint64_t now_ns);

static void landed(flight *own, bool good, size_t moved) {
    bench_rpc_load_state *load = own->load;
    const uint64_t now_ns = bench_now_ns();
    if (good) (void)bench_rpc_note(load, now_ns, now_ns - own->begin_ns, moved);
    /* Fewer calls than connections: they take turns. */
    if (load->spec->in_flight < load->channel_count) {
        own->connection = (own->connection + load->spec->in_flight) % load->channel_count;
    }
    if (!begin_next(own, now_ns)) bench_rpc_land(load);
}

static void on_pong(const client_grille_bench_v1_echo_ping_reply *reply, void *user) {
    flight *own = user;
    bench_rpc_load_state *load = own->load;
    const bool same = reply->code == GRILLE_OK && reply->response->payload.len == load->ball.payload.len;
    if (!same) bench_rpc_failed(load, "Ping", reply->code, reply->message);
    landed(own, same, 2 * load->ball.payload.len);
}

static void on_taken(const client_grille_bench_v1_echo_take_reply *reply, void *user) {
    flight *own = user;
    bench_rpc_load_state *load = own->load;
    const bool whole = reply->code == GRILLE_OK && bulk_bytes(reply->response) == load->ball.payload.len;
    if (!whole) bench_rpc_failed(load, "Take", reply->code, reply->message);
    landed(own, whole, load->ball.payload.len);
}

static bool begin_next(flight *own, uint64_t now_ns) {
    bench_rpc_load_state *load = own->load;
    grille_channel *channel = load->channels[own->connection];
    grille_code code = GRILLE_OK;
    if (atomic_load_explicit(&load->over, memory_order_relaxed)) return false;
    own->begin_ns = now_ns;
    code = load->spec->pattern == BENCH_BULK
               ? client_grille_bench_v1_echo_take_async(channel, &load->ball, NULL, on_taken, own, NULL)
               : client_grille_bench_v1_echo_ping_async(channel, &load->ball, NULL, on_pong, own, NULL);
    if (code != GRILLE_OK) bench_rpc_failed(load, "a call did not begin", code, grille_code_text(code));
    return code == GRILLE_OK;
}

void bench_rpc_load_in_flight(bench_rpc_load_state *load) {
    const uint32_t count = load->spec->in_flight > 0 ? load->spec->in_flight : 1;
    flight *flights = calloc(count, sizeof *flights);
    if (flights == NULL) {
        bench_rpc_failed(load, "in-flight", GRILLE_OUT_OF_MEMORY, "no memory");
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        flights[i] = (flight){.load = load, .connection = i % load->channel_count};
        bench_rpc_start(load);
        if (!begin_next(&flights[i], bench_now_ns())) bench_rpc_land(load);
    }
    bench_rpc_wait(load);
    free(flights);
}

/* ---- At a fixed rate ---- */

typedef struct shot {
    bench_rpc_load_state *load;
    uint64_t intended_ns;
    struct shot *next; /* free ones; under the load's lock */
    struct shot **free_shots;
} shot;

static void give_back(shot *own) {
    bench_rpc_load_state *load = own->load;
    (void)pthread_mutex_lock(&load->lock);
    own->next = *own->free_shots;
    *own->free_shots = own;
    (void)pthread_mutex_unlock(&load->lock);
    bench_rpc_land(load);
}

static shot *take_free(bench_rpc_load_state *load, shot **free_shots) {
    shot *taken = NULL;
    (void)pthread_mutex_lock(&load->lock);
    taken = *free_shots;
    if (taken != NULL) *free_shots = taken->next;
    (void)pthread_mutex_unlock(&load->lock);
    return taken;
}

static void on_hit(const client_grille_bench_v1_echo_ping_reply *reply, void *user) {
    shot *own = user;
    bench_rpc_load_state *load = own->load;
    if (reply->code == GRILLE_OK) {
        const uint64_t now_ns = bench_now_ns();
        (void)bench_rpc_note(load, now_ns, now_ns - own->intended_ns, 2 * load->ball.payload.len);
    } else {
        bench_rpc_failed(load, "Ping", reply->code, reply->message);
    }
    give_back(own);
}

static void sleep_until(uint64_t when_ns) {
    const struct timespec when = {.tv_sec = (time_t)(when_ns / 1000000000u), .tv_nsec = (long)(when_ns % 1000000000u)};
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
}

/* All shots in turn, until it is over. */
static void shoot(bench_rpc_load_state *load, shot **free_shots) {
    bench_schedule schedule;
    bench_schedule_init(&schedule, bench_now_ns(), load->spec->rate);
    for (uint64_t at = 0; !atomic_load(&load->over); at++) {
        const uint64_t intended_ns = bench_schedule_take(&schedule);
        grille_channel *channel = load->channels[at % load->channel_count];
        grille_code code = GRILLE_OK;
        shot *own = NULL;
        if (intended_ns > bench_now_ns()) sleep_until(intended_ns);
        while ((own = take_free(load, free_shots)) == NULL)
            sleep_until(bench_now_ns() + 100000);
        own->intended_ns = intended_ns;
        bench_rpc_start(load);
        code = client_grille_bench_v1_echo_ping_async(channel, &load->ball, NULL, on_hit, own, NULL);
        if (code == GRILLE_OK) continue;
        bench_rpc_failed(load, "a call did not begin", code, grille_code_text(code));
        give_back(own);
    }
}

void bench_rpc_load_open_loop(bench_rpc_load_state *load) {
    const size_t count = OPEN_LOOP_MOST;
    shot *shots = calloc(count, sizeof *shots);
    shot *free_shots = NULL;
    if (shots == NULL || !(load->spec->rate > 0)) {
        bench_rpc_failed(load, "open-loop", GRILLE_INVALID_ARGUMENT, "no rate, or no memory");
        free(shots);
        return;
    }
    for (size_t i = count; i > 0; i--) {
        shots[i - 1] = (shot){.load = load, .next = free_shots, .free_shots = &free_shots};
        free_shots = &shots[i - 1];
    }
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* ns; of this thread */
    shoot(load, &free_shots);
    bench_rpc_wait(load);
    free(shots);
}
