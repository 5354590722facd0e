/* SPDX-License-Identifier: Apache-2.0
 * The options of a method (proto/grille/v1/options.proto), which reach a plugin as unknown fields. */
#ifndef GRILLE_CODEGEN_METHOD_OPTIONS_H
#define GRILLE_CODEGEN_METHOD_OPTIONS_H

#include "codegen/model.h"

/* Number of the extension grille.v1.method. */
#define GRILLE_GEN_METHOD_OPTIONS_FIELD 58171

/* Sets what the options of a method say; one that this generator does not know, or that makes no sense, is a problem.
 */
void grille_gen_read_method_options(grille_gen_problems *problems, grille_gen_method *method);

#endif
