/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/digest.h"

#include <stdlib.h>
#include <string.h>

#include "codegen/sha256.h"

static const uint32_t no_message = UINT32_MAX;

/* Messages in the order in which they are met. */
typedef struct message_closure {
    const grille_gen_model *model;
    uint32_t *number_of; /* by position in the model, no_message: not met */
    const grille_gen_message **in_order;
    uint32_t count;
} message_closure;

static uint32_t meet(message_closure *closure, const grille_gen_message *message) {
    if (!message) return no_message;
    uint32_t *number = &closure->number_of[message - closure->model->messages];
    if (*number == no_message) {
        *number = closure->count;
        closure->in_order[closure->count++] = message;
    }
    return *number;
}

static int compare_methods(const void *a, const void *b) {
    uint32_t x = (*(const grille_gen_method *const *)a)->id, y = (*(const grille_gen_method *const *)b)->id;
    return (x > y) - (x < y);
}

static int compare_fields(const void *a, const void *b) {
    int32_t x = (*(grille_gen_field_proto *const *)a)->number, y = (*(grille_gen_field_proto *const *)b)->number;
    return (x > y) - (x < y);
}

static void add_methods(grille_gen_sha256 *hash, message_closure *closure, const grille_gen_service *service) {
    size_t count = service->method_count;
    const grille_gen_method **sorted = grille_gen_alloc_array(closure->model->pool, count, sizeof(*sorted));
    for (size_t i = 0; i < count; i++)
        sorted[i] = &service->methods[i];
    if (count) qsort(sorted, count, sizeof(*sorted), compare_methods);
    grille_gen_sha256_add_u32(hash, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        grille_gen_sha256_add_u32(hash, sorted[i]->id);
        grille_gen_sha256_add_u8(hash, (uint8_t)sorted[i]->kind);
        grille_gen_sha256_add_u32(hash, meet(closure, sorted[i]->request));
        grille_gen_sha256_add_u32(hash, meet(closure, sorted[i]->response));
    }
}

static void add_fields(grille_gen_sha256 *hash, message_closure *closure, const grille_gen_message_proto *message) {
    grille_gen_field_proto **sorted = grille_gen_alloc_array(closure->model->pool, message->n_field, sizeof(*sorted));
    if (message->n_field) {
        memcpy(sorted, message->field, message->n_field * sizeof(*sorted));
        qsort(sorted, message->n_field, sizeof(*sorted), compare_fields);
    }
    grille_gen_sha256_add_u32(hash, (uint32_t)message->n_field);
    for (size_t i = 0; i < message->n_field; i++) {
        grille_gen_sha256_add_u32(hash, (uint32_t)sorted[i]->number);
        grille_gen_sha256_add_u8(hash, (uint8_t)sorted[i]->type);
        grille_gen_sha256_add_u8(hash, (uint8_t)sorted[i]->label);
        grille_gen_sha256_add_u32(hash, meet(closure, grille_gen_find_message(closure->model, sorted[i]->type_name)));
    }
}

void grille_gen_digest(const grille_gen_model *model, grille_gen_service *service) {
    static const char name[] = "grille-schema-v1";
    message_closure closure = {.model = model};
    grille_gen_sha256 hash;
    closure.number_of = grille_gen_alloc_array(model->pool, model->message_count, sizeof(*closure.number_of));
    closure.in_order = grille_gen_alloc_array(model->pool, model->message_count, sizeof(*closure.in_order));
    for (size_t i = 0; i < model->message_count; i++)
        closure.number_of[i] = no_message;
    grille_gen_sha256_init(&hash);
    grille_gen_sha256_add(&hash, name, strlen(name));
    add_methods(&hash, &closure, service);
    for (uint32_t i = 0; i < closure.count; i++)
        add_fields(&hash, &closure, closure.in_order[i]->proto);
    grille_gen_sha256_end(&hash, service->digest);
}
