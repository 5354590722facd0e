/* SPDX-License-Identifier: Apache-2.0
 * Metadata as interceptors read and change it: pairs, made when somebody asks, copied when somebody changes. */
#include <string.h>

#include "base/bytes.h"
#include "rpc/interceptor_private.h"
#include "wire/limits.h"

enum { SPARE_PAIRS = 4 };

/* Makes pairs of what was given as a view. */
static bool load(grille_interception *interception, intercepted_place *place) {
    if (!place->is_view) return true;
    if (!grille_metadata_to_pairs(&place->view, interception->arena, &place->pairs)) return false;
    place->is_view = false;
    return true;
}

static bool may_change(const grille_interception *interception, grille_metadata_place place) {
    static const interception_phase phase_of[INTERCEPTION_PLACES] = {
        [GRILLE_METADATA_REQUEST] = INTERCEPTION_IN_START,
        [GRILLE_METADATA_HEADERS] = INTERCEPTION_IN_HEADERS,
        [GRILLE_METADATA_TRAILERS] = INTERCEPTION_IN_END,
    };
    return (unsigned)place < INTERCEPTION_PLACES && interception->phase == phase_of[place];
}

static size_t pair_size(const grille_metadata_pair *pair) {
    grille_metadata_entry entry = {.key = grille_bytes_of_text(pair->key), .value = pair->value};
    return grille_metadata_entry_size(&entry);
}

static size_t encoded_bytes(intercepted_place *place) {
    if (!place->measured) {
        place->measured = true;
        place->encoded_bytes = 0;
        for (size_t at = 0; at < place->pairs.count; at++)
            place->encoded_bytes += pair_size(&place->pairs.pairs[at]);
    }
    return place->encoded_bytes;
}

/* An array of our own with room for one pair more; what was given stays as it is. */
static grille_metadata_pair *own_pairs(grille_interception *interception, intercepted_place *place) {
    grille_metadata_pair *larger = NULL;
    size_t capacity = place->pairs.count + SPARE_PAIRS;
    if (place->capacity > place->pairs.count) return (grille_metadata_pair *)(uintptr_t)place->pairs.pairs;
    larger = grille_arena_alloc(interception->arena, capacity * sizeof *larger);
    if (larger == NULL) return NULL;
    if (place->pairs.count > 0) memcpy(larger, place->pairs.pairs, place->pairs.count * sizeof *larger);
    place->pairs.pairs = larger;
    place->capacity = capacity;
    return larger;
}

const grille_metadata *grille_intercepted_metadata(grille_intercepted *call, grille_metadata_place place) {
    static const grille_metadata none = {0};
    intercepted_place *asked = NULL;
    if ((unsigned)place >= INTERCEPTION_PLACES) return &none;
    asked = &call->owner->places[place];
    return asked->known && load(call->owner, asked) ? &asked->pairs : &none;
}

static grille_reason check_pair(const grille_interception *interception, intercepted_place *place,
                                const grille_metadata_entry *entry) {
    if (grille_metadata_key_is_reserved(entry->key)) return GRILLE_REASON_RPC_BAD_METADATA;
    if (grille_metadata_entry_check(entry) != GRILLE_REASON_OK) return GRILLE_REASON_RPC_BAD_METADATA;
    if (place->pairs.count >= GRILLE_LIMIT_METADATA_ENTRIES) return GRILLE_REASON_RPC_METADATA_TOO_LONG;
    if (entry->value.len > interception->max_metadata_bytes) return GRILLE_REASON_RPC_METADATA_TOO_LONG;
    if (encoded_bytes(place) + grille_metadata_entry_size(entry) > interception->max_metadata_bytes) {
        return GRILLE_REASON_RPC_METADATA_TOO_LONG;
    }
    return GRILLE_REASON_OK;
}

grille_code grille_intercepted_add(grille_intercepted *call, grille_metadata_place place, const char *key,
                                   grille_bytes value) {
    grille_interception *owner = call->owner;
    grille_metadata_entry entry = {.key = grille_bytes_of_text(key != NULL ? key : ""), .value = value};
    intercepted_place *changed = NULL;
    grille_metadata_pair *pairs = NULL;
    grille_reason reason = GRILLE_REASON_OK;
    grille_bytes key_copy, value_copy;
    if (!may_change(owner, place)) return GRILLE_FAILED_PRECONDITION;
    changed = &owner->places[place];
    if (!load(owner, changed)) return GRILLE_RESOURCE_EXHAUSTED;
    reason = check_pair(owner, changed, &entry);
    if (reason != GRILLE_REASON_OK) return grille_reason_code(reason);
    pairs = own_pairs(owner, changed);
    key_copy = grille_arena_copy(owner->arena, entry.key);
    value_copy = grille_arena_copy(owner->arena, entry.value);
    if (pairs == NULL || key_copy.data == NULL || value_copy.data == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    pairs[changed->pairs.count].key = (const char *)key_copy.data;
    pairs[changed->pairs.count].value = value_copy;
    changed->pairs.count++;
    changed->encoded_bytes += grille_metadata_entry_size(&entry);
    changed->changed = true;
    return GRILLE_OK;
}

size_t grille_intercepted_remove(grille_intercepted *call, grille_metadata_place place, const char *key) {
    grille_interception *owner = call->owner;
    intercepted_place *changed = NULL;
    grille_metadata_pair *pairs = NULL;
    size_t kept = 0, count = 0;
    if (!may_change(owner, place)) return 0;
    changed = &owner->places[place];
    if (!load(owner, changed)) return 0;
    if (grille_metadata_get(&changed->pairs, key, 0).data == NULL) return 0;
    pairs = own_pairs(owner, changed);
    if (pairs == NULL) return 0;
    count = changed->pairs.count;
    for (size_t at = 0; at < count; at++) {
        if (strcmp(pairs[at].key, key) != 0) pairs[kept++] = pairs[at];
    }
    changed->pairs.count = kept;
    changed->measured = false;
    changed->changed = true;
    return count - kept;
}

bool grille_interception_changed(const grille_interception *interception, grille_metadata_place place,
                                 grille_metadata *pairs) {
    if (interception == NULL || !interception->places[place].changed) return false;
    *pairs = interception->places[place].pairs;
    return true;
}

grille_reason grille_interception_rebuild(const grille_interception *interception, grille_metadata_place place,
                                          grille_metadata_builder *builder) {
    grille_metadata_builder rebuilt = {0};
    grille_metadata pairs;
    if (!grille_interception_changed(interception, place, &pairs)) return GRILLE_REASON_OK;
    for (size_t at = 0; at < pairs.count; at++) {
        grille_reason reason =
            grille_metadata_builder_add(&rebuilt, interception->arena, pairs.pairs[at].key, pairs.pairs[at].value);
        if (reason != GRILLE_REASON_OK) return reason;
    }
    *builder = rebuilt;
    return GRILLE_REASON_OK;
}
