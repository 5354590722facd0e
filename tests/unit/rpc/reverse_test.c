/* SPDX-License-Identifier: Apache-2.0
 * Goal: the end that was called may call back on the same connection, but only what its policy lists under `serves` for
 * the peer, and only what the peer serves and its policy lets it call. */
#include <string.h>

#include "base/bytes.h"
#include "call_outcome.h"
#include "cmocka_all.h"

static int calls;

static grille_code echo(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    (void)call;
    (void)handlers;
    (void)user;
    calls++;
    ((fake_message *)response)->text = ((const fake_message *)request)->text;
    return GRILLE_OK;
}

static const grille_method methods[] = {
    {.path = "/p.A/Echo", .id = 1, .request = &fake_type, .response = &fake_type},
    {.path = "/p.A/Slow", .id = 2, .flags = GRILLE_METHOD_OFFLOAD, .request = &fake_type, .response = &fake_type},
};
static const grille_service service = {.name = "p.A", .id = 9, .methods = methods, .method_count = 2};
static const grille_method_handler invoke[] = {{.invoke = echo}, {.invoke = echo}};

static void open_pair(endpoint_pair *pair, bool both_serve) {
    endpoint_pair_both_serve = both_serve;
    endpoint_pair_open(pair, &service, invoke, NULL, 0);
    endpoint_pair_both_serve = false;
    calls = 0;
}

/* One reverse call with these policies; the caller's is the server's. */
static void call_back(endpoint_pair *pair, const grille_method *method, grille_code code, const char *text) {
    call_outcome out;
    (void)call_start_on(pair, pair->server, method, "back", NULL, &out);
    endpoint_pair_pump(pair, 0);
    endpoint_pair_run_tasks(pair);
    endpoint_pair_pump(pair, 0);
    call_expect(&out, code, text);
    grille_reply_free(&out.reply);
}

static void both_ends_call_on_one_connection(void **state) {
    endpoint_pair pair;
    call_outcome out;
    (void)state;
    open_pair(&pair, true);
    for (int i = 0; i < 3; i++) {
        call_back(&pair, &methods[0], GRILLE_OK, "back");
        (void)call_start(&pair, &methods[0], "forth", NULL, &out);
        endpoint_pair_pump(&pair, 0);
        call_expect(&out, GRILLE_OK, "forth");
        grille_reply_free(&out.reply);
    }
    call_back(&pair, &methods[1], GRILLE_OK, "back");
    assert_int_equal(calls, 7);
    endpoint_pair_close(&pair);
}

static void the_callers_policy_must_list_what_is_served(void **state) {
    endpoint_pair pair;
    (void)state;
    open_pair(&pair, true);
    endpoint_pair_serves_listed = false;
    memset(pair.bytes, 0, sizeof pair.bytes);
    call_back(&pair, &methods[0], GRILLE_PERMISSION_DENIED, "does not list /p.A/Echo under `serves`");
    /* Nothing of it was sent. */
    assert_int_equal(pair.bytes[1], 0);
    endpoint_pair_close(&pair);
    /* What an initiator calls is another question. */
    open_pair(&pair, true);
    endpoint_pair_serves = false;
    call_back(&pair, &methods[0], GRILLE_OK, "back");
    assert_int_equal(calls, 1);
    endpoint_pair_close(&pair);
}

static void the_callees_policy_must_allow_it(void **state) {
    endpoint_pair pair;
    (void)state;
    open_pair(&pair, true);
    endpoint_pair_may_call = false;
    call_back(&pair, &methods[0], GRILLE_PERMISSION_DENIED, "may not call /p.A/Echo");
    assert_int_equal(calls, 0);
    endpoint_pair_close(&pair);
}

static void a_channel_serves_only_what_is_registered_on_it(void **state) {
    endpoint_pair pair;
    (void)state;
    open_pair(&pair, false);
    call_back(&pair, &methods[0], GRILLE_UNIMPLEMENTED, "not served here");
    assert_int_equal(calls, 0);
    endpoint_pair_close(&pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_call_on_one_connection),
        cmocka_unit_test(the_callers_policy_must_list_what_is_served),
        cmocka_unit_test(the_callees_policy_must_allow_it),
        cmocka_unit_test(a_channel_serves_only_what_is_registered_on_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
