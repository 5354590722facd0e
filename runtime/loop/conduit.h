/* SPDX-License-Identifier: Apache-2.0
 * A connected byte stream that belongs to no loop yet: a descriptor or one end of a pipe inside the process. A plain
 * value; whoever holds it closes it or opens a transport on it. Any thread. */
#ifndef GRILLE_LOOP_CONDUIT_H
#define GRILLE_LOOP_CONDUIT_H

#include "loop/pipe.h"

typedef struct grille_conduit {
    int fd; /* -1: a pipe, or nothing */
    grille_pipe_end *end;
} grille_conduit;

#define GRILLE_NO_CONDUIT ((grille_conduit){-1, NULL})

grille_conduit grille_conduit_of_fd(int fd);
grille_conduit grille_conduit_of_pipe(grille_pipe_end *end);
bool grille_conduit_is_open(grille_conduit conduit);
/* Harmless for none. */
void grille_conduit_close(grille_conduit conduit);

#endif
