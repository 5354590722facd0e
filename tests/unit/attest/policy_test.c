/* SPDX-License-Identifier: Apache-2.0 */
#include "grille/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/evidence.h"
#include "attest/policy_rules.h"
#include "base/bytes.h"
#include "cmocka_all.h"
#include "forge.h"
#include "forge_psk.h"
#include "forge_session.h"
#include "wire/limits.h"

#define HEX96(two)                                                                                                     \
    two two two two two two two two two two two two two two two two two two two two two two two two two two two two    \
        two two two two two two two two two two two two two two two two two two two two
#define A5   HEX96("a5")
#define B6   HEX96("B6")
#define ZERO HEX96("00")

static forge_identity ca, leaf, p384_ca;

static int setup(void **state) {
    forge_template t = forge_ca("ca", GRILLE_P256), l = forge_leaf("leaf", GRILLE_P256, "a.example", NULL),
                   big = forge_ca("big", GRILLE_P384);
    (void)state;
    forge_certificate(&t, NULL, &ca);
    forge_certificate(&l, &ca, &leaf);
    forge_certificate(&big, NULL, &p384_ca);
    (void)forge_file("ca.pem", grille_bytes_of_text(forge_pem(&ca)));
    (void)forge_file("leaf.pem", grille_bytes_of_text(forge_pem(&leaf)));
    (void)forge_file("root.pem", grille_bytes_of_text(forge_pem(&p384_ca)));
    (void)forge_file("empty.pem", grille_bytes_of(NULL, 0));
    (void)forge_file("measured.json",
                     grille_bytes_of_text("{\n  \"Measurements\": {\n    \"HashAlgorithm\": \"Sha384 { ... }\",\n"
                                          "    \"PCR0\": \"" A5 "\",\n    \"PCR1\": \"" B6 "\",\n    \"PCR2\": \"" A5
                                          "\",\n    \"PCR8\": \"" B6 "\"\n  }\n}\n"));
    (void)forge_file("unsigned.json", grille_bytes_of_text("{\"Measurements\":{\"PCR0\":\"" A5 "\",\"PCR1\":\"" A5
                                                           "\",\"PCR2\":\"" A5 "\"}}"));
    (void)forge_file("debug.json", grille_bytes_of_text("{\"Measurements\":{\"PCR0\":\"" ZERO "\",\"PCR1\":\"" ZERO
                                                        "\",\"PCR2\":\"" ZERO "\"}}"));
    (void)forge_file("short.json", grille_bytes_of_text("{\"Measurements\":{\"PCR0\":\"" A5 "\",\"PCR1\":\"a5\"}}"));
    (void)forge_file("other.json", grille_bytes_of_text("{\"PCR0\":\"" A5 "\"}"));
    (void)forge_file("twice.json",
                     grille_bytes_of_text("{\"Measurements\":{\"PCR0\":\"" A5 "\",\"PCR0\":\"" B6 "\"}}"));
    (void)forge_file("empty.json", grille_bytes_of_text("{\"Measurements\":{}}"));
    (void)forge_psk_file("a.psk", forge_psk_text("a", "initiator", 1));
    (void)forge_psk_file("b.psk", forge_psk_text("b", "responder", 2));
    (void)forge_psk_file("key-of-a.psk", forge_psk_text("c", "responder", 1));
    (void)forge_psk_file("other-key-of-a.psk", forge_psk_text("a", "responder", 3));
    (void)forge_psk_file("password.psk", "grille-psk 1\nid: a\nrole: initiator\nkey: hunter2\n");
    (void)forge_file("open.psk", grille_bytes_of_text(forge_psk_text("a", "initiator", 1)));
    (void)forge_file("broken.json", grille_bytes_of_text("{\"Measurements\":"));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    forge_free(&ca);
    forge_free(&leaf);
    forge_free(&p384_ca);
    return 0;
}

static const char *folder(void) {
    const char *name = getenv("TEST_TMPDIR");
    return name != NULL ? name : "/tmp";
}

static grille_error error;

static grille_policy *parse(grille_bytes text) {
    grille_policy *policy = NULL;
    grille_code code = grille_policy_parse(text, "p.yaml", folder(), &policy, &error);
    assert_int_equal(code, error.code);
    assert_int_equal(code == GRILLE_OK, policy != NULL);
    assert_int_equal(code == GRILLE_OK, error.text[0] == '\0');
    return policy;
}

#define NITRO   "peers:\n- name: a\n  kind: nitro\n"
#define PSK     "peers:\n- name: a\n  kind: psk\n"
#define ANYBODY "peers:\n- name: a\n  kind: anonymous\n"
#define X509    "peers:\n- name: a\n  kind: x509\n"

/* text, stable name, place, part of the message */
static const struct bad {
    const char *text, *name, *place, *part;
} bad[] = {
    /* YAML itself */
    {"", "POLICY-EMPTY", "p.yaml:1:1:", "accepts nobody"},
    {"# nothing\n\n", "POLICY-EMPTY", "p.yaml:1:1:", "accepts nobody"},
    {"peers: [\n", "POLICY-SYNTAX", "p.yaml:2:1:", "this is not YAML"},
    {"peers:\n\t- a\n", "POLICY-SYNTAX", "p.yaml:2:1:", "cannot start any token"},
    {"a: b: c\n", "POLICY-SYNTAX", "p.yaml:1:5:", "mapping values are not allowed"},
    {"\xff\xfe\x00", "POLICY-SYNTAX", "p.yaml:1:1:", "this is not YAML"},
    {"peers: \x01\n", "POLICY-SYNTAX", "p.yaml:1:", "this is not YAML"},
    {"peers: &x []\n", "POLICY-STRUCTURE", "p.yaml:1:8:", "anchors"},
    {NITRO "  pcr0: *x\n", "POLICY-STRUCTURE", "p.yaml:4:9:", "aliases"},
    {"peers: !!seq []\n", "POLICY-STRUCTURE", "p.yaml:1:8:", "tags"},
    {"max_age: !x 5m\n", "POLICY-STRUCTURE", "p.yaml:1:10:", "tags"},
    {"max_age: 5m\n---\nmax_age: 5m\n", "POLICY-STRUCTURE", "p.yaml:2:1:", "second document"},
    {"peers: [[[[[[[[x]]]]]]]]\n", "POLICY-STRUCTURE", "p.yaml:1:15:", "nested too deeply"},
    /* the top level */
    {"- a\n", "POLICY-TYPE", "p.yaml:1:1:", "not a map"},
    {"text\n", "POLICY-TYPE", "p.yaml:1:1:", "not a map"},
    {"{}\n", "POLICY-EMPTY", "p.yaml:1:1:", "accepts nobody"},
    {"max_age: 5m\n", "POLICY-EMPTY", "p.yaml:1:1:", "accepts nobody"},
    {"peers:\n", "POLICY-TYPE", "p.yaml:1:7:", "not a list"},
    {"peers: []\n", "POLICY-EMPTY", "p.yaml:1:8:", "empty list"},
    {"peers: {}\n", "POLICY-TYPE", "p.yaml:1:8:", "not a list"},
    {"peers: [a]\n", "POLICY-TYPE", "p.yaml:1:9:", "a set is a map"},
    {"peer:\n- a\n", "POLICY-UNKNOWN-KEY", "p.yaml:1:1:", "\"peer\"; the nearest valid key here is \"peers\""},
    {"insecure_dev_root: x\n", "POLICY-UNKNOWN-KEY", "p.yaml:1:1:", "\"insecure_development_root\""},
    {"? [a]\n: b\n", "POLICY-TYPE", "p.yaml:1:3:", "a key is a list"},
    {"max_age: 5m\nschema: warn\nmax_age: 5m\n", "POLICY-DUPLICATE-KEY", "p.yaml:3:1:", "\"max_age\""},
    {"max_age: 5\n", "POLICY-VALUE", "p.yaml:1:10:", "like 90s"},
    {"max_age: m\n", "POLICY-VALUE", "p.yaml:1:10:", "like 90s"},
    {"max_age: 05m\n", "POLICY-VALUE", "p.yaml:1:10:", "like 90s"},
    {"max_age: -5m\n", "POLICY-VALUE", "p.yaml:1:10:", "like 90s"},
    {"max_age: 5 m\n", "POLICY-VALUE", "p.yaml:1:10:", "like 90s"},
    {"max_age: 25h\n", "POLICY-VALUE", "p.yaml:1:10:", "longer than 86400 s"},
    {"max_age: 999999999999999999d\n", "POLICY-VALUE", "p.yaml:1:10:", "longer than"},
    {"clock_skew: 61m\n", "POLICY-VALUE", "p.yaml:1:13:", "longer than 3600 s"},
    {"max_age: [5m]\n", "POLICY-TYPE", "p.yaml:1:10:", "expected one value"},
    {"evidence_order: initiator_first\n", "POLICY-VALUE", "p.yaml:1:17:", "any, responder_first"},
    {"reflection: maybe\n", "POLICY-VALUE", "p.yaml:1:13:", "true"},
    {"stats: 1\n", "POLICY-VALUE", "p.yaml:1:8:", "true"},
    {"schema: strict\n", "POLICY-VALUE", "p.yaml:1:9:", "warn, exact"},
    {"insecure_allow_debug: yes\n", "POLICY-VALUE", "p.yaml:1:23:", "false, true"},
    {"insecure_development_root: leaf.pem\n", "POLICY-CERTIFICATE", "p.yaml:1:28:", "no CA"},
    {"insecure_development_root: ca.pem\n", "POLICY-CERTIFICATE", "p.yaml:1:28:", "P-384"},
    {"insecure_development_root: none.pem\n", "POLICY-FILE", "p.yaml:1:28:", "No such file"},
    {"insecure_development_root: .\n", "POLICY-FILE", "p.yaml:1:28:", "no regular file"},
    {"insecure_development_root: empty.pem\n", "POLICY-CERTIFICATE", "p.yaml:1:28:", "there is none"},
    {"insecure_development_root: ''\n", "POLICY-VALUE", "p.yaml:1:28:", "not a path"},
    {"insecure_development_root: |\n  -----BEGIN CERTIFICATE-----\n  AAAA\n  -----END CERTIFICATE-----\n",
     "POLICY-CERTIFICATE", "p.yaml:1:28:", "certificate 1"},
    /* any set */
    {"peers:\n- kind: nitro\n  pcr0: " A5 "\n", "POLICY-MISSING-KEY", "p.yaml:2:3:", "\"name\""},
    {"peers:\n- name: a\n  pcr0: " A5 "\n", "POLICY-MISSING-KEY", "p.yaml:2:3:", "\"kind\""},
    {"peers:\n- name: ''\n  kind: nitro\n", "POLICY-LENGTH", "p.yaml:2:9:", "0 characters"},
    {"peers:\n- name: \"a\\nb\"\n  kind: nitro\n", "POLICY-VALUE", "p.yaml:2:9:", "printable"},
    {"peers:\n- name: a\n  kind: tpm\n", "POLICY-VALUE", "p.yaml:3:9:", "nitro, x509"},
    {NITRO "  pcr0: " A5 "\n- name: a\n  kind: nitro\n  pcr0: " A5 "\n", "POLICY-VALUE",
     "p.yaml:5:3:", "used by an earlier set"},
    {NITRO "  pcr0: " A5 "\n  not_after: 2027-02-29T00:00:00Z\n", "POLICY-VALUE", "p.yaml:5:14:", "in UTC"},
    {NITRO "  pcr0: " A5 "\n  not_after: 2027-01-31\n", "POLICY-VALUE", "p.yaml:5:14:", "in UTC"},
    {NITRO "  pcr0: " A5 "\n  min_build: -1\n", "POLICY-VALUE", "p.yaml:5:14:", "decimal digits"},
    {NITRO "  pcr0: " A5 "\n  min_build: 0x10\n", "POLICY-VALUE", "p.yaml:5:14:", "decimal digits"},
    {NITRO "  pcr0: " A5 "\n  min_build: 1000000000000000000\n", "POLICY-VALUE", "p.yaml:5:14:", "decimal digits"},
    {NITRO "  pcr0: " A5 "\n  may_call: []\n", "POLICY-EMPTY", "p.yaml:5:13:", "empty list"},
    {NITRO "  pcr0: " A5 "\n  may_call: /a.B/C\n", "POLICY-TYPE", "p.yaml:5:13:", "not a list"},
    {NITRO "  pcr0: " A5 "\n  may_call: [\"*\"]\n", "POLICY-METHOD", "p.yaml:5:14:", "/package.Service/Method"},
    {NITRO "  pcr0: " A5 "\n  may_call: [/a.B]\n", "POLICY-METHOD", "p.yaml:5:14:", ""},
    {NITRO "  pcr0: " A5 "\n  may_call: [/a.B/]\n", "POLICY-METHOD", "p.yaml:5:14:", ""},
    {NITRO "  pcr0: " A5 "\n  may_call: [a.B/C]\n", "POLICY-METHOD", "p.yaml:5:14:", ""},
    {NITRO "  pcr0: " A5 "\n  may_call: [/a..B/C]\n", "POLICY-METHOD", "p.yaml:5:14:", ""},
    {NITRO "  pcr0: " A5 "\n  may_call: [/.B/C]\n", "POLICY-METHOD", "p.yaml:5:14:", ""},
    {NITRO "  pcr0: " A5 "\n  may_call: [/B./C]\n", "POLICY-METHOD", "p.yaml:5:14:", ""},
    {NITRO "  pcr0: " A5 "\n  may_call: [/a.B/C*]\n", "POLICY-METHOD", "p.yaml:5:14:", ""},
    {NITRO "  pcr0: " A5 "\n  may_call: [/a.B/C/D]\n", "POLICY-METHOD", "p.yaml:5:14:", ""},
    {NITRO "  pcr0: " A5 "\n  may_call: [/*/C]\n", "POLICY-METHOD", "p.yaml:5:14:", ""},
    {NITRO "  pcr0: " A5 "\n  serves: [/a.B/C, /a.B]\n", "POLICY-METHOD", "p.yaml:5:20:", ""},
    /* nitro */
    {NITRO, "POLICY-EMPTY", "p.yaml:2:3:", "pins nothing"},
    {NITRO "  pcr3: " A5 "\n", "POLICY-WEAK-SET", "p.yaml:2:3:", "neither the image"},
    {NITRO "  pcr4: " A5 "\n", "POLICY-WEAK-SET", "p.yaml:2:3:", "neither the image"},
    {NITRO "  pcr1: " A5 "\n  pcr2: " A5 "\n", "POLICY-WEAK-SET", "p.yaml:2:3:", "neither the image"},
    {NITRO "  role: arn:aws:iam::1:role/x\n  instance: i-0\n", "POLICY-WEAK-SET", "p.yaml:2:3:", "neither the image"},
    {NITRO "  pcr0: " ZERO "\n", "POLICY-ZERO-PCR", "p.yaml:4:9:", "PCR0 is all zero"},
    {NITRO "  pcr0: " A5 "\n  pcr31: " ZERO "\n", "POLICY-ZERO-PCR", "p.yaml:5:10:", "PCR31"},
    {NITRO "  pcr0: a5a5\n", "POLICY-LENGTH", "p.yaml:4:9:", "4 characters, expected 96"},
    {NITRO "  pcr0: " A5 "a5\n", "POLICY-LENGTH", "p.yaml:4:9:", "98 characters"},
    {NITRO "  pcr0: \"" A5 "\"\n  pcr1: x" A5 "\n", "POLICY-LENGTH", "p.yaml:5:9:", "97 characters"},
    {NITRO "  pcr0: g" HEX96("5a") "\n", "POLICY-LENGTH", "p.yaml:4:9:", "97 characters"},
    {NITRO "  pcr32: " A5 "\n", "POLICY-UNKNOWN-KEY", "p.yaml:4:3:", "\"pcr2\""},
    {NITRO "  PCR0: " A5 "\n", "POLICY-UNKNOWN-KEY", "p.yaml:4:3:", "\"pcr0\""},
    {NITRO "  mesurements: x\n", "POLICY-UNKNOWN-KEY", "p.yaml:4:3:", "\"measurements\""},
    {NITRO "  ca: ca.pem\n", "POLICY-UNKNOWN-KEY", "p.yaml:4:3:", "\"ca\""},
    {NITRO "  peer: other\n", "POLICY-VALUE", "p.yaml:4:9:", "self"},
    {NITRO "  peer: [self]\n", "POLICY-TYPE", "p.yaml:4:9:", "expected one value"},
    {NITRO "  peer: self\n  pcr0: " A5 "\n", "POLICY-PINNED-TWICE", "p.yaml:5:9:", "PCR0"},
    {NITRO "  pcr2: " A5 "\n  peer: self\n", "POLICY-PINNED-TWICE", "p.yaml:5:9:", "PCR2"},
    {NITRO "  peer: self\n  measurements: measured.json\n", "POLICY-PINNED-TWICE", "p.yaml:5:17:", "PCR0"},
    {X509 "  peer: self\n", "POLICY-UNKNOWN-KEY", "p.yaml:4:3:", "nearest"},
    {NITRO "  pcr0: " A5 "\n  pcr0: " A5 "\n", "POLICY-DUPLICATE-KEY", "p.yaml:5:3:", "\"pcr0\""},
    {NITRO "  measurements: measured.json\n  pcr0: " A5 "\n", "POLICY-PINNED-TWICE", "p.yaml:5:9:", "PCR0"},
    {NITRO "  pcr0: " A5 "\n  pcr3: " A5 "\n  role: arn:aws:iam::1:role/x\n", "POLICY-PINNED-TWICE",
     "p.yaml:6:9:", "PCR3"},
    {NITRO "  role: role/x\n", "POLICY-VALUE", "p.yaml:4:9:", "arn:"},
    {NITRO "  instance: 0abc\n", "POLICY-VALUE", "p.yaml:4:13:", "pcr4"},
    {NITRO "  signer: none.pem\n", "POLICY-FILE", "p.yaml:4:11:", "No such file"},
    {NITRO "  measurements: none.json\n", "POLICY-FILE", "p.yaml:4:17:", "No such file"},
    {NITRO "  measurements: debug.json\n", "POLICY-ZERO-PCR", "p.yaml:4:17:", "PCR0"},
    {NITRO "  measurements: short.json\n", "POLICY-MEASUREMENTS", "p.yaml:4:17:", "Measurements.PCR1"},
    {NITRO "  measurements: other.json\n", "POLICY-MEASUREMENTS", "p.yaml:4:17:", "\"Measurements\""},
    {NITRO "  measurements: twice.json\n", "POLICY-MEASUREMENTS", "p.yaml:4:17:", "each key once"},
    {NITRO "  measurements: empty.json\n", "POLICY-MEASUREMENTS", "p.yaml:4:17:", "Measurements.PCR0"},
    {NITRO "  measurements: broken.json\n", "POLICY-MEASUREMENTS", "p.yaml:4:17:", "measurements:"},
    {NITRO "  measurements: ca.pem\n", "POLICY-MEASUREMENTS", "p.yaml:4:17:", ""},
    /* x509 */
    {X509, "POLICY-MISSING-KEY", "p.yaml:2:3:", "\"ca\""},
    {X509 "  ca: ca.pem\n", "POLICY-MISSING-KEY", "p.yaml:2:3:", "\"names\""},
    {X509 "  names: [a]\n", "POLICY-MISSING-KEY", "p.yaml:2:3:", "\"ca\""},
    {X509 "  names: []\n", "POLICY-EMPTY", "p.yaml:4:10:", "empty list"},
    {X509 "  names: [\"*.example\"]\n", "POLICY-VALUE", "p.yaml:4:11:", "wildcards"},
    {X509 "  names: [a, [b]]\n", "POLICY-TYPE", "p.yaml:4:14:", "expected one value"},
    {X509 "  ca: leaf.pem\n", "POLICY-CERTIFICATE", "p.yaml:4:7:", "no CA"},
    {X509 "  ca: none.pem\n", "POLICY-FILE", "p.yaml:4:7:", "No such file"},
    {X509 "  pcr0: " A5 "\n", "POLICY-UNKNOWN-KEY", "p.yaml:4:3:", "nearest"},
    /* psk */
    {PSK, "POLICY-MISSING-KEY", "p.yaml:2:3:", "\"psk\""},
    {PSK "  psk: []\n", "POLICY-EMPTY", "p.yaml:4:8:", "empty list"},
    {PSK "  psk: {a: b}\n", "POLICY-TYPE", "p.yaml:4:8:", "expected one value"},
    {PSK "  psk: [a.psk, [b.psk]]\n", "POLICY-TYPE", "p.yaml:4:16:", "expected one value"},
    {PSK "  psk: ''\n", "POLICY-VALUE", "p.yaml:4:8:", "not a path"},
    {PSK "  psk: none.psk\n", "POLICY-FILE", "p.yaml:4:8:", "No such file"},
    {PSK "  psk: .\n", "POLICY-FILE", "p.yaml:4:8:", "no regular file"},
    {PSK "  psk: open.psk\n", "POLICY-PSK", "p.yaml:4:8:", "chmod 600"},
    {PSK "  psk: ca.pem\n", "POLICY-PSK", "p.yaml:4:8:", "chmod 600"},
    {PSK "  psk: password.psk\n", "POLICY-PSK", "p.yaml:4:8:", "password.psk:4:6: "},
    {PSK "  psk: password.psk\n", "POLICY-PSK", "p.yaml:4:8:", "A password is refused"},
    {PSK "  psk: hunter2\n", "POLICY-FILE", "p.yaml:4:8:", "No such file"},
    {PSK "  psk: grille-psk 1\n", "POLICY-PSK", "p.yaml:4:8:", "psk:2:1: expected the line \"id: NAME\""},
    {PSK "  psk: |\n    grille-psk 1\n    id: x\n    role: any\n", "POLICY-PSK", "p.yaml:4:8:", "psk:3:7:"},
    {PSK "  psk: [a.psk, a.psk]\n", "POLICY-PSK", "p.yaml:4:16:", "\"a\" is listed already"},
    {PSK "  psk: [a.psk, other-key-of-a.psk]\n", "POLICY-PSK", "p.yaml:4:16:", "\"a\" is listed already"},
    {PSK "  psk: [a.psk, key-of-a.psk]\n", "POLICY-PSK", "p.yaml:4:16:", "the key of \"c\" is that of \"a\" too"},
    {PSK "  psk: a.psk\n- name: b\n  kind: psk\n  psk: a.psk\n", "POLICY-PSK", "p.yaml:7:8:", "listed already"},
    {PSK "  psk: a.psk\n  psk: b.psk\n", "POLICY-DUPLICATE-KEY", "p.yaml:5:3:", "\"psk\""},
    {PSK "  psk: a.psk\n  ca: ca.pem\n", "POLICY-UNKNOWN-KEY", "p.yaml:5:3:", "nearest"},
    {PSK "  pks: a.psk\n", "POLICY-UNKNOWN-KEY", "p.yaml:4:3:", "\"psk\""},
    {NITRO "  psk: a.psk\n", "POLICY-UNKNOWN-KEY", "p.yaml:4:3:", "nearest"},
    /* anonymous */
    {ANYBODY, "POLICY-MISSING-KEY", "p.yaml:2:3:", "\"may_call\""},
    {ANYBODY "  serves: [/a.B/C]\n", "POLICY-VALUE", "p.yaml:4:11:", "may be anybody"},
    {ANYBODY "  may_call: [/a.B/C]\n  min_build: 7\n", "POLICY-VALUE", "p.yaml:5:14:", "may be anybody"},
    {ANYBODY "  may_call: [/a.B/C]\n  refuse: [logs]\n", "POLICY-VALUE", "p.yaml:5:11:", "may be anybody"},
    {ANYBODY "  may_call: [/a.B/C]\n  policy_digest: [" A5 "]\n", "POLICY-VALUE", "p.yaml:5:18:", "may be anybody"},
    {ANYBODY "  may_call: []\n", "POLICY-EMPTY", "p.yaml:4:13:", "empty list"},
    {ANYBODY "  may_call: [\"*\"]\n", "POLICY-METHOD", "p.yaml:4:14:", ""},
    {ANYBODY "  psk: a.psk\n", "POLICY-UNKNOWN-KEY", "p.yaml:4:3:", "nearest"},
};

static void bad_policies_are_refused_with_their_place(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        grille_policy *policy = parse(grille_bytes_of_text(bad[i].text));
        if (policy != NULL || strcmp(error.name, bad[i].name) != 0 || strstr(error.text, bad[i].place) != error.text ||
            strstr(error.text, bad[i].part) == NULL) {
            fail_msg("expected %s \"%s … %s\", observed %s \"%s\" for:\n%s", bad[i].name, bad[i].place, bad[i].part,
                     error.name, error.text, bad[i].text);
        }
    }
    print_message("bad policies: %zu, each refused at its place\n", sizeof bad / sizeof bad[0]);
}

static void no_prefix_of_a_policy_is_read_wrongly(void **state) {
    static const char text[] = "clock_skew: 30s\n" NITRO "  pcr0: " A5 "\n  may_call: [/a.B/C]\n";
    size_t read = 0;
    (void)state;
    for (size_t cut = 0; cut < sizeof text; cut++) {
        grille_policy *policy = parse(grille_bytes_of(text, cut));
        if (policy != NULL) read++;
        grille_policy_free(policy);
    }
    /* Cut right after the pin, after its newline, after one or two spaces of the next line; whole, and without the last
     * newline. */
    assert_int_equal(6, read);
}

static void a_policy_says_what_it_says(void **state) {
    grille_policy *policy = forge_policy("evidence_order: responder_first\n"
                                         "max_age: 2h\n"
                                         "clock_skew: 1500ms\n"
                                         "schema: exact\n"
                                         "insecure_allow_debug: true\n"
                                         "peers:\n"
                                         "  - name: one\n"
                                         "    kind: nitro\n"
                                         "    pcr0: " A5 "\n"
                                         "    pcr31: " B6 "\n"
                                         "    min_build: 7\n"
                                         "    not_after: 2027-01-31T12:00:00Z\n"
                                         "  - {name: two, kind: x509, ca: ca.pem, names: [a.example, 'urn:x']}\n");
    const grille_policy_set *one = &policy->sets[0], *two = &policy->sets[1];
    (void)state;
    assert_true(grille_policy_requires_responder_first(policy));
    assert_true(grille_policy_requires_exact_schema(policy));
    assert_true(policy->insecure_allow_debug);
    assert_int_equal(7200000, policy->max_age_ms);
    assert_int_equal(1500, policy->clock_skew_ms);
    assert_int_equal(2, policy->set_count);
    assert_int_equal(1u << 0 | 1u << 31, one->pcr_mask);
    assert_int_equal(0xa5, one->pcrs[0][47]);
    assert_int_equal(0xb6, one->pcrs[31][0]);
    assert_int_equal(7, one->min_build);
    assert_int_equal(INT64_C(1801396800000), one->not_after_ms);
    assert_int_equal(GRILLE_WALL_NEVER, two->not_after_ms);
    assert_int_equal(1, two->authority_count);
    assert_true(grille_bytes_equal(forge_der(&ca), two->authorities[0]));
    assert_int_equal(2, two->name_count);
    assert_int_equal(GRILLE_X509_DNS, two->names[0].kind);
    assert_int_equal(GRILLE_X509_URI, two->names[1].kind);
    assert_true(grille_policy_accepts_kind(policy, GRILLE_IDENTITY_NITRO));
    assert_true(grille_policy_accepts_kind(policy, GRILLE_IDENTITY_X509));
    assert_false(grille_policy_accepts_kind(policy, GRILLE_IDENTITY_PSK));
    assert_false(grille_policy_accepts_kind(policy, GRILLE_IDENTITY_ANONYMOUS));
    grille_policy_free(policy);
}

static void keys_come_from_files_or_inline(void **state) {
    const char *inlined = forge_yaml_block(forge_psk_text("c", "initiator", 3), 4);
    grille_policy *policy = forge_policy("peers:\n"
                                         "- name: one\n  kind: psk\n  psk: [a.psk, b.psk]\n  min_build: 7\n"
                                         "- name: two\n  kind: psk\n  psk: %s"
                                         "- {name: anybody, kind: anonymous, may_call: [/a.B/*]}\n",
                                         inlined);
    static const struct {
        const char *id;
        char role;
        size_t set;
    } rows[] = {{"a", 'I', 0}, {"b", 'R', 0}, {"c", 'I', 1}};
    const grille_policy_psk *at = policy->psks;
    (void)state;
    assert_int_equal(3, policy->psk_count);
    for (size_t i = 0; i < 3; i++, at = at->next) {
        assert_string_equal(rows[i].id, at->psk.id);
        assert_int_equal(rows[i].role, at->psk.role);
        assert_ptr_equal(&policy->sets[rows[i].set], at->set);
    }
    assert_null(at);
    assert_int_equal(7, policy->sets[0].min_build);
    assert_true(grille_policy_accepts_kind(policy, GRILLE_IDENTITY_PSK));
    assert_true(grille_policy_accepts_kind(policy, GRILLE_IDENTITY_ANONYMOUS));
    assert_false(grille_policy_accepts_kind(policy, GRILLE_IDENTITY_NITRO));
    grille_policy_free(policy);
}

/* A policy that holds a key is as secret as the key. */
static void a_file_with_a_key_in_it_is_its_owners_alone(void **state) {
    static const struct {
        mode_t mode;
        bool inlined, loads;
    } rows[] = {{0644, false, true}, {0600, true, true},  {0400, true, true},
                {0640, true, false}, {0604, true, false}, {0660, true, false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_policy *policy = NULL;
        char text[1024];
        const char *path;
        (void)snprintf(text, sizeof text, PSK "  psk: %s",
                       rows[i].inlined ? forge_yaml_block(forge_psk_text("z", "initiator", 1), 4) : "a.psk\n");
        path = forge_file("holds-a-key.yaml", grille_bytes_of_text(text));
        assert_int_equal(0, chmod(path, rows[i].mode));
        assert_int_equal(rows[i].loads ? GRILLE_OK : GRILLE_INVALID_ARGUMENT,
                         grille_policy_load(path, &policy, &error));
        assert_int_equal(rows[i].loads, policy != NULL);
        if (!rows[i].loads) {
            assert_string_equal("POLICY-PSK", error.name);
            assert_non_null(strstr(error.text, "holds-a-key.yaml:2:3: the key of \"z\""));
            assert_non_null(strstr(error.text, "chmod 600"));
        }
        grille_policy_free(policy);
        assert_int_equal(0, unlink(path));
    }
}

/* An inline key is there whatever the folder; another key in the same file is another policy. */
static void the_digest_covers_keys(void **state) {
    uint8_t digests[2][48];
    (void)state;
    for (int i = 0; i < 2; i++) {
        grille_policy *policy;
        (void)forge_psk_file("changes.psk", forge_psk_text("a", "initiator", (unsigned)i));
        policy = forge_policy(PSK "  psk: changes.psk\n");
        grille_policy_digest(policy, digests[i]);
        grille_policy_free(policy);
    }
    assert_memory_not_equal(digests[0], digests[1], sizeof digests[0]);
}

static void keys_have_a_limit(void **state) {
    static char text[GRILLE_LIMIT_POLICY_FILE_BYTES];
    size_t used = (size_t)sprintf(text, PSK "  psk:\n");
    (void)state;
    for (unsigned i = 0; i <= GRILLE_LIMIT_POLICY_PSKS; i++) {
        char id[16], key[400];
        grille_policy *policy = i == GRILLE_LIMIT_POLICY_PSKS ? parse(grille_bytes_of(text, used)) : NULL;
        if (i == GRILLE_LIMIT_POLICY_PSKS) assert_int_equal(GRILLE_LIMIT_POLICY_PSKS, policy->psk_count);
        grille_policy_free(policy);
        (void)snprintf(id, sizeof id, "id-%u", i);
        (void)snprintf(key, sizeof key, "%s", forge_psk_text(id, "initiator", i));
        /* A seed is one byte: the last key would be the first one's. */
        if (i == GRILLE_LIMIT_POLICY_PSKS) key[strlen(key) - 2] = key[strlen(key) - 2] == 'a' ? 'b' : 'a';
        used += (size_t)sprintf(&text[used], "  - %s", forge_yaml_block(key, 4));
    }
    assert_null(parse(grille_bytes_of(text, used)));
    assert_string_equal("POLICY-LENGTH", error.name);
}

static void defaults_are_the_strict_ones(void **state) {
    grille_policy *policy = forge_policy(NITRO "  pcr8: " A5 "\n");
    (void)state;
    assert_false(grille_policy_requires_responder_first(policy));
    assert_false(grille_policy_requires_exact_schema(policy));
    assert_false(policy->insecure_allow_debug);
    assert_int_equal(0, policy->development_root.len);
    assert_int_equal(300000, policy->max_age_ms);
    assert_int_equal(60000, policy->clock_skew_ms);
    grille_policy_free(policy);
}

static void pins_come_from_measurements_roles_instances_and_signers(void **state) {
    /* SHA384(48 zero bytes ‖ "arn:aws:iam::123456789012:role/Webserver") */
    static const uint8_t role_starts[] = {0x78, 0xfc, 0xe7, 0x5d, 0xb1, 0x7c, 0xd4, 0xe0};
    grille_policy *policy = forge_policy(NITRO "  measurements: measured.json\n"
                                               "  role: arn:aws:iam::123456789012:role/Webserver\n"
                                               "  instance: i-0123456789abcdef0\n");
    const grille_policy_set *set = &policy->sets[0];
    const uint8_t zeros[GRILLE_PCR_BYTES] = {0};
    uint8_t digest[48], pcr8[48];
    grille_bytes der = forge_der(&leaf);
    const grille_bytes extended[] = {grille_bytes_of(zeros, sizeof zeros), grille_bytes_of(digest, sizeof digest)};
    (void)state;
    assert_int_equal(1u << 0 | 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 8, set->pcr_mask);
    assert_int_equal(0xa5, set->pcrs[0][0]);
    assert_int_equal(0xb6, set->pcrs[1][0]);
    assert_int_equal(0xa5, set->pcrs[2][0]);
    assert_int_equal(0xb6, set->pcrs[8][0]);
    assert_memory_equal(role_starts, set->pcrs[3], sizeof role_starts);
    assert_int_equal(0xd6, set->pcrs[4][0]);
    grille_policy_free(policy);

    policy = forge_policy(NITRO "  measurements: unsigned.json\n  signer: %s", forge_yaml_block(forge_pem(&leaf), 4));
    assert_int_equal(GRILLE_REASON_OK, grille_crypto_wolf()->hash(GRILLE_SHA384, &der, 1, digest));
    assert_int_equal(GRILLE_REASON_OK, grille_crypto_wolf()->hash(GRILLE_SHA384, extended, 2, pcr8));
    assert_memory_equal(pcr8, policy->sets[0].pcrs[8], sizeof pcr8);
    grille_policy_free(policy);
}

static void development_roots_come_from_a_file_or_inline(void **state) {
    grille_policy *file = forge_policy("insecure_development_root: root.pem\n" NITRO "  pcr0: " A5 "\n");
    grille_policy *inlined = forge_policy("insecure_development_root: %s" NITRO "  pcr0: " A5 "\n",
                                          forge_yaml_block(forge_pem(&p384_ca), 2));
    (void)state;
    assert_true(grille_bytes_equal(forge_der(&p384_ca), file->development_root));
    assert_true(grille_bytes_equal(forge_der(&p384_ca), inlined->development_root));
    grille_policy_free(file);
    grille_policy_free(inlined);
}

static void methods_are_denied_by_default(void **state) {
    static const struct {
        const char *method;
        bool may_call, serves;
    } rows[] = {
        {"/a.v1.B/C", true, false},   {"/a.v1.B/D", false, false}, {"/a.v1.B/CC", false, false},
        {"/a.v1.S/X", true, true},    {"/a.v1.S/", false, false},  {"/a.v1.S/X/Y", false, false},
        {"/a.v1.SS/X", false, false}, {"/A.v1.S/X", false, false}, {"", false, false},
        {"/a.v1.S", false, false},    {"/a.v1.S/*", true, true},
    };
    grille_policy *policy = forge_policy(NITRO "  pcr0: " A5 "\n"
                                               "  may_call: [/a.v1.B/C, \"/a.v1.S/*\"]\n"
                                               "  serves: [\"/a.v1.S/*\"]\n"
                                               "- name: b\n  kind: nitro\n  pcr0: " A5 "\n");
    grille_peer_identity peer = {.kind = GRILLE_IDENTITY_NITRO, .set = "a"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(rows[i].may_call, grille_policy_may_call(policy, &peer, rows[i].method));
        assert_int_equal(rows[i].serves, grille_policy_serves(policy, &peer, rows[i].method));
        assert_int_equal(rows[i].serves, grille_policy_serves_listed(policy, &peer, rows[i].method));
    }
    peer.set[0] = 'b';
    assert_false(grille_policy_may_call(policy, &peer, "/a.v1.B/C"));
    assert_true(grille_policy_serves(policy, &peer, "/a.v1.B/C")); /* nothing is said: what we call may answer */
    assert_false(grille_policy_serves_listed(policy, &peer, "/a.v1.B/C")); /* what called us may not */
    peer.set[0] = 'c';                                                     /* a set of another policy */
    assert_false(grille_policy_may_call(policy, &peer, "/a.v1.B/C"));
    assert_false(grille_policy_serves(policy, &peer, "/a.v1.B/C"));
    assert_false(grille_policy_serves_listed(policy, &peer, "/a.v1.B/C"));
    peer.set[0] = 'a';
    peer.kind = GRILLE_IDENTITY_X509;
    assert_false(grille_policy_may_call(policy, &peer, "/a.v1.B/C"));
    grille_policy_free(policy);
}

static void the_digest_covers_text_and_files(void **state) {
    static const char text[] = NITRO "  pcr0: " A5 "\n";
    grille_bytes bytes = grille_bytes_of_text(text);
    grille_policy *policy = parse(bytes), *with_file, *changed;
    uint8_t digest[48], expected[48], before[48], after[48];
    (void)state;
    assert_int_equal(GRILLE_REASON_OK, grille_crypto_wolf()->hash(GRILLE_SHA384, &bytes, 1, expected));
    grille_policy_digest(policy, digest);
    assert_memory_equal(expected, digest, sizeof digest);
    grille_policy_free(policy);

    (void)forge_file("changing.json", grille_bytes_of_text("{\"Measurements\":{\"PCR0\":\"" A5 "\",\"PCR1\":\"" A5
                                                           "\",\"PCR2\":\"" A5 "\"}}"));
    with_file = forge_policy(NITRO "  measurements: changing.json\n");
    (void)forge_file("changing.json", grille_bytes_of_text("{\"Measurements\":{\"PCR0\":\"" B6 "\",\"PCR1\":\"" A5
                                                           "\",\"PCR2\":\"" A5 "\"}}"));
    changed = forge_policy(NITRO "  measurements: changing.json\n");
    grille_policy_digest(with_file, before);
    grille_policy_digest(changed, after);
    assert_memory_not_equal(before, after, sizeof before);
    grille_policy_free(with_file);
    grille_policy_free(changed);
}

static void a_file_is_loaded_and_paths_are_relative_to_it(void **state) {
    char path[600], sub[512];
    grille_policy *policy = NULL;
    (void)state;
    (void)snprintf(sub, sizeof sub, "%s/sub", folder());
    assert_true(mkdir(sub, 0700) == 0 || access(sub, X_OK) == 0);
    (void)forge_file("sub/pins.json", grille_bytes_of_text("{\"Measurements\":{\"PCR0\":\"" A5 "\",\"PCR1\":\"" A5
                                                           "\",\"PCR2\":\"" A5 "\"}}"));
    (void)snprintf(path, sizeof path, "%s",
                   forge_file("sub/p.yaml", grille_bytes_of_text(NITRO "  measurements: pins.json\n")));
    assert_int_equal(GRILLE_OK, grille_policy_load(path, &policy, &error));
    assert_ptr_equal(policy, grille_policy_ref(policy));
    grille_policy_free(policy);
    assert_int_equal(1, policy->set_count); /* one owner is left */
    grille_policy_free(policy);
    grille_policy_free(NULL);

    (void)forge_file("sub/p.yaml", grille_bytes_of_text("peers: 7\n"));
    assert_int_equal(GRILLE_INVALID_ARGUMENT, grille_policy_load(path, &policy, &error));
    assert_null(policy);
    assert_non_null(strstr(error.text, "sub/p.yaml:1:8: "));
    assert_int_equal(GRILLE_INVALID_ARGUMENT, grille_policy_load("none.yaml", &policy, &error));
    assert_string_equal("POLICY-FILE", error.name);
    assert_non_null(strstr(error.text, "none.yaml"));
    assert_int_equal(GRILLE_INVALID_ARGUMENT, grille_policy_load("/dev/zero", &policy, &error));
    assert_string_equal("POLICY-FILE", error.name);
}

static void without_a_folder_no_file_is_read(void **state) {
    grille_policy *policy = NULL;
    (void)state;
    assert_int_equal(GRILLE_INVALID_ARGUMENT,
                     grille_policy_parse(grille_bytes_of_text(NITRO "  measurements: measured.json\n"), "image", NULL,
                                         &policy, &error));
    assert_string_equal("POLICY-FILE", error.name);
    assert_non_null(strstr(error.text, "image:4:17: "));
    assert_int_equal(GRILLE_INVALID_ARGUMENT,
                     grille_policy_parse(grille_bytes_of_text(X509 "  ca: /etc/passwd\n  names: [a]\n"), "image", NULL,
                                         &policy, &error));
    assert_string_equal("POLICY-FILE", error.name);
}

static void sizes_have_limits(void **state) {
    static char text[GRILLE_LIMIT_POLICY_FILE_BYTES + 2];
    size_t used = 0;
    (void)state;
    memset(text, '#', sizeof text - 1);
    assert_null(parse(grille_bytes_of(text, GRILLE_LIMIT_POLICY_FILE_BYTES + 1)));
    assert_string_equal("POLICY-FILE", error.name);
    assert_null(parse(grille_bytes_of(text, GRILLE_LIMIT_POLICY_FILE_BYTES)));
    assert_string_equal("POLICY-EMPTY", error.name);

    used += (size_t)sprintf(text, "peers:\n");
    for (int i = 0; i <= GRILLE_LIMIT_POLICY_SETS; i++) {
        grille_policy *policy = i == GRILLE_LIMIT_POLICY_SETS ? parse(grille_bytes_of(text, used)) : NULL;
        if (i == GRILLE_LIMIT_POLICY_SETS) assert_non_null(policy);
        grille_policy_free(policy);
        used += (size_t)sprintf(&text[used], "- {name: n%d, kind: nitro, pcr0: " A5 "}\n", i);
    }
    assert_null(parse(grille_bytes_of(text, used)));
    assert_string_equal("POLICY-LENGTH", error.name);
}

static void method_patterns_have_a_limit(void **state) {
    char text[2000], name[GRILLE_LIMIT_METHOD_NAME_BYTES + 1];
    (void)state;
    memset(name, 'm', sizeof name);
    for (int over = 0; over <= 1; over++) {
        int rest = GRILLE_LIMIT_METHOD_NAME_BYTES - 5 + over; /* "/a.B/" */
        grille_policy *policy;
        (void)snprintf(text, sizeof text, NITRO "  pcr0: " A5 "\n  may_call: [/a.B/%.*s]\n", rest, name);
        policy = parse(grille_bytes_of_text(text));
        assert_int_equal(over == 0, policy != NULL);
        if (over) assert_string_equal("POLICY-METHOD", error.name);
        grille_policy_free(policy);
    }
}

static void authorities_have_a_limit(void **state) {
    static char text[65536];
    (void)state;
    text[0] = '\0';
    for (int i = 0; i <= GRILLE_LIMIT_POLICY_AUTHORITIES; i++) {
        if (i == GRILLE_LIMIT_POLICY_AUTHORITIES) {
            grille_policy *policy;
            (void)forge_file("many.pem", grille_bytes_of_text(text));
            policy = forge_policy(X509 "  ca: many.pem\n  names: [a]\n");
            assert_int_equal(GRILLE_LIMIT_POLICY_AUTHORITIES, policy->sets[0].authority_count);
            grille_policy_free(policy);
        }
        strcat(text, forge_pem(&ca));
    }
    (void)forge_file("many.pem", grille_bytes_of_text(text));
    assert_null(parse(grille_bytes_of_text(X509 "  ca: many.pem\n  names: [a]\n")));
    assert_string_equal("POLICY-CERTIFICATE", error.name);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_policies_are_refused_with_their_place),
        cmocka_unit_test(no_prefix_of_a_policy_is_read_wrongly),
        cmocka_unit_test(a_policy_says_what_it_says),
        cmocka_unit_test(keys_come_from_files_or_inline),
        cmocka_unit_test(a_file_with_a_key_in_it_is_its_owners_alone),
        cmocka_unit_test(the_digest_covers_keys),
        cmocka_unit_test(keys_have_a_limit),
        cmocka_unit_test(defaults_are_the_strict_ones),
        cmocka_unit_test(pins_come_from_measurements_roles_instances_and_signers),
        cmocka_unit_test(development_roots_come_from_a_file_or_inline),
        cmocka_unit_test(methods_are_denied_by_default),
        cmocka_unit_test(the_digest_covers_text_and_files),
        cmocka_unit_test(a_file_is_loaded_and_paths_are_relative_to_it),
        cmocka_unit_test(without_a_folder_no_file_is_read),
        cmocka_unit_test(sizes_have_limits),
        cmocka_unit_test(method_patterns_have_a_limit),
        cmocka_unit_test(authorities_have_a_limit),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
