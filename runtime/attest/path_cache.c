/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/path_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "wire/limits.h"

typedef struct entry {
    grille_path_cache_key key;
    grille_wall_ms not_after_ms;
    uint64_t used; /* the cache's count of uses when it was last asked for */
} entry;

struct grille_path_cache {
    pthread_mutex_t mutex;
    uint64_t uses;
    grille_path_cache_counters counters; /* entries: how many of `entries` are in use */
    entry entries[GRILLE_LIMIT_PATH_CACHE_ENTRIES];
};

grille_reason grille_path_cache_new(grille_path_cache **cache) {
    *cache = calloc(1, sizeof **cache);
    if (*cache == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    if (pthread_mutex_init(&(*cache)->mutex, NULL) != 0) {
        free(*cache);
        *cache = NULL;
        return GRILLE_REASON_OUT_OF_MEMORY;
    }
    return GRILLE_REASON_OK;
}

void grille_path_cache_free(grille_path_cache *cache) {
    if (cache == NULL) return;
    (void)pthread_mutex_destroy(&cache->mutex);
    free(cache);
}

grille_path_cache *grille_path_cache_shared(void) {
    static grille_path_cache shared = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    return &shared;
}

grille_reason grille_path_cache_key_of(const grille_crypto *crypto, grille_bytes issuer, grille_bytes certificate,
                                       grille_path_cache_key *key) {
    grille_reason reason = crypto->hash(GRILLE_SHA256, &issuer, 1, key->issuer);
    return reason == GRILLE_REASON_OK ? crypto->hash(GRILLE_SHA256, &certificate, 1, key->certificate) : reason;
}

static entry *find(grille_path_cache *cache, const grille_path_cache_key *key) {
    for (size_t i = 0; i < cache->counters.entries; i++) {
        if (memcmp(&cache->entries[i].key, key, sizeof *key) == 0) return &cache->entries[i];
    }
    return NULL;
}

bool grille_path_cache_has(grille_path_cache *cache, const grille_path_cache_key *key, grille_wall_ms now_ms) {
    entry *found;
    bool has;
    (void)pthread_mutex_lock(&cache->mutex);
    found = find(cache, key);
    has = found != NULL && now_ms <= found->not_after_ms;
    if (has) {
        found->used = ++cache->uses;
        cache->counters.hits++;
    } else {
        cache->counters.misses++;
    }
    (void)pthread_mutex_unlock(&cache->mutex);
    return has;
}

/* A free place, else that of an expired entry, else that of the one that was not used for longest. */
static entry *place_for_one(grille_path_cache *cache, grille_wall_ms now_ms) {
    entry *oldest = &cache->entries[0];
    if (cache->counters.entries < GRILLE_LIMIT_PATH_CACHE_ENTRIES) return &cache->entries[cache->counters.entries++];
    for (size_t i = 0; i < GRILLE_LIMIT_PATH_CACHE_ENTRIES; i++) {
        entry *candidate = &cache->entries[i];
        if (candidate->not_after_ms < now_ms) return candidate;
        if (candidate->used < oldest->used) oldest = candidate;
    }
    cache->counters.evictions++;
    return oldest;
}

void grille_path_cache_add(grille_path_cache *cache, const grille_path_cache_key *key, grille_wall_ms not_after_ms,
                           grille_wall_ms now_ms) {
    entry *place;
    (void)pthread_mutex_lock(&cache->mutex);
    place = find(cache, key);
    if (place == NULL) place = place_for_one(cache, now_ms);
    *place = (entry){.key = *key, .not_after_ms = not_after_ms, .used = ++cache->uses};
    (void)pthread_mutex_unlock(&cache->mutex);
}

void grille_path_cache_get_counters(grille_path_cache *cache, grille_path_cache_counters *counters) {
    (void)pthread_mutex_lock(&cache->mutex);
    *counters = cache->counters;
    (void)pthread_mutex_unlock(&cache->mutex);
}
