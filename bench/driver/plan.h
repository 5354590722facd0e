/* SPDX-License-Identifier: Apache-2.0
 * What is measured in one run: from the words of a command line to the rows of a table. */
#ifndef GRILLE_BENCH_PLAN_H
#define GRILLE_BENCH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/agent/spec.h"

enum { BENCH_PEERS_MAX = 8, BENCH_ROWS_MAX = 4096, BENCH_ROUNDS_MAX = 1000 };

/* Another program that speaks an agent's language. */
typedef struct bench_program {
    char name[32];
    const char *path; /* borrowed */
} bench_program;

/* As typed; NULL: not given. Lists have commas; sizes take Ki and Mi. Everything is borrowed. */
typedef struct bench_wishes {
    const char *plan; /* short, standard or full: what is measured where nothing below says */
    const char *rows, *patterns, *directions, *bytes, *in_flight, *streams, *connections, *rate;
    const char *idle_streams, *idle_connections;
    const char *transports, *cid, *port, *placements, *loops, *server_kinds, *client_kinds, *spin_us;
    const char *seconds, *warm_up, *rounds;
    const char *target;         /* the address of a server elsewhere */
    const char *insecure_agent; /* the program with the row rpc-insecure */
    const char *peers[BENCH_PEERS_MAX];
    size_t peer_count;
    bool ours_only; /* neither peers nor rpc-insecure unless `rows` names it */
} bench_wishes;

typedef struct bench_plan_row {
    char mode[32];       /* as reports call it */
    char agent_row[32];  /* as agents do */
    const char *program; /* NULL: this command itself */
    char transport[16];  /* unix, unix-abstract, tcp, vsock, hybrid, inproc; target */
    char placement[8];   /* same, split, free */
    char server_kind[8]; /* x509, nitro, psk: what each side proves */
    char client_kind[8];
    bench_spec spec; /* its address is that of `target`, else empty until the server is there */
} bench_plan_row;

typedef struct bench_plan {
    bench_plan_row *rows;
    size_t row_count;
    uint32_t rounds;
    uint32_t vsock_cid, port;
    bool left_out_split; /* asked for, on a machine with one CPU */
    bench_program programs[BENCH_PEERS_MAX];
    size_t program_count;
} bench_plan;

/* What is wrong with a wish. `known`: the words that `option` takes, when `word` is none of them; static. */
typedef struct bench_wrong {
    char text[512];
    const char *option;
    char word[64];
    const char *const *known;
    size_t known_count;
} bench_wrong;

/* The cross product of what was asked for, without what makes no sense (in-process calls of two processes, idle streams
 * where there are no streams …). Rows that are to be compared stand together. `cpus`: those that this process may use.
 * False: *wrong says what can't be. The plan is the caller's to deinit either way. */
bool bench_plan_make(const bench_wishes *wishes, unsigned cpus, bench_plan *plan, bench_wrong *wrong);
void bench_plan_deinit(bench_plan *plan);

/* "rpc-attested unix same bulk 1 MiB" …, for progress and errors. */
void bench_plan_row_name(const bench_plan_row *row, char name[160]);

/* Wall time that the plan takes at least, in seconds. */
double bench_plan_seconds(const bench_plan *plan);

#endif
