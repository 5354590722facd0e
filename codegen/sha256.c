/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/sha256.h"

#include <string.h>

/* FIPS 180-4, 4.2.2: cube roots of the first 64 primes. */
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t value, unsigned bits) {
    return value >> bits | value << (32 - bits);
}

static uint32_t load(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void expand(const uint8_t block[64], uint32_t schedule[64]) {
    for (size_t i = 0; i < 16; i++)
        schedule[i] = load(block + 4 * i);
    for (size_t i = 16; i < 64; i++) {
        uint32_t a = schedule[i - 15], b = schedule[i - 2];
        schedule[i] = schedule[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + schedule[i - 7] +
                      (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
}

static void compress(grille_gen_sha256 *hash) {
    uint32_t schedule[64], v[8];
    expand(hash->block, schedule);
    memcpy(v, hash->state, sizeof(v));
    for (size_t i = 0; i < 64; i++) {
        uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        uint32_t first =
            v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) + choice + round_constants[i] + schedule[i];
        uint32_t second = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) + majority;
        memmove(v + 1, v, 7 * sizeof(v[0]));
        v[4] += first;
        v[0] = first + second;
    }
    for (size_t i = 0; i < 8; i++)
        hash->state[i] += v[i];
}

void grille_gen_sha256_init(grille_gen_sha256 *hash) {
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(hash->state, start, sizeof(start));
    hash->len = 0;
}

void grille_gen_sha256_add(grille_gen_sha256 *hash, const void *data, size_t len) {
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++) {
        hash->block[hash->len++ % sizeof(hash->block)] = bytes[i];
        if (hash->len % sizeof(hash->block) == 0) compress(hash);
    }
}

void grille_gen_sha256_add_u8(grille_gen_sha256 *hash, uint8_t value) {
    grille_gen_sha256_add(hash, &value, 1);
}

void grille_gen_sha256_add_u32(grille_gen_sha256 *hash, uint32_t value) {
    for (unsigned shift = 32; shift; shift -= 8)
        grille_gen_sha256_add_u8(hash, (uint8_t)(value >> (shift - 8)));
}

void grille_gen_sha256_end(grille_gen_sha256 *hash, uint8_t digest[GRILLE_GEN_SHA256_BYTES]) {
    uint64_t bits = hash->len * 8;
    grille_gen_sha256_add_u8(hash, 0x80);
    while (hash->len % 64 != 56)
        grille_gen_sha256_add_u8(hash, 0);
    grille_gen_sha256_add_u32(hash, (uint32_t)(bits >> 32));
    grille_gen_sha256_add_u32(hash, (uint32_t)bits);
    for (size_t i = 0; i < GRILLE_GEN_SHA256_BYTES; i++)
        digest[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

uint32_t grille_gen_id_of(const char *text) {
    grille_gen_sha256 hash;
    uint8_t digest[GRILLE_GEN_SHA256_BYTES];
    grille_gen_sha256_init(&hash);
    grille_gen_sha256_add(&hash, text, strlen(text));
    grille_gen_sha256_end(&hash, digest);
    return load(digest);
}
