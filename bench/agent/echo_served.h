/* SPDX-License-Identifier: Apache-2.0
 * What a server of echo.h does on one connection, and the loop that it does it in. One thread. */
#ifndef GRILLE_BENCH_ECHO_SERVED_H
#define GRILLE_BENCH_ECHO_SERVED_H

#include "bench/agent/echo.h"

/* One connection. */
typedef struct echo_served {
    struct echo_served *next;
    struct echo_served *previous;
    bench_link *link;
    uint64_t seen;   /* bytes: of the request that is under way (bulk), of all (stream-up) */
    uint64_t unsent; /* zeros that are still to be sent */
    uint8_t *rest;   /* of what is to be given back; while there is one, nothing is read */
    size_t rest_at;
    size_t rest_len;
    bool waits; /* for the socket to be writable */
} echo_served;

typedef struct echo_loop {
    const bench_link_kind *kind;
    const bench_spec *spec;
    int epoll;
    int listener;  /* -1: none */
    int hand_over; /* -1: none */
    int stop;      /* readable: the end */
    bench_workspace workspace;
    echo_served all; /* head of the list */
    pthread_t thread;
} echo_loop;

/* Serves a connected socket from now on, or closes it. */
void bench_served_take_over(echo_loop *loop, int fd);
/* After an event of epoll. The connection may be gone after it. */
void bench_served_turn(echo_loop *loop, echo_served *one, uint32_t events);
void bench_served_drop(echo_loop *loop, echo_served *one);

#endif
