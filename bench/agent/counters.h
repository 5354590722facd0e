/* SPDX-License-Identifier: Apache-2.0
 * Heap calls of both ends, in one page that both processes map: each counts its own, the load process reads both. */
#ifndef GRILLE_BENCH_COUNTERS_H
#define GRILLE_BENCH_COUNTERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { BENCH_COUNTERS_BYTES = 4096 };

/* The file's content, zeroed by whoever makes it. An end that counts says so, by a 1. */
typedef struct bench_counters {
    _Atomic uint64_t server_heap_calls;
    _Atomic uint64_t client_heap_calls;
    _Atomic uint64_t server_counts;
    _Atomic uint64_t client_counts;
} bench_counters;

/* Where this process counts: a page of its own until one is opened. //bench/agent:heap_count adds to it. */
extern _Atomic uint64_t *bench_heap_counter;
/* Set by //bench/agent:heap_count before main. */
extern bool bench_heap_is_counted;

/* Maps the file and counts there as one of the ends from now on. False: it can't be mapped, errno tells. */
bool bench_counters_open(const char *path, bool as_server);

/* Heap calls so far; -1: nobody counts them, or no file was opened. */
int64_t bench_counters_of_server(void);
int64_t bench_counters_of_client(void);

#endif
