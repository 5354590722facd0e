/* SPDX-License-Identifier: Apache-2.0
 * A server inside the test's own process, for what has to be counted or held from inside. */
#ifndef GRILLE_TESTS_E2E_IN_PROCESS_H
#define GRILLE_TESTS_E2E_IN_PROCESS_H

#include "world.h"

/* x509 identity of the gateway, policy of the parent, listening on unix:FOLDER/`name`, started; `options` may be NULL.
 * Asserts. The caller frees it. */
grille_server *in_process_server(const e2e_world *world, const char *name, const grille_server_options *options,
                                 e2e_counts *counts);

#endif
