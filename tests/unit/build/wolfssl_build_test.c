/* What is in this build of wolfSSL and what is not: the accelerated code is chosen wherever the CPU has the
 * instructions, and what the channel must not offer is compiled out. The linker wraps (--wrap) one assembly routine of
 * each kind, so that the test counts calls of the very code that runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/sp_int.h>

#include "shared_structs.h"

/* Not random: reproducible keys for these tests. */
static int counting_seed(OS_Seed *os, byte *seed, word32 size) {
    static byte next = 1;
    (void)os;
    for (word32 i = 0; i < size; i++)
        seed[i] = (byte)(next++ * 167u);
    return 0;
}

static int failing_seed(OS_Seed *os, byte *seed, word32 size) {
    (void)os;
    (void)seed;
    (void)size;
    return -1;
}

#if defined(__x86_64__)

static unsigned gcm_avx2_calls, gcm_avx1_calls, gcm_aesni_calls, p256_avx2_calls, p256_calls, p384_avx2_calls,
    p384_calls;

/* wolfCrypt's own prototypes (aes.c, sp_x86_64.c) of the routines, and their arguments. */
#define GCM_PARAMETERS                                                                                                 \
    (const unsigned char *in, unsigned char *out, const unsigned char *aad, const unsigned char *iv,                   \
     unsigned char *tag, word32 size, word32 aad_size, word32 iv_size, word32 tag_size, const unsigned char *key,      \
     int rounds)
#define GCM_ARGUMENTS   (in, out, aad, iv, tag, size, aad_size, iv_size, tag_size, key, rounds)
#define P256_PARAMETERS (sp_digit * r, const sp_digit *a, const sp_digit *b, const sp_digit *m, sp_digit mp)
#define P256_ARGUMENTS  (r, a, b, m, mp)
#define P384_PARAMETERS (sp_digit * r, const sp_digit *a, const sp_digit *b)
#define P384_ARGUMENTS  (r, a, b)

#define COUNTED(function, parameters, arguments, counter)                                                              \
    void __real_##function parameters;                                                                                 \
    void __wrap_##function parameters;                                                                                 \
    void __wrap_##function parameters {                                                                                \
        (counter)++;                                                                                                   \
        __real_##function arguments;                                                                                   \
    }

COUNTED(AES_GCM_encrypt_avx2, GCM_PARAMETERS, GCM_ARGUMENTS, gcm_avx2_calls)
COUNTED(AES_GCM_encrypt_avx1, GCM_PARAMETERS, GCM_ARGUMENTS, gcm_avx1_calls)
COUNTED(AES_GCM_encrypt_aesni, GCM_PARAMETERS, GCM_ARGUMENTS, gcm_aesni_calls)
COUNTED(sp_256_mont_mul_avx2_4, P256_PARAMETERS, P256_ARGUMENTS, p256_avx2_calls)
COUNTED(sp_256_mont_mul_4, P256_PARAMETERS, P256_ARGUMENTS, p256_calls)
COUNTED(sp_384_mul_avx2_6, P384_PARAMETERS, P384_ARGUMENTS, p384_avx2_calls)
COUNTED(sp_384_mul_6, P384_PARAMETERS, P384_ARGUMENTS, p384_calls)

static void test_aes_gcm_uses_the_cpu(void **state) {
    static const byte key[16] = {1}, iv[12] = {2}, plain[64] = {3};
    byte sealed[64], tag[16];
    Aes aes;
    (void)state;
    gcm_avx2_calls = gcm_avx1_calls = gcm_aesni_calls = 0;
    assert_int_equal(wc_AesInit(&aes, NULL, INVALID_DEVID), 0);
    assert_int_equal(wc_AesGcmSetKey(&aes, key, sizeof key), 0);
    assert_int_equal(wc_AesGcmEncrypt(&aes, sealed, plain, sizeof plain, iv, sizeof iv, tag, sizeof tag, NULL, 0), 0);
    int has_aes = __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
    int has_avx = has_aes && __builtin_cpu_supports("avx");
    int has_avx2 = has_avx && __builtin_cpu_supports("avx2");
    assert_int_equal(aes.use_aesni, has_aes);
    assert_int_equal(gcm_avx2_calls, has_avx2);
    assert_int_equal(gcm_avx1_calls, has_avx && !has_avx2);
    assert_int_equal(gcm_aesni_calls, has_aes && !has_avx);
    wc_AesFree(&aes);
}

/* Makes a key, signs and verifies on one curve. */
static void sign_and_verify(int size, int curve) {
    static const byte digest[48] = {5};
    byte signature[ECC_MAX_SIG_SIZE];
    word32 length = sizeof signature;
    int good = 0;
    WC_RNG random;
    ecc_key key;
    assert_int_equal(wc_SetSeed_Cb(counting_seed), 0);
    assert_int_equal(wc_InitRng(&random), 0);
    assert_int_equal(wc_ecc_init(&key), 0);
    assert_int_equal(wc_ecc_set_rng(&key, &random), 0);
    assert_int_equal(wc_ecc_make_key_ex(&random, size, &key, curve), 0);
    assert_int_equal(wc_ecc_sign_hash(digest, (word32)size, signature, &length, &random, &key), 0);
    assert_int_equal(wc_ecc_verify_hash(signature, length, digest, (word32)size, &good, &key), 0);
    assert_int_equal(good, 1);
    wc_ecc_free(&key);
    wc_FreeRng(&random);
}

static int has_adx(void) {
    unsigned int registers[4];
    __asm__ volatile("cpuid"
                     : "=a"(registers[0]), "=b"(registers[1]), "=c"(registers[2]), "=d"(registers[3])
                     : "a"(7), "c"(0));
    return (registers[1] >> 19 & 1) && __builtin_cpu_supports("bmi2");
}

static void test_p256_uses_the_cpu(void **state) {
    (void)state;
    p256_avx2_calls = p256_calls = 0;
    sign_and_verify(32, ECC_SECP256R1);
    assert_true(has_adx() ? p256_avx2_calls > 100 : p256_calls > 100);
}

static void test_p384_uses_the_cpu(void **state) {
    (void)state;
    p384_avx2_calls = p384_calls = 0;
    sign_and_verify(48, ECC_SECP384R1);
    assert_true(has_adx() ? p384_avx2_calls > 100 : p384_calls > 100);
}

#endif

static void test_entropy_comes_from_the_callback_only(void **state) {
    WC_RNG random;
    OS_Seed os;
    byte seed[32];
    (void)state;
    memset(&os, 0, sizeof os);
    assert_int_equal(wc_SetSeed_Cb(failing_seed), 0);
    assert_int_not_equal(wc_InitRng(&random), 0);
    assert_int_equal(wc_SetSeed_Cb(NULL), 0);
    assert_int_not_equal(wc_InitRng(&random), 0);
    assert_int_not_equal(wc_GenerateSeed(&os, seed, sizeof seed), 0);
}

/* A macro that is not defined expands to its own name. */
#define TEXT(macro)       #macro
#define EXPANSION(macro)  TEXT(macro)
#define IS_DEFINED(macro) (strcmp(EXPANSION(macro), #macro) != 0)
#define ENTRY(macro)                                                                                                   \
    { #macro, EXPANSION(macro) }

struct setting {
    const char *name, *expansion;
};

static void test_what_the_channel_must_not_offer_is_out(void **state) {
    static const struct setting settings[] = {
        /* resumption, early data, renegotiation, later authentication */
        ENTRY(HAVE_SESSION_TICKET),
        ENTRY(HAVE_EXT_CACHE),
        ENTRY(WOLFSSL_EARLY_DATA),
        ENTRY(WOLFSSL_POST_HANDSHAKE_AUTH),
        ENTRY(HAVE_SECURE_RENEGOTIATION),
        ENTRY(HAVE_SERVER_RENEGOTIATION_INFO),
        ENTRY(WOLFSSL_STATIC_PSK),
        /* the OpenSSL layer */
        ENTRY(OPENSSL_EXTRA),
        ENTRY(OPENSSL_EXTRA_X509_SMALL),
        ENTRY(OPENSSL_ALL),
        ENTRY(OPENSSL_COMPATIBLE_DEFAULTS),
        /* certificates that are trusted without a path, secrets that leave */
        ENTRY(WOLFSSL_TRUST_PEER_CERT),
        ENTRY(HAVE_SECRET_CALLBACK),
        ENTRY(WOLFSSL_SSLKEYLOGFILE),
        ENTRY(SHOW_SECRETS),
        ENTRY(WOLFSSL_SNIFFER),
        ENTRY(DEBUG_WOLFSSL),
        /* older or other protocols, weaker choices */
        ENTRY(WOLFSSL_ALLOW_TLSV10),
        ENTRY(WOLFSSL_ALLOW_SSLV3),
        ENTRY(WOLFSSL_DTLS),
        ENTRY(WOLFSSL_QUIC),
        ENTRY(HAVE_NULL_CIPHER),
        ENTRY(HAVE_ANON),
        ENTRY(WC_NO_HARDEN),
        ENTRY(WC_NO_RNG),
        ENTRY(WC_NO_HASHDRBG),
        ENTRY(WOLFSSL_ALLOW_NO_SUITES),
        ENTRY(WOLFSSL_NO_CLIENT_AUTH),
        ENTRY(WOLFSSL_ALLOW_CRIT_SKID),
        ENTRY(ALLOW_INVALID_CERTSIGN),
        ENTRY(ALLOW_SELFSIGNED_INVALID_CERTSIGN),
    };
    (void)state;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        assert_string_equal(settings[i].expansion, settings[i].name);
}

static void test_what_keeps_things_out_is_in(void **state) {
    (void)state;
    assert_true(IS_DEFINED(WOLFSSL_NO_TLS12));
    assert_true(IS_DEFINED(NO_OLD_TLS));
    assert_true(IS_DEFINED(NO_PSK));
    assert_true(IS_DEFINED(NO_SESSION_CACHE));
    assert_true(IS_DEFINED(NO_RSA));
    assert_true(IS_DEFINED(NO_SHA));
    assert_true(IS_DEFINED(NO_MD5));
    assert_true(IS_DEFINED(NO_DH));
    assert_true(IS_DEFINED(NO_ASN_TIME));
    assert_true(IS_DEFINED(NO_FILESYSTEM));
    assert_true(IS_DEFINED(WOLFSSL_USER_IO));
    assert_true(IS_DEFINED(WC_RNG_SEED_CB));
    assert_true(IS_DEFINED(ECC_TIMING_RESISTANT));
    assert_true(IS_DEFINED(WOLFSSL_TLS13));
    assert_true(IS_DEFINED(HAVE_KEYING_MATERIAL));
}

static void test_cipher_suites_are_the_three_of_tls13(void **state) {
    char names[1024];
    (void)state;
    assert_int_equal(wolfSSL_get_ciphers(names, sizeof names), WOLFSSL_SUCCESS);
    assert_string_equal(names, "TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384:TLS13-CHACHA20-POLY1305-SHA256");
}

static void test_structs_are_those_of_services(void **state) {
    static const shared_struct ours[] = {SHARED_STRUCT_ROWS};
    (void)state;
    assert_int_equal(sizeof ours / sizeof ours[0], shared_struct_count);
    for (size_t i = 0; i < shared_struct_count; i++) {
        assert_string_equal(ours[i].name, shared_structs_of_services[i].name);
        if (ours[i].bytes != shared_structs_of_services[i].bytes || ours[i].last != shared_structs_of_services[i].last)
            fail_msg("%s: %zu bytes, %zu with the settings of services", ours[i].name, ours[i].bytes,
                     shared_structs_of_services[i].bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
        cmocka_unit_test(test_aes_gcm_uses_the_cpu),
        cmocka_unit_test(test_p256_uses_the_cpu),
        cmocka_unit_test(test_p384_uses_the_cpu),
#endif
        cmocka_unit_test(test_entropy_comes_from_the_callback_only),
        cmocka_unit_test(test_what_the_channel_must_not_offer_is_out),
        cmocka_unit_test(test_what_keeps_things_out_is_in),
        cmocka_unit_test(test_cipher_suites_are_the_three_of_tls13),
        cmocka_unit_test(test_structs_are_those_of_services),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
