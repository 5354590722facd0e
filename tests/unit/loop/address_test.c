/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Each of these is read, and written again as it was unless `written` says otherwise. */
static void test_good_addresses(void **state) {
    static const struct {
        const char *text;
        const char *written;
        grille_address_kind kind;
        uint32_t cid, port;
    } rows[] = {
        {"vsock:16:5000", NULL, GRILLE_ADDRESS_VSOCK, 16, 5000},
        {"vsock:0:0", NULL, GRILLE_ADDRESS_VSOCK, 0, 0},
        {"vsock:4294967294:4294967294", NULL, GRILLE_ADDRESS_VSOCK, 4294967294u, 4294967294u},
        {"vsock:any:5000", NULL, GRILLE_ADDRESS_VSOCK, 0, 5000},
        {"vsock:parent:5000", NULL, GRILLE_ADDRESS_VSOCK, 0, 5000},
        {"unix:/run/app.sock", NULL, GRILLE_ADDRESS_UNIX, 0, 0},
        {"unix:relative:with:colons", NULL, GRILLE_ADDRESS_UNIX, 0, 0},
        {"unix-abstract:app", NULL, GRILLE_ADDRESS_UNIX_ABSTRACT, 0, 0},
        {"inproc:app", NULL, GRILLE_ADDRESS_INPROC, 0, 0},
        {"tcp:127.0.0.1:80", NULL, GRILLE_ADDRESS_TCP, 0, 80},
        {"tcp:0.0.0.0:0", NULL, GRILLE_ADDRESS_TCP, 0, 0},
        {"tcp:localhost:65535", "tcp:127.0.0.1:65535", GRILLE_ADDRESS_TCP, 0, 65535},
        {"tcp:[::1]:80", NULL, GRILLE_ADDRESS_TCP, 0, 80},
        {"tcp:[2001:0db8::1]:80", "tcp:[2001:db8::1]:80", GRILLE_ADDRESS_TCP, 0, 80},
        {"hybrid:/run/vm.vsock:5000", NULL, GRILLE_ADDRESS_HYBRID, 0, 5000},
        {"hybrid:/a:b:1", NULL, GRILLE_ADDRESS_HYBRID, 0, 1},
        {"nitro:my-app_1.0:5000", NULL, GRILLE_ADDRESS_NITRO, 0, 5000},
        {"fd:0", NULL, GRILLE_ADDRESS_FD, 0, 0},
        {"fd:2147483647", NULL, GRILLE_ADDRESS_FD, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_address address;
        grille_error error;
        char text[GRILLE_ADDRESS_TEXT_BYTES];
        if (grille_address_parse(rows[i].text, &address, &error) != GRILLE_REASON_OK) {
            fail_msg("%s: %s", rows[i].text, error.text);
        }
        assert_int_equal(error.code, GRILLE_OK);
        assert_int_equal(address.kind, rows[i].kind);
        assert_int_equal(address.cid, rows[i].cid);
        assert_int_equal(address.port, rows[i].port);
        grille_address_format(&address, text);
        assert_string_equal(text, rows[i].written == NULL ? rows[i].text : rows[i].written);
    }
}

/* Each is refused, and the text shows the form to write. */
static void test_bad_addresses(void **state) {
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {"", "starts with no known scheme"},
        {"vsock", "starts with no known scheme"},
        {"http://x", "write vsock:CID:PORT, unix:PATH, unix-abstract:NAME"},
        {"Unix:/x", "starts with no known scheme"},
        {"vsock:", "the port is missing"},
        {"vsock:16", "write vsock:CID:PORT"},
        {"vsock::5000", "the CID is not a number"},
        {"vsock:16:", "the port is not a number"},
        {"vsock:16:x", "the port is not a number"},
        {"vsock:-1:5", "the CID is not a number"},
        {"vsock:+1:5", "the CID is not a number"},
        {"vsock:016:5", "the CID is not a number"},
        {"vsock:0x10:5", "the CID is not a number"},
        {"vsock:4294967295:5", "the CID is not a number"},
        {"vsock:4294967296:5", "the CID is not a number"},
        {"vsock:99999999999999999999:5", "the CID is not a number"},
        {"vsock:16:4294967295", "the port is not a number"},
        {"vsock:16:5000 ", "the port is not a number"},
        {"vsock: 16:5000", "the CID is not a number"},
        {"vsock:Any:5000", "the CID is not a number"},
        {"vsock:16:5000:6000", "the CID is not a number"},
        {"unix:", "empty"},
        {"unix-abstract:", "empty"},
        {"inproc:", "empty"},
        {"tcp:", "the port is missing"},
        {"tcp:127.0.0.1", "the port is missing"},
        {"tcp:127.0.0.1:65536", "from 0 to 65535"},
        {"tcp:127.0.0.1:", "from 0 to 65535"},
        {"tcp::80", "there is no resolver"},
        {"tcp:example.org:80", "there is no resolver"},
        {"tcp:127.1:80", "there is no resolver"},
        {"tcp:127.0.0.1.1:80", "there is no resolver"},
        {"tcp:::1:80", "there is no resolver"},
        {"tcp:[::1:80", "there is no resolver"},
        {"tcp:[127.0.0.1]:80", "there is no resolver"},
        {"tcp:[]:80", "there is no resolver"},
        {"hybrid:/x", "the port is missing"},
        {"hybrid::5", "empty"},
        {"hybrid:/x:y", "the port is not a number"},
        {"fd:", "not a descriptor"},
        {"fd:-1", "not a descriptor"},
        {"fd:2147483648", "not a descriptor"},
        {"fd:3x", "not a descriptor"},
        {"nitro:", "write nitro:NAME:PORT"},
        {"nitro:app", "the port is missing"},
        {"nitro::5", "the name is not 1 to 64"},
        {"nitro:.app:5", "the name is not 1 to 64"},
        {"nitro:a/b:5", "the name is not 1 to 64"},
        {"nitro:a:b:5", "the name is not 1 to 64"},
        {"nitro:app:x", "the port is not a number"},
        {"nitro:app:4294967295", "the port is not a number"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grille_address address;
        grille_error error;
        if (grille_address_parse(rows[i].text, &address, &error) != GRILLE_REASON_LOOP_BAD_ADDRESS) {
            fail_msg("\"%s\" was not refused as malformed", rows[i].text);
        }
        assert_int_equal(error.code, GRILLE_INVALID_ARGUMENT);
        assert_string_equal(error.name, "LOOP-BAD-ADDRESS");
        if (strstr(error.text, rows[i].says) == NULL || strstr(error.text, "write ") == NULL) {
            fail_msg("\"%s\": \"%s\" does not say \"%s\"", rows[i].text, error.text, rows[i].says);
        }
    }
}

static void test_null_is_refused(void **state) {
    grille_address address;
    grille_error error;
    (void)state;
    assert_int_equal(grille_address_parse(NULL, &address, &error), GRILLE_REASON_LOOP_BAD_ADDRESS);
    assert_non_null(strstr(error.text, "unix:PATH"));
}

static void parse_path(const char *before, size_t path_len, const char *after, grille_reason expected) {
    char text[512];
    grille_address address;
    size_t len = (size_t)snprintf(text, sizeof text, "%s", before);
    memset(text + len, 'p', path_len);
    (void)snprintf(text + len + path_len, sizeof text - len - path_len, "%s", after);
    assert_int_equal(grille_address_parse(text, &address, NULL), expected);
}

/* sun_path holds 107 bytes and a terminator; hybrid needs room for _PORT. */
static void test_paths_end_at_the_limit(void **state) {
    (void)state;
    parse_path("unix:", 107, "", GRILLE_REASON_OK);
    parse_path("unix:", 108, "", GRILLE_REASON_LOOP_BAD_ADDRESS);
    parse_path("unix-abstract:", 107, "", GRILLE_REASON_OK);
    parse_path("inproc:", 107, "", GRILLE_REASON_OK);
    parse_path("inproc:", 108, "", GRILLE_REASON_LOOP_BAD_ADDRESS);
    parse_path("unix-abstract:", 108, "", GRILLE_REASON_LOOP_BAD_ADDRESS);
    parse_path("hybrid:", 102, ":5000", GRILLE_REASON_OK);
    parse_path("hybrid:", 103, ":5000", GRILLE_REASON_LOOP_BAD_ADDRESS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_addresses),
        cmocka_unit_test(test_bad_addresses),
        cmocka_unit_test(test_null_is_refused),
        cmocka_unit_test(test_paths_end_at_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
