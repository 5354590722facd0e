/* SPDX-License-Identifier: Apache-2.0
 * grille identity new psk. */
#ifndef GRILLE_TOOLS_IDENTITY_PSK_H
#define GRILLE_TOOLS_IDENTITY_PSK_H

#include <stdbool.h>

#include "grille/status.h"

/* Writes a new file at `path`, 0600: a random key that proves `id` (grille_psk_is_id) in the role "initiator" or
 * "responder". */
GRILLE_MUST_USE bool identity_make_psk(const char *id, const char *role, const char *path, grille_error *error);

/* Gets the arguments after "psk"; answers an exit status. */
int identity_new_psk(int argc, char **argv);

#endif
