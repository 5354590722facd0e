/* SPDX-License-Identifier: Apache-2.0
 * The credentials in force. They come from a parent, who may be hostile: they are looked at before they are kept, and
 * kept where nobody but who signs sees them. Any thread. */
#ifndef GRILLE_KMS_CREDENTIALS_H
#define GRILLE_KMS_CREDENTIALS_H

#include <pthread.h>
#include <stdbool.h>

#include "base/time.h"
#include "grille/kms.h"
#include "kms/sigv4.h"
#include "wire/limits.h"

/* A copy of the credentials, in the storage of whoever signs with it. */
typedef struct grille_credentials {
    grille_sigv4_credentials signing; /* views into `bytes` */
    grille_wall_ms expiry_ms;         /* 0: never */
    uint64_t number;                  /* of this set: rises with each that is taken; 0: none */
    uint8_t bytes[GRILLE_LIMIT_KMS_ACCESS_KEY_ID_BYTES + GRILLE_LIMIT_KMS_SECRET_BYTES + GRILLE_LIMIT_KMS_TOKEN_BYTES];
} grille_credentials;

/* Caller's storage; opaque. */
typedef struct grille_credentials_store {
    pthread_mutex_t lock;
    uint64_t taken;
    grille_credentials current; /* number 0: there are none */
} grille_credentials_store;

void grille_credentials_init(grille_credentials_store *store);
/* Wipes. */
void grille_credentials_deinit(grille_credentials_store *store);

/* Whether they can be of AWS: an access key id that is a word (kms/header.h), a secret and a token of visible ASCII, of
 * at most GRILLE_LIMIT_KMS_ACCESS_KEY_ID_BYTES, _SECRET_BYTES and _TOKEN_BYTES, an expiry that is no negative time.
 * Pure. KMS_CREDENTIALS; the text has lengths, never a byte of them. */
GRILLE_MUST_USE grille_reason grille_credentials_check(const grille_kms_credentials *credentials, grille_error *error);

/* Keeps a copy in the place of those before, which are wiped. `now_ms` of 0: the time is not known yet.
 * KMS_CREDENTIALS: grille_credentials_check, or they have expired; what was there stays. */
GRILLE_MUST_USE grille_reason grille_credentials_set(grille_credentials_store *store,
                                                     const grille_kms_credentials *credentials, grille_wall_ms now_ms,
                                                     grille_error *error);

/* Copies those that have not expired at `now_ms` (0: whatever the time); expired ones are wiped and forgotten. False:
 * there are none. */
GRILLE_MUST_USE bool grille_credentials_copy(grille_credentials_store *store, grille_wall_ms now_ms,
                                             grille_credentials *copy);
/* Wipes a copy. */
void grille_credentials_wipe(grille_credentials *copy);

/* The service calls these expired: they are wiped, unless others have come since. */
void grille_credentials_refused(grille_credentials_store *store, uint64_t number);

/* Whether there are any, when they expire (0: never), and how many sets were taken. Expired ones count until somebody
 * who knows the time looks. */
bool grille_credentials_look(grille_credentials_store *store, grille_wall_ms *expiry_ms, uint64_t *taken);

#endif
