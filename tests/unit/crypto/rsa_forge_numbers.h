/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GRILLE_TESTS_RSA_FORGE_NUMBERS_H
#define GRILLE_TESTS_RSA_FORGE_NUMBERS_H

/* A modulus of exactly so many bits (64 to 4,104) and the secret exponent, (bits + 7) / 8 bytes each; not 0: failed. */
int rsa_forge_numbers(unsigned bits, unsigned long exponent, unsigned char *modulus, unsigned char *secret);

/* base ^ exponent mod modulus, of `len` bytes each. */
int rsa_forge_power(const unsigned char *base, const unsigned char *exponent, const unsigned char *modulus,
                    unsigned len, unsigned char *out);

#endif
