/* SPDX-License-Identifier: Apache-2.0
 * wolfCrypt's RSA with private keys of 2,048 bits: the library itself has no RSA at all, so that no TLS handshake gets
 * to any (numbers.h). The same sources once more, in a library of their own, which is linked only by what opens
 * messages with such a key. Nothing here takes heap; a key is in use by one thread at a time. */
#ifndef GRILLE_WOLFSSL_PRIVATE_NUMBERS_H
#define GRILLE_WOLFSSL_PRIVATE_NUMBERS_H

#include <stddef.h>

/* Of the modulus, and of whatever it encrypts. */
#define GRILLE_PRIVATE_NUMBERS_BYTES    256
#define GRILLE_PRIVATE_NUMBERS_EXPONENT 65537

/* Of stack that making a key and opening a message take at most, and leave wiped: 27 KiB, more under a sanitizer. */
#define GRILLE_PRIVATE_NUMBERS_STACK_BYTES 65536

/* Calls of a key's generator that one operation may cost: making a key takes some hundred, and would go on for ever
 * with one that says the same each time. */
#define GRILLE_PRIVATE_NUMBERS_DRAWS 20000

/* Fills `out`; 0, or another number when there is no randomness. */
typedef int (*grille_private_numbers_random)(void *context, unsigned char *out, size_t len);

/* Caller's storage of grille_private_numbers_size() bytes, which must stay where it is. */
typedef struct grille_private_numbers grille_private_numbers;

size_t grille_private_numbers_size(void);

/* Two random primes of 1,024 bits by the probabilistic method of FIPS 186-4 B.3.3, and what RFC 8017 3.2 makes of them.
 * `random` is kept for decryption. 0, or -1: then there is nothing to wipe but the storage. */
int grille_private_numbers_make(grille_private_numbers *key, grille_private_numbers_random random, void *context);

/* The modulus, big-endian; its highest bit is set. 0, or -1. */
int grille_private_numbers_modulus(const grille_private_numbers *key,
                                   unsigned char modulus[GRILLE_PRIVATE_NUMBERS_BYTES]);

/* RSAES-OAEP-DECRYPT (RFC 8017 7.1.2) with SHA-256, MGF1 of SHA-256 and an empty label. `block` is the ciphertext, and
 * afterwards scratch: a message of so many bytes is what it ends in. Blinded by randomness. Time does not tell what is
 * wrong with the padding. The message's length, or -1. */
int grille_private_numbers_open(grille_private_numbers *key, unsigned char block[GRILLE_PRIVATE_NUMBERS_BYTES]);

/* Overwrites the private numbers; the storage is the caller's to wipe. */
void grille_private_numbers_end(grille_private_numbers *key);

#endif
