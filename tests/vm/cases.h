/* SPDX-License-Identifier: Apache-2.0
 * Cases of programs that have no test library beside them; told as cmocka tells its own. */
#ifndef GRILLE_TESTS_VM_CASES_H
#define GRILLE_TESTS_VM_CASES_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "grille/status.h"

/* Of the case that runs: where calls put their errors, and what it says when it fails. */
extern grille_error vm_error;
extern char vm_problem[1024];

/* Leaves a case, a function that answers whether all was well. */
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)snprintf(vm_problem, sizeof vm_problem, "%s:%d: %s (%s)", __FILE__, __LINE__, #condition,            \
                           vm_error.text);                                                                             \
            return false;                                                                                              \
        }                                                                                                              \
    } while (0)

#define CHECK_EQUAL(value, expected)                                                                                   \
    do {                                                                                                               \
        const uint64_t is = (value), should = (expected);                                                              \
        if (is != should) {                                                                                            \
            (void)snprintf(vm_problem, sizeof vm_problem, "%s:%d: %s is %" PRIu64 ", not %" PRIu64, __FILE__,          \
                           __LINE__, #value, is, should);                                                              \
            return false;                                                                                              \
        }                                                                                                              \
    } while (0)

typedef struct vm_case {
    const char *name;
    bool (*run)(void);
} vm_case;

/* Runs them in turn; true when all were well. Main thread. */
bool vm_run_cases(const vm_case *cases, size_t count);

#endif
