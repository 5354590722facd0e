/* SPDX-License-Identifier: Apache-2.0
 * protoc-gen-grille-nanopb as a function: messages for nanopb. */
#ifndef GRILLE_CODEGEN_MESSAGES_NANOPB_H
#define GRILLE_CODEGEN_MESSAGES_NANOPB_H

#include "codegen/plugin.h"

/* Lets Debian's protoc-gen-nanopb generate X.nano.h and X.nano.c. Parameters, each any number of times:
 * options_path=FOLDER  where .options files are looked for, beside "."
 * options=PROTO:FILE   the .options file of the .proto that is imported as PROTO; it must be there */
void grille_gen_messages_nanopb(grille_gen_pool *pool, Grille__Codegen__Request *request,
                                grille_gen_response *response);

#endif
