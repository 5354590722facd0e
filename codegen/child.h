/* SPDX-License-Identifier: Apache-2.0
 * Runs somebody else's protoc plugin. */
#ifndef GRILLE_CODEGEN_CHILD_H
#define GRILLE_CODEGEN_CHILD_H

#include "codegen/plugin.h"

/* Runs `program` (found in PATH) with the request as its input and copies what it answers into the response. A child
 * that fails makes the response fail. */
void grille_gen_run_child(grille_gen_pool *pool, const char *program, const Grille__Codegen__Request *request,
                          grille_gen_response *response);

#endif
