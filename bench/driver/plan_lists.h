/* SPDX-License-Identifier: Apache-2.0
 * Lists of words and numbers on a command line: "64,1Ki,64Ki". */
#ifndef GRILLE_BENCH_PLAN_LISTS_H
#define GRILLE_BENCH_PLAN_LISTS_H

#include "bench/driver/plan.h"

enum { BENCH_LIST_MAX = 32 };

/* Numbers, or places in a list of words. */
typedef struct bench_list {
    uint64_t at[BENCH_LIST_MAX];
    size_t count;
} bench_list;

/* Each reads `text` (NULL: the list stays as it is). False: *wrong says why. Nothing may come twice. */
bool bench_list_numbers(const char *option, const char *text, uint64_t least, uint64_t most, bench_list *list,
                        bench_wrong *wrong);
bool bench_list_words(const char *option, const char *text, const char *const *known, size_t known_count,
                      bench_list *list, bench_wrong *wrong);
/* One number with a fraction. */
bool bench_list_real(const char *option, const char *text, double least, double most, double *value,
                     bench_wrong *wrong);

bool bench_wrong_say(bench_wrong *wrong, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
