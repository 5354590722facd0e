/* SPDX-License-Identifier: Apache-2.0
 * A plugin's end of protoc's pipe: request from standard input, response to standard output. */
#ifndef GRILLE_CODEGEN_PLUGIN_H
#define GRILLE_CODEGEN_PLUGIN_H

#include <stdbool.h>
#include <stdio.h>

#include "codegen/pool.h"
#include "codegen/protocol.pb-c.h"

/* Bit 0 of supported_features: proto3 `optional`. */
#define GRILLE_GEN_FEATURE_PROTO3_OPTIONAL 1

/* All of a stream, in the pool; false when reading fails. */
bool grille_gen_read_all(grille_gen_pool *pool, FILE *stream, grille_bytes *bytes);

/* A response that grows. */
typedef struct grille_gen_response {
    grille_gen_pool *pool;
    Grille__Codegen__Response message;
    size_t capacity;
} grille_gen_response;

void grille_gen_response_init(grille_gen_response *response, grille_gen_pool *pool);
void grille_gen_response_add(grille_gen_response *response, const char *name, char *content);
/* From now on the answer is this error. */
void grille_gen_response_fail(grille_gen_response *response, const char *error);

/* The main function of a plugin: `generate` turns the request into the response. */
typedef void grille_gen_generate_fn(grille_gen_pool *pool, Grille__Codegen__Request *request,
                                    grille_gen_response *response);
int grille_gen_main(int argc, char **argv, grille_gen_generate_fn *generate);

#endif
