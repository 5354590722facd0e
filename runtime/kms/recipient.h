/* SPDX-License-Identifier: Apache-2.0
 * Opens what a key service has encrypted for our key (CiphertextForRecipient, kms/cms.h). The form protects no
 * integrity: whoever can put a message in the place of the service's can make one up, or change one. Authentic it is by
 * the TLS connection that it came through, and by nothing else. Any thread; no heap. */
#ifndef GRILLE_KMS_RECIPIENT_H
#define GRILLE_KMS_RECIPIENT_H

#include "crypto/rsa_private.h"

/* Opens a message with `key`: its identifier is compared with the key's first, then RSA, then AES. `plain` holds at
 * least the encrypted content, which is up to 16 bytes longer than the plaintext; GRILLE_LIMIT_KMS_RECIPIENT_BYTES are
 * always enough. *len is set on OK only; on a failure all of `plain` that was written is wiped. KMS_MESSAGE: not of the
 * form; NO_SPACE; KMS_RECIPIENT: for another key, or whatever else is wrong, and time does not tell what. The key that
 * the message carries is wiped. */
GRILLE_MUST_USE grille_reason grille_recipient_open(const grille_rsa_private *rsa, grille_rsa_private_key *key,
                                                    grille_bytes message, uint8_t *plain, size_t capacity, size_t *len);

#endif
