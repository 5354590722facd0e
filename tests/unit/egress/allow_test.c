/* SPDX-License-Identifier: Apache-2.0
 * Goal: an allow-list says exactly who may connect and where to; a bad one is refused with its place. */
#include "egress/allow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "egress/allow_sets.h"
#include "failing_malloc.h"

#define TARGETS "targets:\n  - name: t\n    vsock: [16]\n    ports: [5000]\n"
#define PEERS   "peers:\n  - name: p\n    vsock: [16]\n"

static grille_allow *must_parse(const char *text) {
    grille_allow *allow = NULL;
    grille_error error;
    if (grille_allow_parse(grille_bytes_of_text(text), "a.yaml", GRILLE_ALLOW_FOR_PEERS, &allow, &error) !=
        GRILLE_REASON_OK) {
        fail_msg("%s: %s", error.name, error.text);
    }
    return allow;
}

static grille_egress_target target_of(const char *text) {
    grille_egress_target target;
    grille_error error;
    if (grille_egress_target_parse(text, &target, &error) != GRILLE_REASON_OK) fail_msg("%s", error.text);
    return target;
}

/* "tcp:IP", "unix:UID" or "vsock:CID". */
static grille_allow_peer peer_of(const char *text) {
    grille_allow_peer peer = {0};
    if (strncmp(text, "tcp:", 4) == 0) {
        grille_allow_rule rule = {0};
        assert_null(grille_network_parse(grille_bytes_of_text(text + 4), &rule));
        peer.kind = GRILLE_ADDRESS_TCP;
        peer.ipv6 = rule.ipv6;
        memcpy(peer.ip, rule.ip, sizeof peer.ip);
    } else {
        peer.kind = text[0] == 'u' ? GRILLE_ADDRESS_UNIX : GRILLE_ADDRESS_VSOCK;
        peer.number = (uint32_t)strtoul(strchr(text, ':') + 1, NULL, 10);
    }
    return peer;
}

/* The set that lets this peer through, or NULL. */
static const char *passes(const grille_allow *allow, const char *peer_text, const char *target_text) {
    const grille_allow_peer peer = peer_of(peer_text);
    const grille_egress_target target = target_of(target_text);
    const char *set = NULL;
    return grille_allow_passes(allow, &peer, &target, &set) ? set : NULL;
}

/* ---- Who and where ---- */

static void test_peers(void **state) {
    static const struct {
        const char *peer;
        const char *set; /* NULL: refused */
    } rows[] = {
        {"tcp:10.0.0.0", "net"},
        {"tcp:10.255.255.255", "net"},
        {"tcp:11.0.0.0", NULL},
        {"tcp:9.255.255.255", NULL},
        {"tcp:192.168.4.0", "odd"},
        {"tcp:192.168.7.255", "odd"},
        {"tcp:192.168.8.0", NULL},
        {"tcp:192.168.3.255", NULL},
        {"tcp:172.16.0.1", "one"},
        {"tcp:172.16.0.2", NULL},
        {"tcp:fd00::1", "six"},
        {"tcp:fdff:ffff::", "six"},
        {"tcp:fe00::1", NULL},
        {"tcp:2001:db8::7", "six"},
        {"tcp:2001:db8::8", NULL},
        {"tcp:a00::", NULL}, /* not 10.0.0.0/8 */
        {"unix:0", "users"},
        {"unix:1000", "users"},
        {"unix:1001", NULL},
        {"unix:16", NULL}, /* a CID is no uid */
        {"vsock:16", "enclaves"},
        {"vsock:17", NULL},
        {"vsock:4294967294", "enclaves"},
        {"vsock:0", NULL},
    };
    grille_allow *allow = must_parse("peers:\n"
                                     "  - name: net\n    tcp: [10.0.0.0/8]\n"
                                     "  - name: odd\n    tcp: [192.168.4.0/22]\n"
                                     "  - name: one\n    tcp: [172.16.0.1]\n"
                                     "  - name: six\n    tcp: [\"fd00::/8\", \"2001:db8::7/128\"]\n"
                                     "  - name: users\n    unix: [0, 1000]\n"
                                     "  - name: enclaves\n    vsock:\n      - 16\n      - 4294967294\n" TARGETS);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *set = passes(allow, rows[i].peer, "vsock:16:5000");
        if (rows[i].set == NULL ? set != NULL : set == NULL || strcmp(set, rows[i].set) != 0) {
            fail_msg("%s: %s, expected %s", rows[i].peer, set, rows[i].set);
        }
        assert_null(passes(allow, rows[i].peer, "vsock:16:5001"));
    }
    grille_allow_free(allow);
}

static void test_any(void **state) {
    grille_allow *allow =
        must_parse("peers:\n  - name: a\n    unix: [any]\n    vsock: [any]\n    tcp: [0.0.0.0/0]\n" TARGETS);
    (void)state;
    assert_string_equal(passes(allow, "unix:77", "vsock:16:5000"), "a");
    assert_string_equal(passes(allow, "vsock:77", "vsock:16:5000"), "a");
    assert_string_equal(passes(allow, "tcp:203.0.113.7", "vsock:16:5000"), "a");
    /* All of IPv4 is nobody of IPv6. */
    assert_null(passes(allow, "tcp:::1", "vsock:16:5000"));
    grille_allow_free(allow);
}

static void test_targets(void **state) {
    static const struct {
        const char *target;
        bool allowed;
    } rows[] = {
        {"tcp:203.0.113.7:443", true},
        {"tcp:kms.example.org:443", true},
        {"tcp:KMS.Example.ORG:443", true},
        {"tcp:kms.example.org:444", false},
        {"tcp:a.kms.example.org:443", false},
        {"tcp:example.org:443", false},
        {"tcp:kms.example.orgs:443", false},
        {"tcp:203.0.113.7:444", false},
        {"tcp:203.0.114.0:443", false},
        {"tcp:[2001:db8::1]:8000", true},
        {"tcp:203.0.113.7:8010", true},
        {"tcp:203.0.113.7:8011", false},
        {"tcp:203.0.113.7:7999", false},
        {"vsock:16:443", true},
        {"vsock:17:443", false},
        {"vsock:parent:443", false},
        {"vsock:parent:9000", true},
        {"vsock:3:9000", false},
        {"unix:/run/a.sock", true},
        {"unix:/run/a.soc", false},
        {"unix:/run/a.sock2", false},
        {"unix-abstract:/run/a.sock", false},
        {"unix-abstract:name", true},
        {"unix:name", false},
        {"hybrid:/run/vm:443", true},
        {"hybrid:/run/vm:442", false},
        {"nitro:app:443", true},
        {"nitro:app:442", false},
        {"nitro:apps:443", false},
        {"unix:/run/vm", false},
        {"fd:3", false},
    };
    grille_allow *allow = must_parse(PEERS "targets:\n"
                                           "  - name: web\n    tcp: [203.0.113.0/24, \"2001:db8::/32\"]\n"
                                           "    vsock: [16]\n    hybrid: [/run/vm]\n    nitro: [app]\n    names: "
                                           "[Kms.example.org]\n    ports: [443, 8000-8010]\n"
                                           "  - name: parent\n    vsock: [parent]\n    ports: [9000]\n"
                                           "  - name: sockets\n    unix: [/run/a.sock]\n    unix-abstract: [name]\n");
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const grille_egress_target target = target_of(rows[i].target);
        if (grille_allow_has_target(allow, &target) != rows[i].allowed) fail_msg("%s", rows[i].target);
        assert_int_equal(passes(allow, "vsock:16", rows[i].target) != NULL, rows[i].allowed);
    }
    grille_allow_free(allow);
}

/* A set of peers that names its targets reaches no other one; the first set that lets it through is told. */
static void test_who_may_reach_what(void **state) {
    grille_allow *allow = must_parse("peers:\n"
                                     "  - name: narrow\n    unix: [1]\n    to: [b]\n"
                                     "  - name: wide\n    unix: [1, 2]\n    to: [a, c]\n"
                                     "  - name: all\n    unix: [3]\n"
                                     "targets:\n"
                                     "  - name: a\n    unix: [/a]\n"
                                     "  - name: b\n    unix: [/b]\n"
                                     "  - name: c\n    unix: [/b, /c]\n");
    (void)state;
    assert_string_equal(passes(allow, "unix:1", "unix:/a"), "wide");
    assert_string_equal(passes(allow, "unix:1", "unix:/b"), "narrow");
    assert_string_equal(passes(allow, "unix:2", "unix:/b"), "wide");
    assert_string_equal(passes(allow, "unix:2", "unix:/c"), "wide");
    assert_string_equal(passes(allow, "unix:3", "unix:/a"), "all");
    assert_null(passes(allow, "unix:3", "unix:/d"));
    assert_null(passes(allow, "unix:4", "unix:/a"));
    grille_allow_free(allow);
    grille_allow_free(NULL);
}

/* ---- Nitro's form, and targets one by one ---- */

static bool has(const grille_allow *allow, const char *text) {
    const grille_egress_target target = target_of(text);
    return grille_allow_has_target(allow, &target);
}

static void test_allowlist(void **state) {
    static const char listed[] = "allowlist:\n"
                                 "- {address: kms.eu-central-1.amazonaws.com, port: 443}\n"
                                 "- {address: kms-fips.eu-central-1.amazonaws.com, port: 443}\n"
                                 "- {address: 203.0.113.7, port: 5432}\n"
                                 "- {address: \"2001:db8::7\", port: 443}\n";
    const char *set = "";
    grille_allow *allow = must_parse(listed);
    const grille_egress_target target = target_of("tcp:kms.eu-central-1.amazonaws.com:443");
    const grille_allow_peer peer = peer_of("vsock:77");
    (void)state;
    assert_true(has(allow, "tcp:kms.eu-central-1.amazonaws.com:443"));
    assert_true(has(allow, "tcp:kms-fips.eu-central-1.amazonaws.com:443"));
    assert_true(has(allow, "tcp:203.0.113.7:5432"));
    assert_true(has(allow, "tcp:[2001:db8::7]:443"));
    assert_false(has(allow, "tcp:kms.eu-central-1.amazonaws.com:5432"));
    assert_false(has(allow, "tcp:203.0.113.7:443"));
    assert_false(has(allow, "vsock:16:443"));
    /* Nothing is said of peers. */
    assert_true(grille_allow_takes_any_peer(allow));
    assert_true(grille_allow_passes(allow, &peer, &target, &set));
    assert_null(set);
    assert_null(passes(allow, "vsock:77", "tcp:203.0.113.7:443"));
    grille_allow_free(allow);
    allow = must_parse("peers:\n- {name: p, vsock: [16]}\nallowlist:\n- {address: a.example, port: 443}\n");
    assert_false(grille_allow_takes_any_peer(allow));
    assert_string_equal(passes(allow, "vsock:16", "tcp:a.example:443"), "p");
    assert_null(passes(allow, "vsock:17", "tcp:a.example:443"));
    grille_allow_free(allow);
}

static void test_targets_only(void **state) {
    grille_allow *allow = NULL;
    grille_error error;
    (void)state;
    assert_int_equal(
        grille_allow_parse(grille_bytes_of_text(PEERS TARGETS), "a.yaml", GRILLE_ALLOW_FOR_TARGETS, &allow, &error),
        GRILLE_REASON_POLICY_VALUE);
    assert_non_null(strstr(error.text, "a.yaml:1:1: the allow-list has peers:, but who may call is decided by"));
    assert_int_equal(
        grille_allow_parse(grille_bytes_of_text(TARGETS), "a.yaml", GRILLE_ALLOW_FOR_TARGETS, &allow, &error),
        GRILLE_REASON_OK);
    assert_true(has(allow, "vsock:16:5000"));
    grille_allow_free(allow);
}

/* Names and addresses by themselves, also beside a file's sets, which stay as they are. */
static void test_added_targets(void **state) {
    static const char *const added[] = {"tcp:a.example:443", "tcp:203.0.113.7:443", "tcp:[2001:db8::7]:80"};
    grille_allow *allow =
        must_parse(PEERS "targets:\n- {name: t, unix: [/a]}\n- {name: u, tcp: [203.0.113.9], ports: [80-443]}\n");
    grille_egress_target target;
    grille_error error;
    (void)state;
    for (size_t i = 0; i < sizeof added / sizeof added[0]; i++) {
        target = target_of(added[i]);
        assert_int_equal(grille_allow_add(allow, &target, &error), GRILLE_REASON_OK);
        assert_true(has(allow, added[i]));
    }
    assert_false(has(allow, "tcp:a.example:80"));
    assert_false(has(allow, "tcp:203.0.113.7:80"));
    assert_true(has(allow, "tcp:203.0.113.9:80"));
    assert_true(has(allow, "unix:/a"));
    target = target_of("tcp:203.0.113.7:443");
    assert_true(grille_allow_has_address(allow, &target.address));
    target = target_of("tcp:a.example:443"); /* no address, whatever its bytes are */
    assert_false(grille_allow_has_address(allow, &target.address));
    target = target_of("vsock:16:5000");
    assert_int_equal(grille_allow_add(allow, &target, &error), GRILLE_REASON_LOOP_ADDRESS_UNSUPPORTED);
    grille_allow_free(allow);
}

/* As many ports as there are sets; of one port as many entries as all sets hold. */
static void test_limits_of_the_list(void **state) {
    grille_allow *allow = NULL;
    grille_error error;
    grille_egress_target target = target_of("tcp:a.example:443");
    (void)state;
    assert_int_equal(grille_allow_new(&allow), GRILLE_REASON_OK);
    for (size_t i = 0; i < GRILLE_LIMIT_ALLOW_RULES * 2; i++)
        assert_int_equal(grille_allow_add(allow, &target, &error), GRILLE_REASON_OK);
    assert_int_equal(allow->target_count, 2);
    for (target.address.port = 1; target.address.port <= GRILLE_LIMIT_ALLOW_SETS - 2; target.address.port++)
        assert_int_equal(grille_allow_add(allow, &target, &error), GRILLE_REASON_OK);
    assert_int_equal(grille_allow_add(allow, &target, &error), GRILLE_REASON_POLICY_LENGTH);
    target.address.port = 5;
    assert_int_equal(grille_allow_add(allow, &target, &error), GRILLE_REASON_OK);
    grille_allow_free(allow);
}

/* ---- Targets as text ---- */

static void test_targets_as_text(void **state) {
    static const struct {
        const char *text;
        const char *error; /* NULL: good, and written the same */
    } rows[] = {
        {"tcp:kms.eu-central-1.amazonaws.com:443", NULL},
        {"tcp:a:1", NULL},
        {"tcp:1a.b-c.d2:65535", NULL},
        {"tcp:203.0.113.7:443", NULL},
        {"tcp:[2001:db8::7]:443", NULL},
        {"unix:/run/a", NULL},
        {"tcp:a.example:0", "has no port from 1 to 65535"},
        {"tcp:a.example:65536", "has no port from 1 to 65535"},
        {"tcp:a.example:0443", "has no port"},
        {"tcp:a.example:https", "has no port"},
        {"tcp:a.example:", "has no port"},
        {"tcp:a.example", "the port is missing"},
        {"tcp:a.example.:443", "an empty label"},
        {"tcp:.a.example:443", "an empty label"},
        {"tcp:a..example:443", "an empty label"},
        {"tcp:-a.example:443", "a hyphen at its end"},
        {"tcp:a-.example:443", "a hyphen at its end"},
        {"tcp:a_b.example:443", "no host's name"},
        {"tcp:a b.example:443", "no host's name"},
        {"tcp:*.example:443", "no host's name"},
        {"tcp:a.example%en:443", "no host's name"},
        {"tcp:a.0x7f000001:443", "ends in a number"},
        {"tcp:0X7f000001:443", "ends in a number"},
        {"tcp:a.127:443", "ends in a number"},
        {"tcp:127.1:443", "neither a numeric address nor localhost"},
        {"tcp:2130706433:443", "neither a numeric address nor localhost"},
        {"tcp:2001:db8::7:443", "neither"},
        {"tcp:localhost:99999999999999999999", "the port is not a number"},
    };
    char text[GRILLE_EGRESS_TARGET_TEXT_BYTES];
    grille_egress_target target;
    grille_error error;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const grille_reason reason = grille_egress_target_parse(rows[i].text, &target, &error);
        if (rows[i].error != NULL) {
            if (reason != GRILLE_REASON_LOOP_BAD_ADDRESS || strstr(error.text, rows[i].error) == NULL) {
                fail_msg("%s: %s %s", rows[i].text, error.name, error.text);
            }
            continue;
        }
        if (reason != GRILLE_REASON_OK) fail_msg("%s: %s", rows[i].text, error.text);
        grille_egress_target_format(&target, text);
        assert_string_equal(text, rows[i].text);
    }
    target = target_of("tcp:LocalHost:443");
    assert_false(grille_egress_target_is_name(&target));
    grille_egress_target_format(&target, text);
    assert_string_equal(text, "tcp:127.0.0.1:443");
    assert_int_equal(grille_egress_target_parse(NULL, &target, &error), GRILLE_REASON_LOOP_BAD_ADDRESS);
}

/* The longest name, and one byte and one label more. */
static void test_long_names(void **state) {
    char name[GRILLE_LIMIT_HOST_NAME_BYTES + 2], read[GRILLE_LIMIT_HOST_NAME_BYTES + 1];
    (void)state;
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 64 == 63 ? '.' : 'a';
    assert_null(grille_host_name_read(grille_bytes_of(name, GRILLE_LIMIT_HOST_NAME_BYTES), read));
    assert_int_equal(strlen(read), GRILLE_LIMIT_HOST_NAME_BYTES);
    assert_non_null(grille_host_name_read(grille_bytes_of(name, GRILLE_LIMIT_HOST_NAME_BYTES + 1), read));
    assert_string_equal(read, "");
    assert_null(grille_host_name_read(grille_bytes_of(name, 63), read));
    name[63] = 'a';
    assert_non_null(grille_host_name_read(grille_bytes_of(name, 64), read));
    assert_non_null(grille_host_name_read(grille_bytes_of(name, 0), read));
}

static void test_targets_of_requests(void **state) {
    static const struct {
        const char *host;
        uint32_t port;
        const char *text; /* NULL: refused */
    } rows[] = {
        {"A.example", 443, "tcp:a.example:443"},
        {"203.0.113.7", 443, "tcp:203.0.113.7:443"},
        {"2001:db8::7", 443, "tcp:[2001:db8::7]:443"},
        {"localhost", 443, "tcp:127.0.0.1:443"},
        {"", 443, NULL},
        {"a.example", 0, NULL},
        {"a.example", 65536, NULL},
        {"a.example:80", 443, NULL},
        {"[2001:db8::7]", 443, NULL},
        {"127.1", 443, NULL},
        {"a.example\nx", 443, NULL},
    };
    char text[GRILLE_EGRESS_TARGET_TEXT_BYTES];
    grille_egress_target target;
    grille_error error;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const grille_reason reason =
            grille_egress_target_of(grille_bytes_of_text(rows[i].host), rows[i].port, &target, &error);
        assert_int_equal(reason, rows[i].text == NULL ? GRILLE_REASON_LOOP_BAD_ADDRESS : GRILLE_REASON_OK);
        if (rows[i].text == NULL) continue;
        grille_egress_target_format(&target, text);
        assert_string_equal(text, rows[i].text);
    }
    assert_int_equal(grille_egress_target_of(grille_bytes_of("a\0b", 3), 443, &target, &error),
                     GRILLE_REASON_LOOP_BAD_ADDRESS);
}

static void test_inside(void **state) {
    static const char *const inside[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "169.254.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.168.0.1",
        "192.168.255.255",
        "198.18.0.1",
        "198.19.255.255",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[fc00::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[::ffff:10.0.0.1]",
        "[::ffff:169.254.169.254]",
        "[::127.0.0.1]",
        "[64:ff9b::10.0.0.1]",
        "[64:ff9b:1::1]",
        "[2002:a00:1::]",
        "[2002:a9fe:a9fe::1]",
        "[2001:0:1::1]",
        "[100::1]",
    };
    static const char *const outside[] = {
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "52.119.188.1",
        "[2600:1f18::1]",
        "[2a05:d018::1]",
        "[2001:db8::1]",
        "[64:ff9b::52.119.188.1]",
        "[2002:3477:bc01::1]",
        "[::ffff:52.119.188.1]",
        "[3fff::1]",
    };
    char text[80];
    (void)state;
    for (size_t i = 0; i < sizeof inside / sizeof inside[0] + sizeof outside / sizeof outside[0]; i++) {
        const bool is_inside = i < sizeof inside / sizeof inside[0];
        const char *ip = is_inside ? inside[i] : outside[i - sizeof inside / sizeof inside[0]];
        (void)snprintf(text, sizeof text, "tcp:%s:443", ip);
        const grille_egress_target target = target_of(text);
        if (grille_address_is_inside(&target.address) != is_inside) fail_msg("%s", ip);
    }
}

/* ---- Bad files ---- */

static void test_bad_files(void **state) {
    static const struct {
        const char *text;
        grille_reason reason;
        const char *error; /* what it begins with, or contains behind the first "…" */
    } rows[] = {
        {"", GRILLE_REASON_POLICY_EMPTY, "a.yaml:1:1: "},
        {"# nothing\n", GRILLE_REASON_POLICY_EMPTY, "a.yaml:1:1: "},
        {"- a\n", GRILLE_REASON_POLICY_TYPE, "a.yaml:1:1: the allow-list is not a map"},
        {"peers: [\n", GRILLE_REASON_POLICY_SYNTAX, "a.yaml:2:1: this is not YAML"},
        {"peers: &a []\n", GRILLE_REASON_POLICY_STRUCTURE, "a.yaml:1:8: anchors"},
        {"peers: *a\n", GRILLE_REASON_POLICY_STRUCTURE, "a.yaml:1:8: aliases"},
        {TARGETS, GRILLE_REASON_POLICY_MISSING_KEY, "a.yaml:1:1: the allow-list has no peers:"},
        {PEERS, GRILLE_REASON_POLICY_MISSING_KEY, "a.yaml:1:1: the allow-list has no targets:"},
        {PEERS "target:\n  - name: t\n", GRILLE_REASON_POLICY_UNKNOWN_KEY,
         "a.yaml:4:1: unknown key \"target\"; the nearest valid key here is \"targets\""},
        {PEERS PEERS, GRILLE_REASON_POLICY_DUPLICATE_KEY, "a.yaml:4:1: the key \"peers\" comes a second time"},
        {"peers: []\n" TARGETS, GRILLE_REASON_POLICY_EMPTY, "a.yaml:1:8: peers is an empty list"},
        {"peers: {}\n" TARGETS, GRILLE_REASON_POLICY_TYPE, "a.yaml:1:8: peers is not a list"},
        {"peers:\n  - p\n" TARGETS, GRILLE_REASON_POLICY_TYPE, "a.yaml:2:5: a set is not a map"},
        {"peers:\n  - tcp: [10.0.0.1]\n" TARGETS, GRILLE_REASON_POLICY_MISSING_KEY, "a.yaml:2:5: this set has no name"},
        {"peers:\n  - name: p\n" TARGETS, GRILLE_REASON_POLICY_MISSING_KEY,
         "a.yaml:2:5: the set \"p\" has no addresses: add tcp:, unix: or vsock:"},
        {"peers:\n  - name: p\n    unix: [1]\n  - name: p\n    unix: [2]\n" TARGETS, GRILLE_REASON_POLICY_DUPLICATE_KEY,
         "a.yaml:4:5: the name \"p\" comes a second time"},
        {"peers:\n  - name: p q\n    unix: [1]\n" TARGETS, GRILLE_REASON_POLICY_VALUE,
         "a.yaml:2:11: the name of a set"},
        {"peers:\n  - name: \"\"\n    unix: [1]\n" TARGETS, GRILLE_REASON_POLICY_LENGTH,
         "a.yaml:2:11: the name of a set has 0 characters"},
        {"peers:\n  - name: [p]\n    unix: [1]\n" TARGETS, GRILLE_REASON_POLICY_TYPE, "a.yaml:2:11: the name of a set"},
        {"peers:\n  - name: p\n    user: [1]\n" TARGETS, GRILLE_REASON_POLICY_UNKNOWN_KEY,
         "a.yaml:3:5: unknown key \"user\"; the nearest valid key here is \"unix\""},
        {"peers:\n  - name: p\n    ports: [1]\n" TARGETS, GRILLE_REASON_POLICY_UNKNOWN_KEY,
         "a.yaml:3:5: unknown key \"ports\""},
        {"peers:\n  - name: p\n    tcp: 10.0.0.1\n" TARGETS, GRILLE_REASON_POLICY_TYPE,
         "a.yaml:3:10: tcp is not a list"},
        {"peers:\n  - name: p\n    tcp: [10.0.0.1/8]\n" TARGETS, GRILLE_REASON_POLICY_VALUE,
         "a.yaml:3:11: \"10.0.0.1/8\" has bits set behind its prefix"},
        {"peers:\n  - name: p\n    tcp: [10.0.0.0/33]\n" TARGETS, GRILLE_REASON_POLICY_VALUE,
         "a.yaml:3:11: \"10.0.0.0/33\" has no prefix from /0 to /32"},
        {"peers:\n  - name: p\n    tcp: [10.0.0.0/]\n" TARGETS, GRILLE_REASON_POLICY_VALUE, "a.yaml:3:11: "},
        {"peers:\n  - name: p\n    tcp: [10.0.0.0/08]\n" TARGETS, GRILLE_REASON_POLICY_VALUE, "a.yaml:3:11: "},
        {"peers:\n  - name: p\n    tcp: [10.0.0.0/-1]\n" TARGETS, GRILLE_REASON_POLICY_VALUE, "a.yaml:3:11: "},
        {"peers:\n  - name: p\n    tcp: [\"fd00::/129\"]\n" TARGETS, GRILLE_REASON_POLICY_VALUE,
         "a.yaml:3:11: \"fd00::/129\" has no prefix from /0 to /128"},
        {"peers:\n  - name: p\n    tcp: [\"fd00::1/8\"]\n" TARGETS, GRILLE_REASON_POLICY_VALUE,
         "a.yaml:3:11: \"fd00::1/8\" has bits set behind its prefix"},
        {"peers:\n  - name: p\n    tcp: [\"::ffff:10.0.0.1\"]\n" TARGETS, GRILLE_REASON_POLICY_VALUE,
         "a.yaml:3:11: \"::ffff:10.0.0.1\" is an IPv4 address inside IPv6"},
        {"peers:\n  - name: p\n    tcp: [10.0.0]\n" TARGETS, GRILLE_REASON_POLICY_VALUE,
         "a.yaml:3:11: \"10.0.0\" is no IP address"},
        {"peers:\n  - name: p\n    tcp: [010.0.0.1]\n" TARGETS, GRILLE_REASON_POLICY_VALUE, "a.yaml:3:11: "},
        {"peers:\n  - name: p\n    tcp: [example.org]\n" TARGETS, GRILLE_REASON_POLICY_VALUE, "a.yaml:3:11: "},
        {"peers:\n  - name: p\n    tcp: [any]\n" TARGETS, GRILLE_REASON_POLICY_VALUE, "a.yaml:3:11: "},
        {"peers:\n  - name: p\n    tcp: [\"10.0.0.1\\0\"]\n" TARGETS, GRILLE_REASON_POLICY_VALUE, "a.yaml:3:11: "},
        {"peers:\n  - name: p\n    tcp: [10.0.0.1:443]\n" TARGETS, GRILLE_REASON_POLICY_VALUE, "a.yaml:3:11: "},
        {"peers:\n  - name: p\n    unix: [root]\n" TARGETS, GRILLE_REASON_POLICY_VALUE,
         "a.yaml:3:12: a user id (or any) is not a number"},
        {"peers:\n  - name: p\n    unix: [-1]\n" TARGETS, GRILLE_REASON_POLICY_VALUE, "a.yaml:3:12: a user id"},
        {"peers:\n  - name: p\n    unix: [4294967295]\n" TARGETS, GRILLE_REASON_POLICY_VALUE,
         "a.yaml:3:12: a user id (or any) is above 4294967294"},
        {"peers:\n  - name: p\n    unix: [4294967296]\n" TARGETS, GRILLE_REASON_POLICY_VALUE, "a.yaml:3:12: "},
        {"peers:\n  - name: p\n    vsock: [parent]\n" TARGETS, GRILLE_REASON_POLICY_VALUE,
         "a.yaml:3:13: a CID (or any) is not a number"},
        {"peers:\n  - name: p\n    unix: [1]\n    to: []\n" TARGETS, GRILLE_REASON_POLICY_EMPTY,
         "a.yaml:4:9: to is an empty list"},
        {"peers:\n  - name: p\n    unix: [1]\n    to: [t, u]\n" TARGETS, GRILLE_REASON_POLICY_VALUE,
         "a.yaml:4:13: no set of targets has the name \"u\""},
        {PEERS "targets:\n  - name: t\n    vsock: [16]\n", GRILLE_REASON_POLICY_MISSING_KEY,
         "a.yaml:5:5: the set \"t\" has no ports"},
        {PEERS "targets:\n  - name: t\n    ports: [1]\n", GRILLE_REASON_POLICY_MISSING_KEY,
         "a.yaml:5:5: the set \"t\" has no addresses"},
        {PEERS "targets:\n  - name: t\n    unix: [/a]\n    ports: [1]\n", GRILLE_REASON_POLICY_VALUE,
         "a.yaml:5:5: the set \"t\" has ports, but only Unix sockets"},
        {PEERS "targets:\n  - name: t\n    vsock: [any]\n    ports: [1]\n", GRILLE_REASON_POLICY_VALUE,
         "a.yaml:6:13: a CID (or parent) is not a number"},
        {PEERS "targets:\n  - name: t\n    vsock: [16]\n    ports: [2-1]\n", GRILLE_REASON_POLICY_VALUE,
         "a.yaml:7:13: a port is not a number, or a range"},
        {PEERS "targets:\n  - name: t\n    vsock: [16]\n    ports: [1-]\n", GRILLE_REASON_POLICY_VALUE,
         "a.yaml:7:13: "},
        {PEERS "targets:\n  - name: t\n    vsock: [16]\n    ports: [https]\n", GRILLE_REASON_POLICY_VALUE,
         "a.yaml:7:13: "},
        {PEERS "targets:\n  - name: t\n    vsock: [16]\n    ports: [4294967295]\n", GRILLE_REASON_POLICY_VALUE,
         "a.yaml:7:13: "},
        {PEERS "targets:\n  - name: t\n    vsock: [16]\n    ports: [01]\n", GRILLE_REASON_POLICY_VALUE,
         "a.yaml:7:13: "},
        {PEERS "targets:\n  - name: t\n    unix: [\"\"]\n", GRILLE_REASON_POLICY_LENGTH,
         "a.yaml:6:12: the path or name of a socket has 0 characters"},
        {PEERS "targets:\n  - name: t\n    names: [a.example]\n", GRILLE_REASON_POLICY_MISSING_KEY,
         "a.yaml:5:5: the set \"t\" has no ports"},
        {PEERS "targets:\n  - name: t\n    names: [\"*.example\"]\n    ports: [1]\n", GRILLE_REASON_POLICY_VALUE,
         "a.yaml:6:13: \"*.example\" is no host's name: write letters, digits, hyphens and dots, no pattern"},
        {PEERS "targets:\n  - name: t\n    names: [a.example.]\n    ports: [1]\n", GRILLE_REASON_POLICY_VALUE,
         "a.yaml:6:13: \"a.example.\" has an empty label"},
        {PEERS "targets:\n  - name: t\n    names: [10.0.0.1]\n    ports: [1]\n", GRILLE_REASON_POLICY_VALUE,
         "a.yaml:6:13: \"10.0.0.1\" ends in a number"},
        {PEERS "allowlist: []\n", GRILLE_REASON_POLICY_EMPTY, "a.yaml:4:12: allowlist is an empty list"},
        {"allowlist: {address: a.example, port: 443}\n", GRILLE_REASON_POLICY_TYPE, "a.yaml:1:12: allowlist is not"},
        {"allowlist: [a.example]\n", GRILLE_REASON_POLICY_TYPE, "a.yaml:1:13: an entry of allowlist is not a map"},
        {"allowlist: [{address: a.example}]\n", GRILLE_REASON_POLICY_MISSING_KEY,
         "a.yaml:1:13: this entry has no port: write {address: HOST, port: 443}"},
        {"allowlist: [{port: 443}]\n", GRILLE_REASON_POLICY_MISSING_KEY, "a.yaml:1:13: this entry has no address"},
        {"allowlist: [{adress: a.example, port: 443}]\n", GRILLE_REASON_POLICY_UNKNOWN_KEY,
         "a.yaml:1:14: unknown key \"adress\"; the nearest valid key here is \"address\""},
        {"allowlist: [{address: a_b.example, port: 443}]\n", GRILLE_REASON_POLICY_VALUE,
         "a.yaml:1:23: \"a_b.example\" is no host's name"},
        {"allowlist: [{address: 127.1, port: 443}]\n", GRILLE_REASON_POLICY_VALUE,
         "a.yaml:1:23: \"127.1\" is no IP address"},
        {"allowlist: [{address: 0x7f.1, port: 443}]\n", GRILLE_REASON_POLICY_VALUE,
         "a.yaml:1:23: \"0x7f.1\" ends in a number"},
        {"allowlist: [{address: a.example, port: 0}]\n", GRILLE_REASON_POLICY_VALUE, "a.yaml:1:40: port is one number"},
        {"allowlist: [{address: a.example, port: 65536}]\n", GRILLE_REASON_POLICY_VALUE,
         "a.yaml:1:40: port is one number from 1 to 65535"},
        {"allowlist: [{address: a.example, port: 1-2}]\n", GRILLE_REASON_POLICY_VALUE,
         "a.yaml:1:40: port is one number"},
        {"allowlist: [{address: a.example, port: 443}]\n" TARGETS, GRILLE_REASON_POLICY_VALUE,
         "a.yaml:1:12: the allow-list has targets: and allowlist:"},
        {PEERS "    to: [t]\nallowlist: [{address: a.example, port: 443}]\n", GRILLE_REASON_POLICY_VALUE,
         "a.yaml:4:10: no set of targets has the name \"t\""},
        {PEERS "targets:\n  - name: t\n    fd: [3]\n", GRILLE_REASON_POLICY_UNKNOWN_KEY, "a.yaml:6:5: unknown key"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_allow *allow = NULL;
        grille_error error;
        const grille_reason reason =
            grille_allow_parse(grille_bytes_of_text(rows[i].text), "a.yaml", GRILLE_ALLOW_FOR_PEERS, &allow, &error);
        if (reason != rows[i].reason || strncmp(error.text, rows[i].error, strlen(rows[i].error)) != 0) {
            fail_msg("row %zu, %s: %s: %s", i, rows[i].text, error.name, error.text);
        }
        assert_null(allow);
    }
}

/* ---- Limits ---- */

/* A list of `sets` sets of peers, each with `rules` uids. */
static char *many(size_t sets, size_t rules, size_t name_len) {
    char *text = calloc(1, 4 * GRILLE_LIMIT_ALLOW_FILE_BYTES), *at = text;
    assert_non_null(text);
    at += sprintf(at, "%speers:\n", TARGETS);
    for (size_t i = 0; i < sets; i++) {
        at += sprintf(at, "  - name: n%0*zu\n    unix: [", (int)name_len - 1, i);
        for (size_t k = 0; k < rules; k++)
            at += sprintf(at, "%s%zu", k == 0 ? "" : ",", k);
        at += sprintf(at, "]\n");
    }
    return text;
}

static grille_reason parse_many(size_t sets, size_t rules, size_t name_len) {
    grille_allow *allow = NULL;
    grille_error error;
    char *text = many(sets, rules, name_len);
    const grille_reason reason =
        grille_allow_parse(grille_bytes_of_text(text), "a.yaml", GRILLE_ALLOW_FOR_PEERS, &allow, &error);
    grille_allow_free(allow);
    free(text);
    return reason;
}

static void test_limits(void **state) {
    (void)state;
    assert_int_equal(parse_many(GRILLE_LIMIT_ALLOW_SETS, 1, 4), GRILLE_REASON_OK);
    assert_int_equal(parse_many(GRILLE_LIMIT_ALLOW_SETS + 1, 1, 4), GRILLE_REASON_POLICY_LENGTH);
    assert_int_equal(parse_many(1, GRILLE_LIMIT_ALLOW_RULES, 4), GRILLE_REASON_OK);
    assert_int_equal(parse_many(1, GRILLE_LIMIT_ALLOW_RULES + 1, 4), GRILLE_REASON_POLICY_LENGTH);
    assert_int_equal(parse_many(1, 1, GRILLE_LIMIT_ALLOW_NAME_BYTES), GRILLE_REASON_OK);
    assert_int_equal(parse_many(1, 1, GRILLE_LIMIT_ALLOW_NAME_BYTES + 1), GRILLE_REASON_POLICY_LENGTH);
}

static void test_files(void **state) {
    char path[] = "/tmp/relay-allow-XXXXXX", bytes[1024];
    grille_allow *allow = NULL;
    grille_error error;
    const int fd = mkstemp(path);
    const char *good = PEERS TARGETS;
    (void)state;
    assert_int_equal(write(fd, good, strlen(good)), strlen(good));
    assert_int_equal(grille_allow_load(path, GRILLE_ALLOW_FOR_PEERS, &allow, &error), GRILLE_REASON_OK);
    grille_allow_free(allow);
    /* One byte more than a file may have, as a comment. */
    memset(bytes, '#', sizeof bytes);
    for (size_t at = strlen(good); at < GRILLE_LIMIT_ALLOW_FILE_BYTES; at += sizeof bytes)
        assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(ftruncate(fd, GRILLE_LIMIT_ALLOW_FILE_BYTES), 0);
    assert_int_equal(grille_allow_load(path, GRILLE_ALLOW_FOR_PEERS, &allow, &error), GRILLE_REASON_OK);
    grille_allow_free(allow);
    assert_int_equal(ftruncate(fd, GRILLE_LIMIT_ALLOW_FILE_BYTES + 1), 0);
    assert_int_equal(grille_allow_load(path, GRILLE_ALLOW_FOR_PEERS, &allow, &error), GRILLE_REASON_POLICY_LENGTH);
    (void)close(fd);
    (void)unlink(path);
    assert_int_equal(grille_allow_load(path, GRILLE_ALLOW_FOR_PEERS, &allow, &error), GRILLE_REASON_POLICY_FILE);
    assert_non_null(strstr(error.text, path));
}

/* What libyaml copies by strdup is not counted here, so leaks are LeakSanitizer's to find. */
static void test_every_failing_allocation(void **state) {
    grille_reason reason = GRILLE_REASON_OUT_OF_MEMORY;
    size_t tried = 0;
    (void)state;
    for (; reason != GRILLE_REASON_OK; tried++) {
        grille_allow *allow = NULL;
        grille_error error;
        failing_malloc_from(tried);
        reason = grille_allow_parse(grille_bytes_of_text(PEERS "    to: [t]\n" TARGETS), "a.yaml",
                                    GRILLE_ALLOW_FOR_PEERS, &allow, &error);
        failing_malloc_never();
        if (reason != GRILLE_REASON_OK) {
            assert_null(allow);
            if (reason != GRILLE_REASON_OUT_OF_MEMORY) fail_msg("%zu: %s %s", tried, error.name, error.text);
        }
        grille_allow_free(allow);
    }
    assert_true(tried > 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peers),
        cmocka_unit_test(test_any),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_who_may_reach_what),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_every_failing_allocation),
        cmocka_unit_test(test_allowlist),
        cmocka_unit_test(test_targets_only),
        cmocka_unit_test(test_added_targets),
        cmocka_unit_test(test_limits_of_the_list),
        cmocka_unit_test(test_targets_as_text),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_targets_of_requests),
        cmocka_unit_test(test_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
