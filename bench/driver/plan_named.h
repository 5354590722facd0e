/* SPDX-License-Identifier: Apache-2.0
 * What is measured when nobody says what. */
#ifndef GRILLE_BENCH_PLAN_NAMED_H
#define GRILLE_BENCH_PLAN_NAMED_H

#include "bench/driver/plan.h"

typedef struct bench_named_plan {
    const bench_wishes *parts;
    size_t count;
    const char *seconds, *rounds; /* NULL: what any run has */
} bench_named_plan;

/* The plan that wishes->plan names. False: there is none. */
bool bench_plan_named(const bench_wishes *wishes, bench_named_plan *named, bench_wrong *wrong);

/* Whether the command line says itself what is measured: then the plan's name does not matter. */
bool bench_plan_has_a_shape(const bench_wishes *wishes);

/* One part of the plan; what was typed stands above it. */
bench_wishes bench_plan_part(const bench_wishes *typed, const bench_named_plan *named, size_t which);

#endif
