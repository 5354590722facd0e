/* SPDX-License-Identifier: Apache-2.0
 * The functions of the seam over anything that exchanges encoded messages: the device and the module in memory. */
#ifndef GRILLE_NSM_CLIENT_H
#define GRILLE_NSM_CLIENT_H

#include "nsm/nsm.h"

/* Where the messages go. One call at a time. */
typedef struct grille_nsm_channel_functions {
    /* Sends `request`; writes the answer, at most GRILLE_NSM_RESPONSE_MAX bytes. `repeatable`: doing it twice does no
     * harm.
     */
    grille_reason (*exchange)(void *channel, grille_bytes request, bool repeatable, uint8_t *response, size_t *len,
                              grille_error *error);
    void (*close)(void *channel);
} grille_nsm_channel_functions;

/* Makes an NSM of a channel, which it then owns; on failure the channel stays the caller's. `name` is for error texts
 * and must be static. grille_nsm_functions.close ends both. */
GRILLE_MUST_USE grille_reason grille_nsm_client_open(const char *name, const grille_nsm_channel_functions *functions,
                                                     void *channel, grille_nsm **nsm, grille_error *error);

/* The channel of an NSM made here. */
void *grille_nsm_client_channel(grille_nsm *nsm);

#endif
