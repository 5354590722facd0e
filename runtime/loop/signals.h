/* SPDX-License-Identifier: Apache-2.0
 * SIGTERM and SIGINT as a readable descriptor, while somebody serves; their dispositions come back afterwards. */
#ifndef GRILLE_LOOP_SIGNALS_H
#define GRILLE_LOOP_SIGNALS_H

#include "grille/reasons.h"

/* Servers that may run at once in one process. */
#define GRILLE_SIGNALS_MAX_WATCHERS 16

/* From now on each SIGTERM and SIGINT adds one to the eventfd `fd`. SYSTEM when all places are taken. Any thread. */
GRILLE_MUST_USE grille_reason grille_signals_watch(int fd, grille_error *error);
/* The last watcher to go restores the dispositions that the first one found. */
void grille_signals_unwatch(int fd);

#endif
