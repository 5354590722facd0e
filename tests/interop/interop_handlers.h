/* SPDX-License-Identifier: Apache-2.0
 * The handlers of interop.proto, for the programs that serve it. */
#ifndef GRILLE_TESTS_INTEROP_HANDLERS_H
#define GRILLE_TESTS_INTEROP_HANDLERS_H

#include "tests/interop/interop.grille-nano.h"

extern const grille_interop_v1_interop_handlers interop_handlers;

/* What WaitFor waits for: handlers of Wait and of streams that began, and that their callers left, in this process. */
void interop_get_counts(grille_interop_v1_Counts *counts);

#endif
