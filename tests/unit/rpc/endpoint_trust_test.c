/* SPDX-License-Identifier: Apache-2.0
 * Goal: a peer that proves itself anew, or that another policy judges, changes for calls that begin from then on; a
 * peer that is not accepted any more gets no call through, in neither direction, and what runs can be ended. */
#include <string.h>

#include "base/bytes.h"
#include "call_outcome.h"
#include "cmocka_all.h"

static uint32_t seen_epoch;
static int calls;

static grille_code echo(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    (void)handlers;
    (void)user;
    calls++;
    seen_epoch = grille_peer(call)->epoch;
    ((fake_message *)response)->text = ((const fake_message *)request)->text;
    return GRILLE_OK;
}

static const grille_method methods[] = {
    {.path = "/p.A/Echo", .id = 1, .request = &fake_type, .response = &fake_type},
    {.path = "/p.A/Slow", .id = 2, .flags = GRILLE_METHOD_OFFLOAD, .request = &fake_type, .response = &fake_type},
};
static const grille_service service = {.name = "p.A", .id = 9, .methods = methods, .method_count = 2};
static const grille_method_handler invoke[] = {{.invoke = echo}, {.invoke = echo}};

static void open_pair(endpoint_pair *pair) {
    endpoint_pair_both_serve = true;
    endpoint_pair_open(pair, &service, invoke, NULL, 0);
    endpoint_pair_both_serve = false;
    calls = 0;
    seen_epoch = UINT32_MAX;
}

static void renew(endpoint_pair *pair, uint32_t epoch) {
    const grille_peer_identity peer = {.kind = GRILLE_IDENTITY_X509, .epoch = epoch, .set = "clients"};
    assert_int_equal(grille_endpoint_renew_peer(pair->server, &peer), GRILLE_REASON_OK);
}

static void calls_see_the_epoch_that_they_began_in(void **state) {
    endpoint_pair pair;
    call_outcome slow, quick;
    (void)state;
    open_pair(&pair);
    (void)call_start(&pair, &methods[1], "slow", NULL, &slow);
    endpoint_pair_pump(&pair, 0);
    renew(&pair, 7);
    (void)call_start(&pair, &methods[0], "quick", NULL, &quick);
    endpoint_pair_pump(&pair, 0);
    call_expect(&quick, GRILLE_OK, "quick");
    assert_int_equal(seen_epoch, 7);
    endpoint_pair_run_tasks(&pair);
    endpoint_pair_pump(&pair, 0);
    call_expect(&slow, GRILLE_OK, "slow");
    assert_int_equal(seen_epoch, 0);
    grille_reply_free(&slow.reply);
    grille_reply_free(&quick.reply);
    endpoint_pair_close(&pair);
}

static void nothing_begins_for_a_peer_that_is_not_accepted_any_more(void **state) {
    endpoint_pair pair;
    call_outcome running, forth, back;
    (void)state;
    open_pair(&pair);
    (void)call_start(&pair, &methods[1], "running", NULL, &running);
    endpoint_pair_pump(&pair, 0);
    grille_endpoint_set_revoked(pair.server, true);
    (void)call_start(&pair, &methods[0], "forth", NULL, &forth);
    (void)call_start_on(&pair, pair.server, &methods[0], "back", NULL, &back);
    endpoint_pair_pump(&pair, 0);
    call_expect(&forth, GRILLE_PERMISSION_DENIED, "may not call /p.A/Echo");
    call_expect(&back, GRILLE_PERMISSION_DENIED, "does not accept the peer any more");
    assert_int_equal(calls, 0);
    /* What runs goes on. */
    endpoint_pair_run_tasks(&pair);
    endpoint_pair_pump(&pair, 0);
    call_expect(&running, GRILLE_OK, "running");
    grille_reply_free(&running.reply);
    grille_reply_free(&forth.reply);
    grille_reply_free(&back.reply);
    /* And a policy that accepts it again lets it in again. */
    grille_endpoint_set_revoked(pair.server, false);
    (void)call_start(&pair, &methods[0], "again", NULL, &forth);
    endpoint_pair_pump(&pair, 0);
    call_expect(&forth, GRILLE_OK, "again");
    grille_reply_free(&forth.reply);
    endpoint_pair_close(&pair);
}

static void what_runs_is_ended_in_both_directions(void **state) {
    endpoint_pair pair;
    call_outcome forth, back;
    (void)state;
    open_pair(&pair);
    (void)call_start(&pair, &methods[1], "forth", NULL, &forth);
    (void)call_start_on(&pair, pair.server, &methods[1], "back", NULL, &back);
    endpoint_pair_pump(&pair, 0);
    grille_endpoint_end_calls(pair.server, "revoked by the operator", pair.now_us);
    call_expect(&back, GRILLE_PERMISSION_DENIED, "revoked by the operator");
    endpoint_pair_pump(&pair, 0);
    call_expect(&forth, GRILLE_PERMISSION_DENIED, "revoked by the operator");
    /* Their handlers are not run any more, and the connection goes on. */
    endpoint_pair_run_tasks(&pair);
    endpoint_pair_pump(&pair, 0);
    assert_int_equal(calls, 0);
    assert_int_equal(grille_endpoint_failure(pair.server)->code, GRILLE_OK);
    assert_int_equal(grille_endpoint_failure(pair.client)->code, GRILLE_OK);
    assert_false(grille_endpoint_has_peer_calls(pair.server));
    assert_false(grille_endpoint_has_own_calls(pair.server));
    grille_reply_free(&forth.reply);
    grille_reply_free(&back.reply);
    (void)call_start(&pair, &methods[0], "next", NULL, &forth);
    endpoint_pair_pump(&pair, 0);
    call_expect(&forth, GRILLE_OK, "next");
    grille_reply_free(&forth.reply);
    endpoint_pair_close(&pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_see_the_epoch_that_they_began_in),
        cmocka_unit_test(nothing_begins_for_a_peer_that_is_not_accepted_any_more),
        cmocka_unit_test(what_runs_is_ended_in_both_directions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
