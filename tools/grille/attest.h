/* SPDX-License-Identifier: Apache-2.0
 * The verbs of grille attest. */
#ifndef GRILLE_TOOLS_ATTEST_H
#define GRILLE_TOOLS_ATTEST_H

/* Each gets the arguments after the verb and answers an exit status. */
int attest_verify(int argc, char **argv);
int attest_show(int argc, char **argv);

#endif
