/* SPDX-License-Identifier: Apache-2.0
 * The messages and enums that files declare. */
#ifndef GRILLE_CODEGEN_TYPES_H
#define GRILLE_CODEGEN_TYPES_H

#include "codegen/model.h"
#include "codegen/parameters.h"

/* Does this very file declare the message or enum with this type name (".acme.v1.Kind")? */
bool grille_gen_declares_type(const grille_gen_file_proto *file, const char *type_name);

/* Adds a problem for each type of a wanted file whose C name is reserved, or is that of another type of the request,
 * and for each two values of one enum whose C names meet. */
void grille_gen_check_types(grille_gen_model *model, grille_gen_codec codec);

#endif
