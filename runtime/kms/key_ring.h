/* SPDX-License-Identifier: Apache-2.0
 * RSA keys of a client and what becomes of them: one is in use, with an attestation document that has its public half;
 * others are made ahead. A key serves so many requests and so long, then it is wiped as soon as the last of them has
 * ended. Pure but for freeing keys: time is an argument. One thread at a time (kms/key_supply.h has the lock). */
#ifndef GRILLE_KMS_KEY_RING_H
#define GRILLE_KMS_KEY_RING_H

#include <stdbool.h>

#include "base/list.h"
#include "base/time.h"
#include "crypto/rsa_private.h"
#include "nsm/nsm.h"

typedef struct grille_key_ring_options {
    const grille_rsa_private *rsa;
    uint32_t uses_per_key; /* at least 1 */
    uint64_t key_age_us;   /* after its first use */
    uint64_t document_age_us;
    uint32_t keys_ahead;
} grille_key_ring_options;

/* One key. `key` is safe from several threads as long as it is held. */
typedef struct grille_ring_key {
    grille_link link; /* among the spare ones */
    grille_rsa_private_key *key;
    uint32_t holders; /* and one while it is in the ring */
    uint32_t uses;
    grille_time_us first_use_us;
    bool has_document;
    grille_time_us documented_us;
    size_t document_len;
    uint8_t document[GRILLE_NSM_RESPONSE_MAX];
} grille_ring_key;

/* Caller's storage; opaque. */
typedef struct grille_key_ring {
    grille_key_ring_options options;
    grille_ring_key *current; /* NULL: none */
    grille_link spare;
    uint32_t spare_count;
    bool wanted; /* somebody waits for `current` and its document */
    uint64_t keys_made, keys_wiped, documents;
} grille_key_ring;

/* What has to be done next, by whoever may take long. */
typedef enum grille_key_work { GRILLE_KEY_REST, GRILLE_KEY_MAKE, GRILLE_KEY_DOCUMENT } grille_key_work;

void grille_key_ring_init(grille_key_ring *ring, const grille_key_ring_options *options);
/* Wipes and frees its keys; those that are held when they are given back, which must be before the ring's storage ends.
 */
void grille_key_ring_deinit(grille_key_ring *ring);

/* A key with a document that is good now, held once more, and counted as used. NULL: there is none yet; the ring wants
 * one from now on. */
GRILLE_MUST_USE grille_ring_key *grille_key_ring_take(grille_key_ring *ring, grille_time_us now_us);
void grille_key_ring_give_back(grille_key_ring *ring, grille_ring_key *key);

/* Puts away what is too old, and says what to do: MAKE a key, or get a DOCUMENT for ring->current. */
grille_key_work grille_key_ring_work(grille_key_ring *ring, grille_time_us now_us);
/* When work has to be asked next at the latest: a key that lies in memory grows old. GRILLE_TIME_NEVER: when somebody
 * takes. */
grille_time_us grille_key_ring_next_us(const grille_key_ring *ring);

/* A key that was made; the ring's from now on, on failure too (it is wiped). OUT_OF_MEMORY. */
GRILLE_MUST_USE grille_reason grille_key_ring_add_key(grille_key_ring *ring, grille_rsa_private_key *key);
/* A document that was asked for at `asked_us`, for a held key. NO_SPACE: over GRILLE_NSM_RESPONSE_MAX. */
GRILLE_MUST_USE grille_reason grille_key_ring_add_document(grille_key_ring *ring, grille_ring_key *key,
                                                           grille_bytes document, grille_time_us asked_us);

#endif
