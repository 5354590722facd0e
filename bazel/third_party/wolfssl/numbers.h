/* SPDX-License-Identifier: Apache-2.0
 * wolfCrypt's big numbers at the size of RSA. The library itself has them at the size of its curves, so that keys and
 * connections stay small, and has no RSA at all: no TLS handshake can get to any. This is the same source once more, in
 * a library of its own, which is linked only by what verifies RSA signatures. */
#ifndef GRILLE_WOLFSSL_NUMBERS_H
#define GRILLE_WOLFSSL_NUMBERS_H

#include <stddef.h>

/* The longest modulus, base, exponent and result. */
#define GRILLE_NUMBERS_BYTES 512

/* out = base ^ exponent mod modulus, all big-endian, `modulus_len` bytes of out. For public numbers only: its time
 * tells what they are. No heap. 0, or -1 when a number is too long, or the modulus is even or 0. */
int grille_numbers_power(const unsigned char *base, size_t base_len, const unsigned char *exponent, size_t exponent_len,
                         const unsigned char *modulus, size_t modulus_len, unsigned char *out);

#endif
