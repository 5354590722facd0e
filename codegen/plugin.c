/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/plugin.h"

#include <string.h>

bool grille_gen_read_all(grille_gen_pool *pool, FILE *stream, grille_bytes *bytes) {
    size_t capacity = 1 << 16, len = 0, got;
    uint8_t *data = grille_gen_alloc(pool, capacity);
    while ((got = fread(data + len, 1, capacity - len, stream)) > 0) {
        len += got;
        if (len < capacity) continue;
        uint8_t *larger = grille_gen_alloc(pool, capacity * 2);
        memcpy(larger, data, len);
        data = larger;
        capacity *= 2;
    }
    *bytes = (grille_bytes){data, len};
    return !ferror(stream);
}

void grille_gen_response_init(grille_gen_response *response, grille_gen_pool *pool) {
    *response = (grille_gen_response){.pool = pool};
    grille__codegen__response__init(&response->message);
    response->message.has_supported_features = 1;
    response->message.supported_features = GRILLE_GEN_FEATURE_PROTO3_OPTIONAL;
}

void grille_gen_response_add(grille_gen_response *response, const char *name, char *content) {
    Grille__Codegen__Response *message = &response->message;
    if (message->n_file == response->capacity) {
        size_t capacity = response->capacity * 2 + 16;
        Grille__Codegen__Response__File **files = grille_gen_alloc_array(response->pool, capacity, sizeof(*files));
        if (message->n_file) memcpy(files, message->file, message->n_file * sizeof(*files));
        message->file = files;
        response->capacity = capacity;
    }
    Grille__Codegen__Response__File *file = grille_gen_alloc(response->pool, sizeof(*file));
    grille__codegen__response__file__init(file);
    file->name = grille_gen_copy(response->pool, name);
    file->content = content;
    message->file[message->n_file++] = file;
}

void grille_gen_response_fail(grille_gen_response *response, const char *error) {
    char *text = grille_gen_copy(response->pool, error);
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == '\n')
        text[--len] = 0;
    response->message.n_file = 0;
    response->message.error = text;
}

static void *allocate(void *pool, size_t bytes) {
    return grille_gen_alloc(pool, bytes);
}

static void keep(void *pool, void *memory) {
    (void)pool, (void)memory;
}

static int answer(grille_gen_pool *pool, const grille_gen_response *response) {
    size_t len = grille__codegen__response__get_packed_size(&response->message);
    uint8_t *data = grille_gen_alloc(pool, len);
    grille__codegen__response__pack(&response->message, data);
    if (fwrite(data, 1, len, stdout) == len && fflush(stdout) == 0) return 0;
    fputs("protoc-gen-grille: cannot write the response\n", stderr);
    return 1;
}

int grille_gen_main(int argc, char **argv, grille_gen_generate_fn *generate) {
    grille_gen_pool pool = {0};
    grille_bytes input;
    grille_gen_response response;
    int status = 1;
    if (argc > 1) {
        fprintf(stderr, "%s: a plugin of protoc takes no arguments; see docs/generated-code.md\n", argv[0]);
    } else if (!grille_gen_read_all(&pool, stdin, &input)) {
        fprintf(stderr, "%s: cannot read the request\n", argv[0]);
    } else {
        /* In the pool, so that a generator may change the request as it likes. */
        ProtobufCAllocator allocator = {allocate, keep, &pool};
        Grille__Codegen__Request *request = grille__codegen__request__unpack(&allocator, input.len, input.data);
        if (request) {
            grille_gen_response_init(&response, &pool);
            generate(&pool, request, &response);
            status = answer(&pool, &response);
        } else {
            fprintf(stderr, "%s: the request is not one of protoc\n", argv[0]);
        }
    }
    grille_gen_pool_free(&pool);
    return status;
}
