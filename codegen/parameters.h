/* SPDX-License-Identifier: Apache-2.0
 * What stands in --grille_opt: codec=protobuf-c|nanopb, side=client|server|both|fake, prefix=…,
 * descriptors=true|false, separated by commas. */
#ifndef GRILLE_CODEGEN_PARAMETERS_H
#define GRILLE_CODEGEN_PARAMETERS_H

#include <stdbool.h>

#include "codegen/pool.h"

typedef enum grille_gen_codec { GRILLE_GEN_PROTOBUF_C, GRILLE_GEN_NANOPB } grille_gen_codec;

typedef struct grille_gen_parameters {
    grille_gen_codec codec; /* default protobuf-c */
    bool client, server;    /* default both */
    bool descriptors;       /* for reflection; default false */
    bool fake;              /* nothing but the fakes, for tests */
    const char *prefix;     /* before each symbol; default "" */
} grille_gen_parameters;

/* Reads `text` (NULL: nothing given). False with one line in *problem when something in it is wrong. */
bool grille_gen_parameters_read(grille_gen_pool *pool, const char *text, grille_gen_parameters *parameters,
                                const char **problem);

#endif
