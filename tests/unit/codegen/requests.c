/* SPDX-License-Identifier: Apache-2.0 */
#include "requests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void *allocate(void *pool, size_t bytes) {
    return grille_gen_alloc(pool, bytes);
}

static void keep(void *pool, void *memory) {
    (void)pool, (void)memory;
}

Grille__Codegen__Request *request_read(grille_gen_pool *pool, const char *path) {
    grille_bytes bytes;
    ProtobufCAllocator allocator = {allocate, keep, pool};
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_true(grille_gen_read_all(pool, file, &bytes));
    fclose(file);
    Grille__Codegen__Request *request = grille__codegen__request__unpack(&allocator, bytes.len, bytes.data);
    assert_non_null(request);
    return request;
}
