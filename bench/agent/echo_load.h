/* SPDX-License-Identifier: Apache-2.0
 * What the loads of echo.h share: connections, waiting, writing. One thread. */
#ifndef GRILLE_BENCH_ECHO_LOAD_H
#define GRILLE_BENCH_ECHO_LOAD_H

#include <sys/epoll.h>

#include "bench/agent/echo.h"
#include "bench/agent/sockets.h"

/* Calls that were sent at the same time. */
typedef struct echo_batch {
    uint64_t sent_ns;
    uint64_t calls;
} echo_batch;

typedef struct echo_connection {
    bench_link *link;
    uint64_t unsent;  /* zeros that are still to be sent */
    uint64_t partial; /* bytes of an answer that has not arrived whole */
    uint64_t total;   /* bytes of a stream so far */
    bool waits;       /* for the socket to be writable */
    bool is_dirty;    /* something is to be sent at the end of this turn */
    echo_batch *sent; /* a ring, oldest at `first`; its capacity is a power of two */
    uint64_t first;
    uint64_t batches;
    uint64_t capacity;
} echo_connection;

typedef struct echo_load {
    const bench_link_kind *kind;
    const bench_spec *spec;
    bench_recorder *recorder;
    grille_address address;
    bench_echo_thread *inside; /* the server, when it is in this process */
    bench_workspace workspace;
    int epoll;
    echo_connection *connections; /* those of the calls, behind them those that stand idle */
    uint32_t opened;              /* of the first */
    uint32_t idle;                /* of the others */
    uint64_t in_turn;             /* the connection of the next call */
    uint32_t *dirty;
    uint32_t dirty_count;
} echo_load;

/* What is sent where its content does not matter. */
extern const uint8_t bench_zeros[BENCH_READ_BYTES];

/* A connected link, known to epoll with `data`; TLS may still be shaking hands. NULL: it failed, with a message. */
bench_link *bench_load_dial(echo_load *load, void *data);
/* The next connection, ready for calls. */
bool bench_load_open_one(echo_load *load);
/* As many as the spec asks for, and then those that stand idle: the handshake is all that they carry. */
bool bench_load_open_all(echo_load *load);

/* Waits until something happens, at most until `until_ns` (0: until the server must be taken for dead). The number of
 * events; -1 after a message, also when an idle connection has fallen or said something. 0 only with a time. */
int bench_load_wait(echo_load *load, struct epoll_event *events, int most, uint64_t until_ns);

/* Sends what is unsent and behind, as far as the socket takes it, and has epoll wait for the rest. False: the
 * connection is gone. */
bool bench_load_send(echo_load *load, echo_connection *one);

/* After a message: the server has ended, or has answered what nobody asked. */
bool bench_load_gone(void);

/* The patterns. */
bool bench_load_calls(echo_load *load);
bool bench_load_stream_up(echo_load *load);
bool bench_load_stream_down(echo_load *load);
bool bench_load_stream_both(echo_load *load);
bool bench_load_connects(echo_load *load);
bool bench_load_idle(echo_load *load);

#endif
