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
                                          .leeway_ms = 60000};
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
        cmocka_unit_test(a_server_has_the_name_and_the_purpose),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
