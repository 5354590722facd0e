/* SPDX-License-Identifier: Apache-2.0
 * What tests set of a channel and applications can't. */
#ifndef GRILLE_LOOP_CHANNEL_HOOKS_H
#define GRILLE_LOOP_CHANNEL_HOOKS_H

#include "grille/channel.h"

typedef struct grille_channel_hooks {
    uint32_t first_stream_id; /* odd; of each connection: near the last id it is soon used up; 0: the first */
    void (*on_open)(size_t target, void *user); /* a connection takes calls; on the loop's thread; NULL: not told */
    void *user;
} grille_channel_hooks;

/* As grille_channel_open. */
GRILLE_MUST_USE grille_code grille_channel_open_with_hooks(const char *address, const grille_channel_options *options,
                                                           const grille_channel_hooks *hooks, grille_channel **channel,
                                                           grille_error *error);

#endif
