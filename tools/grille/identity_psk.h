/* SPDX-License-Identifier: Apache-2.0
 * grille identity new psk. */
#ifndef GRILLE_TOOLS_IDENTITY_PSK_H
#define GRILLE_TOOLS_IDENTITY_PSK_H

/* Gets the arguments after "psk"; answers an exit status. */
int identity_new_psk(int argc, char **argv);

#endif
