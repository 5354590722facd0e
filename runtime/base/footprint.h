/* SPDX-License-Identifier: Apache-2.0
 * Which lines of memory a piece of work touches, so that all of them can be asked for before the first is needed. Of a
 * thousand connections that are used in turn each finds its memory outside of the CPU's caches: line by line, as the
 * work comes to them, a call waits for each; asked for together they arrive together. */
#ifndef GRILLE_BASE_FOOTPRINT_H
#define GRILLE_BASE_FOOTPRINT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A line of all CPUs that we build for. Another size costs speed and nothing else. */
enum { GRILLE_LINE_BYTES = 64 };
enum { GRILLE_FOOTPRINT_PARTS = 15 };

/* Caller's storage; zeroed: nothing. The memory is never read through it, so it may be gone by the time that it is
 * asked for. One thread. */
typedef struct grille_footprint {
    /* Where a run of lines begins, and in the six bits that are free in its address how many follow the first. Ends
     * with 0. */
    uintptr_t parts[GRILLE_FOOTPRINT_PARTS + 1];
} grille_footprint;

static inline void grille_footprint_clear(grille_footprint *footprint) {
    memset(footprint, 0, sizeof *footprint);
}

/* At most 64 lines of it. NULL is ignored, and so is what comes when the footprint is full. */
static inline void grille_footprint_add(grille_footprint *footprint, const void *memory, size_t bytes) {
    const uintptr_t within = GRILLE_LINE_BYTES - 1;
    const uintptr_t first = (uintptr_t)memory & ~within;
    uintptr_t more = 0;
    size_t i = 0;
    if (memory == NULL || bytes == 0) return;
    while (i < GRILLE_FOOTPRINT_PARTS && footprint->parts[i] != 0)
        i++;
    if (i == GRILLE_FOOTPRINT_PARTS) return;
    more = ((uintptr_t)memory - first + bytes - 1) / GRILLE_LINE_BYTES;
    footprint->parts[i] = first | (more < within ? more : within);
}

/* Asks for all of it, into the second level of the caches: the first takes some twenty lines at a time, and whoever
 * asks for more waits. Can't fail. */
static inline void grille_footprint_fetch(const grille_footprint *footprint) {
    for (const uintptr_t *part = footprint->parts; *part != 0; part++) {
        const uintptr_t within = GRILLE_LINE_BYTES - 1;
        const char *line = (const char *)(*part & ~within);
        for (uintptr_t left = (*part & within) + 1; left > 0; left--, line += GRILLE_LINE_BYTES)
            __builtin_prefetch(line, 0, 2);
    }
}

#endif
