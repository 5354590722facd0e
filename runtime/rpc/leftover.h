/* SPDX-License-Identifier: Apache-2.0
 * Messages of an answer that came whole before the connection went and that nobody has read yet. */
#ifndef GRILLE_RPC_LEFTOVER_H
#define GRILLE_RPC_LEFTOVER_H

#include "session/session.h"

/* Zeroed: nothing. */
typedef struct grille_leftover {
    uint8_t *bytes; /* each message behind its length */
    size_t len;
    size_t at;
} grille_leftover;

/* Takes copies of all messages that wait in the stream, at most a window's; they are done there. False without memory,
 * or when one has more than `most_bytes`: nothing is kept then. */
GRILLE_MUST_USE bool grille_leftover_keep(grille_leftover *leftover, grille_stream *stream, size_t most_bytes);
/* The oldest one, which lives until drop; false when there is none. */
GRILLE_MUST_USE bool grille_leftover_next(grille_leftover *leftover, grille_bytes *message);
/* Wipes and frees. Harmless on nothing. */
void grille_leftover_drop(grille_leftover *leftover);

#endif
