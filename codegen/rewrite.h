/* SPDX-License-Identifier: Apache-2.0
 * Prepares a request for somebody else's generator of messages: takes out what it can't do or what is not its matter,
 * and renames fields that have no name in C. The wire format depends on none of that. */
#ifndef GRILLE_CODEGEN_REWRITE_H
#define GRILLE_CODEGEN_REWRITE_H

#include "codegen/model.h"
#include "codegen/parameters.h"

/* Changes the request that the model was read from: services, extensions and imports that no message needs go;
 * reserved and colliding names of fields get `_`, or `_` and the field's number. Groups, and types whose C names meet,
 * are problems. */
void grille_gen_rewrite(grille_gen_model *model, Grille__Codegen__Request *request, grille_gen_codec codec);

#endif
