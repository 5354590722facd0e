/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/context.h"

#include <stdlib.h>
#include <string.h>

#include "base/writer.h"

static int compare(const void *left, const void *right) {
    const grille_bytes a = ((const kms_pair *)left)->key;
    const grille_bytes b = ((const kms_pair *)right)->key;
    const size_t shared = a.len < b.len ? a.len : b.len;
    const int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static grille_bytes text_of(const char *text, size_t len) {
    return (grille_bytes){.data = (const uint8_t *)text, .len = len};
}

bool kms_context_read(const json_t *object, kms_context *context) {
    /* Jansson's iterator takes no const object, though it changes nothing. */
    union {
        const json_t *given;
        json_t *walked;
    } list = {.given = object};
    size_t bytes = 0;
    context->count = 0;
    if (object == NULL) return true;
    if (!json_is_object(object)) return false;
    for (void *at = json_object_iter(list.walked); at != NULL; at = json_object_iter_next(list.walked, at)) {
        const char *key = json_object_iter_key(at);
        const json_t *value = json_object_iter_value(at);
        if (!json_is_string(value) || context->count == KMS_CONTEXT_PAIRS) return false;
        bytes += strlen(key) + json_string_length(value);
        if (bytes > KMS_CONTEXT_BYTES) return false;
        context->pairs[context->count++] = (kms_pair){
            .key = text_of(key, strlen(key)), .value = text_of(json_string_value(value), json_string_length(value))};
    }
    qsort(context->pairs, context->count, sizeof context->pairs[0], compare);
    return true;
}

size_t kms_context_write(const kms_context *context, uint8_t canonical[KMS_CONTEXT_CANONICAL_BYTES]) {
    grille_writer writer = grille_writer_into(canonical, KMS_CONTEXT_CANONICAL_BYTES);
    for (size_t i = 0; i < context->count; i++) {
        grille_write_u32(&writer, (uint32_t)context->pairs[i].key.len);
        grille_write_bytes(&writer, context->pairs[i].key);
        grille_write_u32(&writer, (uint32_t)context->pairs[i].value.len);
        grille_write_bytes(&writer, context->pairs[i].value);
    }
    return grille_written(&writer).len;
}
