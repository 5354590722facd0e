/* SPDX-License-Identifier: Apache-2.0
 * Which event loop's turn this thread is in. One thread at a time turns a loop, and each sees what the one before it
 * did, so that whoever is inside may write what belongs to the loop without a lock. */
#ifndef GRILLE_BASE_TURN_H
#define GRILLE_BASE_TURN_H

#include <stdbool.h>
#include <stddef.h>

/* The loop, by its address; NULL: none. Set by the loop alone. */
extern _Thread_local const void *grille_turn_of;

/* Whether this thread is in a turn of that loop; false for NULL. The loop need not exist any more. */
static inline bool grille_turn_is_of(const void *loop) {
    return loop != NULL && grille_turn_of == loop;
}

#endif
