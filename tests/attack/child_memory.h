/* SPDX-License-Identifier: Apache-2.0
 * Searches the memory of another process, all of it: heap, stacks, what libraries hold. */
#ifndef GRILLE_TESTS_ATTACK_CHILD_MEMORY_H
#define GRILLE_TESTS_ATTACK_CHILD_MEMORY_H

#include <stddef.h>
#include <sys/types.h>

/* Bytes to look for, and how often they were found. */
typedef struct memory_pattern {
    const char *name;
    const void *data;
    size_t len;
    unsigned found;
} memory_pattern;

/* Sets `found` of each; answers how many bytes were looked at. Everything asserts. */
size_t child_memory_search(pid_t pid, memory_pattern *patterns, size_t count);

#endif
