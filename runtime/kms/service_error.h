/* SPDX-License-Identifier: Apache-2.0
 * What an error of the key service means to the program and to its operator. Pure; any thread. */
#ifndef GRILLE_KMS_SERVICE_ERROR_H
#define GRILLE_KMS_SERVICE_ERROR_H

#include "kms/message.h"

typedef struct grille_kms_meaning {
    grille_reason reason;
    const char *cause; /* likely */
    const char *next;  /* what to do */
} grille_kms_meaning;

/* By the error's type, else by its status. KMS_REFUSED, KMS_NOT_FOUND, KMS_KEY_STATE, KMS_CIPHERTEXT, KMS_INVALID: for
 * good; KMS_THROTTLED and KMS_UNAVAILABLE: worth another attempt, exactly where grille_kms_is_worth_retry says so. The
 * texts are in static storage. */
grille_kms_meaning grille_kms_meaning_of(const grille_kms_error *error);

/* Whether the service calls the credentials expired: others may come. */
bool grille_kms_is_expired_token(const char *type);

#endif
