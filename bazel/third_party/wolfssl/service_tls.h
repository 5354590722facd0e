/* SPDX-License-Identifier: Apache-2.0
 * What of wolfSSL knows RSA or the size of its numbers: the TLS client, certificates, ECC, RSA, big numbers. The
 * library itself has them without RSA and at the size of its curves, for the channel. This is the same source once
 * more, to be included by one file, in which all of it is static: what that file does not use the compiler throws away.
 * Everything else (AES, hashes, X25519, random bytes, memory: whose structs are the same with these settings, as
 * tests/unit/build/wolfssl_build_test.c sees) is the library's. */
#ifndef GRILLE_WOLFSSL_SERVICE_TLS_H
#define GRILLE_WOLFSSL_SERVICE_TLS_H

/* See user_settings.h. */
#define GRILLE_TLS_OF_SERVICES

#include <wolfssl/wolfcrypt/settings.h>

static unsigned int CheckRunTimeSettings(void);

#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/chacha.h>
#include <wolfssl/wolfcrypt/chacha20_poly1305.h>
#include <wolfssl/wolfcrypt/coding.h>
#include <wolfssl/wolfcrypt/cpuid.h>
#include <wolfssl/wolfcrypt/curve25519.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/hmac.h>
#include <wolfssl/wolfcrypt/kdf.h>
#include <wolfssl/wolfcrypt/logging.h>
#include <wolfssl/wolfcrypt/memory.h>
#include <wolfssl/wolfcrypt/misc.h>
#include <wolfssl/wolfcrypt/poly1305.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/types.h>
#include <wolfssl/wolfcrypt/wc_port.h>

/* Whatever the headers declare from here on, and the sources define, is this file's own. */
#undef WOLFSSL_API
#undef WOLFSSL_LOCAL
#define WOLFSSL_API   static
#define WOLFSSL_LOCAL static

/* What the headers declare without these words, or not at all: the first declaration says what it is. */
struct CipherSpecs;
static void InitCipherSpecs(struct CipherSpecs *specs);
#include <wolfssl/internal.h>
static int TLSX_CheckUnsupportedExtension(WOLFSSL *ssl, TLSX_Type type);
static int TLSX_HandleUnsupportedExtension(WOLFSSL *ssl);
static void TLSX_SetResponse(WOLFSSL *ssl, TLSX_Type type);
static WC_RNG *wolfssl_make_rng(WC_RNG *rng, int *local);

/* Tables that C has no way to make static from outside get names of their own, and no program's symbol table shows them
 * as global. */
#define wcchar            static const char *const
#define ecc_sets          grille_tls_of_services_ecc_sets
#define ecc_sets_count    grille_tls_of_services_ecc_sets_count
#define pem_struct_min_sz grille_tls_of_services_pem_struct_min_sz
#define rsaIntOffset      grille_tls_of_services_rsaIntOffset
#define sp_off_on_addr    grille_tls_of_services_sp_off_on_addr
#define wc_off_on_addr    grille_tls_of_services_wc_off_on_addr

/* The crypto room has set where entropy comes from; starting this part does not set it again. */
#define wc_SetSeed_Cb(callback) ((void)(callback), 0)

#pragma GCC visibility push(hidden)

/* clang-format off: in this order */
#include <src/internal.c>
#include <src/keys.c>
#include <src/ssl.c>
#include <src/tls.c>
#include <src/tls13.c>
#include <src/wolfio.c>
#include <wolfcrypt/src/asn.c>
#include <wolfcrypt/src/ecc.c>
#include <wolfcrypt/src/rsa.c>
#include <wolfcrypt/src/sp_int.c>
#include <wolfcrypt/src/wc_encrypt.c>
#include <wolfcrypt/src/wolfmath.c>
/* clang-format on */

#pragma GCC visibility pop

#endif
