/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/rsa.h"

#include <stdio.h>

#include "crypto/rsa_key.h"
#include "failing_malloc.h"
#include "rsa_forge.h"
#include "tests/unit/crypto/crypto_test.h"
#include "wire/limits.h"

static const char message_text[] = "A grille lets words through and nobody.";

/* Made by openssl dgst -sign, with keys that are gone. */
static const char spki_2048[] =
    "30820122300d06092a864886f70d01010105000382010f003082010a0282010100b2ce2a3a6d0ac3b951412564facfbebf24b2536710"
    "ee119ad771f6c5624a2dba2c236ea48ccda27219c81327b4d699a072b21c0446772a9ff090acd84c3aa4c9ae0661668f9405a5772393"
    "949840b198034e3abce0c649851ae30243ffd17956b49a7956691a39561c0a4f0867422ad1572ac2c048c62f0af2d18a3e072bb3bc31"
    "8b8812ee5c600494758c65bb2d6d56a2a769128f4f8f7a980b385aa4a9d2eef17177bf73f7049b001c9db42d5d9094a9c7c9a2ecbf9e"
    "74e127595b22d7bc9a31473386d85c8b8cc02648f9e3c11d1e994ea5e6b86bbd8d208cf6c05eae00c1f74d48bee7d15018629cba930d"
    "1290b3a6315a7ecd71049ff1f709ea3c2318470203010001";
static const char sha256_by_2048[] =
    "79e8f74c27054503ac4e730895abfc2d07519155303d4da20ca92f4637a666c537de1726f432d72771011b62f3b4922e86be2f487105"
    "db490b0d8766dfe06d31e36e263ad513c878252c80ffa36c36aad93d3a26b0120e8f443ad7d3d3d1861e687083dbade572d725711a9d"
    "548a030e058cb7c250e56ac69a45226222488ce449261b95f3e5eeb16df7217d36e3de9558444936bc15df5dc4d900a703108a3cd26f"
    "d8fb9b8a79cb730bf7ab93eb09c8aa59f58d2c5f449d2fbd0b877088b424312a42ca60c6cdbddb5f2dae80cf2ba8288c511769036b9e"
    "5436550dfd661afd7cb89c33b89c6498280d020f5c28b4c5f80e2e3bb38281208044b074174d8c17";
static const char sha384_by_2048[] =
    "b2620597887fbaa33609bba86d262e7f413d982df7515f3ee0d242692c17bc17f30c09c7c9a737e24ec849f5d97ceb63f0bd3dab9524"
    "8eea4f1b0dc36c6dac7e919e32e2717d7692e01e4c198f0113e78ab1e2685ba62f3bbd36110afc7597a1b011275b0e99e40e55bec48c"
    "bc060213d8ef51df448545da3f34e29a3586dc54587e090de0d16d8501da7fcab6fd92acd17a26bbd3fb0c2226c18c9f8661f2223b98"
    "93a1bee832279f57698bf4375dd1fe8bb159ac49bf6eed22968dc388ed56153b94b6a896ec8c291d489c5183ddc8f5ab5761103f9ae8"
    "fd54ca77a70cfd99d2c1b6a022fa05cc8a2a081bd52442722b7faaf65a72716386091671e53bd19d";
static const char sha512_by_2048[] =
    "b0dc50d07707f6d802cfa5b4035ce869b86af761c0b4e0cae129a6e39a724aff074f549064c88d570a487eb87a0f88f28d8dfcd0f6db"
    "791c26fcf63cc5510db9fd73a668b6aa8abb95c972425e96230cc6bf02658d4f1378555e4b4d16321278d4844184f2518fa391592199"
    "a0d9299050d97af2280be0cbf749b17f063bab14a965f02d65c5d91aa754e736cd5b5b0cd8d41eb6a1aa3191bbc16aa7ac362104d925"
    "80b9803e81c1aa193b12ac1f916d766c098de8c6b9427338a0e1a6a7ada055d44fe36c957049a6bd3ca84ecb8e3a7275474cbdb174f8"
    "cd62e39903a80141d6356656fad7b047db6f98a8eada301ec91c24df4d05e15f1ac4c361723a98b6";
static const char spki_3072[] =
    "308201a2300d06092a864886f70d01010105000382018f003082018a02820181009b3a205cd42b878e69369ffb6d3ba43ac7d1cd6836"
    "f77047bbbfa045b7c4dc52f6df789a4a14f2e3ee9f5f507c8396dc2a07795b1ec9471ffe1818040232fc64aaf7062de0f03fe5a6b50f"
    "a9845aa730b63fcdeedeaefcb4eb1a22d9e1e2f565e689619e0b5485ba01d88f465767e0a6e1314fbb57f03224d28996b50a38c0d011"
    "38028e07f95319395c99cfa9aaebb28c4e9f4516c40e905843a9970ca708d90bd3ae09605fa4be87ea32c8af3953f44d611c5c96c2fc"
    "cdce4348a12f24dfd217184f4f0e6025fd05608220e929b907657b80714f6d41e742ae3aa963ed9e395e20ac6d2b6ddc0f41d9be2efd"
    "68ba129ad0d6846e8454d1078a569895336d84329d51e53da37e2a9f856d7b49cd2912bf728ae2aef88cafec6375a0dc588edd62cf9a"
    "5e933bfef8676fde8634e921de37972e02e3bdd437a0bf3d14153d21af2030ad4e988ef318d9c67106504f4ed292ad63de06c507de8f"
    "b4bf6a42c88b6446e71632345971a4e6e5f29f2f696f53a6877eff6e065e16309f9d25419c9ce30203010001";
static const char sha384_by_3072[] =
    "671c446f5c9263099419200ae2e6c8832f123234dab8491f7d76438e7d2f8fe3f047a2ebb1cd5a66588f5be930b7a9aab7d11f3a3c5f"
    "ebfa9f78ced7025e2140bb90b7f4e84f0f3b9e012c0ca9a9077cf6ec5553838cf9f638c135247428ab48c449ff04d102998dc3980033"
    "4ebb3254c890683ed4bf7307b97b8fc53cf2e6e20a7094553d3812ac365f4b2d132ef5ef95ac71dc98de916f65551b438a6db72893a6"
    "068485e8d43dfdd6a45ec25357b8da82dee483cd9b5f4036650a04d317e8a4a3d22724d5a9ead82d87bfb255343f49329a583378de53"
    "5961b5a35cf24730931d938b6a0052f4955fce9aab81b96b0c2967b4996d5c5b4087fa560ad65db0e8e526a9fe81138becd64cc6052b"
    "af69a1acf5debc411d842cdd107e79843a0e0224a9cdbf32ec5d13ec543886fe32443b3dab784f6bfe76fe5650ac75811a5b79bd4bf4"
    "dea94d5643bd84673f1ff97169c7dadb52ec650095b867f500e21421d21a83a72e61efb170260c0ca399415f57e3c0774483be5adadd"
    "3d6c56be5a1d";
static const char spki_4096[] =
    "30820222300d06092a864886f70d01010105000382020f003082020a0282020100b796d2dabe37af55dd76dbb928503cabec49b0169d"
    "ff1148feeedf7344b27aae6f2a63889c31d18a7b9c8d49af22ff691dc471c4e14b9b2b7c6dd82952ddabd1065213ffb3760f9924fc33"
    "b0f7e858a8bef1f947929f611467f8a62f7802281cdad9e5403dd103f51c499cee05a43b9374a5098128e791005cc89568a738d7063a"
    "288e15341aa36f279b9a73be4a06fec6f5539768ad55cbb82136f389b960206f65937825ec7eb05913a48badd9e415eb9a183c5a3b4a"
    "477c9d442e93bc39b650eebfe5686200a6789e4d056a8f1628af15b49f0e7e00aad1a5415f16b78028621941c78c3a3ae62f4411fd3f"
    "02c2dd083c4419d811b2b640fc7cd7e0adfdc1ae71ea4d1a9ed22885c7b62854648990d6934bb3a0f616b3cf3bc6c379838f4477044d"
    "ac49b02680953f0b1563dbe216359ebb61df00f218e923a941d1f161512a41abc94af6df51bb4d744d801c78e5b8bb8af8a7ab913f3e"
    "485b230ac77c4f5f73c856dabec6d698d856cca38898266e9b67b66d0245e20e015651c249430c50f15954eb03c9fccf0bd8ab535036"
    "c6b3da481feb30ca0247946f151ce46d64e564922e77656ddd4dde89ca5205ee8185feea4ce624d29ee95a628951c8c1353f39e11c80"
    "56f6eab01918e62acdf14e8c37679c8b7ed6719cb334940be7452d646ff76b7adaad622cf189447612e988c3e64236adf461bebda4cf"
    "a8d67f08a50203010001";
static const char sha512_by_4096[] =
    "1442909ed83ed0ae33529969e2ba7279b61e9d13bd70856cac23a5f63b3cca51e6a4d48ac7529bf22cda180df58cbf36eeb01ee71b31"
    "33a356e0ef6941da3effafd154dcef3af63119cf3267d4a607b304149ae4cb276dbd5b7554ff7cf7d6dd9f942ccd6428ba8ff87b0e50"
    "9e45f91aec3c50202e69575ff3df3f1c8a3b94b19728f4f0177785f2599e4fcbab219751c5bde675e67a29341e71d205d81d89902438"
    "9fbfa02a9f1bebce1377ddbce190d4097afac9c12062bf4d179e040744065b8b6ac677ce6644fb89450e00cf2a40a3a58e2c607494c9"
    "338017459967bc0f618b357658419e61260b71ad2fba13db28e3018a053fd24082f14239f6e4c864981ad166af2153d9d64ab010d07d"
    "12e393ba866ba1cca1529f5617f5e0d4e4df6998c929832c07bd66f088e8f7fa30b976ed38478c5d9f3545c736989c9a4fb557b37cf4"
    "7e1f444ed555bee2c9d993b4a71b583ac39f179fabc305d6a2058385f3dd18d9de0ea8fa652a4f86afb71bb9d62a9b321a0109b4e5c3"
    "9925d927ce6978ecf975999a1ea69985a461ed39b5fb5050a213f9fd61de9a39558a9b6afd73daaf4b235ecbf155a93a036c0e5f41a9"
    "8185846b9091759e2a2ec4c1f2c68ddac6e210b67f54abf0fab029b4be0f2d582aba0be53c50467c1a46090babf5c1f3b97884f56239"
    "d70a8345b167a9734c2e1fe97cc8828d937d2a9b08565e65bdc8";

static const struct {
    const char *spki, *signature;
    grille_rsa_hash hash;
} known[] = {
    {spki_2048, sha256_by_2048, GRILLE_RSA_SHA256}, {spki_2048, sha384_by_2048, GRILLE_RSA_SHA384},
    {spki_2048, sha512_by_2048, GRILLE_RSA_SHA512}, {spki_3072, sha384_by_3072, GRILLE_RSA_SHA384},
    {spki_4096, sha512_by_4096, GRILLE_RSA_SHA512},
};

static const grille_rsa *rsa(void) {
    return grille_rsa_wolf();
}

static grille_bytes message(void) {
    return grille_bytes_of(message_text, sizeof message_text - 1);
}

static grille_rsa_key key_of(const test_bytes *spki) {
    grille_rsa_key key;
    assert_reason(OK, rsa()->key_read(view(spki), &key));
    return key;
}

static void known_signatures_verify(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        test_bytes spki = from_hex(known[i].spki), signature = from_hex(known[i].signature);
        grille_rsa_key key = key_of(&spki);
        assert_reason(OK, rsa()->verify(&key, known[i].hash, message(), view(&signature)));
        for (int hash = GRILLE_RSA_SHA256; hash <= GRILLE_RSA_SHA512; hash++) {
            if ((grille_rsa_hash)hash == known[i].hash) continue;
            assert_reason(CRYPTO_BAD_SIGNATURE,
                          rsa()->verify(&key, (grille_rsa_hash)hash, message(), view(&signature)));
        }
        assert_reason(BAD_ARGUMENT, rsa()->verify(&key, (grille_rsa_hash)3, message(), view(&signature)));
        assert_reason(CRYPTO_BAD_SIGNATURE,
                      rsa()->verify(&key, known[i].hash, grille_bytes_of(message_text, 5), view(&signature)));
    }
}

static void every_changed_byte_and_length_is_refused(void **state) {
    test_bytes spki = from_hex(spki_2048), signature = from_hex(sha256_by_2048);
    const grille_rsa_key key = key_of(&spki);
    (void)state;
    for (size_t i = 0; i < signature.len; i++) {
        signature.data[i] ^= (uint8_t)(1 << i % 8);
        assert_reason(CRYPTO_BAD_SIGNATURE, rsa()->verify(&key, GRILLE_RSA_SHA256, message(), view(&signature)));
        signature.data[i] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t len = 0; len < signature.len; len++)
        assert_reason(CRYPTO_BAD_SIGNATURE,
                      rsa()->verify(&key, GRILLE_RSA_SHA256, message(), grille_bytes_of(signature.data, len)));
    signature.data[signature.len++] = 0;
    assert_reason(CRYPTO_BAD_SIGNATURE, rsa()->verify(&key, GRILLE_RSA_SHA256, message(), view(&signature)));
    memmove(signature.data + 1, signature.data, signature.len - 1);
    signature.data[0] = 0;
    assert_reason(CRYPTO_BAD_SIGNATURE, rsa()->verify(&key, GRILLE_RSA_SHA256, message(), view(&signature)));
}

/* s + n is the same number modulo n: a second spelling of a signature. */
static bool add(uint8_t *sum, const uint8_t *other, size_t len) {
    unsigned carry = 0;
    for (size_t i = len; i > 0; i--) {
        carry += (unsigned)sum[i - 1] + other[i - 1];
        sum[i - 1] = (uint8_t)carry;
        carry >>= 8;
    }
    return carry == 0;
}

static void a_signature_is_below_the_modulus(void **state) {
    rsa_forge_key forged;
    uint8_t spki[700], signature[RSA_FORGE_MAX];
    grille_rsa_key key;
    bool fits = false;
    (void)state;
    for (int i = 0; i < 200 && !fits; i++) { /* until s + n is no longer than n */
        rsa_forge_key_make(2048, 65537, &forged);
        rsa_forge_sign(&forged, GRILLE_RSA_SHA256, RSA_FORGE_RIGHT, message(), signature);
        fits = add(signature, forged.modulus, forged.len);
    }
    assert_true(fits);
    assert_reason(OK, rsa()->key_read(grille_bytes_of(spki, rsa_forge_spki(&forged, spki, sizeof spki)), &key));
    assert_reason(CRYPTO_BAD_SIGNATURE,
                  rsa()->verify(&key, GRILLE_RSA_SHA256, message(), grille_bytes_of(signature, forged.len)));
    rsa_forge_sign(&forged, GRILLE_RSA_SHA256, RSA_FORGE_RIGHT, message(), signature);
    assert_reason(OK, rsa()->verify(&key, GRILLE_RSA_SHA256, message(), grille_bytes_of(signature, forged.len)));
    assert_reason(CRYPTO_BAD_SIGNATURE, rsa()->verify(&key, GRILLE_RSA_SHA256, message(), key.modulus));
    memset(signature, 0, sizeof signature);
    assert_reason(CRYPTO_BAD_SIGNATURE,
                  rsa()->verify(&key, GRILLE_RSA_SHA256, message(), grille_bytes_of(signature, forged.len)));
    signature[forged.len - 1] = 1;
    assert_reason(CRYPTO_BAD_SIGNATURE,
                  rsa()->verify(&key, GRILLE_RSA_SHA256, message(), grille_bytes_of(signature, forged.len)));
}

static void sign_each_padding(unsigned bits, int hashes, int paddings) {
    rsa_forge_key forged;
    uint8_t spki[700], signature[RSA_FORGE_MAX];
    grille_rsa_key key;
    rsa_forge_key_make(bits, 65537, &forged);
    assert_reason(OK, rsa()->key_read(grille_bytes_of(spki, rsa_forge_spki(&forged, spki, sizeof spki)), &key));
    for (int n = 0; n < hashes * paddings; n++) {
        const rsa_forge_padding padding = (rsa_forge_padding)(n / hashes);
        const grille_rsa_hash hash = (grille_rsa_hash)(n % hashes);
        grille_reason reason;
        rsa_forge_sign(&forged, hash, padding, message(), signature);
        reason = rsa()->verify(&key, hash, message(), grille_bytes_of(signature, forged.len));
        if (reason != (padding == RSA_FORGE_RIGHT ? GRILLE_REASON_OK : GRILLE_REASON_CRYPTO_BAD_SIGNATURE))
            fail_msg("%u bits, hash %d, %s: %s", bits, (int)hash, rsa_forge_padding_name(padding),
                     grille_reason_name(reason));
    }
}

/* Each is really signed by the key: a verifier that parses what it opens takes some of them. */
static void paddings_have_one_spelling(void **state) {
    (void)state;
    sign_each_padding(2048, 3, RSA_FORGE_PADDINGS);
    sign_each_padding(2049, 3, 2);
    sign_each_padding(3072, 3, 2);
    sign_each_padding(4096, 1, 2);
}

static grille_reason read_numbers(const uint8_t *modulus, size_t len, unsigned long exponent) {
    rsa_forge_key forged = {.exponent = exponent, .len = len};
    uint8_t spki[700];
    grille_rsa_key key;
    memcpy(forged.modulus, modulus, len);
    return rsa()->key_read(grille_bytes_of(spki, rsa_forge_spki(&forged, spki, sizeof spki)), &key);
}

/* An odd modulus of so many bits. */
static grille_reason read_bits(unsigned bits, unsigned long exponent) {
    uint8_t modulus[RSA_FORGE_MAX];
    memset(modulus, 0xff, sizeof modulus);
    modulus[0] = (uint8_t)(0xff >> (8 - 1 - (bits - 1) % 8));
    return read_numbers(modulus, (bits + 7) / 8, exponent);
}

static void keys_have_limits(void **state) {
    const unsigned least = GRILLE_LIMIT_RSA_LEAST_BITS, most = GRILLE_LIMIT_RSA_MOST_BITS;
    const unsigned long e = GRILLE_LIMIT_RSA_EXPONENT_LEAST;
    const unsigned long longest = (1ul << GRILLE_LIMIT_RSA_EXPONENT_MOST_BITS) - 1;
    (void)state;
    assert_reason(OK, read_bits(least, e));
    assert_reason(OK, read_bits(least + 1, e));
    assert_reason(OK, read_bits(most, e));
    assert_reason(CRYPTO_RSA_LIMIT, read_bits(least - 1, e));
    assert_reason(CRYPTO_RSA_LIMIT, read_bits(least / 2, e));
    assert_reason(CRYPTO_RSA_LIMIT, read_bits(8, e));
    assert_reason(CRYPTO_RSA_LIMIT, read_bits(most + 1, e));
    assert_reason(CRYPTO_RSA_LIMIT, read_bits(most + 8, e));
    assert_reason(OK, read_bits(least, e + 2));
    assert_reason(OK, read_bits(least, longest));
    assert_reason(CRYPTO_RSA_LIMIT, read_bits(least, longest + 2));
    assert_reason(CRYPTO_RSA_LIMIT, read_bits(least, e - 2));
    assert_reason(CRYPTO_RSA_LIMIT, read_bits(least, e + 1));
    assert_reason(CRYPTO_RSA_LIMIT, read_bits(least, 0));
    assert_reason(CRYPTO_RSA_LIMIT, read_bits(least, 1));
    assert_reason(CRYPTO_RSA_LIMIT, read_bits(least, 2));
    assert_reason(CRYPTO_RSA_LIMIT, read_bits(least, 3));
    assert_reason(CRYPTO_RSA_LIMIT, read_bits(least, 17));
}

static void an_even_modulus_is_none(void **state) {
    uint8_t modulus[GRILLE_LIMIT_RSA_LEAST_BITS / 8];
    const uint8_t zero = 0;
    (void)state;
    memset(modulus, 0xff, sizeof modulus);
    modulus[sizeof modulus - 1] = 0xfe;
    assert_reason(CRYPTO_BAD_KEY, read_numbers(modulus, sizeof modulus, 65537));
    assert_reason(CRYPTO_BAD_KEY, read_numbers(&zero, 1, 65537));
}

/* Keys of these kinds really sign: it is the key that is refused, by verify too. */
static void weak_keys_verify_nothing(void **state) {
    static const struct {
        unsigned bits;
        unsigned long exponent;
        grille_reason expected;
    } rows[] = {
        {2048, 65537, GRILLE_REASON_OK},
        {2048, 65539, GRILLE_REASON_OK},
        {2048, 4294967291, GRILLE_REASON_OK}, /* the last prime of 32 bits */
        {2048, 3, GRILLE_REASON_CRYPTO_RSA_LIMIT},
        {2048, 1, GRILLE_REASON_CRYPTO_RSA_LIMIT},
        {2047, 65537, GRILLE_REASON_CRYPTO_RSA_LIMIT},
        {1024, 65537, GRILLE_REASON_CRYPTO_RSA_LIMIT},
        {4104, 65537, GRILLE_REASON_CRYPTO_RSA_LIMIT},
        {2048, 4294967311, GRILLE_REASON_CRYPTO_RSA_LIMIT}, /* the first of 33 */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rsa_forge_key forged;
        uint8_t spki[700], signature[RSA_FORGE_MAX], exponent[8];
        size_t zeros = 0;
        grille_rsa_key key;
        rsa_forge_key_make(rows[i].bits, rows[i].exponent, &forged);
        assert_int_equal(rows[i].expected,
                         rsa()->key_read(grille_bytes_of(spki, rsa_forge_spki(&forged, spki, sizeof spki)), &key));
        for (size_t n = 0; n < sizeof exponent; n++)
            exponent[n] = (uint8_t)(rows[i].exponent >> 8 * (7 - n));
        while (exponent[zeros] == 0)
            zeros++;
        key = (grille_rsa_key){.modulus = grille_bytes_of(forged.modulus, forged.len),
                               .exponent = grille_bytes_of(exponent + zeros, sizeof exponent - zeros)};
        rsa_forge_sign(&forged, GRILLE_RSA_SHA256, RSA_FORGE_RIGHT, message(), signature);
        assert_int_equal(rows[i].expected,
                         rsa()->verify(&key, GRILLE_RSA_SHA256, message(), grille_bytes_of(signature, forged.len)));
    }
}

static void every_prefix_and_suffix_of_a_key_is_refused(void **state) {
    test_bytes spki = from_hex(spki_2048);
    grille_rsa_key key;
    (void)state;
    for (size_t len = 0; len < spki.len; len++)
        assert_reason(CRYPTO_BAD_KEY, rsa()->key_read(grille_bytes_of(spki.data, len), &key));
    spki.data[spki.len++] = 0;
    assert_reason(CRYPTO_BAD_KEY, rsa()->key_read(view(&spki), &key));
}

/* Whatever is read has the numbers where the bytes have changed: no second spelling exists. */
static void every_changed_byte_of_a_key_is_refused_or_another_number(void **state) {
    test_bytes spki = from_hex(spki_2048);
    const size_t first = 32, last = spki.len - 5; /* 00 and the modulus; 02 03 01 00 01 follows */
    (void)state;
    for (size_t at = 0; at < spki.len; at++)
        for (unsigned change = 1; change < 256; change++) {
            const bool in_numbers = (at >= first && at < last) || at >= last + 2;
            grille_rsa_key key;
            grille_reason reason;
            spki.data[at] ^= (uint8_t)change;
            reason = rsa()->key_read(view(&spki), &key);
            if (!in_numbers) assert_reason(CRYPTO_BAD_KEY, reason);
            if (reason == GRILLE_REASON_OK) {
                assert_ptr_equal(spki.data + last, key.modulus.data + key.modulus.len);
                assert_int_equal(at == first ? 257 : 256, key.modulus.len);
                assert_ptr_equal(spki.data + last + 2, key.exponent.data);
                assert_int_equal(3, key.exponent.len);
            }
            spki.data[at] ^= (uint8_t)change;
        }
}

static void keys_of_other_kinds_are_refused(void **state) {
    /* SEQUENCE { algorithm, BIT STRING { … } } with a short modulus, which a right form would bring to its limit. */
    static const struct {
        const char *what, *hex;
        grille_reason expected;
    } rows[] = {
        {"the form", "301b300d06092a864886f70d0101010500030a003007020207d502012b", GRILLE_REASON_CRYPTO_RSA_LIMIT},
        {"no parameters", "3019300b06092a864886f70d010101030a003007020207d502012b", GRILLE_REASON_CRYPTO_BAD_KEY},
        {"other parameters", "301c300e06092a864886f70d010101040100030a003007020207d502012b",
         GRILLE_REASON_CRYPTO_BAD_KEY},
        {"NULL with content", "301c300e06092a864886f70d010101050100030a003007020207d502012b",
         GRILLE_REASON_CRYPTO_BAD_KEY},
        {"id-RSASSA-PSS", "301b300d06092a864886f70d01010a0500030a003007020207d502012b", GRILLE_REASON_CRYPTO_BAD_KEY},
        {"unused bits", "301b300d06092a864886f70d0101010500030a013007020207d502012b", GRILLE_REASON_CRYPTO_BAD_KEY},
        {"a negative modulus", "301b300d06092a864886f70d0101010500030a00300702028fd502012b",
         GRILLE_REASON_CRYPTO_BAD_KEY},
        {"a superfluous zero", "301c300d06092a864886f70d0101010500030b00300802030007d502012b",
         GRILLE_REASON_CRYPTO_BAD_KEY},
        {"a long length", "301c300d06092a864886f70d0101010500030b0030810702020fd502012b", GRILLE_REASON_CRYPTO_BAD_KEY},
        {"three numbers", "301e300d06092a864886f70d0101010500030d00300a020207d502012b020101",
         GRILLE_REASON_CRYPTO_BAD_KEY},
        {"one number", "3018300d06092a864886f70d01010105000307003004020207d5", GRILLE_REASON_CRYPTO_BAD_KEY},
        {"something after the numbers", "301d300d06092a864886f70d0101010500030c003007020207d502012b0500",
         GRILLE_REASON_CRYPTO_BAD_KEY},
        {"something after the key", "301d300d06092a864886f70d0101010500030a003007020207d502012b0500",
         GRILLE_REASON_CRYPTO_BAD_KEY},
        {"Ed25519", "302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
         GRILLE_REASON_CRYPTO_BAD_KEY},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_bytes spki = from_hex(rows[i].hex);
        grille_rsa_key key;
        grille_reason reason = rsa()->key_read(view(&spki), &key);
        if (reason != rows[i].expected) fail_msg("%s: %s", rows[i].what, grille_reason_name(reason));
    }
}

static void verifying_takes_no_heap(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        test_bytes spki = from_hex(known[i].spki), signature = from_hex(known[i].signature);
        grille_rsa_key key;
        grille_reason reason;
        failing_malloc_from(0);
        reason = rsa()->key_read(view(&spki), &key);
        if (reason == GRILLE_REASON_OK) reason = rsa()->verify(&key, known[i].hash, message(), view(&signature));
        assert_int_equal(0, failing_malloc_asked());
        failing_malloc_never();
        assert_reason(OK, reason);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_signatures_verify),
        cmocka_unit_test(every_changed_byte_and_length_is_refused),
        cmocka_unit_test(a_signature_is_below_the_modulus),
        cmocka_unit_test(paddings_have_one_spelling),
        cmocka_unit_test(keys_have_limits),
        cmocka_unit_test(an_even_modulus_is_none),
        cmocka_unit_test(weak_keys_verify_nothing),
        cmocka_unit_test(every_prefix_and_suffix_of_a_key_is_refused),
        cmocka_unit_test(every_changed_byte_of_a_key_is_refused_or_another_number),
        cmocka_unit_test(keys_of_other_kinds_are_refused),
        cmocka_unit_test(verifying_takes_no_heap),
    };
    return cmocka_run_group_tests_name("rsa", tests, NULL, NULL);
}
