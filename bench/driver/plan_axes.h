/* SPDX-License-Identifier: Apache-2.0
 * What a run goes through: every combination that makes sense is a row. */
#ifndef GRILLE_BENCH_PLAN_AXES_H
#define GRILLE_BENCH_PLAN_AXES_H

#include "bench/driver/plan_lists.h"

enum { BENCH_MODES_MAX = BENCH_PEERS_MAX + 4 };

/* The order of the words in plan_axes.c. */
enum { BENCH_UNIX, BENCH_UNIX_ABSTRACT, BENCH_TCP, BENCH_VSOCK, BENCH_HYBRID, BENCH_INPROC };
enum { BENCH_SAME, BENCH_SPLIT, BENCH_FREE };
enum { BENCH_X509, BENCH_NITRO, BENCH_PSK };

extern const char *const bench_transport_words[];
extern const char *const bench_placement_words[];
extern const char *const bench_kind_words[];

/* A column of the comparison. */
typedef struct bench_mode {
    const char *name;
    const char *program; /* NULL: this command */
    bool is_rpc;         /* ours: streams, every transport */
    bool is_attested;    /* has identities */
    bool is_peer;
} bench_mode;

typedef struct bench_axes {
    bench_mode modes[BENCH_MODES_MAX];
    size_t mode_count;
    bench_list patterns; /* of bench_pattern */
    bench_list bytes, in_flight, streams, connections, idle_streams,
        idle_connections; /* empty: the pattern's default */
    bench_list transports, placements, server_kinds, client_kinds;
    bench_spec spec; /* what all rows share */
    const char *target;
    bool left_out_split;
    bool warm_up_given;
} bench_axes;

/* Reads the wishes; names of peers are copied to the plan's programs. False: *wrong says why. */
bool bench_axes_read(const bench_wishes *wishes, unsigned cpus, bench_plan *plan, bench_axes *axes, bench_wrong *wrong);

bool bench_pattern_is_stream(bench_pattern pattern);

#endif
