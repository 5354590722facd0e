/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/handover.h"

#include <string.h>

#include "base/bytes.h"
#include "wire/limits.h"

/* Before each message: its length, in this machine's order. */
enum { PREFIX_BYTES = sizeof(uint32_t), FIRST_CAPACITY = 1024 };

void grille_handover_init(grille_handover *handover, grille_budget *budget) {
    *handover = (grille_handover){.budget = budget};
}

static void buffer_free(grille_handover *handover, grille_handover_buffer *buffer) {
    grille_budget_free_wiped(handover->budget, buffer->bytes, buffer->capacity);
    *buffer = (grille_handover_buffer){0};
}

void grille_handover_deinit(grille_handover *handover) {
    if (handover->budget == NULL) return;
    buffer_free(handover, &handover->filled);
    buffer_free(handover, &handover->emptied);
}

bool grille_handover_has_room(const grille_handover *handover, size_t len) {
    return handover->waiting == 0 || handover->filled.len + PREFIX_BYTES + len <= GRILLE_LIMIT_SEND_QUEUE_BYTES;
}

/* Not realloc: it would leave copies. */
static bool make_room(grille_handover *handover, size_t needed) {
    grille_handover_buffer *buffer = &handover->filled;
    size_t capacity = buffer->capacity > 0 ? 2 * buffer->capacity : FIRST_CAPACITY;
    uint8_t *larger = NULL;
    if (buffer->len + needed <= buffer->capacity) return true;
    if (capacity < buffer->len + needed) capacity = buffer->len + needed;
    larger = grille_budget_alloc(handover->budget, capacity);
    if (larger == NULL) return false;
    if (buffer->len > 0) memcpy(larger, buffer->bytes, buffer->len);
    grille_budget_free_wiped(handover->budget, buffer->bytes, buffer->capacity);
    buffer->bytes = larger;
    buffer->capacity = capacity;
    return true;
}

uint8_t *grille_handover_put(grille_handover *handover, size_t len) {
    grille_handover_buffer *buffer = &handover->filled;
    const uint32_t prefix = (uint32_t)len;
    uint8_t *room = NULL;
    if (len > GRILLE_LIMIT_MESSAGE_BYTES || !make_room(handover, PREFIX_BYTES + len)) return NULL;
    memcpy(buffer->bytes + buffer->len, &prefix, PREFIX_BYTES);
    room = buffer->bytes + buffer->len + PREFIX_BYTES;
    buffer->len += PREFIX_BYTES + len;
    handover->waiting++;
    return room;
}

/* All of it was taken: it is wiped, and given back when one long message had made it large. */
static void empty(grille_handover *handover, grille_handover_buffer *buffer) {
    if (buffer->capacity > 2 * GRILLE_LIMIT_SEND_QUEUE_BYTES) {
        buffer_free(handover, buffer);
        return;
    }
    grille_wipe(buffer->bytes, buffer->len);
    buffer->len = 0;
    buffer->at = 0;
}

bool grille_handover_take(grille_handover *handover, grille_bytes *message) {
    grille_handover_buffer *buffer = &handover->emptied;
    uint32_t len = 0;
    if (buffer->at == buffer->len) {
        grille_handover_buffer other = {0};
        empty(handover, buffer);
        if (handover->filled.len == 0) return false;
        other = handover->filled;
        handover->filled = *buffer;
        *buffer = other;
    }
    memcpy(&len, buffer->bytes + buffer->at, PREFIX_BYTES);
    *message = grille_bytes_of(buffer->bytes + buffer->at + PREFIX_BYTES, len);
    buffer->at += PREFIX_BYTES + len;
    handover->waiting--;
    return true;
}

void grille_handover_put_back(grille_handover *handover, grille_bytes message) {
    handover->emptied.at -= PREFIX_BYTES + message.len;
    handover->waiting++;
}
