/* SPDX-License-Identifier: Apache-2.0 */
#include "session/buffer_pool.h"

#include <stdalign.h>
#include <stddef.h>

#include "base/bytes.h"
#include "wire/limits.h"

/* In front of the bytes, so that nobody has to remember the size. */
typedef struct grille_kept_buffer {
    struct grille_kept_buffer *next; /* while it is kept */
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

/* The one that a link of the list leads to. */
static uint8_t *take_kept(grille_buffer_pool *pool, long_buffer **link) {
    long_buffer *taken = *link;
    *link = taken->next;
    pool->kept_count--;
    pool->kept_bytes -= taken->capacity;
    return taken->bytes;
}

/* The smallest that is large enough, or NULL. Messages of a stream are often of one length: then it is the first. */
static uint8_t *find_kept(grille_buffer_pool *pool, size_t whole) {
    long_buffer **best = NULL;
    for (long_buffer **at = &pool->kept; *at != NULL && (best == NULL || (*best)->capacity != whole);
         at = &(*at)->next) {
        if ((*at)->capacity >= whole && (best == NULL || (*at)->capacity < (*best)->capacity)) best = at;
    }
    return best == NULL ? NULL : take_kept(pool, best);
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
    long_buffer *given = NULL;
    if (buffer == NULL) return;
    wipe_used(buffer, used);
    given = buffer_of(buffer);
    if (pool->kept_count == GRILLE_KEPT_BUFFERS ||
        given->capacity > GRILLE_LIMIT_KEPT_BUFFER_BYTES - pool->kept_bytes) {
        free_wiped(pool, buffer);
        return;
    }
    given->next = pool->kept;
    pool->kept = given;
    pool->kept_count++;
    pool->kept_bytes += given->capacity;
}

void grille_buffer_pool_shrink(grille_buffer_pool *pool) {
    while (pool->kept_count > 0)
        free_wiped(pool, take_kept(pool, &pool->kept));
}
