/* SPDX-License-Identifier: Apache-2.0
 * The C names of services and methods (docs/generated-code.md, "Names"). */
#ifndef GRILLE_CODEGEN_SYMBOLS_H
#define GRILLE_CODEGEN_SYMBOLS_H

#include "codegen/model.h"
#include "codegen/parameters.h"

/* Sets the symbols of all services and methods of the model. Methods whose names meet get their id appended; services
 * whose names meet are a problem. */
void grille_gen_symbols_assign(grille_gen_model *model, const grille_gen_parameters *parameters);

#endif
