/* SPDX-License-Identifier: Apache-2.0
 * The command line of grille bench. */
#ifndef GRILLE_TOOLS_BENCH_REQUEST_H
#define GRILLE_TOOLS_BENCH_REQUEST_H

#include "bench/driver/plan.h"
#include "bench_outputs.h"

/* What the command line says. */
typedef struct bench_request {
    bench_wishes wishes;
    bench_outputs outputs;
    const char *identity, *policy, *seed_text;
    uint64_t seed;
    bool no_counts, quiet;
} bench_request;

/* False: *status is what the process ends with, and everything was said. `optimised`: this build may publish. */
bool bench_request_parse(int argc, char **argv, bool optimised, bench_request *asked, int *status);

/* Says what is wrong with the plan; answers an exit status. */
int bench_request_complain(const bench_wrong *wrong);

#endif
