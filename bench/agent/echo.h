/* SPDX-License-Identifier: Apache-2.0
 * The rows without an RPC: a server that gives back whatever has arrived, and a load that counts what comes back. What
 * carries the bytes (link.h) is all that differs between them. */
#ifndef GRILLE_BENCH_ECHO_H
#define GRILLE_BENCH_ECHO_H

#include <pthread.h>

#include "bench/agent/link.h"
#include "bench/agent/recorder.h"

/* bench_row's functions, for one kind of link. */
int bench_echo_serve(const bench_link_kind *kind, const bench_spec *spec, void (*ready)(const char *address));
int bench_echo_load(const bench_link_kind *kind, const bench_spec *spec, bench_recorder *recorder);

/* Both ends know the pattern; so the bytes on a stream need no frames.
 *   most patterns   whatever arrives is sent back at once
 *   bulk            `bytes` come, BENCH_BULK_ANSWER goes back
 *   stream-up       zeros come, then one BENCH_STREAM_MARK; the sum of all bytes before it goes back, 8 bytes
 * big-endian stream-down     a BENCH_STREAM_MARK comes, zeros go back until the client closes */
enum { BENCH_BULK_ANSWER = 1, BENCH_STREAM_MARK = 0xff, BENCH_STREAM_SUM = 8 };

/* A server inside the load process, for inproc: one end of each pair of sockets is handed to its thread. */
typedef struct bench_echo_thread {
    pthread_t thread;
    int hand_over[2]; /* a pipe of descriptors; its end ends the thread */
    const bench_link_kind *kind;
    const bench_spec *spec;
} bench_echo_thread;

bool bench_echo_thread_start(bench_echo_thread *server, const bench_link_kind *kind, const bench_spec *spec);
/* The client's end of a new connection; -1: none could be made. */
int bench_echo_thread_dial(bench_echo_thread *server);
void bench_echo_thread_stop(bench_echo_thread *server);

#endif
