/* SPDX-License-Identifier: Apache-2.0
 * What both servers do around their handlers. */
#ifndef CONSUMER_SERVE_H
#define CONSUMER_SERVE_H

#include "grille/grille.h"

typedef grille_code register_fn(grille_server *server, grille_error *error);

/* Serves until SIGTERM: PROGRAM ADDRESS POLICY NSM. Answers an exit status. */
int serve(int argc, char **argv, register_fn *register_handlers);

#endif
