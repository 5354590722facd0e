/* SPDX-License-Identifier: Apache-2.0
 * Base64 (RFC 4648 section 4) as a key service's JSON carries it: padded, no blanks. What passes through is public or
 * encrypted, so its time may depend on it. Pure; any thread. */
#ifndef GRILLE_KMS_BASE64_H
#define GRILLE_KMS_BASE64_H

#include "base/writer.h"

/* Characters that `len` bytes become. */
static inline size_t grille_base64_len(size_t len) {
    return len / 3 * 4 + (len % 3 == 0 ? 0 : 4);
}

/* Writes the characters, without quotes or end; the writer fails with NO_SPACE and writes none when they do not fit. */
void grille_base64_write(grille_writer *text, grille_bytes bytes);

/* Writes the bytes that `text` stands for. KMS_BASE64: a character outside the alphabet, padding that is missing, too
 * long or not at the end, or bits that stand for nothing and are not zero; NO_SPACE: they do not fit (nothing was
 * written in either case). */
GRILLE_MUST_USE grille_reason grille_base64_read(grille_bytes text, grille_writer *bytes);

#endif
