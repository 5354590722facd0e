/* SPDX-License-Identifier: Apache-2.0
 * The three plugins on any request: they answer with files or with an error, the same each time. The generators behind
 * the wrappers are not run, and no .options file is read: its name is the request's. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/generate.h"
#include "codegen/messages_c.h"
#include "codegen/model.h"
#include "codegen/nanopb_bounds.h"
#include "codegen/rewrite.h"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) abort();                                                                                     \
    } while (0)

static void *allocate(void *pool, size_t bytes) {
    return grille_gen_alloc(pool, bytes);
}

static void keep(void *pool, void *memory) {
    (void)pool, (void)memory;
}

static Grille__Codegen__Request *read_request(grille_gen_pool *pool, const uint8_t *data, size_t size) {
    ProtobufCAllocator allocator = {allocate, keep, pool};
    return grille__codegen__request__unpack(&allocator, size, data);
}

static grille_gen_response generate(grille_gen_pool *pool, const uint8_t *data, size_t size) {
    grille_gen_response response;
    grille_gen_response_init(&response, pool);
    grille_gen_generate(pool, read_request(pool, data, size), &response);
    CHECK(!response.message.error || response.message.n_file == 0);
    for (size_t i = 0; i < response.message.n_file; i++)
        CHECK(response.message.file[i]->name && response.message.file[i]->content[0]);
    return response;
}

static void check_same(const grille_gen_response *a, const grille_gen_response *b) {
    CHECK(a->message.n_file == b->message.n_file);
    CHECK(!a->message.error == !b->message.error);
    if (a->message.error) CHECK(!strcmp(a->message.error, b->message.error));
    for (size_t i = 0; i < a->message.n_file; i++)
        CHECK(!strcmp(a->message.file[i]->content, b->message.file[i]->content));
}

/* Request rewritten for nanopb's generator can still be encoded. */
static void bound(grille_gen_pool *pool, Grille__Codegen__Request *request) {
    grille_gen_model model;
    grille_gen_model_read(&model, pool, request);
    grille_gen_nanopb_file *options = grille_gen_alloc_array(pool, model.file_count, sizeof(*options));
    for (size_t i = 0; i < model.file_count; i++)
        grille_gen_nanopb_file_read(&model, &options[i], "x.options", "* max_count:16 max_size:32\n*.b max_size:7");
    grille_gen_nanopb_bound(&model, options);
    grille_gen_rewrite(&model, request, GRILLE_GEN_NANOPB);
    CHECK(grille__codegen__request__get_packed_size(request) > 0 || request->n_proto_file == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    grille_gen_pool pool = {0};
    if (read_request(&pool, data, size)) {
        grille_gen_response a = generate(&pool, data, size), b = generate(&pool, data, size), c;
        check_same(&a, &b);
        grille_gen_response_init(&c, &pool);
        CHECK(grille_gen_messages_c_prepare(&pool, read_request(&pool, data, size), &c) == !c.message.error);
        bound(&pool, read_request(&pool, data, size));
    }
    grille_gen_pool_free(&pool);
    return 0;
}
