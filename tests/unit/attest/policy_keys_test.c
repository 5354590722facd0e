/* SPDX-License-Identifier: Apache-2.0
 * Every key of a policy: misspelt, twice, of a wrong type, without a value; its limits; what a policy is warned about.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/evidence.h"
#include "attest/policy_rules.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "crypto/pem.h"
#include "forge.h"
#include "forge_psk.h"
#include "forge_session.h"
#include "grille/log.h"
#include "wire/limits.h"

#define HEX96(two)                                                                                                     \
    two two two two two two two two two two two two two two two two two two two two two two two two two two two two    \
        two two two two two two two two two two two two two two two two two two two two
#define A5   HEX96("a5")
#define B6   HEX96("b6")
#define ZERO HEX96("00")

static forge_identity ca, leaf, p384_ca;
static char key_pem[512];

/* PEM of the public key of a certificate. */
static void write_public_key(const forge_identity *identity, char *text, size_t capacity) {
    uint8_t point[GRILLE_POINT_MAX], spki[GRILLE_SPKI_MAX];
    size_t point_len = 0, len = 0;
    const grille_crypto *crypto = grille_crypto_wolf();
    assert_int_equal(GRILLE_REASON_OK, crypto->key_point(identity->key, point, sizeof point, &point_len));
    assert_int_equal(GRILLE_REASON_OK,
                     grille_spki_write(identity->curve, grille_bytes_of(point, point_len), spki, sizeof spki, &len));
    assert_int_equal(GRILLE_REASON_OK,
                     grille_pem_write(GRILLE_PEM_PUBLIC_KEY, grille_bytes_of(spki, len), text, capacity - 1, &len));
    text[len] = '\0';
}

static int setup(void **state) {
    forge_template t = forge_ca("ca", GRILLE_P256), l = forge_leaf("leaf", GRILLE_P256, "a.example", NULL),
                   big = forge_ca("big", GRILLE_P384);
    char two_keys[1024];
    (void)state;
    forge_certificate(&t, NULL, &ca);
    forge_certificate(&l, &ca, &leaf);
    forge_certificate(&big, NULL, &p384_ca);
    (void)forge_file("ca.pem", grille_bytes_of_text(forge_pem(&ca)));
    (void)forge_file("root.pem", grille_bytes_of_text(forge_pem(&p384_ca)));
    write_public_key(&ca, key_pem, sizeof key_pem);
    (void)forge_file("key.pem", grille_bytes_of_text(key_pem));
    (void)snprintf(two_keys, sizeof two_keys, "%s%s", key_pem, key_pem);
    (void)forge_file("two-keys.pem", grille_bytes_of_text(two_keys));
    (void)forge_psk_file("a.psk", forge_psk_text("robot", "initiator", 1));
    (void)forge_file("measured.json", grille_bytes_of_text("{\"Measurements\":{\"PCR0\":\"" A5 "\",\"PCR1\":\"" A5
                                                           "\",\"PCR2\":\"" A5 "\"}}"));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    forge_free(&ca);
    forge_free(&leaf);
    forge_free(&p384_ca);
    return 0;
}

static grille_error error;

static grille_policy *parse(const char *text) {
    const char *folder = getenv("TEST_TMPDIR");
    grille_policy *policy = NULL;
    grille_code code =
        grille_policy_parse(grille_bytes_of_text(text), "p.yaml", folder != NULL ? folder : "/tmp", &policy, &error);
    assert_int_equal(code == GRILLE_OK, policy != NULL);
    return policy;
}

/* Refused, with this name, at this place, with this in the text. */
static void expect(const char *text, const char *name, size_t line, size_t column, const char *part) {
    char place[64];
    grille_policy *policy = parse(text);
    (void)snprintf(place, sizeof place, "p.yaml:%zu:%zu: ", line, column);
    if (policy == NULL && strcmp(error.name, name) == 0 && strstr(error.text, place) == error.text &&
        strstr(error.text, part) != NULL) {
        return;
    }
    fail_msg("expected %s \"%s … %s\", observed %s \"%s\" for:\n%s", name, place, part, error.name, error.text, text);
}

/* ---- Every key ---- */

typedef enum shape { ONE_VALUE, A_LIST, ONE_OR_LIST } shape;

typedef struct known_key {
    const char *key;
    const char *good; /* a value that may stand there */
    shape shape;
} known_key;

static const known_key top_keys[] = {
    {"peers", NULL, A_LIST},
    {"evidence_order", "any", ONE_VALUE},
    {"max_age", "5m", ONE_VALUE},
    {"clock_skew", "0s", ONE_VALUE},
    {"reattest", "1h", ONE_VALUE},
    {"version", "1", ONE_VALUE},
    {"update_key", "key.pem", ONE_VALUE},
    {"schema", "warn", ONE_VALUE},
    {"reflection", "true", ONE_VALUE},
    {"stats", "false", ONE_VALUE},
    {"insecure_allow_debug", "false", ONE_VALUE},
    {"insecure_development_root", "root.pem", ONE_VALUE},
};

#define COMMON_KEYS                                                                                                    \
    {"name", "a", ONE_VALUE}, {"not_after", "2027-01-31T12:00:00Z", ONE_VALUE}, {"min_build", "7", ONE_VALUE},         \
        {"may_call", "[/a.B/C]", A_LIST}, {"serves", "[/a.B/C]", A_LIST}, {"refuse", "[logs]", A_LIST}, {              \
        "policy_digest", "[" A5 "]", A_LIST                                                                            \
    }

static const known_key nitro_keys[] = {
    COMMON_KEYS,
    {"kind", "nitro", ONE_VALUE},
    {"peer", "self", ONE_VALUE},
    {"measurements", "measured.json", ONE_VALUE},
    {"role", "arn:aws:iam::1:role/x", ONE_VALUE},
    {"instance", "i-0123456789abcdef0", ONE_VALUE},
    {"signer", "ca.pem", ONE_VALUE},
    {"pcr0", A5, ONE_VALUE},
    {"pcr1", A5, ONE_VALUE},
    {"pcr2", A5, ONE_VALUE},
    {"pcr3", A5, ONE_VALUE},
    {"pcr4", A5, ONE_VALUE},
    {"pcr8", A5, ONE_VALUE},
    {"pcr15", A5, ONE_VALUE},
    {"pcr16", A5, ONE_VALUE},
    {"pcr31", A5, ONE_VALUE},
};

static const known_key x509_keys[] = {
    COMMON_KEYS,
    {"kind", "x509", ONE_VALUE},
    {"ca", "ca.pem", ONE_VALUE},
    {"names", "[a.example]", A_LIST},
};

static const known_key psk_keys[] = {
    COMMON_KEYS,
    {"psk", "a.psk", ONE_OR_LIST},
};

/* Common keys that anonymous sets may not have are tried in policy_test.c. */
static const known_key anonymous_keys[] = {
    {"name", "a", ONE_VALUE},
    {"not_after", "2027-01-31T12:00:00Z", ONE_VALUE},
    {"may_call", "[/a.B/C]", A_LIST},
};

/* A line of a map: at the top level, or of the set that `before` ends with. */
static void check_key(const char *before, size_t line, size_t indent, const known_key *key) {
    char text[4096], misspelt[64], part[160];
    const char *good = key->good != NULL ? key->good : "[]";
    size_t value_column = indent + strlen(key->key) + 3;
    /* misspelt */
    (void)snprintf(misspelt, sizeof misspelt, "%s", key->key);
    misspelt[1] = '%';
    (void)snprintf(text, sizeof text, "%s%*s%s: %s\n", before, (int)indent, "", misspelt, good);
    (void)snprintf(part, sizeof part, "\"%s\"; the nearest valid key here is \"%s\"", misspelt, key->key);
    expect(text, "POLICY-UNKNOWN-KEY", line, indent + 1, part);
    /* a wrong type */
    (void)snprintf(text, sizeof text, "%s%*s%s: {a: b}\n", before, (int)indent, "", key->key);
    expect(text, "POLICY-TYPE", line, value_column, "");
    if (key->shape != ONE_OR_LIST) {
        (void)snprintf(text, sizeof text, "%s%*s%s: %s\n", before, (int)indent, "", key->key,
                       key->shape == A_LIST ? "text" : "[text]");
        expect(text, "POLICY-TYPE", line, value_column, "");
    }
    /* a list without end, or with nothing in it */
    if (key->shape == A_LIST) {
        (void)snprintf(text, sizeof text, "%s%*s%s: []\n", before, (int)indent, "", key->key);
        expect(text, "POLICY-EMPTY", line, value_column, "empty list");
        (void)snprintf(text, sizeof text, "%s%*s%s: [[a]]\n", before, (int)indent, "", key->key);
        expect(text, "POLICY-TYPE", line, value_column + 1, "");
    }
    /* twice */
    if (key->good == NULL) return;
    (void)snprintf(text, sizeof text, "%s%*s%s: %s\n%*s%s: %s\n", before, (int)indent, "", key->key, good, (int)indent,
                   "", key->key, good);
    expect(text, "POLICY-DUPLICATE-KEY", line + 1, indent + 1, key->key);
}

/* The place of a value that is not there is that of its key's end. */
static void check_no_value(const char *before, size_t line, size_t indent, const known_key *key) {
    char text[1024], place[64];
    (void)snprintf(text, sizeof text, "%s%*s%s:\n", before, (int)indent, "", key->key);
    assert_null(parse(text));
    (void)snprintf(place, sizeof place, "p.yaml:%zu:%zu: ", line, indent + strlen(key->key) + 2);
    if (strstr(error.text, place) != error.text) fail_msg("expected %s, observed %s for:\n%s", place, error.text, text);
}

static void every_key_of_the_top_level(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof top_keys / sizeof top_keys[0]; i++) {
        check_key("", 1, 0, &top_keys[i]);
        check_no_value("", 1, 0, &top_keys[i]);
    }
}

static void check_set_keys(const char *kind, const known_key *keys, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char before[128];
        bool is_kind = strcmp(keys[i].key, "kind") == 0;
        /* `kind` says which keys there are: it stands in front, unless it is what is wrong. */
        if (is_kind) continue;
        (void)snprintf(before, sizeof before, "peers:\n- kind: %s\n", kind);
        check_key(before, 3, 2, &keys[i]);
        check_no_value(before, 3, 2, &keys[i]);
    }
}

static void every_key_of_a_set(void **state) {
    (void)state;
    check_set_keys("nitro", nitro_keys, sizeof nitro_keys / sizeof nitro_keys[0]);
    check_set_keys("x509", x509_keys, sizeof x509_keys / sizeof x509_keys[0]);
    check_set_keys("psk", psk_keys, sizeof psk_keys / sizeof psk_keys[0]);
    check_set_keys("anonymous", anonymous_keys, sizeof anonymous_keys / sizeof anonymous_keys[0]);
    expect("peers:\n- kind: [nitro]\n", "POLICY-TYPE", 2, 9, "one value");
    expect("peers:\n- kind: nitro\n  kind: nitro\n", "POLICY-DUPLICATE-KEY", 3, 3, "\"kind\"");
    expect("peers:\n- kind:\n", "POLICY-VALUE", 2, 8, "nitro, x509");
}

static void values_of_the_new_keys(void **state) {
    static const struct {
        const char *text, *name;
        size_t line, column;
        const char *part;
    } rows[] = {
        {"version: 0\n", "POLICY-VALUE", 1, 10, "begin at 1"},
        {"version: -1\n", "POLICY-VALUE", 1, 10, "decimal digits"},
        {"version: 1.0\n", "POLICY-VALUE", 1, 10, "decimal digits"},
        {"version: 1000000000000000000\n", "POLICY-VALUE", 1, 10, "decimal digits"},
        {"reattest: never\n", "POLICY-VALUE", 1, 11, "like 90s"},
        {"reattest: 0\n", "POLICY-VALUE", 1, 11, "like 90s"},
        {"reattest: 0s\n", "POLICY-VALUE", 1, 11, "shorter than"},
        {"max_age: 0s\n", "POLICY-VALUE", 1, 10, "shorter than"},
        {"max_age: 0ms\n", "POLICY-VALUE", 1, 10, "shorter than"},
        {"update_key: none.pem\n", "POLICY-FILE", 1, 13, "No such file"},
        {"update_key: ca.pem\n", "POLICY-KEY", 1, 13, "PUBLIC KEY"},
        {"update_key: two-keys.pem\n", "POLICY-KEY", 1, 13, "PUBLIC KEY"},
        {"update_key: measured.json\n", "POLICY-KEY", 1, 13, "PUBLIC KEY"},
        {"update_key: |\n  -----BEGIN PUBLIC KEY-----\n  AAAA\n  -----END PUBLIC KEY-----\n", "POLICY-KEY", 1, 13, ""},
        {"peers:\n- kind: nitro\n  refuse: [logs, log]\n", "POLICY-VALUE", 3, 18, "logs, metrics, reflection, debug"},
        {"peers:\n- kind: nitro\n  refuse: [logs, debug, logs]\n", "POLICY-VALUE", 3, 25, "second time"},
        {"peers:\n- kind: nitro\n  policy_digest: [a5]\n", "POLICY-LENGTH", 3, 19, "expected 96"},
        {"peers:\n- kind: nitro\n  policy_digest: [" A5 ", " ZERO "]\n", "POLICY-VALUE", 3, 117, "all zero"},
        {"peers:\n- kind: nitro\n  policy_digest: [g" HEX96("5") "a" A5 "]\n", "POLICY-LENGTH", 3, 19, ""},
        /* what the common keys ask does not stand for an identity */
        {"peers:\n- kind: nitro\n  name: a\n  policy_digest: [" A5 "]\n", "POLICY-EMPTY", 2, 3, "pins nothing"},
        {"peers:\n- kind: nitro\n  name: a\n  pcr3: " A5 "\n  refuse: [logs]\n", "POLICY-WEAK-SET", 2, 3, "neither"},
        {"peers:\n- kind: nitro\n  name: a\n  pcr4: " A5 "\n  min_build: 7\n", "POLICY-WEAK-SET", 2, 3, "neither"},
        {"peers:\n- kind: nitro\n  name: a\n  pcr8: " ZERO "\n", "POLICY-ZERO-PCR", 4, 9, "PCR8"},
        {"version: 1\nupdate_key: key.pem\nreattest: 1h\n", "POLICY-EMPTY", 1, 1, "accepts nobody"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect(rows[i].text, rows[i].name, rows[i].line, rows[i].column, rows[i].part);
}

/* A point that is not on its curve is no key, though its DER is right. */
static void an_update_key_is_on_its_curve(void **state) {
    char text[1024], pem[512];
    uint8_t point[GRILLE_POINT_MAX], spki[GRILLE_SPKI_MAX];
    size_t point_len = 0, len = 0;
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, grille_crypto_wolf()->key_point(ca.key, point, sizeof point, &point_len));
    point[point_len - 1] ^= 1;
    assert_int_equal(GRILLE_REASON_OK,
                     grille_spki_write(ca.curve, grille_bytes_of(point, point_len), spki, sizeof spki, &len));
    assert_int_equal(GRILLE_REASON_OK,
                     grille_pem_write(GRILLE_PEM_PUBLIC_KEY, grille_bytes_of(spki, len), pem, sizeof pem - 1, &len));
    pem[len] = '\0';
    (void)snprintf(text, sizeof text, "update_key: %s", forge_yaml_block(pem, 2));
    expect(text, "POLICY-KEY", 1, 13, "not on its curve");
    (void)snprintf(text, sizeof text, "update_key: %s", forge_yaml_block(key_pem, 2));
    expect(text, "POLICY-EMPTY", 1, 1, ""); /* the key itself is good */
}

/* ---- Limits ---- */

static void durations_have_limits(void **state) {
    static const struct {
        const char *key;
        int64_t least, most;
    } rows[] = {
        {"max_age", 1, GRILLE_LIMIT_POLICY_MAX_AGE_MS},
        {"clock_skew", 0, GRILLE_LIMIT_POLICY_CLOCK_SKEW_MS},
        {"reattest", GRILLE_LIMIT_POLICY_REATTEST_LEAST_MS, GRILLE_LIMIT_POLICY_REATTEST_MOST_MS},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512];
        const int64_t values[] = {rows[i].least, rows[i].most};
        for (size_t v = 0; v < 2; v++) {
            grille_policy *policy;
            (void)snprintf(text, sizeof text, "%s: %lldms\npeers:\n- name: a\n  kind: nitro\n  pcr0: " A5 "\n",
                           rows[i].key, (long long)values[v]);
            policy = parse(text);
            assert_non_null(policy);
            assert_int_equal(i == 2 ? values[v] : 0, grille_policy_reattest_ms(policy));
            assert_int_equal(i == 0 ? values[v] : GRILLE_DEFAULT_MAX_AGE_MS, policy->max_age_ms);
            assert_int_equal(i == 1 ? values[v] : GRILLE_DEFAULT_CLOCK_SKEW_MS, policy->clock_skew_ms);
            grille_policy_free(policy);
        }
        (void)snprintf(text, sizeof text, "%s: %lldms\n", rows[i].key, (long long)rows[i].most + 1);
        expect(text, "POLICY-VALUE", 1, strlen(rows[i].key) + 3, "longer than");
        if (rows[i].least == 0) continue;
        (void)snprintf(text, sizeof text, "%s: %lldms\n", rows[i].key, (long long)rows[i].least - 1);
        expect(text, "POLICY-VALUE", 1, strlen(rows[i].key) + 3, "shorter than");
    }
}

static void digests_have_a_limit(void **state) {
    char text[8192];
    (void)state;
    for (size_t count = GRILLE_LIMIT_POLICY_DIGESTS; count <= GRILLE_LIMIT_POLICY_DIGESTS + 1; count++) {
        size_t used = (size_t)sprintf(text, "peers:\n- name: a\n  kind: nitro\n  pcr0: " A5 "\n  policy_digest:\n");
        for (size_t i = 0; i < count; i++)
            used += (size_t)sprintf(&text[used], "  - %s%02zx\n", &A5[2], i + 1);
        if (count > GRILLE_LIMIT_POLICY_DIGESTS) {
            expect(text, "POLICY-LENGTH", 6, 3, "33 digests, expected at most 32");
        } else {
            grille_policy *policy = parse(text);
            assert_non_null(policy);
            assert_int_equal(count, policy->sets[0].policy_digest_count);
            assert_int_equal(1, policy->sets[0].policy_digests[0][47]);
            assert_int_equal(count, policy->sets[0].policy_digests[count - 1][47]);
            grille_policy_free(policy);
        }
    }
}

static void a_policy_says_what_it_says(void **state) {
    grille_policy *policy = parse("version: 41\n"
                                  "update_key: key.pem\n"
                                  "reattest: 90m\n"
                                  "peers:\n"
                                  "  - name: one\n"
                                  "    kind: x509\n"
                                  "    ca: ca.pem\n"
                                  "    names: [a]\n"
                                  "    refuse: [debug, reflection]\n"
                                  "  - {name: two, kind: x509, ca: ca.pem, names: [a], refuse: [metrics, logs]}\n");
    uint8_t point[GRILLE_POINT_MAX];
    size_t len = 0;
    (void)state;
    assert_non_null(policy);
    assert_int_equal(41, grille_policy_version(policy));
    assert_int_equal(5400000, grille_policy_reattest_ms(policy));
    assert_int_equal(GRILLE_REASON_OK, grille_crypto_wolf()->key_point(ca.key, point, sizeof point, &len));
    assert_true(grille_bytes_equal(policy->update_point, grille_bytes_of(point, len)));
    assert_int_equal(GRILLE_P256, policy->update_curve);
    assert_string_equal("p.yaml", policy->name);
    assert_int_equal(1u << GRILLE_POLICY_DEBUG | 1u << GRILLE_POLICY_REFLECTION, policy->sets[0].refused_features);
    assert_int_equal(1u << GRILLE_POLICY_LOGS | 1u << GRILLE_POLICY_METRICS, policy->sets[1].refused_features);
    assert_int_equal(5, policy->sets[0].line);
    assert_int_equal(5, policy->sets[0].column);
    assert_int_equal(10, policy->sets[1].line);
    assert_int_equal(0, grille_policy_warning_count(policy));
    assert_null(grille_policy_warning(policy, 0));
    grille_policy_free(policy);

    policy = parse("peers:\n- name: a\n  kind: x509\n  ca: ca.pem\n  names: [a]\n");
    assert_non_null(policy);
    assert_int_equal(0, grille_policy_version(policy));
    assert_int_equal(0, grille_policy_reattest_ms(policy));
    assert_int_equal(0, policy->update_point.len);
    grille_policy_free(policy);
}

static void every_pin_has_an_origin(void **state) {
    static const struct {
        unsigned index;
        const char *key;
        size_t line;
    } rows[] = {{0, "measurements", 5}, {1, "measurements", 5}, {2, "measurements", 5}, {3, "role", 6},
                {4, "instance", 7},     {8, "signer", 4},       {31, "pcr31", 9},       {0, "peer", 12},
                {1, "peer", 12},        {2, "peer", 12}};
    grille_policy *policy =
        parse("peers:\n- name: a\n  kind: nitro\n  signer: ca.pem\n"
              "  measurements: measured.json\n  role: arn:aws:iam::1:role/x\n"
              "  instance: i-0123456789abcdef0\n  pcr31:\n    " A5 "\n- name: b\n  kind: nitro\n  peer: self\n");
    (void)state;
    assert_non_null(policy);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const grille_policy_origin *origin = &policy->sets[i < 7 ? 0 : 1].origins[rows[i].index];
        assert_string_equal(rows[i].key, origin->key);
        assert_int_equal(rows[i].line, origin->line);
    }
    assert_int_equal(7, __builtin_popcount(policy->sets[0].pcr_mask));
    grille_policy_free(policy);
    expect("peers:\n- kind: nitro\n  measurements: measured.json\n  name: a\n  pcr1: " A5 "\n", "POLICY-PINNED-TWICE",
           5, 9, "PCR1 is pinned a second time in this set, first by measurements at line 3");
    expect("peers:\n- kind: nitro\n  pcr2: " A5 "\n  peer: self\n", "POLICY-PINNED-TWICE", 4, 9,
           "first by pcr2 at line 3");
}

/* ---- Warnings ---- */

static char lines[8][1600];
static size_t line_count;

static void keep_line(grille_log_level level, const char *module, const char *line, void *user) {
    (void)user;
    assert_int_equal(GRILLE_LOG_WARNING, level);
    assert_string_equal("attest", module);
    assert_true(line_count < 8);
    (void)snprintf(lines[line_count++], sizeof lines[0], "%s", line);
}

#define SET "peers:\n- name: a\n  kind: nitro\n"

static void what_is_left_open_is_warned_about(void **state) {
    static const char image[] = "p.yaml:2:3: set \"a\" pins the image and not whose it is",
                      build[] = "p.yaml:2:3: set \"a\" pins the signer and no build";
    static const struct {
        const char *text, *warning; /* NULL: none */
    } rows[] = {
        {SET "  pcr0: " A5 "\n", image},
        {SET "  measurements: measured.json\n", image},
        {SET "  pcr0: " A5 "\n  pcr1: " A5 "\n  pcr2: " A5 "\n  min_build: 7\n  refuse: [logs]\n", image},
        {SET "  pcr0: " A5 "\n  pcr5: " A5 "\n  pcr15: " A5 "\n", image},
        {SET "  pcr0: " A5 "\n  role: arn:aws:iam::1:role/x\n", NULL},
        {SET "  pcr0: " A5 "\n  pcr3: " A5 "\n", NULL},
        {SET "  pcr0: " A5 "\n  instance: i-0123456789abcdef0\n", NULL},
        {SET "  pcr0: " A5 "\n  signer: ca.pem\n", NULL},
        {SET "  pcr0: " A5 "\n  pcr8: " A5 "\n", NULL},
        {SET "  pcr0: " A5 "\n  pcr16: " A5 "\n", NULL},
        {SET "  pcr0: " A5 "\n  pcr31: " A5 "\n", NULL},
        {SET "  peer: self\n", image},
        {SET "  peer: self\n  role: arn:aws:iam::1:role/x\n", NULL},
        {SET "  peer: self\n  signer: ca.pem\n", NULL},
        {SET "  pcr8: " A5 "\n", build},
        {SET "  signer: ca.pem\n", build},
        {SET "  signer: ca.pem\n  role: arn:aws:iam::1:role/x\n", build},
        {SET "  pcr8: " A5 "\n  pcr2: " A5 "\n", build}, /* the same for every image with one ramdisk */
        {SET "  pcr8: " A5 "\n  pcr1: " A5 "\n", build},
        {SET "  pcr8: " A5 "\n  pcr1: " A5 "\n  pcr2: " A5 "\n", NULL},
        {SET "  pcr8: " A5 "\n  min_build: 7\n", NULL},
        {"peers:\n- name: a\n  kind: x509\n  ca: ca.pem\n  names: [a]\n", NULL},
        {"version: 3\npeers:\n- name: a\n  kind: x509\n  ca: ca.pem\n  names: [a]\n",
         "p.yaml:1:1: the policy has a version and no update_key"},
    };
    (void)state;
    grille_log_set(keep_line, NULL, GRILLE_LOG_WARNING);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t expected = rows[i].warning != NULL;
        grille_policy *policy;
        line_count = 0;
        policy = parse(rows[i].text);
        assert_non_null(policy);
        if (grille_policy_warning_count(policy) != expected) {
            fail_msg("%zu warnings, expected %zu for:\n%s", grille_policy_warning_count(policy), expected,
                     rows[i].text);
        }
        assert_int_equal(expected, line_count); /* once, when it is read */
        if (expected == 1) {
            const char *warning = grille_policy_warning(policy, 0);
            if (strstr(warning, rows[i].warning) != warning || strstr(warning, "Add ") == NULL) fail_msg("%s", warning);
            assert_string_equal(warning, lines[0]);
        }
        assert_null(grille_policy_warning(policy, expected));
        grille_policy_free(policy);
    }
    grille_log_set(NULL, NULL, GRILLE_LOG_WARNING);
}

static void each_set_is_warned_about_at_its_place(void **state) {
    char text[4096], name[GRILLE_NAME_MAX];
    grille_policy *policy;
    (void)state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    (void)snprintf(text, sizeof text,
                   "peers:\n- name: %s\n  kind: nitro\n  pcr0: " A5 "\n- {name: fine, kind: nitro, pcr0: " A5
                   ", pcr3: " A5 "}\n- name: old\n  kind: nitro\n  pcr8: " A5 "\n",
                   name);
    line_count = 0;
    grille_log_set(keep_line, NULL, GRILLE_LOG_WARNING);
    policy = parse(text);
    grille_log_set(NULL, NULL, GRILLE_LOG_WARNING);
    assert_non_null(policy);
    assert_int_equal(2, grille_policy_warning_count(policy));
    assert_int_equal(2, line_count);
    assert_true(strstr(grille_policy_warning(policy, 0), "p.yaml:2:3: set \"nnn") == grille_policy_warning(policy, 0));
    assert_non_null(strstr(grille_policy_warning(policy, 0), "Add role")); /* a long name cuts nothing off */
    assert_true(strstr(grille_policy_warning(policy, 1), "p.yaml:6:3: set \"old\"") ==
                grille_policy_warning(policy, 1));
    grille_policy_free(policy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_of_the_top_level),
        cmocka_unit_test(every_key_of_a_set),
        cmocka_unit_test(values_of_the_new_keys),
        cmocka_unit_test(an_update_key_is_on_its_curve),
        cmocka_unit_test(durations_have_limits),
        cmocka_unit_test(digests_have_a_limit),
        cmocka_unit_test(a_policy_says_what_it_says),
        cmocka_unit_test(every_pin_has_an_origin),
        cmocka_unit_test(what_is_left_open_is_warned_about),
        cmocka_unit_test(each_set_is_warned_about_at_its_place),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
