/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/key_supply.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"

enum { us_per_second = 1000000, ns_per_us = 1000 };

struct grille_key_supply {
    grille_key_supply_options options;
    pthread_t thread;
    pthread_mutex_t lock; /* for all below */
    pthread_cond_t work;  /* monotonic */
    grille_key_ring ring;
    bool closing;
    bool resting; /* it failed: nothing is tried before the next take */
    uint64_t failures;
    grille_reason failure; /* the last one */
    grille_error why;
};

static grille_time_us now_us(void) {
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (grille_time_us)now.tv_sec * us_per_second + (grille_time_us)now.tv_nsec / ns_per_us;
}

/* Until somebody takes, or a key is old. */
static void sleep_until(grille_key_supply *supply, grille_time_us until_us) {
    const struct timespec until = {.tv_sec = (time_t)(until_us / us_per_second),
                                   .tv_nsec = (long)(until_us % us_per_second) * ns_per_us};
    if (until_us == GRILLE_TIME_NEVER) {
        (void)pthread_cond_wait(&supply->work, &supply->lock);
    } else {
        (void)pthread_cond_timedwait(&supply->work, &supply->lock, &until);
    }
}

static grille_reason make_key(grille_key_supply *supply, grille_error *error) {
    grille_rsa_private_key *key = NULL;
    grille_reason reason;
    (void)pthread_mutex_unlock(&supply->lock);
    reason = supply->options.ring.rsa->generate(supply->options.random, &key);
    (void)pthread_mutex_lock(&supply->lock);
    if (reason == GRILLE_REASON_OK) reason = grille_key_ring_add_key(&supply->ring, key);
    return reason == GRILLE_REASON_OK ? reason : grille_error_default(error, reason);
}

static grille_reason make_document(grille_key_supply *supply, grille_error *error) {
    grille_ring_key *key = supply->ring.current;
    uint8_t document[GRILLE_NSM_RESPONSE_MAX];
    const grille_time_us asked_us = now_us();
    size_t len = 0;
    grille_reason reason;
    key->holders++;
    (void)pthread_mutex_unlock(&supply->lock);
    reason = supply->options.document(supply->options.user, supply->options.ring.rsa->spki(key->key), document,
                                      sizeof document, &len, error);
    (void)pthread_mutex_lock(&supply->lock);
    if (reason == GRILLE_REASON_OK) {
        reason = grille_key_ring_add_document(&supply->ring, key, (grille_bytes){document, len}, asked_us);
    }
    grille_key_ring_give_back(&supply->ring, key);
    return reason == GRILLE_REASON_OK ? reason : grille_error_default(error, reason);
}

static void fail(grille_key_supply *supply, grille_reason reason, const grille_error *why) {
    supply->failures++;
    supply->failure = reason;
    supply->why = *why;
    supply->resting = true;
    supply->ring.wanted = false;
}

/* Under lock. */
static void work(grille_key_supply *supply, grille_key_work what) {
    grille_error why = {.code = GRILLE_OK};
    const bool wanted = supply->ring.wanted;
    const grille_reason reason = what == GRILLE_KEY_MAKE ? make_key(supply, &why) : make_document(supply, &why);
    if (reason != GRILLE_REASON_OK) fail(supply, reason, &why);
    if (!wanted && reason == GRILLE_REASON_OK && !supply->ring.wanted) return;
    (void)pthread_mutex_unlock(&supply->lock);
    supply->options.changed(supply->options.user);
    (void)pthread_mutex_lock(&supply->lock);
}

static void *run(void *user) {
    grille_key_supply *supply = user;
    (void)pthread_mutex_lock(&supply->lock);
    while (!supply->closing) {
        const grille_key_work what = grille_key_ring_work(&supply->ring, now_us());
        if (what == GRILLE_KEY_REST || supply->resting) {
            sleep_until(supply, grille_key_ring_next_us(&supply->ring));
        } else {
            work(supply, what);
        }
    }
    (void)pthread_mutex_unlock(&supply->lock);
    return NULL;
}

static void init_locks(grille_key_supply *supply) {
    pthread_condattr_t monotonic;
    (void)pthread_mutex_init(&supply->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&supply->work, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
}

static void end(grille_key_supply *supply) {
    grille_key_ring_deinit(&supply->ring);
    (void)pthread_cond_destroy(&supply->work);
    (void)pthread_mutex_destroy(&supply->lock);
    free(supply);
}

static int start(grille_key_supply *supply) {
    pthread_attr_t attributes;
    int status = 0;
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, GRILLE_KMS_STACK_BYTES);
    status = pthread_create(&supply->thread, &attributes, run, supply);
    (void)pthread_attr_destroy(&attributes);
    return status;
}

grille_reason grille_key_supply_new(const grille_key_supply_options *options, grille_key_supply **supply,
                                    grille_error *error) {
    grille_key_supply *made = calloc(1, sizeof *made);
    int status = 0;
    *supply = NULL;
    if (made == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    made->options = *options;
    grille_key_ring_init(&made->ring, &options->ring);
    init_locks(made);
    status = start(made);
    if (status != 0) {
        end(made);
        return grille_error_set(error, GRILLE_REASON_SYSTEM, "no thread for a key service's RSA keys: %s",
                                strerror(status));
    }
    *supply = made;
    return GRILLE_REASON_OK;
}

void grille_key_supply_free(grille_key_supply *supply) {
    if (supply == NULL) return;
    (void)pthread_mutex_lock(&supply->lock);
    supply->closing = true;
    (void)pthread_cond_signal(&supply->work);
    (void)pthread_mutex_unlock(&supply->lock);
    (void)pthread_join(supply->thread, NULL);
    end(supply);
}

/* Under lock. */
static grille_reason take(grille_key_supply *supply, uint64_t *failures, grille_ring_key **key, uint8_t *document,
                          size_t *len, grille_error *error) {
    grille_ring_key *taken = grille_key_ring_take(&supply->ring, now_us());
    if (taken != NULL) {
        memcpy(document, taken->document, taken->document_len);
        *len = taken->document_len;
        *key = taken;
        /* The thread may sleep as if this key were new, or there were one more ahead. */
        if (taken->uses == 1 || supply->ring.current == NULL) (void)pthread_cond_signal(&supply->work);
        return GRILLE_REASON_OK;
    }
    if (*failures != supply->failures) {
        *failures = supply->failures;
        supply->ring.wanted = false;
        if (error != NULL) *error = supply->why;
        return supply->failure;
    }
    supply->resting = false;
    (void)pthread_cond_signal(&supply->work);
    return GRILLE_REASON_MORE;
}

grille_reason grille_key_supply_take(grille_key_supply *supply, uint64_t *failures, grille_ring_key **key,
                                     uint8_t *document, size_t *len, grille_error *error) {
    grille_reason reason;
    (void)pthread_mutex_lock(&supply->lock);
    reason = take(supply, failures, key, document, len, error);
    (void)pthread_mutex_unlock(&supply->lock);
    return reason;
}

uint64_t grille_key_supply_failures(grille_key_supply *supply) {
    uint64_t failures = 0;
    (void)pthread_mutex_lock(&supply->lock);
    failures = supply->failures;
    (void)pthread_mutex_unlock(&supply->lock);
    return failures;
}

void grille_key_supply_give_back(grille_key_supply *supply, grille_ring_key *key) {
    (void)pthread_mutex_lock(&supply->lock);
    grille_key_ring_give_back(&supply->ring, key);
    (void)pthread_mutex_unlock(&supply->lock);
}

void grille_key_supply_count(grille_key_supply *supply, uint64_t *made, uint64_t *wiped, uint64_t *documents) {
    (void)pthread_mutex_lock(&supply->lock);
    *made = supply->ring.keys_made;
    *wiped = supply->ring.keys_wiped;
    *documents = supply->ring.documents;
    (void)pthread_mutex_unlock(&supply->lock);
}
