/* SPDX-License-Identifier: Apache-2.0
 * A list of lines of text. */
#ifndef GRILLE_TOOLS_LINES_H
#define GRILLE_TOOLS_LINES_H

#include "grille/bytes.h"

/* Caller's storage, zeroed at first. The lines are owned. */
typedef struct lines {
    char **text;
    size_t count, capacity;
} lines;

/* Adds one line. Ends the process when there is no memory: a command has nothing to save. */
void lines_add(lines *list, const char *format, ...) GRILLE_PRINTF(2, 3);
/* In the order of strcmp. */
void lines_sort(lines *list);
void lines_free(lines *list);

#endif
