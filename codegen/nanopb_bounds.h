/* SPDX-License-Identifier: Apache-2.0
 * Decides how nanopb stores each field: fixed size where options bound it, views of the encoded message where bytes or
 * text are unbounded, else refused with the line to write. */
#ifndef GRILLE_CODEGEN_NANOPB_BOUNDS_H
#define GRILLE_CODEGEN_NANOPB_BOUNDS_H

#include "codegen/nanopb_options.h"

/* Resolves the options of all files of the model (`options` has one for each) and writes the decisions into the request
 * that the model was read from. */
void grille_gen_nanopb_bound(grille_gen_model *model, grille_gen_nanopb_file *options);

#endif
