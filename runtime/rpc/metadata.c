/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/metadata.h"

#include <string.h>

#include "base/bytes.h"
#include "wire/limits.h"

enum { FIRST_CAPACITY = 256 };

grille_bytes grille_metadata_get(const grille_metadata *metadata, const char *key, size_t index) {
    size_t at = 0;
    for (at = 0; metadata != NULL && at < metadata->count; at++) {
        if (strcmp(metadata->pairs[at].key, key) != 0) continue;
        if (index == 0) return metadata->pairs[at].value;
        index--;
    }
    return grille_bytes_of(NULL, 0);
}

static grille_reason make_room(grille_metadata_builder *builder, grille_arena *arena, size_t needed) {
    size_t capacity = builder->capacity > 0 ? builder->capacity : FIRST_CAPACITY;
    uint8_t *larger = NULL;
    if (builder->len + needed > GRILLE_LIMIT_METADATA_BYTES) return GRILLE_REASON_RPC_METADATA_TOO_LONG;
    if (builder->len + needed <= builder->capacity) return GRILLE_REASON_OK;
    while (capacity < builder->len + needed)
        capacity *= 2;
    larger = grille_arena_alloc(arena, capacity);
    if (larger == NULL) return GRILLE_REASON_BUDGET;
    if (builder->len > 0) memcpy(larger, builder->encoded, builder->len);
    builder->encoded = larger;
    builder->capacity = capacity;
    return GRILLE_REASON_OK;
}

grille_reason grille_metadata_builder_add(grille_metadata_builder *builder, grille_arena *arena, const char *key,
                                          grille_bytes value) {
    if (grille_metadata_key_is_reserved(grille_bytes_of_text(key != NULL ? key : ""))) {
        return GRILLE_REASON_RPC_BAD_METADATA;
    }
    return grille_metadata_builder_add_own(builder, arena, key, value);
}

grille_reason grille_metadata_builder_add_own(grille_metadata_builder *builder, grille_arena *arena, const char *key,
                                              grille_bytes value) {
    grille_metadata_entry entry = {.key = grille_bytes_of_text(key != NULL ? key : ""), .value = value};
    grille_writer writer = {0};
    grille_reason reason = GRILLE_REASON_OK;
    if (grille_metadata_entry_check(&entry) != GRILLE_REASON_OK) return GRILLE_REASON_RPC_BAD_METADATA;
    if (builder->count >= GRILLE_LIMIT_METADATA_ENTRIES) return GRILLE_REASON_RPC_METADATA_TOO_LONG;
    if (value.len > GRILLE_LIMIT_METADATA_BYTES) return GRILLE_REASON_RPC_METADATA_TOO_LONG;
    reason = make_room(builder, arena, grille_metadata_entry_size(&entry));
    if (reason != GRILLE_REASON_OK) return reason;
    writer = grille_writer_into(builder->encoded, builder->capacity);
    if (grille_write_space(&writer, builder->len) == NULL && builder->len > 0) return GRILLE_REASON_INTERNAL;
    grille_metadata_entry_write(&writer, &entry);
    reason = grille_writer_end(&writer);
    if (reason != GRILLE_REASON_OK) return reason;
    builder->len = writer.len;
    builder->count++;
    return GRILLE_REASON_OK;
}

grille_reason grille_metadata_builder_view(const grille_metadata_builder *builder, grille_metadata_view *view) {
    *view = (grille_metadata_view){0};
    if (builder->count == 0) return GRILLE_REASON_OK;
    return grille_metadata_view_of(grille_bytes_of(builder->encoded, builder->len), view);
}

bool grille_metadata_to_pairs(const grille_metadata_view *view, grille_arena *arena, grille_metadata *pairs) {
    grille_metadata_iterator iterator;
    grille_metadata_entry entry = {0};
    grille_metadata_pair *made = NULL;
    size_t count = 0;
    *pairs = (grille_metadata){0};
    if (view->count == 0) return true;
    iterator = grille_metadata_iterate(view);
    made = grille_arena_alloc(arena, view->count * sizeof *made);
    if (made == NULL) return false;
    while (count < view->count && grille_metadata_next(&iterator, &entry)) {
        grille_bytes key = grille_arena_copy(arena, entry.key);
        grille_bytes value = grille_arena_copy(arena, entry.value);
        if (key.data == NULL || value.data == NULL) return false;
        made[count].key = (const char *)key.data;
        made[count].value = value;
        count++;
    }
    *pairs = (grille_metadata){.pairs = made, .count = count};
    return true;
}
