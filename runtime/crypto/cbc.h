/* SPDX-License-Identifier: Apache-2.0
 * AES-256-CBC (SP 800-38A 6.2), decryption alone, for messages of others: the mode protects no integrity, and nothing
 * of Grille's own uses it. No heap; any thread. */
#ifndef GRILLE_CRYPTO_CBC_H
#define GRILLE_CRYPTO_CBC_H

#include "crypto/crypto.h"

#define GRILLE_CBC_KEY_BYTES   32
#define GRILLE_CBC_BLOCK_BYTES 16

/* Decrypts `len` bytes of `text` in place and cuts the padding of PKCS#7 (RFC 5652 6.3), 1 to 16 bytes; *plain_len is
 * set on OK only. BAD_ARGUMENT: a key or an IV of another length, or a text of no block, or of half ones, or over
 * 2^30 bytes. CRYPTO_NOT_AUTHENTIC: another padding; time does not tell what was wrong with it, nor how long it was. On
 * a failure but BAD_ARGUMENT the text is wiped. */
GRILLE_MUST_USE grille_reason grille_cbc_open(grille_bytes key, grille_bytes iv, uint8_t *text, size_t len,
                                              size_t *plain_len);

#endif
