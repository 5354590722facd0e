/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/path_server.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge.h"

#define NAME "kms.eu-west-1.example"

/* What may be sent and what may be trusted. */
enum { LEAF, MIDDLE, ROOT, OTHER_ROOT, CROSSED, TWIN, NOISE, COUNT };
static forge_identity made[COUNT];
static uint8_t noise[300];
static grille_error refusal;
static const grille_rsa *rsa_in_use;
static grille_path_cache *cache_in_use;

static void make(int which, const forge_template *t, const forge_identity *issuer) {
    forge_certificate(t, issuer, &made[which]);
}

static int setup_with(const forge_template *leaf) {
    forge_template root = forge_ca("root", GRILLE_P384), middle = forge_ca("middle", GRILLE_P256);
    forge_template other = forge_ca("other root", GRILLE_P384);
    make(ROOT, &root, NULL);
    make(TWIN, &root, NULL); /* the same name, another key */
    make(OTHER_ROOT, &other, NULL);
    make(MIDDLE, &middle, &made[ROOT]);
    make(LEAF, leaf, &made[MIDDLE]);
    forge_certificate_over(&root, &made[OTHER_ROOT], made[ROOT].key, &made[CROSSED]);
    made[CROSSED].key = NULL; /* the root's, freed there */
    return 0;
}

static void free_all(void) {
    for (int i = 0; i < COUNT; i++)
        forge_free(&made[i]);
}

static int setup(void **state) {
    forge_template leaf = forge_leaf("leaf", GRILLE_P256, NAME, NULL);
    (void)state;
    memset(noise, 0x30, sizeof noise);
    return setup_with(&leaf);
}

static int teardown(void **state) {
    (void)state;
    free_all();
    return 0;
}

static grille_bytes der(int which) {
    return which == NOISE ? grille_bytes_of(noise, sizeof noise) : forge_der(&made[which]);
}

typedef struct chain {
    int members[12];
    size_t count;
} chain;
#define CHAIN(...)                                                                                                     \
    { {__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int) }

static grille_reason verify_at(const chain *anchors, const chain *sent, const char *name, grille_wall_ms now_ms) {
    grille_bytes trusted[12], shown[12];
    grille_server_path_request request = {.anchors = trusted,
                                          .anchor_count = anchors->count,
                                          .sent = shown,
                                          .sent_count = sent->count,
                                          .dns_name = grille_bytes_of_text(name),
                                          .now_ms = now_ms,
                                          .leeway_ms = 60000,
                                          .cache = cache_in_use,
                                          .rsa = rsa_in_use};
    grille_path path, zero = {.expires_ms = 0};
    grille_reason reason;
    for (size_t i = 0; i < anchors->count; i++)
        trusted[i] = der(anchors->members[i]);
    for (size_t i = 0; i < sent->count; i++)
        shown[i] = der(sent->members[i]);
    refusal = (grille_error){.code = GRILLE_OK};
    reason = grille_path_verify_server(grille_crypto_wolf(), &request, &path, &refusal);
    assert_string_equal(reason == GRILLE_REASON_OK ? "" : grille_reason_name(reason), refusal.name);
    if (reason == GRILLE_REASON_OK) {
        assert_true(grille_x509_has_name(&path.leaf, GRILLE_X509_DNS, grille_bytes_of_text(name)));
        assert_int_equal(FORGE_NOW_MS + FORGE_HOUR_MS, path.expires_ms);
        assert_string_equal("", refusal.text);
    } else {
        assert_memory_equal(&zero, &path, sizeof zero);
        assert_true(strlen(refusal.text) > 20 && strlen(refusal.text) < sizeof refusal.text - 1);
    }
    return reason;
}

static grille_reason verify(const chain *anchors, const chain *sent, const char *name) {
    return verify_at(anchors, sent, name, FORGE_NOW_MS);
}

static void the_anchor_may_stand_anywhere(void **state) {
    static const struct {
        chain anchors, sent;
        grille_reason expected;
    } rows[] = {
        {CHAIN(ROOT), CHAIN(LEAF, MIDDLE), GRILLE_REASON_OK},
        {CHAIN(ROOT), CHAIN(LEAF, MIDDLE, ROOT), GRILLE_REASON_OK},
        {CHAIN(MIDDLE), CHAIN(LEAF), GRILLE_REASON_OK},
        {CHAIN(MIDDLE), CHAIN(LEAF, MIDDLE, ROOT), GRILLE_REASON_OK},
        {CHAIN(ROOT), CHAIN(LEAF, MIDDLE, CROSSED), GRILLE_REASON_OK}, /* what crosses it is not looked at */
        {CHAIN(ROOT), CHAIN(LEAF, MIDDLE, CROSSED, OTHER_ROOT), GRILLE_REASON_OK},
        {CHAIN(OTHER_ROOT), CHAIN(LEAF, MIDDLE, CROSSED), GRILLE_REASON_OK},
        {CHAIN(OTHER_ROOT), CHAIN(LEAF, MIDDLE, CROSSED, OTHER_ROOT), GRILLE_REASON_OK},
        {CHAIN(ROOT), CHAIN(LEAF, MIDDLE, NOISE), GRILLE_REASON_OK},
        {CHAIN(NOISE, OTHER_ROOT, ROOT), CHAIN(LEAF, MIDDLE), GRILLE_REASON_OK},
        {CHAIN(TWIN, ROOT), CHAIN(LEAF, MIDDLE), GRILLE_REASON_OK},
        {CHAIN(TWIN), CHAIN(LEAF, MIDDLE), GRILLE_REASON_ATTEST_CERT_SIGNATURE},
        {CHAIN(TWIN), CHAIN(LEAF, MIDDLE, ROOT), GRILLE_REASON_ATTEST_CERT_SIGNATURE},
        {CHAIN(ROOT), CHAIN(LEAF), GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER},
        {CHAIN(OTHER_ROOT), CHAIN(LEAF, MIDDLE, ROOT), GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER},
        {CHAIN(OTHER_ROOT), CHAIN(LEAF, MIDDLE, OTHER_ROOT), GRILLE_REASON_ATTEST_CERT_NAME_CHAIN},
        {CHAIN(ROOT), CHAIN(LEAF, ROOT, MIDDLE), GRILLE_REASON_ATTEST_CERT_NAME_CHAIN}, /* order */
        {CHAIN(ROOT), CHAIN(LEAF, NOISE, MIDDLE), GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER},
        {CHAIN(ROOT), CHAIN(NOISE, MIDDLE), GRILLE_REASON_ATTEST_CERT_FORMAT},
        {CHAIN(ROOT), CHAIN(MIDDLE, LEAF), GRILLE_REASON_ATTEST_CERT_NAME},
        {CHAIN(NOISE), CHAIN(LEAF, MIDDLE), GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_reason observed = verify(&rows[i].anchors, &rows[i].sent, NAME);
        if (observed != rows[i].expected) {
            fail_msg("%zu: expected %s, observed %s: %s", i, grille_reason_name(rows[i].expected),
                     grille_reason_name(observed), refusal.text);
        }
    }
}

static void counts_have_limits(void **state) {
    const chain root = CHAIN(ROOT), none = {.count = 0};
    chain nine = {.members = {LEAF, MIDDLE}, .count = 9};
    grille_bytes anchors[GRILLE_LIMIT_POLICY_AUTHORITIES + 1], sent[] = {der(LEAF), der(MIDDLE)};
    grille_server_path_request request = {.anchors = anchors,
                                          .anchor_count = GRILLE_LIMIT_POLICY_AUTHORITIES + 1,
                                          .sent = sent,
                                          .sent_count = 2,
                                          .dns_name = grille_bytes_of_text(NAME),
                                          .now_ms = FORGE_NOW_MS};
    grille_path path;
    (void)state;
    for (size_t i = 2; i < 9; i++)
        nine.members[i] = ROOT;
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_CHAIN, verify(&root, &none, NAME));
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_CHAIN, verify(&root, &nine, NAME));
    nine.count = 8;
    assert_int_equal(GRILLE_REASON_OK, verify(&root, &nine, NAME));
    assert_int_equal(GRILLE_REASON_BAD_ARGUMENT, verify(&none, &nine, NAME));
    assert_int_equal(GRILLE_REASON_BAD_ARGUMENT, verify(&root, &nine, ""));
    for (size_t i = 0; i < sizeof anchors / sizeof anchors[0]; i++)
        anchors[i] = der(ROOT);
    assert_int_equal(GRILLE_REASON_BAD_ARGUMENT,
                     grille_path_verify_server(grille_crypto_wolf(), &request, &path, &refusal));
    request.anchor_count--;
    assert_int_equal(GRILLE_REASON_OK, grille_path_verify_server(grille_crypto_wolf(), &request, &path, &refusal));
}

static void times_are_looked_at(void **state) {
    const chain root = CHAIN(ROOT), sent = CHAIN(LEAF, MIDDLE);
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, verify_at(&root, &sent, NAME, FORGE_NOW_MS + FORGE_HOUR_MS));
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_EXPIRED,
                     verify_at(&root, &sent, NAME, FORGE_NOW_MS + FORGE_HOUR_MS + 1));
    assert_int_equal(GRILLE_REASON_OK, verify_at(&root, &sent, NAME, FORGE_NOW_MS - FORGE_HOUR_MS - 60000));
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_NOT_YET_VALID,
                     verify_at(&root, &sent, NAME, FORGE_NOW_MS - FORGE_HOUR_MS - 60001));
}

/* ---- RSA ---- */

enum { OLD = 1024, SHORT = 2047, USUAL = 2048, LONGER = 3072, LONGEST = 4096 };

/* Keys are made once. */
static const rsa_forge_key *rsa_key(unsigned bits, unsigned long exponent) {
    static struct {
        unsigned bits;
        rsa_forge_key key;
    } keys[12];
    size_t i = 0;
    while (keys[i].bits != 0 && (keys[i].bits != bits || keys[i].key.exponent != exponent))
        i++;
    assert_true(i + 1 < sizeof keys / sizeof keys[0]);
    if (keys[i].bits == 0) rsa_forge_key_make(bits, exponent, &keys[i].key);
    keys[i].bits = bits;
    return &keys[i].key;
}

/* Root, intermediate and leaf, as templates that a row changes. */
typedef struct rsa_chain {
    forge_template root, middle, leaf;
} rsa_chain;

/* Bits of each key; 0: P-256, and P-384 for the root. */
static rsa_chain rsa_chain_of(unsigned root, unsigned middle, unsigned leaf) {
    rsa_chain c = {forge_ca("root", GRILLE_P384), forge_ca("middle", GRILLE_P256),
                   forge_leaf("leaf", GRILLE_P256, NAME, NULL)};
    if (root != 0) c.root.rsa = rsa_key(root, 65537);
    if (middle != 0) c.middle.rsa = rsa_key(middle, 65537);
    if (leaf != 0) c.leaf.rsa = rsa_key(leaf, 65537);
    return c;
}

static void make_chain(const rsa_chain *c) {
    free_all();
    make(ROOT, &c->root, NULL);
    make(MIDDLE, &c->middle, &made[ROOT]);
    make(LEAF, &c->leaf, &made[MIDDLE]);
}

static grille_reason verify_made(const grille_rsa *rsa) {
    const chain root = CHAIN(ROOT), sent = CHAIN(LEAF, MIDDLE);
    grille_reason reason;
    rsa_in_use = rsa;
    reason = verify(&root, &sent, NAME);
    rsa_in_use = NULL;
    return reason;
}

static void expect_chain(const char *what, const rsa_chain *c, grille_reason expected) {
    grille_reason observed;
    make_chain(c);
    observed = verify_made(grille_rsa_wolf());
    if (observed != expected)
        fail_msg("%s: expected %s, observed %s: %s", what, grille_reason_name(expected), grille_reason_name(observed),
                 refusal.text);
}

static void rsa_chains_verify(void **state) {
    static const struct {
        unsigned root, middle, leaf;
        grille_rsa_hash hash;
    } rows[] = {
        {USUAL, USUAL, USUAL, GRILLE_RSA_SHA256},   {USUAL, USUAL, USUAL, GRILLE_RSA_SHA384},
        {USUAL, USUAL, USUAL, GRILLE_RSA_SHA512},   {LONGER, LONGER, LONGER, GRILLE_RSA_SHA384},
        {LONGEST, USUAL, USUAL, GRILLE_RSA_SHA256}, {LONGEST, LONGEST, LONGEST, GRILLE_RSA_SHA512},
        {USUAL, USUAL, 0, GRILLE_RSA_SHA256}, /* mixed: each key signs by its own algorithm */
        {USUAL, 0, 0, GRILLE_RSA_SHA256},           {USUAL, 0, USUAL, GRILLE_RSA_SHA256},
        {0, USUAL, USUAL, GRILLE_RSA_SHA256},       {0, 0, USUAL, GRILLE_RSA_SHA256},
        {0, USUAL, 0, GRILLE_RSA_SHA256},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rsa_chain c = rsa_chain_of(rows[i].root, rows[i].middle, rows[i].leaf);
        c.root.rsa_hash = c.middle.rsa_hash = c.leaf.rsa_hash = rows[i].hash;
        expect_chain("a right chain", &c, GRILLE_REASON_OK);
        assert_int_equal(GRILLE_REASON_ATTEST_CERT_ALGORITHM, verify_made(NULL)); /* who is handed none has none */
        assert_non_null(strstr(refusal.text, "RSA"));
    }
}

/* One template of the chain at a time. */
static forge_template *level_of(rsa_chain *c, int level) {
    return level == 0 ? &c->root : level == 1 ? &c->middle : &c->leaf;
}

static void weak_rsa_keys_are_refused(void **state) {
    static const struct {
        const char *what;
        unsigned bits;
        unsigned long exponent;
        grille_reason expected;
    } rows[] = {
        {"1,024 bits", OLD, 65537, GRILLE_REASON_ATTEST_CERT_RSA_KEY},
        {"2,047 bits", SHORT, 65537, GRILLE_REASON_ATTEST_CERT_RSA_KEY},
        {"4,104 bits", LONGEST + 8, 65537, GRILLE_REASON_ATTEST_CERT_RSA_KEY},
        {"e = 3", USUAL, 3, GRILLE_REASON_ATTEST_CERT_RSA_KEY},
        {"e = 1", USUAL, 1, GRILLE_REASON_ATTEST_CERT_RSA_KEY},
        {"e of 33 bits", USUAL, 4294967311, GRILLE_REASON_ATTEST_CERT_RSA_KEY},
        {"e = 65539", USUAL, 65539, GRILLE_REASON_OK},
    };
    (void)state;
    for (int level = 0; level < 3; level++) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            rsa_chain c = rsa_chain_of(USUAL, USUAL, USUAL);
            level_of(&c, level)->rsa = rsa_key(rows[i].bits, rows[i].exponent);
            expect_chain(rows[i].what, &c, rows[i].expected);
        }
    }
}

/* The key as it stands in the certificate; what it signs below does not matter. */
static void malformed_rsa_keys_are_refused(void **state) {
    uint8_t spki[700], changed[700];
    size_t len = rsa_forge_spki(rsa_key(USUAL, 65537), spki, sizeof spki);
    (void)state;
    for (int level = 0; level < 3; level++) {
        rsa_chain c = rsa_chain_of(USUAL, USUAL, USUAL);
        level_of(&c, level)->public_key = grille_bytes_of(changed, len);
        memcpy(changed, spki, len);
        expect_chain("the same key", &c, GRILLE_REASON_OK);
        changed[len - 6] &= 0xfe;
        expect_chain("an even modulus", &c, GRILLE_REASON_ATTEST_CERT_ALGORITHM);
        memcpy(changed, spki, len);
        changed[16] = 0x0a; /* of the identifier */
        expect_chain("a key for RSASSA-PSS only", &c, GRILLE_REASON_ATTEST_CERT_ALGORITHM);
        memcpy(changed, spki, len);
        changed[17] = 0x04;
        assert_int_equal(0x05, spki[17]);
        expect_chain("another type than NULL", &c, GRILLE_REASON_ATTEST_CERT_ALGORITHM);
    }
}

static void rsa_signature_algorithms_are_strict(void **state) {
    static const struct {
        const char *what, *identifier;
        size_t len;
        const char *named;
    } rows[] = {
#define ROW(what, identifier, named) {what, identifier, sizeof identifier - 1, named}
#define RSA                          "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01"
        ROW("no NULL", "\x30\x0b" RSA "\x0b", "another signature algorithm"),
        ROW("something after NULL", "\x30\x0f" RSA "\x0b\x05\x00\x05\x00", "another signature algorithm"),
        ROW("SHA-1", "\x30\x0d" RSA "\x05\x05\x00", "another signature algorithm"),
        ROW("MD5", "\x30\x0d" RSA "\x04\x05\x00", "another signature algorithm"),
        ROW("SHA-224", "\x30\x0d" RSA "\x0e\x05\x00", "another signature algorithm"),
        ROW("RSASSA-PSS", "\x30\x0d" RSA "\x0a\x30\x00", "observed RSASSA-PSS"),
    };
    (void)state;
    for (int level = 0; level < 3; level++) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            rsa_chain c = rsa_chain_of(USUAL, USUAL, USUAL);
            level_of(&c, level)->algorithm = grille_bytes_of(rows[i].identifier, rows[i].len);
            expect_chain(rows[i].what, &c, GRILLE_REASON_ATTEST_CERT_ALGORITHM);
            assert_non_null(strstr(refusal.text, rows[i].named));
        }
    }
}

/* sha384WithRSAEncryption is said, SHA-256 is signed; ECDSA is said below an RSA key, RSA below an EC key. */
static void algorithms_fit_the_issuers_key(void **state) {
    static const char sha384_with_rsa[] = "\x30\x0d" RSA "\x0c\x05\x00";
    static const char ecdsa_with_sha256[] = "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
    (void)state;
    for (int level = 1; level < 3; level++) {
        rsa_chain c = rsa_chain_of(USUAL, USUAL, USUAL);
        level_of(&c, level)->algorithm = grille_bytes_of(sha384_with_rsa, sizeof sha384_with_rsa - 1);
        expect_chain("another digest is said", &c, GRILLE_REASON_ATTEST_CERT_SIGNATURE);
        level_of(&c, level)->algorithm = grille_bytes_of(ecdsa_with_sha256, sizeof ecdsa_with_sha256 - 1);
        expect_chain("ECDSA below an RSA key", &c, GRILLE_REASON_ATTEST_CERT_ALGORITHM);
        assert_non_null(strstr(refusal.text, "ECDSA"));
        c = rsa_chain_of(0, 0, USUAL);
        level_of(&c, level)->rsa_signature = true;
        expect_chain("RSA below an EC key", &c, GRILLE_REASON_ATTEST_CERT_ALGORITHM);
        assert_non_null(strstr(refusal.text, "below an EC key"));
    }
}

static void forged_rsa_paddings_are_refused(void **state) {
    (void)state;
    for (int level = 1; level < 3; level++) {
        for (int padding = 0; padding < RSA_FORGE_PADDINGS; padding++) {
            rsa_chain c = rsa_chain_of(USUAL, USUAL, USUAL);
            level_of(&c, level)->rsa_padding = (rsa_forge_padding)padding;
            expect_chain(rsa_forge_padding_name((rsa_forge_padding)padding), &c,
                         padding == RSA_FORGE_RIGHT ? GRILLE_REASON_OK : GRILLE_REASON_ATTEST_CERT_SIGNATURE);
        }
    }
}

static void another_rsa_key_of_the_same_name_signed_nothing(void **state) {
    const chain twin = CHAIN(TWIN), sent = CHAIN(LEAF, MIDDLE);
    rsa_chain c = rsa_chain_of(USUAL, USUAL, USUAL);
    (void)state;
    expect_chain("the right root", &c, GRILLE_REASON_OK);
    c.root.rsa = rsa_key(LONGER, 65537);
    make(TWIN, &c.root, NULL);
    rsa_in_use = grille_rsa_wolf();
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_SIGNATURE, verify(&twin, &sent, NAME));
    c.root.rsa = rsa_key(USUAL, 65539); /* of the same length */
    make(TWIN, &c.root, NULL);
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_SIGNATURE, verify(&twin, &sent, NAME));
    rsa_in_use = NULL;
}

/* Whatever the request hands on: RSA is for servers outside of Grille's channels. */
static void other_profiles_refuse_rsa(void **state) {
    static const struct {
        unsigned root, middle, leaf;
    } rows[] = {{USUAL, USUAL, USUAL}, {USUAL, 0, 0}, {0, USUAL, 0}, {0, 0, USUAL}, {LONGEST, USUAL, 0}};
    (void)state;
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        rsa_chain c = rsa_chain_of(rows[i / 2].root, rows[i / 2].middle, rows[i / 2].leaf);
        grille_bytes certificates[3];
        grille_path_request request = {.profile = i % 2 == 0 ? GRILLE_PATH_PEER : GRILLE_PATH_NITRO,
                                       .purpose = GRILLE_PATH_SERVER,
                                       .certificates = certificates,
                                       .count = 3,
                                       .now_ms = FORGE_NOW_MS,
                                       .rsa = grille_rsa_wolf()};
        grille_path path;
        c.middle.curve = c.leaf.curve = GRILLE_P384; /* so that RSA alone is wrong in both profiles */
        c.middle.hash = c.leaf.hash = GRILLE_SHA384;
        expect_chain("for a server", &c, GRILLE_REASON_OK);
        certificates[0] = der(ROOT);
        certificates[1] = der(MIDDLE);
        certificates[2] = der(LEAF);
        assert_int_equal(GRILLE_REASON_ATTEST_CERT_ALGORITHM,
                         grille_path_verify(grille_crypto_wolf(), &request, &path, &refusal));
    }
}

static void a_cache_keeps_rsa_signatures(void **state) {
    rsa_chain c = rsa_chain_of(USUAL, USUAL, USUAL);
    grille_path_cache_counters counters;
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, grille_path_cache_new(&cache_in_use));
    expect_chain("cold", &c, GRILLE_REASON_OK);
    grille_path_cache_get_counters(cache_in_use, &counters);
    assert_int_equal(1, counters.entries);                                    /* the intermediate's */
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_ALGORITHM, verify_made(NULL)); /* warm or not */
    assert_int_equal(GRILLE_REASON_OK, verify_made(grille_rsa_wolf()));
    grille_path_cache_get_counters(cache_in_use, &counters);
    assert_int_equal(1, counters.hits);
    grille_path_cache_free(cache_in_use);
    cache_in_use = NULL;
}

static void a_server_has_the_name_and_the_purpose(void **state) {
    const chain root = CHAIN(ROOT), sent = CHAIN(LEAF, MIDDLE);
    forge_template leaves[6];
    static const grille_reason expected[] = {
        GRILLE_REASON_ATTEST_CERT_NAME,
        GRILLE_REASON_ATTEST_CERT_NAME,
        GRILLE_REASON_ATTEST_CERT_NAME,
        GRILLE_REASON_ATTEST_CERT_EXTENDED_KEY_USAGE,
        GRILLE_REASON_OK,
        GRILLE_REASON_ATTEST_CERT_ALGORITHM,
    };
    (void)state;
    leaves[0] = forge_leaf("leaf", GRILLE_P256, "*.eu-west-1.example", NULL);
    leaves[1] = forge_leaf(NAME, GRILLE_P256, NULL, NULL);
    leaves[2] = forge_leaf("leaf", GRILLE_P256, NULL, NAME);
    leaves[3] = forge_template_of("leaf", GRILLE_P256);
    forge_extended_key_usage(&leaves[3], true, false);
    forge_alternative_names(&leaves[3], NAME, NULL);
    leaves[4] = forge_template_of("leaf", GRILLE_P384);
    leaves[4].hash = GRILLE_SHA256;
    forge_extended_key_usage(&leaves[4], false, true);
    forge_alternative_names(&leaves[4], NAME, NULL);
    leaves[5] = forge_leaf("leaf", GRILLE_P256, NAME, NULL);
    leaves[5].rsa_key = true;
    for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++) {
        free_all();
        (void)setup_with(&leaves[i]);
        assert_int_equal(expected[i], verify(&root, &sent, NAME));
    }
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_NAME, verify(&root, &sent, "kms.eu-west-2.example"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_anchor_may_stand_anywhere),
        cmocka_unit_test(counts_have_limits),
        cmocka_unit_test(times_are_looked_at),
        cmocka_unit_test(rsa_chains_verify),
        cmocka_unit_test(weak_rsa_keys_are_refused),
        cmocka_unit_test(malformed_rsa_keys_are_refused),
        cmocka_unit_test(rsa_signature_algorithms_are_strict),
        cmocka_unit_test(algorithms_fit_the_issuers_key),
        cmocka_unit_test(forged_rsa_paddings_are_refused),
        cmocka_unit_test(another_rsa_key_of_the_same_name_signed_nothing),
        cmocka_unit_test(other_profiles_refuse_rsa),
        cmocka_unit_test(a_cache_keeps_rsa_signatures),
        cmocka_unit_test(a_server_has_the_name_and_the_purpose),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
