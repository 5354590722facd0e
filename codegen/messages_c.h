/* SPDX-License-Identifier: Apache-2.0
 * protoc-gen-grille-c as a function: messages for protobuf-c. */
#ifndef GRILLE_CODEGEN_MESSAGES_C_H
#define GRILLE_CODEGEN_MESSAGES_C_H

#include "codegen/plugin.h"

/* Checks and rewrites the request for protoc-gen-c; false when the response says what is wrong with it. */
bool grille_gen_messages_c_prepare(grille_gen_pool *pool, Grille__Codegen__Request *request,
                                   grille_gen_response *response);

/* Lets Debian's protoc-gen-c generate X.pb-c.h and X.pb-c.c. proto3 `optional` reaches it as the oneof of one field
 * that protoc makes of it, which it handles; it only does not say so. */
void grille_gen_messages_c(grille_gen_pool *pool, Grille__Codegen__Request *request, grille_gen_response *response);

#endif
