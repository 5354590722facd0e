/* SPDX-License-Identifier: Apache-2.0
 * What an identity holds; shared by identity_*.c and evidence_*.c. Immutable after it was made,
 * but for the count of its owners. */
#ifndef GRILLE_ATTEST_IDENTITY_STATE_H
#define GRILLE_ATTEST_IDENTITY_STATE_H

#include <stdatomic.h>

#include "attest/psk.h"
#include "attest/trusted_clock.h"
#include "crypto/crypto.h"
#include "grille/identity.h"
#include "nsm/nsm.h"
#include "wire/limits.h"

/* PCR0, 1 and 2: what an image is, for sets with `peer: self`. */
#define GRILLE_SELF_PCRS 3

struct grille_identity {
    atomic_size_t owners;
    grille_identity_kind kind;

    /* nitro */
    grille_nsm *nsm;             /* owned; managed */
    grille_trusted_clock *clock; /* owned; of the NSM's documents */
    uint8_t own_pcrs[GRILLE_SELF_PCRS][GRILLE_PCR_BYTES];

    /* x509 */
    const grille_crypto *crypto;                        /* made the key, frees it */
    grille_private_key *key;                            /* owned */
    uint8_t *chain;                                     /* owned: the DER of all certificates */
    grille_bytes certificates[GRILLE_LIMIT_X509_CHAIN]; /* leaf first */
    size_t certificate_count;

    grille_psk psk;
};

/* An empty one of this kind with one owner; NULL: out of memory. */
grille_identity *grille_identity_new(grille_identity_kind kind);

/* Makes `identity` the one of this NSM, which it owns then; closed on failure. OUT_OF_MEMORY, SYSTEM. */
GRILLE_MUST_USE grille_reason grille_identity_take_nsm(grille_identity *identity, grille_nsm *nsm, grille_error *error);
/* Closes it again, if there is one. */
void grille_identity_drop_nsm(grille_identity *identity);

#endif
