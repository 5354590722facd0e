/* SPDX-License-Identifier: Apache-2.0
 * Signatures of CA certificates that were verified once: the same few intermediates stand above every document of an
 * instance, and verifying them is most of what a document costs. Only "the key of this issuer made the signature of
 * this certificate" is remembered, both by the SHA-256 of their DER; names, times, usages and path lengths are judged
 * each time by whoever asks (path.c). A wrong signature is never remembered, nor is a leaf's. Any thread: one mutex
 * inside. */
#ifndef GRILLE_ATTEST_PATH_CACHE_H
#define GRILLE_ATTEST_PATH_CACHE_H

#include "base/time.h"
#include "crypto/crypto.h"

/* At most GRILLE_LIMIT_PATH_CACHE_ENTRIES signatures; a further one takes the place of one whose certificate has
 * expired, else of the one that was not used for longest. */
typedef struct grille_path_cache grille_path_cache;

/* An issuer and what it signed. */
typedef struct grille_path_cache_key {
    uint8_t issuer[GRILLE_SHA256_BYTES];
    uint8_t certificate[GRILLE_SHA256_BYTES];
} grille_path_cache_key;

typedef struct grille_path_cache_counters {
    uint64_t hits;
    uint64_t misses;
    uint64_t evictions; /* of entries that had not expired */
    size_t entries;     /* now, expired ones that nobody replaced included */
} grille_path_cache_counters;

/* The caller's until grille_path_cache_free, after the last who uses it. OUT_OF_MEMORY. */
GRILLE_MUST_USE grille_reason grille_path_cache_new(grille_path_cache **cache);
/* NULL is ignored. */
void grille_path_cache_free(grille_path_cache *cache);

/* The one that all channels and servers of this process share: what it remembers holds for everybody, and a channel
 * that is opened for a few calls finds it warm. Never freed. */
grille_path_cache *grille_path_cache_shared(void);

/* The key of two certificates' DER. CRYPTO_FAILED. */
GRILLE_MUST_USE grille_reason grille_path_cache_key_of(const grille_crypto *crypto, grille_bytes issuer,
                                                       grille_bytes certificate, grille_path_cache_key *key);

/* True when this signature was found right before and its certificate's notAfter is not before `now_ms`. Counts. */
bool grille_path_cache_has(grille_path_cache *cache, const grille_path_cache_key *key, grille_wall_ms now_ms);

/* Remembers a signature that was verified, until the certificate's notAfter. */
void grille_path_cache_add(grille_path_cache *cache, const grille_path_cache_key *key, grille_wall_ms not_after_ms,
                           grille_wall_ms now_ms);

void grille_path_cache_get_counters(grille_path_cache *cache, grille_path_cache_counters *counters);

#endif
