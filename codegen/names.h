/* SPDX-License-Identifier: Apache-2.0
 * From names of a schema to names in C (docs/generated-code.md, "Names"). All texts live in the pool. */
#ifndef GRILLE_CODEGEN_NAMES_H
#define GRILLE_CODEGEN_NAMES_H

#include <stdbool.h>

#include "codegen/pool.h"

/* Letters, digits and underscores, no digit first. */
bool grille_gen_is_identifier(const char *name);

/* A keyword of C11 or C++20, or a macro of the headers that generated code includes: no name for a struct's member. */
bool grille_gen_is_reserved(const char *name);

/* "acme.cryptor.v1.HTTPCryptor" → "acme_cryptor_v1_http_cryptor": a `_` before each word, dots to `_`, lower case. */
char *grille_gen_snake(grille_gen_pool *pool, const char *name);

/* A struct's member for a name in lower snake case: with `_` appended where it is reserved. */
char *grille_gen_member(grille_gen_pool *pool, const char *snake_name);

/* "a/b-c.proto" → "A_B_C_PROTO". */
char *grille_gen_guard(grille_gen_pool *pool, const char *path);

/* "a/b.proto" → "a/b": the path without its ".proto". */
char *grille_gen_stem(grille_gen_pool *pool, const char *path);

/* What protobuf-c's generator calls the struct ("Acme__V1__DecryptRequest") and, in lower case, the functions and
 * descriptor ("acme__v1__decrypt_request") of the message "acme.v1.DecryptRequest". */
char *grille_gen_protobuf_c_type(grille_gen_pool *pool, const char *full_name);
char *grille_gen_protobuf_c_lower(grille_gen_pool *pool, const char *full_name);

/* What nanopb's generator calls the struct: "acme_v1_DecryptRequest". */
char *grille_gen_nanopb_type(grille_gen_pool *pool, const char *full_name);

#endif
