/* SPDX-License-Identifier: Apache-2.0
 * The schema digest of a service (docs/generated-code.md, "Schema digest"): what travels, without names. */
#ifndef GRILLE_CODEGEN_DIGEST_H
#define GRILLE_CODEGEN_DIGEST_H

#include "codegen/model.h"

/* Sets the service's digest; its methods must have been read. */
void grille_gen_digest(const grille_gen_model *model, grille_gen_service *service);

#endif
