/* SPDX-License-Identifier: Apache-2.0
 * A development CA and the certificate of a server under it, both RSA-2048 as AWS KMS's are. Any thread. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_CERTIFICATES_H
#define GRILLE_TOOLS_KMS_EMULATOR_CERTIFICATES_H

#include <stdbool.h>
#include <stddef.h>

#include "grille/reasons.h"

/* PEM, each with its terminator; from malloc. */
typedef struct kms_certificates {
    char *authority;   /* its certificate: what clients trust. Its key is thrown away: nothing else is ever issued */
    char *server;      /* its certificate */
    char *private_key; /* the server's, PKCS#8: secret */
} kms_certificates;

/* Makes them. `names` are DNS names or IP addresses (RFC 5280 4.2.1.6), at least one. False: BAD_ARGUMENT for a name
 * that is neither, SYSTEM where libcrypto fails; nothing is to be freed then. */
GRILLE_MUST_USE bool kms_certificates_make(const char *const *names, size_t count, kms_certificates *made,
                                           grille_error *error);

/* Wipes the key. */
void kms_certificates_free(kms_certificates *made);

#endif
