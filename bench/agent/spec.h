/* SPDX-License-Identifier: Apache-2.0
 * What is measured, once: one row of a table. Every agent (ours and those of peers) takes it as the same options. */
#ifndef GRILLE_BENCH_SPEC_H
#define GRILLE_BENCH_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* X(identifier, option's word, what it does) */
#define BENCH_PATTERN_MAP(X)                                                                                           \
    X(PING_PONG, "ping-pong", "one call at a time, over the connections in turn; the answer has the same bytes")       \
    X(IN_FLIGHT, "in-flight", "so many calls at once all the time, over the connections in turn")                      \
    X(OPEN_LOOP, "open-loop", "calls at a fixed rate, latency from the time when each was meant to be sent")           \
    X(BULK, "bulk", "unary calls with a large request and an empty answer")                                            \
    X(STREAM_UP, "stream-up", "messages of one direction: to the server, one stream per connection and in-flight")     \
    X(STREAM_DOWN, "stream-down", "messages of one direction: from the server")                                        \
    X(STREAM_BOTH, "stream-both", "messages in both directions at once")                                               \
    X(CONNECT, "connect", "connections opened, proved both ways, one call, closed; in-flight of them at once")         \
    X(IDLE, "idle", "connections that only stand: memory of the server for each")

typedef enum bench_pattern {
#define X(identifier, word, text) BENCH_##identifier,
    BENCH_PATTERN_MAP(X)
#undef X
        BENCH_PATTERN_COUNT
} bench_pattern;

/* Made by bench_spec_default(); one row. */
typedef struct bench_spec {
    bench_pattern pattern;
    size_t bytes;              /* payload of one message; default 64 */
    uint32_t in_flight;        /* calls (connects, streams) at once; default 1 */
    uint32_t connections;      /* default 1 */
    uint32_t idle_streams;     /* streams that stand open beside the calls, spread over the connections; default 0 */
    uint32_t idle_connections; /* connections that stand beside those in use and carry nothing; default 0 */
    double rate;               /* calls per second, open-loop only */
    double seconds;            /* measured time; 0 when `count` tells the end; default 1 */
    uint64_t count;            /* measured calls or messages; 0: the time tells */
    uint32_t warm_up_ms;       /* before the measured part; default 200; with a count: a tenth as many calls; 0: none */
    char address[256];         /* of the server, in the library's forms; inproc:NAME: the agent serves itself */
    char folder[256];          /* identities and policies of the rows that prove something; empty: none needed */
    char counters[256];        /* file that both ends map (counters.h); empty: none */
    int server_pid;            /* whose CPU and memory are the server's; 0: not ours to see */
    uint32_t spin_us;          /* polling before sleep of rows that can; default 50 */
    uint32_t loops;            /* the server's loop threads; default 1 */
} bench_spec;

bench_spec bench_spec_default(void);

/* The word of a pattern, and back; false when there is none. */
const char *bench_pattern_word(bench_pattern pattern);
bool bench_pattern_of(const char *word, bench_pattern *pattern);

/* Reads one option `--name value` into the spec; `why` (512 bytes) tells what is wrong. Options are the fields' names
 * with hyphens (--to is the address). Sizes take Ki and Mi. */
bool bench_spec_option(bench_spec *spec, const char *name, const char *value, char why[512]);

/* Whether the options fit together: an open loop has a rate and nothing else has, something tells the end, there is an
 * address, idle connections stand beside calls. */
bool bench_spec_check(const bench_spec *spec, char why[512]);

/* Options and what they take, one a line. */
void bench_spec_help(FILE *out);

/* The options of an agent that say the same, as a NULL-terminated list in `words`; storage is inside, so `words` is not
 * copied. Empty texts and a server_pid of 0 are left out. False: no room. */
typedef struct bench_words {
    char *argv[64];
    char text[2048];
    int argc;
    size_t used;
} bench_words;
bool bench_spec_words(const bench_spec *spec, bench_words *words);

#endif
