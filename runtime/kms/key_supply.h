/* SPDX-License-Identifier: Apache-2.0
 * RSA keys and their attestation documents, made by a thread of their own: a key takes a tenth of a second, a document
 * as long as the NSM takes. Any thread, but where something else is said. */
#ifndef GRILLE_KMS_KEY_SUPPLY_H
#define GRILLE_KMS_KEY_SUPPLY_H

#include "kms/key_ring.h"

/* Its stack: making a key takes 80 KiB (crypto/rsa_private.h), more than some libraries give a thread. */
#define GRILLE_KMS_STACK_BYTES 524288

typedef struct grille_key_supply grille_key_supply;

typedef struct grille_key_supply_options {
    grille_key_ring_options ring;
    grille_rsa_random random; /* for keys */
    /* Writes an attestation document with this public key. On the supply's thread. */
    grille_reason (*document)(void *user, grille_bytes spki, uint8_t *document, size_t capacity, size_t *len,
                              grille_error *error);
    /* Something may be taken now that could not be, or there was a failure. On the supply's thread; must not block. */
    void (*changed)(void *user);
    void *user;
} grille_key_supply_options;

/* Starts the thread, which begins with the keys ahead. OUT_OF_MEMORY, SYSTEM; *supply is NULL then. */
GRILLE_MUST_USE grille_reason grille_key_supply_new(const grille_key_supply_options *options,
                                                    grille_key_supply **supply, grille_error *error);
/* Ends the thread, which may take as long as a document, wipes and frees. Everything was given back. NULL is ignored.
 * Not on the supply's thread. */
void grille_key_supply_free(grille_key_supply *supply);

/* OK: a key that is the taker's until grille_key_supply_give_back, and its document, at most GRILLE_NSM_RESPONSE_MAX
 * bytes. MORE: `changed` tells when to ask again. Else why there was none since `*failures` of them, which is raised to
 * all that there were; a further try is under way only after a later take. Begin with grille_key_supply_failures. */
GRILLE_MUST_USE grille_reason grille_key_supply_take(grille_key_supply *supply, uint64_t *failures,
                                                     grille_ring_key **key, uint8_t *document, size_t *len,
                                                     grille_error *error);
uint64_t grille_key_supply_failures(grille_key_supply *supply);
void grille_key_supply_give_back(grille_key_supply *supply, grille_ring_key *key);

/* Keys made, keys wiped, documents. */
void grille_key_supply_count(grille_key_supply *supply, uint64_t *made, uint64_t *wiped, uint64_t *documents);

#endif
