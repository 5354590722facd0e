/* SPDX-License-Identifier: Apache-2.0
 * Randomness: one DRBG of wolfCrypt's (SP 800-90A Hash_DRBG) per thread. Every seed, those that wolfSSL draws for its
 * own generators too, mixes getrandom(2) with the pool that grille_crypto_add_entropy feeds. */
#include "crypto/wolf.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

#include "base/bytes.h"

enum { pool_bytes = GRILLE_SHA384_BYTES, block_most = 0x10000 /* RNG_MAX_BLOCK_LEN */ };

static struct {
    pthread_mutex_t lock;
    uint8_t secret[pool_bytes];
    uint64_t draws;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Rises when every thread must seed anew: after new entropy and, in the child, after a fork. */
static atomic_uint_least64_t generation = 1;

typedef struct generator_state {
    WC_RNG generator;
    uint_least64_t generation; /* 0: not seeded */
} generator_state;

static _Thread_local generator_state own;
static pthread_key_t own_key;

static bool read_system_entropy(uint8_t *out, size_t len) {
    size_t got = 0;
    while (got < len) {
        ssize_t count = getrandom(out + got, len - got, 0);
        if (count < 0 && errno != EINTR) return false;
        if (count > 0) got += (size_t)count;
    }
    return true;
}

/* Mixes `input` into the pool and derives `out_len` bytes from both; the pool moves on, so that neither an earlier nor
 * a later pool tells what was drawn. The caller holds the lock. */
static grille_reason mix(grille_bytes input, uint8_t *out, size_t out_len) {
    uint8_t mixed[GRILLE_SHA384_BYTES];
    uint8_t count[sizeof pool.draws] = {0};
    grille_bytes parts[] = {grille_bytes_of(count, sizeof count), input};
    grille_bytes mixed_view = grille_bytes_of(mixed, sizeof mixed);
    grille_reason reason;

    pool.draws++;
    memcpy(count, &pool.draws, sizeof count);
    reason = grille_wolf_hmac(GRILLE_SHA384, grille_bytes_of(pool.secret, sizeof pool.secret), parts, 2, mixed);
    if (reason == GRILLE_REASON_OK && out_len > 0)
        reason = grille_wolf_hkdf_expand(GRILLE_SHA384, mixed_view, grille_bytes_of_text("grille seed"), out, out_len);
    if (reason == GRILLE_REASON_OK)
        reason = grille_wolf_hkdf_expand(GRILLE_SHA384, mixed_view, grille_bytes_of_text("grille pool"), pool.secret,
                                         sizeof pool.secret);
    grille_wipe(mixed, sizeof mixed);
    return reason;
}

/* wc_RngSeed_Cb */
static int seed(OS_Seed *os, byte *out, word32 len) {
    uint8_t fresh[GRILLE_SHA384_BYTES];
    grille_reason reason = GRILLE_REASON_SYSTEM;
    (void)os;
    if (read_system_entropy(fresh, sizeof fresh)) {
        pthread_mutex_lock(&pool.lock);
        reason = mix(grille_bytes_of(fresh, sizeof fresh), out, len);
        pthread_mutex_unlock(&pool.lock);
    }
    grille_wipe(fresh, sizeof fresh);
    return reason == GRILLE_REASON_OK ? 0 : -1;
}

grille_reason grille_crypto_add_entropy(grille_bytes added) {
    grille_reason reason;
    (void)grille_crypto_wolf();
    pthread_mutex_lock(&pool.lock);
    reason = mix(added, NULL, 0);
    pthread_mutex_unlock(&pool.lock);
    atomic_fetch_add(&generation, 1);
    return reason;
}

static void lock_pool(void) {
    pthread_mutex_lock(&pool.lock);
}
static void unlock_pool(void) {
    pthread_mutex_unlock(&pool.lock);
}
static void unlock_pool_in_child(void) {
    atomic_fetch_add(&generation, 1);
    pthread_mutex_unlock(&pool.lock);
}

static void free_own(void *state) {
    generator_state *ended = state;
    wc_FreeRng(&ended->generator);
    grille_wipe(ended, sizeof *ended);
}

grille_reason grille_wolf_random_init(void) {
    if (pthread_key_create(&own_key, free_own) != 0) return GRILLE_REASON_SYSTEM;
    if (pthread_atfork(lock_pool, unlock_pool, unlock_pool_in_child) != 0) return GRILLE_REASON_SYSTEM;
    return wc_SetSeed_Cb(seed) == 0 ? GRILLE_REASON_OK : GRILLE_REASON_CRYPTO_FAILED;
}

grille_reason grille_wolf_generator(WC_RNG **generator) {
    uint_least64_t current = atomic_load(&generation);
    if (own.generation != current) {
        if (own.generation != 0) wc_FreeRng(&own.generator);
        own.generation = 0;
        if (wc_InitRng(&own.generator) != 0) return GRILLE_REASON_CRYPTO_FAILED;
        own.generation = current;
        if (pthread_setspecific(own_key, &own) != 0) return GRILLE_REASON_SYSTEM;
    }
    *generator = &own.generator;
    return GRILLE_REASON_OK;
}

grille_reason grille_wolf_random(uint8_t *out, size_t len) {
    WC_RNG *generator = NULL;
    grille_reason reason = grille_wolf_generator(&generator);
    for (size_t done = 0; reason == GRILLE_REASON_OK && done < len;) {
        size_t piece = len - done < block_most ? len - done : block_most;
        if (wc_RNG_GenerateBlock(generator, out + done, (word32)piece) != 0) reason = GRILLE_REASON_CRYPTO_FAILED;
        done += piece;
    }
    return reason;
}
