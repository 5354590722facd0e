/* SPDX-License-Identifier: Apache-2.0
 * Two endpoints back to back in memory, in plaintext, and the thread that turns them. */
#ifndef GRILLE_TESTING_FAKE_PAIR_H
#define GRILLE_TESTING_FAKE_PAIR_H

#include "grille/testing.h"
#include "rpc/channel.h"

typedef struct grille_insecure_fake_pair grille_insecure_fake_pair;

/* Its thread runs. Peers are copied, services borrowed until it has ended. RESOURCE_EXHAUSTED, INTERNAL. */
GRILLE_MUST_USE grille_code grille_insecure_fake_pair_new(grille_services *services, const grille_peer_identity *caller,
                                                          const grille_peer_identity *callee,
                                                          grille_insecure_fake_pair **pair, grille_error *error);
/* The caller's end; lives as long as the pair. */
grille_channel *grille_insecure_fake_pair_channel(const grille_insecure_fake_pair *pair);
/* Monotonic. */
grille_time_us grille_insecure_fake_clock_us(void);
/* Ends every call and the thread, and frees; inside a callback it happens after that has returned. */
void grille_insecure_fake_pair_free(grille_insecure_fake_pair *pair);

#endif
