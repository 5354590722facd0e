/* SPDX-License-Identifier: Apache-2.0
 * The services of wanted files: methods, ids, options, digests. */
#ifndef GRILLE_CODEGEN_SERVICES_H
#define GRILLE_CODEGEN_SERVICES_H

#include "codegen/model.h"

/* Completes a model that grille_gen_model_read made. */
void grille_gen_services_read(grille_gen_model *model);

#endif
