/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/path.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge_document.h"

/* A chain of five of the nitro profile, or of a root, an intermediate CA and a leaf of the peer profile, each wrong in
 * one way at most. */
typedef struct row {
    const char *name;
    grille_path_profile profile;
    void (*change)(forge_template *chain, size_t count);
    grille_reason expected;
} row;

static void nothing(forge_template *c, size_t n) {
    (void)c;
    (void)n;
}

/* Times are exact to the second: notBefore with its leeway of 60 s, notAfter with none. */
#define TIMES(level)                                                                                                   \
    static void begins_at_leeway_##level(forge_template *c, size_t n) {                                                \
        (void)n;                                                                                                       \
        c[level].not_before_ms = FORGE_NOW_MS + 60000;                                                                 \
    }                                                                                                                  \
    static void begins_after_leeway_##level(forge_template *c, size_t n) {                                             \
        (void)n;                                                                                                       \
        c[level].not_before_ms = FORGE_NOW_MS + 61000;                                                                 \
    }                                                                                                                  \
    static void ends_now_##level(forge_template *c, size_t n) {                                                        \
        (void)n;                                                                                                       \
        c[level].not_after_ms = FORGE_NOW_MS;                                                                          \
    }                                                                                                                  \
    static void ended_##level(forge_template *c, size_t n) {                                                           \
        (void)n;                                                                                                       \
        c[level].not_after_ms = FORGE_NOW_MS - 1000;                                                                   \
    }
TIMES(0)
TIMES(1)
TIMES(2)
TIMES(3)
TIMES(4)

/* Replaces the extension with this last byte of its id-ce. */
static forge_extension *extension(forge_template *t, char id) {
    for (size_t i = 0; i < t->extension_count; i++) {
        if (t->extensions[i].oid[2] == id) return &t->extensions[i];
    }
    fail_msg("no extension %d in %s", id, t->subject);
    return NULL;
}

static void drop(forge_template *t, char id) {
    forge_extension *dropped = extension(t, id);
    *dropped = t->extensions[--t->extension_count];
}

static void intermediate_is_no_ca(forge_template *c, size_t n) {
    (void)n;
    drop(&c[1], 0x13);
    forge_basic_constraints(&c[1], true, false, -1);
}
static void intermediate_without_basic_constraints(forge_template *c, size_t n) {
    (void)n;
    drop(&c[1], 0x13);
}
static void basic_constraints_not_critical(forge_template *c, size_t n) {
    (void)n;
    extension(&c[1], 0x13)->critical = false;
}
static void root_is_no_ca(forge_template *c, size_t n) {
    (void)n;
    drop(&c[0], 0x13);
}
static void intermediate_without_key_usage(forge_template *c, size_t n) {
    (void)n;
    drop(&c[1], 0x0f);
}
static void intermediate_signs_data_only(forge_template *c, size_t n) {
    (void)n;
    drop(&c[1], 0x0f);
    forge_key_usage(&c[1], true, GRILLE_KEY_USAGE_DIGITAL_SIGNATURE);
}
static void path_len_is_just_enough(forge_template *c, size_t n) {
    drop(&c[0], 0x13);
    forge_basic_constraints(&c[0], true, true, (int)n - 2);
}
static void path_len_is_one_short(forge_template *c, size_t n) {
    drop(&c[0], 0x13);
    forge_basic_constraints(&c[0], true, true, (int)n - 3);
}
static void leaf_is_ca(forge_template *c, size_t n) {
    drop(&c[n - 1], 0x0f);
    forge_key_usage(&c[n - 1], true, GRILLE_KEY_USAGE_DIGITAL_SIGNATURE | GRILLE_KEY_USAGE_CERT_SIGN);
    for (size_t i = 0; i < c[n - 1].extension_count; i++) {
        if (c[n - 1].extensions[i].oid[2] == 0x13) drop(&c[n - 1], 0x13);
    }
    forge_basic_constraints(&c[n - 1], true, true, -1);
}
static void leaf_for_encryption(forge_template *c, size_t n) {
    drop(&c[n - 1], 0x0f);
    forge_key_usage(&c[n - 1], true, 0x20);
}
static void leaf_without_key_usage(forge_template *c, size_t n) {
    drop(&c[n - 1], 0x0f);
}
static void leaf_for_servers_only(forge_template *c, size_t n) {
    drop(&c[n - 1], 0x25);
    forge_extended_key_usage(&c[n - 1], false, true);
}
static void leaf_without_purpose(forge_template *c, size_t n) {
    drop(&c[n - 1], 0x25);
}
static void ca_for_servers_only(forge_template *c, size_t n) {
    (void)n;
    forge_extended_key_usage(&c[1], false, true);
}
static void ca_for_clients_too(forge_template *c, size_t n) {
    (void)n;
    forge_extended_key_usage(&c[1], true, true);
}
static void unknown_critical_extension(forge_template *c, size_t n) {
    forge_add(&c[n - 1], FORGE_ID_CE(36), true, "\x30\x00", 2);
}
static void unknown_critical_extension_of_ca(forge_template *c, size_t n) {
    (void)n;
    forge_add(&c[1], FORGE_ID_CE(54), true, "\x02\x01\x00", 3);
}
static void unknown_plain_extension(forge_template *c, size_t n) {
    forge_add(&c[n - 1], FORGE_ID_CE(31), false, "\x30\x00", 2);
}
static void duplicate_extension(forge_template *c, size_t n) {
    c[n - 1].extensions[c[n - 1].extension_count++] = *extension(&c[n - 1], 0x0f);
}
static void name_constraints(forge_template *c, size_t n) {
    (void)n;
    forge_name_constraints(&c[1], true);
}
static void name_constraints_not_critical(forge_template *c, size_t n) {
    (void)n;
    forge_name_constraints(&c[0], false);
}
static void wrong_issuer(forge_template *c, size_t n) {
    c[n - 1].issuer = "somebody else";
}
static void issuer_of_other_case(forge_template *c, size_t n) {
    (void)n;
    c[0].subject = "root";
    c[1].issuer = "Root";
}
static void empty_issuer(forge_template *c, size_t n) {
    (void)n;
    c[0].subject = NULL;
}
static void rsa_leaf(forge_template *c, size_t n) {
    c[n - 1].rsa_key = true;
}
static void rsa_signature_algorithm(forge_template *c, size_t n) {
    c[n - 1].rsa_signature = true;
}
static void p256_leaf(forge_template *c, size_t n) {
    c[n - 1].curve = GRILLE_P256;
}
static void p256_ca(forge_template *c, size_t n) {
    (void)n;
    c[1].curve = GRILLE_P256;
}
static void sha256_leaf(forge_template *c, size_t n) {
    c[n - 1].hash = GRILLE_SHA256;
}
static void sha384_leaf(forge_template *c, size_t n) {
    c[n - 1].hash = GRILLE_SHA384;
}
static void p384_leaf(forge_template *c, size_t n) {
    c[n - 1].curve = GRILLE_P384;
}
static void trailing_byte(forge_template *c, size_t n) {
    c[n - 1].trailing_bytes = 1;
}
static void long_length(forge_template *c, size_t n) {
    (void)n;
    c[1].long_length = true;
}
static void other_inner_algorithm(forge_template *c, size_t n) {
    c[n - 1].other_inner_algorithm = true;
}

#define N(change, expected)                                                                                            \
    { "nitro: " #change, GRILLE_PATH_NITRO, change, GRILLE_REASON_##expected }
#define P(change, expected)                                                                                            \
    { "peer: " #change, GRILLE_PATH_PEER, change, GRILLE_REASON_##expected }
#define LEVEL(X, i)                                                                                                    \
    X(begins_at_leeway_##i, OK), X(begins_after_leeway_##i, ATTEST_CERT_NOT_YET_VALID), X(ends_now_##i, OK),           \
        X(ended_##i, ATTEST_CERT_EXPIRED)
#define BOTH(change, expected) N(change, expected), P(change, expected)

static const row rows[] = {
    BOTH(nothing, OK),
    LEVEL(N, 0),
    LEVEL(N, 1),
    LEVEL(N, 2),
    LEVEL(N, 3),
    LEVEL(N, 4),
    LEVEL(P, 0),
    LEVEL(P, 1),
    LEVEL(P, 2),
    BOTH(intermediate_is_no_ca, ATTEST_CERT_NOT_CA),
    BOTH(intermediate_without_basic_constraints, ATTEST_CERT_NOT_CA),
    BOTH(basic_constraints_not_critical, ATTEST_CERT_NOT_CA),
    BOTH(root_is_no_ca, ATTEST_CERT_NOT_CA),
    BOTH(intermediate_without_key_usage, ATTEST_CERT_KEY_USAGE),
    BOTH(intermediate_signs_data_only, ATTEST_CERT_KEY_USAGE),
    BOTH(path_len_is_just_enough, OK),
    BOTH(path_len_is_one_short, ATTEST_CERT_PATH_LENGTH),
    BOTH(leaf_is_ca, ATTEST_CERT_IS_CA),
    BOTH(leaf_for_encryption, ATTEST_CERT_KEY_USAGE),
    N(leaf_without_key_usage, ATTEST_CERT_KEY_USAGE),
    P(leaf_without_key_usage, OK),
    P(leaf_for_servers_only, ATTEST_CERT_EXTENDED_KEY_USAGE),
    P(leaf_without_purpose, ATTEST_CERT_EXTENDED_KEY_USAGE),
    P(ca_for_servers_only, ATTEST_CERT_EXTENDED_KEY_USAGE),
    P(ca_for_clients_too, OK),
    BOTH(unknown_critical_extension, ATTEST_CERT_CRITICAL_EXTENSION),
    BOTH(unknown_critical_extension_of_ca, ATTEST_CERT_CRITICAL_EXTENSION),
    BOTH(unknown_plain_extension, OK),
    BOTH(duplicate_extension, ATTEST_CERT_DUPLICATE_EXTENSION),
    BOTH(name_constraints, ATTEST_CERT_NAME_CONSTRAINTS),
    BOTH(name_constraints_not_critical, ATTEST_CERT_NAME_CONSTRAINTS),
    BOTH(wrong_issuer, ATTEST_CERT_NAME_CHAIN),
    BOTH(issuer_of_other_case, ATTEST_CERT_NAME_CHAIN),
    BOTH(empty_issuer, ATTEST_CERT_NAME_CHAIN),
    BOTH(rsa_leaf, ATTEST_CERT_ALGORITHM),
    BOTH(rsa_signature_algorithm, ATTEST_CERT_ALGORITHM),
    N(p256_leaf, ATTEST_CERT_ALGORITHM),
    N(p256_ca, ATTEST_CERT_ALGORITHM),
    N(sha256_leaf, ATTEST_CERT_ALGORITHM),
    P(p384_leaf, OK),
    P(sha384_leaf, OK),
    BOTH(trailing_byte, ATTEST_CERT_FORMAT),
    BOTH(long_length, ATTEST_CERT_FORMAT),
    BOTH(other_inner_algorithm, ATTEST_CERT_FORMAT),
};

static size_t templates_of(grille_path_profile profile, forge_template templates[FORGE_CHAIN]) {
    if (profile == GRILLE_PATH_NITRO) {
        forge_chain_templates(templates);
        return FORGE_CHAIN;
    }
    templates[0] = forge_ca("root", GRILLE_P256);
    templates[1] = forge_ca("intermediate", GRILLE_P256);
    templates[2] = forge_leaf("leaf", GRILLE_P256, "a.example", NULL);
    return 3;
}

static grille_reason walk(const forge_identity *chain, size_t count, grille_path_profile profile, grille_path *path) {
    grille_bytes certificates[GRILLE_PATH_MAX + 1];
    const grille_path_request request = {.profile = profile,
                                         .purpose = GRILLE_PATH_CLIENT,
                                         .certificates = certificates,
                                         .count = count,
                                         .now_ms = FORGE_NOW_MS,
                                         .leeway_ms = 60000};
    grille_error error;
    grille_reason reason;
    grille_error ignored = {.code = GRILLE_OK};
    for (size_t i = 0; i < count; i++)
        certificates[i] = forge_der(&chain[i]);
    error = ignored;
    reason = grille_path_verify(grille_crypto_wolf(), &request, path, &error);
    if (reason != GRILLE_REASON_OK) {
        grille_path zero = {.expires_ms = 0};
        assert_string_equal(grille_reason_name(reason), error.name);
        assert_non_null(strstr(error.text, "ertificate"));
        assert_memory_equal(&zero, path, sizeof zero);
    }
    return reason;
}

static void each_chain_gets_its_verdict(void **state) {
    static forge_identity chain[FORGE_CHAIN];
    static forge_template templates[FORGE_CHAIN];
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        size_t count = templates_of(rows[r].profile, templates);
        grille_path path;
        grille_reason observed;
        rows[r].change(templates, count);
        for (size_t i = 0; i < count; i++)
            forge_certificate(&templates[i], i == 0 ? NULL : &chain[i - 1], &chain[i]);
        observed = walk(chain, count, rows[r].profile, &path);
        if (observed != rows[r].expected) {
            fail_msg("%s: expected %s, observed %s", rows[r].name, grille_reason_name(rows[r].expected),
                     grille_reason_name(observed));
        }
        for (size_t i = 0; i < count; i++)
            forge_free(&chain[i]);
    }
    print_message("chains: %zu, each with its verdict\n", sizeof rows / sizeof rows[0]);
}

/* A good nitro chain in a fixture, for what changes after signing. */
static forge_chain good;

static int setup(void **state) {
    static forge_template templates[FORGE_CHAIN];
    (void)state;
    forge_chain_templates(templates);
    templates[3].not_after_ms -= 1000;
    forge_chain_make(templates, &good);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    forge_chain_free(&good);
    return 0;
}

static void a_good_path_tells_leaf_issuer_and_end(void **state) {
    grille_path path;
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, walk(good.certificates, FORGE_CHAIN, GRILLE_PATH_NITRO, &path));
    assert_true(grille_bytes_equal(path.leaf.common_name, grille_bytes_of_text(FORGE_MODULE ".eu-west-1.aws")));
    assert_true(grille_bytes_equal(path.issuer_common_name, grille_bytes_of_text(FORGE_INSTANCE ".eu-west-1.test")));
    assert_int_equal(FORGE_NOW_MS + FORGE_HOUR_MS - 1000, path.expires_ms);
}

static void lengths_have_limits(void **state) {
    static forge_identity chain[GRILLE_PATH_MAX + 1];
    grille_path path;
    (void)state;
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_CHAIN, walk(good.certificates, 0, GRILLE_PATH_NITRO, &path));
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_CHAIN, walk(good.certificates, 1, GRILLE_PATH_NITRO, &path));
    for (size_t i = 0; i <= GRILLE_PATH_MAX; i++) {
        forge_template ca = forge_ca("ca", GRILLE_P384), leaf = forge_template_of("leaf", GRILLE_P384);
        forge_key_usage(&leaf, false, GRILLE_KEY_USAGE_DIGITAL_SIGNATURE);
        if (i >= 2) { /* so far and one longer: a chain of every allowed length is taken */
            forge_certificate(&leaf, &chain[i - 1], &chain[i]);
            assert_int_equal(i < GRILLE_PATH_MAX ? GRILLE_REASON_OK : GRILLE_REASON_ATTEST_CERT_CHAIN,
                             walk(chain, i + 1, GRILLE_PATH_NITRO, &path));
            forge_free(&chain[i]);
        }
        forge_certificate(&ca, i == 0 ? NULL : &chain[i - 1], &chain[i]);
    }
    for (size_t i = 0; i <= GRILLE_PATH_MAX; i++)
        forge_free(&chain[i]);
}

static void order_and_gaps_are_refused(void **state) {
    static forge_identity mixed[FORGE_CHAIN];
    grille_path path;
    (void)state;
    for (size_t i = 0; i < FORGE_CHAIN; i++)
        mixed[i] = good.certificates[FORGE_CHAIN - 1 - i];
    assert_int_not_equal(GRILLE_REASON_OK, walk(mixed, FORGE_CHAIN, GRILLE_PATH_NITRO, &path));
    memcpy(mixed, good.certificates, sizeof mixed);
    mixed[2] = good.certificates[3];
    mixed[3] = good.certificates[2];
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_PATH_LENGTH, walk(mixed, FORGE_CHAIN, GRILLE_PATH_NITRO, &path));
    mixed[2] = good.certificates[3];
    mixed[3] = good.certificates[4];
    assert_int_equal(GRILLE_REASON_ATTEST_CERT_NAME_CHAIN, walk(mixed, FORGE_CHAIN - 1, GRILLE_PATH_NITRO, &path));
}

static void a_cloned_ca_with_a_swapped_key_is_refused(void **state) {
    /* Same name, same extensions, another key: everything below it was signed by the genuine one, or the other way. */
    static forge_identity chain[FORGE_CHAIN];
    static forge_template templates[FORGE_CHAIN];
    (void)state;
    forge_chain_templates(templates);
    for (size_t level = 0; level < FORGE_CHAIN; level++) {
        grille_path path;
        memcpy(chain, good.certificates, sizeof chain);
        forge_certificate(&templates[level], level == 0 ? NULL : &good.certificates[level - 1], &chain[level]);
        /* The clone of the leaf is a good leaf: its CA signed it. */
        assert_int_equal(level == FORGE_CHAIN - 1 ? GRILLE_REASON_OK : GRILLE_REASON_ATTEST_CERT_SIGNATURE,
                         walk(chain, FORGE_CHAIN, GRILLE_PATH_NITRO, &path));
        forge_free(&chain[level]);
    }
}

static void every_flipped_byte_is_refused(void **state) {
    static forge_identity chain[FORGE_CHAIN];
    grille_path path;
    (void)state;
    memcpy(chain, good.certificates, sizeof chain);
    for (size_t level = 1; level < FORGE_CHAIN; level += 3) {
        for (size_t i = 0; i < chain[level].len; i++) {
            chain[level].der[i] ^= 0x10;
            if (walk(chain, FORGE_CHAIN, GRILLE_PATH_NITRO, &path) == GRILLE_REASON_OK) {
                fail_msg("byte %zu of certificate %zu may change", i, level);
            }
            chain[level].der[i] ^= 0x10;
        }
    }
}

/* The bytes of a certificate are in another one's place in its signature: no signature of one fits another. */
static void signatures_are_not_exchanged(void **state) {
    static forge_identity chain[FORGE_CHAIN];
    static forge_template templates[FORGE_CHAIN];
    forge_identity other;
    grille_path path;
    grille_x509 mine, theirs;
    (void)state;
    forge_chain_templates(templates);
    templates[4].not_after_ms += 1000; /* the same leaf, one second longer */
    forge_certificate_over(&templates[4], &good.certificates[3], good.certificates[4].key, &other);
    memcpy(chain, good.certificates, sizeof chain);
    assert_int_equal(GRILLE_REASON_OK, grille_x509_read(forge_der(&chain[4]), &mine));
    assert_int_equal(GRILLE_REASON_OK, grille_x509_read(forge_der(&other), &theirs));
    if (mine.signature.len == theirs.signature.len) {
        memcpy(&chain[4].der[mine.signature.data - chain[4].der], theirs.signature.data, theirs.signature.len);
        assert_int_equal(GRILLE_REASON_ATTEST_CERT_SIGNATURE, walk(chain, FORGE_CHAIN, GRILLE_PATH_NITRO, &path));
    }
    chain[4] = other;
    assert_int_equal(GRILLE_REASON_OK, walk(chain, FORGE_CHAIN, GRILLE_PATH_NITRO, &path));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_chain_gets_its_verdict),
        cmocka_unit_test(a_good_path_tells_leaf_issuer_and_end),
        cmocka_unit_test(lengths_have_limits),
        cmocka_unit_test(order_and_gaps_are_refused),
        cmocka_unit_test(a_cloned_ca_with_a_swapped_key_is_refused),
        cmocka_unit_test(every_flipped_byte_is_refused),
        cmocka_unit_test(signatures_are_not_exchanged),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
