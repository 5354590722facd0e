/* SPDX-License-Identifier: Apache-2.0
 * Inside of the load's side; included by load*.c only. */
#ifndef GRILLE_BENCH_RPC_LOAD_H
#define GRILLE_BENCH_RPC_LOAD_H

#include <pthread.h>
#include <stdatomic.h>

#include "bench/rpc/echo.grille-pb.h"
#include "bench/rpc/rpc.h"

/* As many addresses as a channel takes. */
enum { BENCH_RPC_CONNECTIONS_PER_CHANNEL = 1024 };

/* One load. Callbacks of different connections run on different threads. */
typedef struct bench_rpc_load_state {
    const bench_spec *spec;
    bench_recorder *recorder;
    bench_rpc_end end;
    grille_channel_options options;
    grille_server *own_server; /* inproc: it is served here; else NULL */
    const char *address;
    grille_channel **channels;
    uint32_t channel_count;
    grille_channel **idle_channels; /* of connections that stand beside those in use */
    uint32_t idle_channel_count;
    uint64_t idle_verified;       /* on them, ever: more of them later means that one has fallen */
    Grille__Bench__V1__Ball ball; /* what every call sends */
    bool several_threads;         /* note results: the recorder takes one thread at a time */
    pthread_mutex_t lock;
    pthread_cond_t landed; /* `out` fell to 0 */
    atomic_bool over;      /* no further call begins */
    atomic_uint out;       /* calls and streams under way */
    atomic_uint errors;
    atomic_bool closing; /* what ends now was meant to */
} bench_rpc_load_state;

/* Opens channels until there are so many connections: both ends proved on each, and one call answered on each channel.
 * Calls go over the connections of a channel in turn. False after a message on standard error. close is harmless
 * before it. */
bool bench_rpc_open_channels(bench_rpc_load_state *load, uint32_t connections, uint32_t per_channel);
void bench_rpc_close_channels(bench_rpc_load_state *load);

/* A channel with so many connections to the same address, both ends proved on each; its calls go over them in turn.
 * NULL after a message on standard error. */
grille_channel *bench_rpc_open_several(bench_rpc_load_state *load, uint32_t count);
/* A channel of its own, ready, and one call over it; NULL after a message on standard error. */
grille_channel *bench_rpc_open_one(bench_rpc_load_state *load);

/* One blocking Ping. False: it failed, or another payload came back; the error is counted. */
bool bench_rpc_ping(bench_rpc_load_state *load, grille_channel *channel);

/* One call or message ended. False: no further one begins. */
bool bench_rpc_note(bench_rpc_load_state *load, uint64_t now_ns, uint64_t latency_ns, size_t message_bytes);
/* Counts an error and tells the first one; so many of them end the load. */
void bench_rpc_failed(bench_rpc_load_state *load, const char *what, grille_code code, const char *message);

/* A call or stream begins; and its last callback is there. */
void bench_rpc_start(bench_rpc_load_state *load);
void bench_rpc_land(bench_rpc_load_state *load);
/* Until all have landed. */
void bench_rpc_wait(bench_rpc_load_state *load);
/* The same for some seconds at most; false: they have not. */
bool bench_rpc_wait_seconds(bench_rpc_load_state *load, unsigned seconds);

/* The patterns, on channels that stand. Each returns when all that it began is over. */
void bench_rpc_load_blocking(bench_rpc_load_state *load);
void bench_rpc_load_in_flight(bench_rpc_load_state *load);
void bench_rpc_load_open_loop(bench_rpc_load_state *load);
void bench_rpc_load_streams(bench_rpc_load_state *load);
/* These open their own. */
void bench_rpc_load_connect(bench_rpc_load_state *load);
void bench_rpc_load_idle(bench_rpc_load_state *load);

/* Opens streams of Both that stand until their channels close, spread over the channels; returns when each of them has
 * brought a message back. False: not all did. `streams` is freed by the caller, after the channels. */
typedef struct bench_rpc_idle_stream {
    bench_rpc_load_state *load;
    client_grille_bench_v1_echo_both_stream *stream;
} bench_rpc_idle_stream;
bool bench_rpc_open_idle_streams(bench_rpc_load_state *load, bench_rpc_idle_stream **streams);

/* Opens the connections that stand beside those in use, on channels of their own that close with the others; returns
 * when both ends are proved on each. False after a message on standard error. */
bool bench_rpc_open_idle_connections(bench_rpc_load_state *load);
/* Whether all of them stand, and have stood since then: a channel dials again when one has fallen, which is a
 * measurement of something else. False after a message on standard error. */
bool bench_rpc_idle_connections_stand(bench_rpc_load_state *load);

#endif
