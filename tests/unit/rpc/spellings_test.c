/* SPDX-License-Identifier: Apache-2.0
 * Goal: no other spelling of a method's path opens it, neither in a policy nor on the wire: authorization is decided on
 * the method that was found by its id, by comparing bytes, and denies by default. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "crypto/crypto.h"
#include "fake_codec.h"
#include "rpc/endpoint.h"
#include "session/session.h"

#define METHOD "/p.v1.Vault/Open"

typedef struct spelling {
    const char *what;
    const char *path;
    size_t len; /* 0: as a C string */
} spelling;

#define BYTES(text) text, sizeof(text) - 1

static const spelling spellings[] = {
    {"small letters", "/p.v1.vault/open", 0},
    {"capitals", "/P.V1.VAULT/OPEN", 0},
    {"another first letter", "/p.v1.Vault/open", 0},
    {"no slash at the start", "p.v1.Vault/Open", 0},
    {"two slashes at the start", "//p.v1.Vault/Open", 0},
    {"two slashes inside", "/p.v1.Vault//Open", 0},
    {"a slash at the end", "/p.v1.Vault/Open/", 0},
    {"two slashes at the end", "/p.v1.Vault/Open//", 0},
    {"a dot for the slash", "/p.v1.Vault.Open", 0},
    {"a backslash", "/p.v1.Vault\\Open", 0},
    {"slashes for dots", "/p/v1/Vault/Open", 0},
    {"percent for the slash", "/p.v1.Vault%2FOpen", 0},
    {"percent for a letter", "/p.v1.Vault/%4Fpen", 0},
    {"percent twice", "/p.v1.Vault%252FOpen", 0},
    {"this folder", "/./p.v1.Vault/Open", 0},
    {"this folder inside", "/p.v1.Vault/./Open", 0},
    {"the folder above", "/p.v1.Other/../p.v1.Vault/Open", 0},
    {"a dot at the end", "/p.v1.Vault/Open.", 0},
    {"two dots inside", "/p..v1.Vault/Open", 0},
    {"a space before", " /p.v1.Vault/Open", 0},
    {"a space behind", "/p.v1.Vault/Open ", 0},
    {"a tab behind", BYTES("/p.v1.Vault/Open\t")},
    {"a line feed behind", BYTES("/p.v1.Vault/Open\n")},
    {"NUL behind", BYTES("/p.v1.Vault/Open\0")},
    {"NUL and more", BYTES("/p.v1.Vault/Open\0/x")},
    {"NUL inside", BYTES("/p.v1.Vault/O\0pen")},
    {"a query", "/p.v1.Vault/Open?x=1", 0},
    {"a fragment", "/p.v1.Vault/Open#x", 0},
    {"a parameter", "/p.v1.Vault/Open;x=1", 0},
    {"Cyrillic O", "/p.v1.Vault/\xd0\x9epen", 0},
    {"a fullwidth slash", "/p.v1.Vault\xef\xbc\x8fOpen", 0},
    {"a soft hyphen", "/p.v1.Vault/O\xc2\xadpen", 0},
    {"a byte order mark", "\xef\xbb\xbf/p.v1.Vault/Open", 0},
    {"a zero-width space behind", "/p.v1.Vault/Open\xe2\x80\x8b", 0},
    {"an overlong slash", BYTES("/p.v1.Vault\xc0\xafOpen")},
    {"cut", "/p.v1.Vault/Ope", 0},
    {"longer", "/p.v1.Vault/OpenX", 0},
    {"no package", "/Vault/Open", 0},
    {"the service alone", "/p.v1.Vault", 0},
    {"the service and a slash", "/p.v1.Vault/", 0},
    {"a scheme and a host", "https://host/p.v1.Vault/Open", 0},
    {"an asterisk for everything", "*", 0},
    {"an asterisk for every service", "/*", 0},
    {"an asterisk twice", "/*/*", 0},
    {"an asterisk in the service", "/p.v1.*/Open", 0},
    {"an asterisk for the package", "/*.Vault/Open", 0},
    {"an asterisk behind a name", "/p.v1.Vault/Op*", 0},
    {"an asterisk before a name", "/p.v1.Vault/*pen", 0},
    {"two asterisks", "/p.v1.Vault/**", 0},
    {"an asterisk of another service", "/p.v1.Vaul/*", 0},
    {"an asterisk of a longer service", "/p.v1.Vault2/*", 0},
    {"a question mark", "/p.v1.Vault/?pen", 0},
    {"a regular expression", "/p.v1.Vault/.*", 0},
    {"a set of letters", "/p.v1.Vault/[O]pen", 0},
    {"nothing", "", 0},
};
enum { SPELLINGS = sizeof spellings / sizeof *spellings };
_Static_assert(SPELLINGS >= 30, "each trick that is known");

static grille_bytes bytes_of(const spelling *one) {
    return grille_bytes_of(one->path, one->len != 0 ? one->len : strlen(one->path));
}

static uint32_t id_of(grille_bytes path) {
    uint8_t digest[GRILLE_SHA256_BYTES];
    assert_int_equal(grille_crypto_wolf()->hash(GRILLE_SHA256, &path, 1, digest), GRILLE_REASON_OK);
    return (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 | digest[3];
}

/* ---- policies ---- */

static const grille_peer_identity peer = {.kind = GRILLE_IDENTITY_NITRO, .set = "parent", .pcr_mask = 1};

/* One entry under may_call, as YAML's double-quoted text with every byte that is not plain escaped; bytes that are no
 * text stand as they are. */
static grille_code parse(grille_bytes entry, grille_policy **policy) {
    char text[2048];
    size_t len = 0;
    grille_error error;
    len = (size_t)snprintf(text, sizeof text,
                           "peers:\n- name: parent\n  kind: nitro\n  pcr0: \"%0*d\"\n  may_call: [\"", 96, 1);
    for (size_t i = 0; i < entry.len; i++) {
        const uint8_t byte = entry.data[i];
        if (byte < 0x20 || byte == '"' || byte == '\\') {
            len += (size_t)snprintf(text + len, sizeof text - len, "\\x%02x", byte);
        } else {
            text[len++] = (char)byte;
        }
    }
    len += (size_t)snprintf(text + len, sizeof text - len, "\"]\n");
    return grille_policy_parse(grille_bytes_of(text, len), "spelling.yaml", NULL, policy, &error);
}

static void no_spelling_in_a_policy_opens_the_method(void **state) {
    static const char *const opens[] = {METHOD, "/p.v1.Vault/*"};
    int refused = 0;
    (void)state;
    /* The right ones first: the test looks at something. */
    for (size_t i = 0; i < 2; i++) {
        grille_policy *policy = NULL;
        assert_int_equal(parse(grille_bytes_of_text(opens[i]), &policy), GRILLE_OK);
        assert_true(grille_policy_may_call(policy, &peer, METHOD));
        grille_policy_free(policy);
    }
    for (size_t i = 0; i < SPELLINGS; i++) {
        grille_policy *policy = NULL;
        if (parse(bytes_of(&spellings[i]), &policy) != GRILLE_OK) {
            assert_null(policy);
            refused++;
            continue;
        }
        if (grille_policy_may_call(policy, &peer, METHOD)) fail_msg("%s opens the method", spellings[i].what);
        grille_policy_free(policy);
    }
    print_message("%d spellings: %d refused by the parser, the rest match nothing\n", (int)SPELLINGS, refused);
    assert_true(refused >= SPELLINGS / 2);
}

/* ---- the wire ---- */

static int runs;

static grille_code run(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    (void)call;
    (void)request;
    (void)response;
    (void)handlers;
    (void)user;
    runs++;
    return GRILLE_OK;
}

typedef struct answer {
    bool came;
    grille_code code;
} answer;

static void on_status(void *user, grille_stream *stream, const grille_status_header *status) {
    answer *own = user;
    own->came = true;
    own->code = status->code;
    grille_stream_release(stream);
}

static const grille_session_events events = {.on_status = on_status};

typedef struct line {
    grille_budget budgets[2];
    grille_services *services;
    grille_session *session;
    grille_endpoint *endpoint;
    answer answer;
} line;

static grille_service service = {.name = "p.v1.Vault", .id = 9, .method_count = 1};
static grille_method method = {.path = METHOD, .request = &fake_type, .response = &fake_type};
static const grille_method_handler handler = {.invoke = run};

static void open_line(line *own, grille_policy *policy) {
    grille_session_options options = grille_session_options_default();
    grille_endpoint_options serving = {.policy = policy,
                                       .peer = &peer,
                                       .budget = &own->budgets[1],
                                       .max_streams = 16,
                                       .max_message_bytes = 65536,
                                       .now_us = 1};
    memset(own, 0, sizeof *own);
    for (size_t i = 0; i < 2; i++)
        grille_budget_init(&own->budgets[i], 8 << 20);
    method.id = id_of(grille_bytes_of_text(METHOD));
    service.methods = &method;
    assert_int_equal(grille_services_new(&own->services, NULL), GRILLE_OK);
    assert_int_equal(grille_services_add(own->services, &service, &handler, NULL, NULL, NULL), GRILLE_REASON_OK);
    serving.registry = own->services;
    assert_int_equal(grille_endpoint_new(&serving, &own->endpoint), GRILLE_REASON_OK);
    options.initiator = true;
    options.budget = &own->budgets[0];
    options.events = &events;
    options.user = &own->answer;
    options.now_us = 1;
    assert_int_equal(grille_session_new(&options, &own->session), GRILLE_REASON_OK);
}

static void close_line(line *own) {
    grille_session_free(own->session);
    grille_endpoint_close(own->endpoint, GRILLE_CANCELLED, "closed");
    grille_endpoint_free(own->endpoint);
    grille_services_free(own->services);
}

static void carry(line *own) {
    uint8_t buffer[GRILLE_SESSION_SEND_BYTES];
    for (size_t len = 1; len != 0;) {
        size_t back = 0;
        assert_int_equal(grille_session_send(own->session, buffer, sizeof buffer, &len, 1), GRILLE_REASON_OK);
        assert_int_equal(grille_endpoint_recv(own->endpoint, grille_bytes_of(buffer, len), 1), GRILLE_REASON_OK);
        grille_session_sent(own->session, 1);
        assert_int_equal(grille_endpoint_send(own->endpoint, buffer, sizeof buffer, &back, 1), GRILLE_REASON_OK);
        assert_int_equal(grille_session_recv(own->session, grille_bytes_of(buffer, back), 1), GRILLE_REASON_OK);
        grille_endpoint_sent(own->endpoint, 1);
        len += back;
    }
}

static grille_code call(line *own, uint32_t id) {
    const grille_call_open open = {.method_id = id};
    grille_stream *stream = NULL;
    own->answer = (answer){0};
    assert_int_equal(grille_session_open(own->session, &open, 1, &stream), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_message(stream, grille_bytes_of_text("x"), GRILLE_SEND_END_STREAM),
                     GRILLE_REASON_OK);
    carry(own);
    assert_true(own->answer.came);
    return own->answer.code;
}

static void no_spelling_on_the_wire_reaches_the_handler(void **state) {
    grille_policy *policy = NULL;
    line own;
    (void)state;
    assert_int_equal(parse(grille_bytes_of_text("/p.v1.Vault/*"), &policy), GRILLE_OK);
    open_line(&own, policy);
    runs = 0;
    assert_int_equal(call(&own, id_of(grille_bytes_of_text(METHOD))), GRILLE_OK);
    assert_int_equal(runs, 1);
    for (size_t i = 0; i < SPELLINGS; i++) {
        const grille_code code = call(&own, id_of(bytes_of(&spellings[i])));
        if (code != GRILLE_UNIMPLEMENTED) fail_msg("%s answers %s", spellings[i].what, grille_code_name(code));
    }
    assert_int_equal(runs, 1);
    close_line(&own);
    grille_policy_free(policy);
}

/* The right id, and a policy whose entry looks like the method. */
static void denied_by_default(void **state) {
    (void)state;
    runs = 0;
    for (size_t i = 0; i < SPELLINGS; i++) {
        grille_policy *policy = NULL;
        line own;
        if (parse(bytes_of(&spellings[i]), &policy) != GRILLE_OK) continue;
        open_line(&own, policy);
        assert_int_equal(call(&own, method.id), GRILLE_PERMISSION_DENIED);
        close_line(&own);
        grille_policy_free(policy);
    }
    assert_int_equal(runs, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_spelling_in_a_policy_opens_the_method),
        cmocka_unit_test(no_spelling_on_the_wire_reaches_the_handler),
        cmocka_unit_test(denied_by_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
