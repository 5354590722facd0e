/* SPDX-License-Identifier: Apache-2.0
 * protoc-gen-grille as a function. */
#ifndef GRILLE_CODEGEN_GENERATE_H
#define GRILLE_CODEGEN_GENERATE_H

#include "codegen/plugin.h"

/* Turns a request into generated files, or into the list of what is wrong. */
void grille_gen_generate(grille_gen_pool *pool, Grille__Codegen__Request *request, grille_gen_response *response);

#endif
