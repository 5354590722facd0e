/* SPDX-License-Identifier: Apache-2.0
 * grille sim: one file per verb. */
#ifndef GRILLE_TOOLS_SIM_H
#define GRILLE_TOOLS_SIM_H

/* Each gets the arguments after its verb and answers an exit status. */
int sim_init(int argc, char **argv);
int sim_show(int argc, char **argv);

#endif
