/* SPDX-License-Identifier: Apache-2.0
 * SHA-256 (FIPS 180-4), for method ids and schema digests: the generator links no cryptographic library. */
#ifndef GRILLE_CODEGEN_SHA256_H
#define GRILLE_CODEGEN_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define GRILLE_GEN_SHA256_BYTES 32

/* Caller's storage. */
typedef struct grille_gen_sha256 {
    uint32_t state[8];
    uint64_t len;
    uint8_t block[64];
} grille_gen_sha256;

void grille_gen_sha256_init(grille_gen_sha256 *hash);
void grille_gen_sha256_add(grille_gen_sha256 *hash, const void *data, size_t len);
/* Big-endian integers. */
void grille_gen_sha256_add_u8(grille_gen_sha256 *hash, uint8_t value);
void grille_gen_sha256_add_u32(grille_gen_sha256 *hash, uint32_t value);
/* Ends the hash; it must be initialised again before more is added. */
void grille_gen_sha256_end(grille_gen_sha256 *hash, uint8_t digest[GRILLE_GEN_SHA256_BYTES]);

/* The first 4 bytes, big-endian, of the hash of a text: ids of methods and services. */
uint32_t grille_gen_id_of(const char *text);

#endif
