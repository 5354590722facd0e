/* SPDX-License-Identifier: Apache-2.0
 * Requests that protoc sent (capture.sh), for tests. */
#ifndef GRILLE_TESTS_CODEGEN_REQUESTS_H
#define GRILLE_TESTS_CODEGEN_REQUESTS_H

#include "codegen/model.h"
#include "codegen/plugin.h"

/* The request in this file, in the pool. */
Grille__Codegen__Request *request_read(grille_gen_pool *pool, const char *path);

#endif
