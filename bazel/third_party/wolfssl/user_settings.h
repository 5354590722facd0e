/* Build of wolfSSL for Grille: TLS 1.3 only, no clock, no file system, no sockets, entropy by a callback.
 * Only preprocessor lines may stand here: assembly files include it too. What is absent is absent on purpose;
 * tests/unit/crypto/wolfssl_build_test.c looks. */
#ifndef GRILLE_WOLFSSL_USER_SETTINGS_H
#define GRILLE_WOLFSSL_USER_SETTINGS_H

/* --- Ground: sans-IO ------------------------------------------------------------------------------------------- */
#define WOLFSSL_USER_IO /* records travel through our callbacks */
#define WOLFSSL_NO_SOCK
#define NO_FILESYSTEM
#define NO_WRITEV
#define NO_ASN_TIME                             /* no clock: validity is judged by our own path walk, which gets the time as an argument */
#define WC_RNG_SEED_CB                          /* entropy comes from wc_SetSeed_Cb, and from nowhere else: */
#define CUSTOM_RAND_GENERATE_SEED(output, size) ((void)(output), (void)(size), -1)
#define WOLFSSL_IGNORE_FILE_WARN
#define HAVE___UINT128_T
#define NO_MAIN_DRIVER
#define NO_ERROR_QUEUE

/* --- TLS 1.3 and nothing older ------------------------------------------------------------------------------------ */
#define WOLFSSL_TLS13
#define WOLFSSL_NO_TLS12
#define NO_OLD_TLS
#define HAVE_TLS_EXTENSIONS
#define HAVE_SUPPORTED_CURVES
#define HAVE_ALPN
#define HAVE_KEYING_MATERIAL
#define WOLFSSL_ALWAYS_VERIFY_CB /* the verify hook sees every certificate */
#define WOLFSSL_VERIFY_CB_ALL_CERTS
#define NO_PSK
#define NO_SESSION_CACHE
/* not defined: KEEP_PEER_CERT (4 KiB for each connection: the verify hook keeps what the gate needs),
 * HAVE_SESSION_TICKET, WOLFSSL_EARLY_DATA, WOLFSSL_POST_HANDSHAKE_AUTH, HAVE_SECURE_RENEGOTIATION, OPENSSL_EXTRA,
 * OPENSSL_ALL, WOLFSSL_TRUST_PEER_CERT, HAVE_SECRET_CALLBACK, SHOW_SECRETS, WOLFSSL_SSLKEYLOGFILE */

/* --- Whom the channel talks to, and whom services.  Same sources, see service_tls.h ------------------------------- */
#ifdef GRILLE_TLS_OF_SERVICES
#define NO_WOLFSSL_SERVER
#define HAVE_SNI
#define WC_RSA_PSS
#define WC_RSA_BLINDING           /* of private keys, of which there are none */
#define SP_INT_BITS          4096 /* numbers as long as the longest RSA key; curves by them too */
#define WOLFSSL_MIN_RSA_BITS 2048
#else
#define NO_RSA
#define HAVE_HPKE
#define WOLFSSL_CERT_GEN
#define WOLFSSL_CERT_EXT
#define WOLFSSL_HAVE_SP_ECC
#define WOLFSSL_SP_384
#endif

/* --- Certificates ---------------------------------------------------------------------------------------------------
 */
#define WOLFSSL_ALT_NAMES

/* --- Algorithms --------------------------------------------------------------------------------------------------- */
#define HAVE_ECC
#define ECC_USER_CURVES /* P-256 and P-384 only */
#define HAVE_ECC384
#define HAVE_ECC_CHECK_KEY
#define ECC_SHAMIR
#define ECC_TIMING_RESISTANT
#define TFM_TIMING_RESISTANT
#define HAVE_CURVE25519
/* A low-order X25519 share gives an all-zero secret: refused (RFC 8446 7.4.2). */
#define WOLFSSL_ECDHX_SHARED_NOT_ZERO
#define HAVE_AESGCM
#define GCM_TABLE_4BIT /* only where the CPU has no carry-less multiplication */
#define HAVE_CHACHA
#define HAVE_POLY1305
#define HAVE_HKDF
#define WOLFSSL_SHA384
#define WOLFSSL_SHA512
#define HAVE_HASHDRBG
#define NO_AES_192
#define NO_DES3
#define NO_DH
#define NO_DSA
#define NO_MD4
#define NO_MD5
#define NO_PKCS12
#define NO_PWDBASED
#define NO_RC4
#define NO_SHA

/* --- Assembly and big numbers ----------------------------------------------------------------------------------- */
#define WOLFSSL_SP_MATH_ALL
#define WOLFSSL_SP_NO_2048 /* no RSA: 170 KB of a program */
#define WOLFSSL_SP_NO_3072
#ifdef GRILLE_SMALL_TABLES /* of multiples of the base points: 10 KB, not 500 (docs/enclave-programs.md) */
#define WOLFSSL_SP_SMALL
#endif
#define WOLFSSL_SP_NO_MALLOC /* numbers live on the stack: nothing secret is left in freed heap blocks */
#if defined(__x86_64__)
#define WOLFSSL_X86_64_BUILD
#define WOLFSSL_SP_X86_64_ASM
#define WOLFSSL_AESNI
#define USE_INTEL_SPEEDUP
#endif

#endif
