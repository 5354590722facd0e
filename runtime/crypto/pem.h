/* SPDX-License-Identifier: Apache-2.0
 * PEM as RFC 7468 generates it (section 3, "strict"): one label each side, lines of 64 characters, nothing in between.
 * The base64 is coded in constant time, since a block may be a private key. */
#ifndef GRILLE_CRYPTO_PEM_H
#define GRILLE_CRYPTO_PEM_H

#include <stdbool.h>

#include "base/reader.h"

typedef enum grille_pem_label {
    GRILLE_PEM_CERTIFICATE,    /* RFC 7468 5 */
    GRILLE_PEM_PRIVATE_KEY,    /* PKCS#8, RFC 7468 10 */
    GRILLE_PEM_EC_PRIVATE_KEY, /* SEC1, RFC 5915 4 */
    GRILLE_PEM_PUBLIC_KEY,     /* SubjectPublicKeyInfo, RFC 7468 13 */
} grille_pem_label;

/* Characters that a block of `der_len` bytes takes, newline at its end included, no terminator. */
size_t grille_pem_len(grille_pem_label label, size_t der_len);

/* Writes one block into `text`, which must hold grille_pem_len characters (NO_SPACE); no terminator. */
GRILLE_MUST_USE grille_reason grille_pem_write(grille_pem_label label, grille_bytes der, char *text, size_t capacity,
                                               size_t *len);

/* True when something other than empty lines is left; takes the empty lines. */
GRILLE_MUST_USE bool grille_pem_more(grille_reader *text);

/* Takes the next block, which starts here, and decodes it into `der`. Lines end in LF or CR LF; the last may end with
 * the text. CRYPTO_BAD_PEM: no block of a known label, a wrong end, a character or a line length that a strict writer
 * does not make, an empty block, bits set after the last byte. NO_SPACE when the bytes don't fit. On failure `der` is
 * wiped. */
GRILLE_MUST_USE grille_reason grille_pem_read(grille_reader *text, grille_pem_label *label, uint8_t *der,
                                              size_t capacity, size_t *len);

#endif
