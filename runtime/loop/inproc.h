/* SPDX-License-Identifier: Apache-2.0
 * Names inside one process (inproc:NAME): who listens, and how to reach it. */
#ifndef GRILLE_LOOP_INPROC_H
#define GRILLE_LOOP_INPROC_H

#include "loop/pipe.h"

typedef struct grille_inproc_listener grille_inproc_listener;

/* Told for each connection; the end is the receiver's. Leader. */
typedef void grille_inproc_accepted_fn(void *user, grille_pipe_end *end);

/* Takes the name, so that it can be reached from now on: 0, -EADDRINUSE or -ENOMEM. `name` is copied. Any thread. */
GRILLE_MUST_USE int grille_inproc_listen(grille_bytes name, grille_inproc_listener **listener);
/* Hands out those who came and those who come. Once; leader. */
void grille_inproc_start(grille_inproc_listener *listener, grille_loop *loop, grille_inproc_accepted_fn *accepted,
                         void *user);
/* Gives the name back, closes who waits, and frees. Leader once it is started. NULL is ignored. */
void grille_inproc_close(grille_inproc_listener *listener);

/* Reaches who listens under the name: 0, -ECONNREFUSED (nobody does), -EAGAIN (too many wait for it), -ENOMEM. Any
 * thread. */
GRILLE_MUST_USE int grille_inproc_connect(grille_bytes name, grille_pipe_end **end);

#endif
