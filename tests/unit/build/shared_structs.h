/* SPDX-License-Identifier: Apache-2.0
 * Structs that TLS towards services (service_tls.h) hands to the library, which was built with other settings. */
#ifndef GRILLE_TESTS_UNIT_BUILD_SHARED_STRUCTS_H
#define GRILLE_TESTS_UNIT_BUILD_SHARED_STRUCTS_H

#include <stddef.h>

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/chacha20_poly1305.h>
#include <wolfssl/wolfcrypt/curve25519.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/hmac.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/wc_port.h>

typedef struct shared_struct {
    const char *name;
    size_t bytes, last; /* where the last member stands that either side touches */
} shared_struct;

#define SHARED_STRUCT_ROWS                                                                                             \
    {"Aes", sizeof(Aes), offsetof(Aes, heap)}, {"ChaCha", sizeof(ChaCha), offsetof(ChaCha, left)},                     \
        {"Poly1305", sizeof(Poly1305), offsetof(Poly1305, finished)},                                                  \
        {"ChaChaPoly_Aead", sizeof(ChaChaPoly_Aead), offsetof(ChaChaPoly_Aead, state)},                                \
        {"wc_Sha256", sizeof(wc_Sha256), offsetof(wc_Sha256, heap)},                                                   \
        {"wc_Sha384", sizeof(wc_Sha384), offsetof(wc_Sha384, heap)},                                                   \
        {"wc_Sha512", sizeof(wc_Sha512), offsetof(wc_Sha512, heap)}, {"wc_HashAlg", sizeof(wc_HashAlg), 0},            \
        {"Hmac", sizeof(Hmac), offsetof(Hmac, innerHashKeyed)}, {"WC_RNG", sizeof(WC_RNG), offsetof(WC_RNG, status)},  \
        {"curve25519_key", sizeof(curve25519_key), offsetof(curve25519_key, k)},                                       \
        {"wolfSSL_Mutex", sizeof(wolfSSL_Mutex), 0}, {"wolfSSL_Ref", sizeof(wolfSSL_Ref), 0}, {                        \
        "hashes", WC_HASH_TYPE_MAX, WC_HASH_TYPE_SHA512                                                                \
    }

enum { shared_struct_count = 14 };

/* As services see them. */
extern const shared_struct shared_structs_of_services[shared_struct_count];

#endif
