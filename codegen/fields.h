/* SPDX-License-Identifier: Apache-2.0
 * Names of fields in C structs. */
#ifndef GRILLE_CODEGEN_FIELDS_H
#define GRILLE_CODEGEN_FIELDS_H

#include "codegen/model.h"
#include "codegen/parameters.h"

/* Is this field a member of a `oneof` that stands in the .proto (not of one that proto3 `optional` implies)? */
bool grille_gen_in_oneof(const grille_gen_field_proto *field);

/* Does the message library say whether the field was there: proto3 `optional`, or proto2 `optional`? */
bool grille_gen_is_optional(const grille_gen_file_proto *file, const grille_gen_field_proto *field);

/* Is it a file of proto2 syntax? */
bool grille_gen_is_proto2(const grille_gen_file_proto *file);

/* Renames fields and oneofs of a message that can't have their names in C, or whose names meet those that the message
 * library adds ("has_x"); a group is a problem. */
void grille_gen_name_fields(grille_gen_model *model, const grille_gen_message *message, grille_gen_codec codec);

#endif
