/* SPDX-License-Identifier: Apache-2.0
 * A way to move the same bytes: what an agent program can be. */
#ifndef GRILLE_BENCH_ROW_H
#define GRILLE_BENCH_ROW_H

#include "bench/agent/recorder.h"

typedef struct bench_row {
    const char *name; /* raw, tls, rpc-insecure, rpc-attested */
    /* Serves spec->address until SIGTERM or the end of standard input; calls `ready` with the bound address once
     * connections are taken. 0, or an exit code after a message on standard error. */
    int (*serve)(const bench_spec *spec, void (*ready)(const char *address));
    /* Connects, warms up, measures; 0, or an exit code after a message on standard error. UNSUPPORTED_PATTERN for what
     * makes no sense in this row. */
    int (*load)(const bench_spec *spec, bench_recorder *recorder);
} bench_row;

enum { BENCH_UNSUPPORTED_PATTERN = 3 };

extern const bench_row bench_row_raw;          /* the transport alone */
extern const bench_row bench_row_tls;          /* wolfSSL's records on it, no framing: the ceiling of any TLS channel */
extern const bench_row bench_row_rpc_attested; /* calls of generated code, the whole channel */

/* agent serve ROW OPTIONS… | agent load ROW OPTIONS… for the rows given (NULL at the end); the whole program but for
 * its list of rows. */
int bench_agent_main(const bench_row *const *rows, int argc, char **argv);

#endif
