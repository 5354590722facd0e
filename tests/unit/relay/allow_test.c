/* SPDX-License-Identifier: Apache-2.0
 * Goal: an allow-list says exactly who may connect and where to; a bad one is refused with its place. */
#include "relay/allow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "failing_malloc.h"
#include "relay/allow_sets.h"

#define TARGETS "targets:\n  - name: t\n    vsock: [16]\n    ports: [5000]\n"
#define PEERS   "peers:\n  - name: p\n    vsock: [16]\n"

static relay_allow *must_parse(const char *text) {
    relay_allow *allow = NULL;
    grille_error error;
    if (relay_allow_parse(grille_bytes_of_text(text), "a.yaml", &allow, &error) != GRILLE_REASON_OK) {
        fail_msg("%s: %s", error.name, error.text);
    }
    return allow;
}

static grille_address address_of(const char *text) {
    grille_address address;
    grille_error error;
    if (grille_address_parse(text, &address, &error) != GRILLE_REASON_OK) fail_msg("%s", error.text);
    return address;
}

/* "tcp:IP", "unix:UID" or "vsock:CID". */
static relay_peer peer_of(const char *text) {
    relay_peer peer = {0};
    if (strncmp(text, "tcp:", 4) == 0) {
        relay_rule rule = {0};
        assert_null(relay_network_parse(grille_bytes_of_text(text + 4), &rule));
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
static const char *passes(const relay_allow *allow, const char *peer_text, const char *target_text) {
    const relay_peer peer = peer_of(peer_text);
    const grille_address target = address_of(target_text);
    const char *set = NULL;
    return relay_allow_passes(allow, &peer, &target, &set) ? set : NULL;
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
    relay_allow *allow = must_parse("peers:\n"
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
    relay_allow_free(allow);
}

static void test_any(void **state) {
    relay_allow *allow =
        must_parse("peers:\n  - name: a\n    unix: [any]\n    vsock: [any]\n    tcp: [0.0.0.0/0]\n" TARGETS);
    (void)state;
    assert_string_equal(passes(allow, "unix:77", "vsock:16:5000"), "a");
    assert_string_equal(passes(allow, "vsock:77", "vsock:16:5000"), "a");
    assert_string_equal(passes(allow, "tcp:203.0.113.7", "vsock:16:5000"), "a");
    /* All of IPv4 is nobody of IPv6. */
    assert_null(passes(allow, "tcp:::1", "vsock:16:5000"));
    relay_allow_free(allow);
}

static void test_targets(void **state) {
    static const struct {
        const char *target;
        bool allowed;
    } rows[] = {
        {"tcp:203.0.113.7:443", true},
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
    relay_allow *allow =
        must_parse(PEERS "targets:\n"
                         "  - name: web\n    tcp: [203.0.113.0/24, \"2001:db8::/32\"]\n"
                         "    vsock: [16]\n    hybrid: [/run/vm]\n    nitro: [app]\n    ports: [443, 8000-8010]\n"
                         "  - name: parent\n    vsock: [parent]\n    ports: [9000]\n"
                         "  - name: sockets\n    unix: [/run/a.sock]\n    unix-abstract: [name]\n");
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const grille_address target = address_of(rows[i].target);
        if (relay_allow_has_target(allow, &target) != rows[i].allowed) fail_msg("%s", rows[i].target);
        assert_int_equal(passes(allow, "vsock:16", rows[i].target) != NULL, rows[i].allowed);
    }
    relay_allow_free(allow);
}

/* A set of peers that names its targets reaches no other one; the first set that lets it through is told. */
static void test_who_may_reach_what(void **state) {
    relay_allow *allow = must_parse("peers:\n"
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
    relay_allow_free(allow);
    relay_allow_free(NULL);
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
        {PEERS "targets:\n  - name: t\n    fd: [3]\n", GRILLE_REASON_POLICY_UNKNOWN_KEY, "a.yaml:6:5: unknown key"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        relay_allow *allow = NULL;
        grille_error error;
        const grille_reason reason = relay_allow_parse(grille_bytes_of_text(rows[i].text), "a.yaml", &allow, &error);
        if (reason != rows[i].reason || strncmp(error.text, rows[i].error, strlen(rows[i].error)) != 0) {
            fail_msg("row %zu, %s: %s: %s", i, rows[i].text, error.name, error.text);
        }
        assert_null(allow);
    }
}

/* ---- Limits ---- */

/* A list of `sets` sets of peers, each with `rules` uids. */
static char *many(size_t sets, size_t rules, size_t name_len) {
    char *text = calloc(1, 4 * RELAY_LIMIT_ALLOW_FILE_BYTES), *at = text;
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
    relay_allow *allow = NULL;
    grille_error error;
    char *text = many(sets, rules, name_len);
    const grille_reason reason = relay_allow_parse(grille_bytes_of_text(text), "a.yaml", &allow, &error);
    relay_allow_free(allow);
    free(text);
    return reason;
}

static void test_limits(void **state) {
    (void)state;
    assert_int_equal(parse_many(RELAY_LIMIT_SETS, 1, 4), GRILLE_REASON_OK);
    assert_int_equal(parse_many(RELAY_LIMIT_SETS + 1, 1, 4), GRILLE_REASON_POLICY_LENGTH);
    assert_int_equal(parse_many(1, RELAY_LIMIT_RULES, 4), GRILLE_REASON_OK);
    assert_int_equal(parse_many(1, RELAY_LIMIT_RULES + 1, 4), GRILLE_REASON_POLICY_LENGTH);
    assert_int_equal(parse_many(1, 1, RELAY_LIMIT_NAME_BYTES), GRILLE_REASON_OK);
    assert_int_equal(parse_many(1, 1, RELAY_LIMIT_NAME_BYTES + 1), GRILLE_REASON_POLICY_LENGTH);
}

static void test_files(void **state) {
    char path[] = "/tmp/relay-allow-XXXXXX", bytes[1024];
    relay_allow *allow = NULL;
    grille_error error;
    const int fd = mkstemp(path);
    const char *good = PEERS TARGETS;
    (void)state;
    assert_int_equal(write(fd, good, strlen(good)), strlen(good));
    assert_int_equal(relay_allow_load(path, &allow, &error), GRILLE_REASON_OK);
    relay_allow_free(allow);
    /* One byte more than a file may have, as a comment. */
    memset(bytes, '#', sizeof bytes);
    for (size_t at = strlen(good); at < RELAY_LIMIT_ALLOW_FILE_BYTES; at += sizeof bytes)
        assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(ftruncate(fd, RELAY_LIMIT_ALLOW_FILE_BYTES), 0);
    assert_int_equal(relay_allow_load(path, &allow, &error), GRILLE_REASON_OK);
    relay_allow_free(allow);
    assert_int_equal(ftruncate(fd, RELAY_LIMIT_ALLOW_FILE_BYTES + 1), 0);
    assert_int_equal(relay_allow_load(path, &allow, &error), GRILLE_REASON_POLICY_LENGTH);
    (void)close(fd);
    (void)unlink(path);
    assert_int_equal(relay_allow_load(path, &allow, &error), GRILLE_REASON_POLICY_FILE);
    assert_non_null(strstr(error.text, path));
}

/* What libyaml copies by strdup is not counted here, so leaks are LeakSanitizer's to find. */
static void test_every_failing_allocation(void **state) {
    grille_reason reason = GRILLE_REASON_OUT_OF_MEMORY;
    size_t tried = 0;
    (void)state;
    for (; reason != GRILLE_REASON_OK; tried++) {
        relay_allow *allow = NULL;
        grille_error error;
        failing_malloc_from(tried);
        reason = relay_allow_parse(grille_bytes_of_text(PEERS "    to: [t]\n" TARGETS), "a.yaml", &allow, &error);
        failing_malloc_never();
        if (reason != GRILLE_REASON_OK) {
            assert_null(allow);
            if (reason != GRILLE_REASON_OUT_OF_MEMORY) fail_msg("%zu: %s %s", tried, error.name, error.text);
        }
        relay_allow_free(allow);
    }
    assert_true(tried > 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peers),   cmocka_unit_test(test_any),
        cmocka_unit_test(test_targets), cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_limits),  cmocka_unit_test(test_who_may_reach_what),
        cmocka_unit_test(test_files),   cmocka_unit_test(test_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
