/* SPDX-License-Identifier: Apache-2.0 */
#include "session/buffer_pool.h"

#include <stdalign.h>
#include <stddef.h>

#include "base/bytes.h"
#include "wire/limits.h"

/* In front of the bytes, so that nobody has to remember the size. */
typedef struct long_buffer {
    size_t capacity;
    alignas(max_align_t) uint8_t bytes[];
} long_buffer;

static long_buffer *buffer_of(const uint8_t *bytes) {
    return (long_buffer *)(void *)(uintptr_t)(bytes - offsetof(long_buffer, bytes));
}

void grille_buffer_pool_init(grille_buffer_pool *pool, grille_budget *budget) {
    *pool = (grille_buffer_pool){.budget = budget};
}

size_t grille_buffer_capacity(const uint8_t *buffer) {
    return buffer_of(buffer)->capacity;
}

static uint8_t *take_kept(grille_buffer_pool *pool, size_t index) {
    uint8_t *bytes = pool->kept[index];
    pool->kept[index] = pool->kept[--pool->kept_count];
    pool->kept_bytes -= grille_buffer_capacity(bytes);
    return bytes;
}

/* The smallest that is large enough, or NULL. */
static uint8_t *find_kept(grille_buffer_pool *pool, size_t whole) {
    size_t best = pool->kept_count;
    for (size_t i = 0; i < pool->kept_count; i++) {
        const size_t capacity = grille_buffer_capacity(pool->kept[i]);
        if (capacity < whole) continue;
        if (best == pool->kept_count || capacity < grille_buffer_capacity(pool->kept[best])) best = i;
    }
    return best == pool->kept_count ? NULL : take_kept(pool, best);
}

static uint8_t *make(grille_buffer_pool *pool, size_t capacity) {
    long_buffer *made = NULL;
    if (capacity > SIZE_MAX - sizeof *made) return NULL;
    made = grille_budget_alloc(pool->budget, sizeof *made + capacity);
    if (made == NULL) return NULL;
    made->capacity = capacity;
    return made->bytes;
}

uint8_t *grille_buffer_take(grille_buffer_pool *pool, size_t least, size_t whole) {
    uint8_t *taken = find_kept(pool, whole);
    if (taken == NULL) taken = make(pool, least);
    if (taken == NULL && pool->kept_count > 0) {
        grille_buffer_pool_shrink(pool);
        taken = make(pool, least);
    }
    return taken;
}

static void wipe_used(uint8_t *buffer, size_t used) {
    const size_t capacity = grille_buffer_capacity(buffer);
    grille_wipe(buffer, used < capacity ? used : capacity);
}

static void free_wiped(grille_buffer_pool *pool, uint8_t *buffer) {
    const size_t capacity = grille_buffer_capacity(buffer);
    grille_budget_free(pool->budget, buffer_of(buffer), sizeof(long_buffer) + capacity);
}

void grille_buffer_free(grille_buffer_pool *pool, uint8_t *buffer, size_t used) {
    if (buffer == NULL) return;
    wipe_used(buffer, used);
    free_wiped(pool, buffer);
}

void grille_buffer_give(grille_buffer_pool *pool, uint8_t *buffer, size_t used) {
    size_t capacity = 0;
    if (buffer == NULL) return;
    wipe_used(buffer, used);
    capacity = grille_buffer_capacity(buffer);
    if (pool->kept_count == GRILLE_KEPT_BUFFERS || capacity > GRILLE_LIMIT_KEPT_BUFFER_BYTES - pool->kept_bytes) {
        free_wiped(pool, buffer);
        return;
    }
    pool->kept[pool->kept_count++] = buffer;
    pool->kept_bytes += capacity;
}

void grille_buffer_pool_shrink(grille_buffer_pool *pool) {
    while (pool->kept_count > 0)
        free_wiped(pool, take_kept(pool, pool->kept_count - 1));
}
