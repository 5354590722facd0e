/* SPDX-License-Identifier: Apache-2.0
 * Goal: a method's own options hold before its handler hears of a call: the largest request, by name and size, before
 * anything of it is stored; and the kinds of identity that may call it. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "raw_caller.h"

enum { SMALL = 1, STREAM = 2, NITRO_ONLY = 3, X509_TOO = 4, LARGE = 5 };

typedef struct scene {
    int runs, messages, ends;
    grille_call_end why;
} scene;

static grille_code run(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    (void)call;
    (void)request;
    (void)response;
    (void)handlers;
    ((scene *)user)->runs++;
    return GRILLE_OK;
}

static grille_code open_stream(grille_call *call, const void *request, const void *handlers, void *user) {
    (void)call;
    (void)request;
    (void)handlers;
    ((scene *)user)->runs++;
    return GRILLE_OK;
}

static void take_message(grille_call *call, const void *message, const void *handlers, void *user) {
    (void)call;
    (void)message;
    (void)handlers;
    ((scene *)user)->messages++;
}

static void end_stream(grille_call *call, grille_call_end why, const void *handlers, void *user) {
    (void)call;
    (void)handlers;
    ((scene *)user)->ends++;
    ((scene *)user)->why = why;
}

static const grille_method methods[] = {
    {.path = "/p.A/Small", .id = SMALL, .request = &fake_type, .response = &fake_type, .max_request_bytes = 100},
    {.path = "/p.A/Stream",
     .id = STREAM,
     .kind = GRILLE_METHOD_BIDIRECTIONAL,
     .request = &fake_type,
     .response = &fake_type,
     .max_request_bytes = 100000},
    {.path = "/p.A/NitroOnly",
     .id = NITRO_ONLY,
     .request = &fake_type,
     .response = &fake_type,
     .identity_kinds = 1u << GRILLE_IDENTITY_NITRO},
    {.path = "/p.A/X509Too",
     .id = X509_TOO,
     .request = &fake_type,
     .response = &fake_type,
     .identity_kinds = 1u << GRILLE_IDENTITY_NITRO | 1u << GRILLE_IDENTITY_X509},
    {.path = "/p.A/Large", .id = LARGE, .request = &fake_type, .response = &fake_type, .max_request_bytes = 1u << 30},
};
static const grille_service service = {.name = "p.A", .id = 9, .methods = methods, .method_count = 5};
static const grille_method_handler handlers[] = {
    {.invoke = run}, {.open = open_stream, .message = take_message, .end = end_stream},
    {.invoke = run}, {.invoke = run},
    {.invoke = run},
};

static void the_methods_limit_is_named_before_anything_is_stored(void **state) {
    static raw_caller caller;
    scene own = {0};
    raw_call *call = NULL;
    size_t before = 0;
    (void)state;
    raw_caller_open(&caller, &service, handlers, &own, 0);
    call = raw_caller_call(&caller, 0, SMALL, 0);
    raw_caller_send(call, "huge:100", true);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_OK, "");
    assert_int_equal(own.runs, 1);
    /* One more, inside CALL. */
    call = raw_caller_call(&caller, 0, SMALL, 0);
    raw_caller_send(call, "huge:101", true);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_RESOURCE_EXHAUSTED, "101 bytes is over the limit of 100 bytes");
    /* And far more, in many frames. */
    before = caller.pair.budgets[1].used_bytes;
    caller.pair.budgets[1].peak_bytes = before;
    call = raw_caller_call(&caller, 0, SMALL, 0);
    raw_caller_send(call, "huge:3000000", true);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_RESOURCE_EXHAUSTED, "3000000 bytes is over the limit of 100 bytes");
    assert_true(caller.pair.budgets[1].peak_bytes <= before + 16384);
    assert_int_equal(own.runs, 1);
    raw_caller_close(&caller);
}

static void each_message_of_a_stream_has_the_limit(void **state) {
    static raw_caller caller;
    scene own = {0};
    raw_call *call = NULL;
    (void)state;
    raw_caller_open(&caller, &service, handlers, &own, 0);
    call = raw_caller_call(&caller, 0, STREAM, 0);
    raw_caller_send(call, "huge:100000", false);
    raw_caller_pump(&caller);
    raw_caller_send(call, "huge:100001", false);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_RESOURCE_EXHAUSTED, "100001 bytes is over the limit of 100000 bytes");
    assert_int_equal(own.messages, 1);
    assert_int_equal(own.ends, 1);
    assert_int_equal(own.why, GRILLE_CALL_END_BROKEN);
    raw_caller_close(&caller);
}

/* An option can't lift the server's own limit, above or below what SETTINGS can say. */
static void the_servers_limit_stays(void **state) {
    static raw_caller caller;
    scene own = {0};
    raw_call *call = NULL;
    (void)state;
    raw_caller_open(&caller, &service, handlers, &own, 1000);
    call = raw_caller_call(&caller, 0, LARGE, 0);
    raw_caller_send(call, "huge:1001", true);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_RESOURCE_EXHAUSTED, "1001 bytes is over the limit of 1000 bytes");
    call = raw_caller_call(&caller, 0, SMALL, 0);
    raw_caller_send(call, "huge:101", true);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_RESOURCE_EXHAUSTED, "limit of 100 bytes");
    assert_int_equal(own.runs, 0);
    raw_caller_close(&caller);
}

/* The pair's peer has an x509 identity. */
static void other_kinds_of_identity_are_denied(void **state) {
    static raw_caller caller;
    scene own = {0};
    raw_call *call = NULL;
    (void)state;
    raw_caller_open(&caller, &service, handlers, &own, 0);
    call = raw_caller_call(&caller, 0, NITRO_ONLY, 0);
    raw_caller_send(call, "x", true);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_PERMISSION_DENIED, "this peer may not call /p.A/NitroOnly");
    assert_int_equal(own.runs, 0);
    call = raw_caller_call(&caller, 0, X509_TOO, 0);
    raw_caller_send(call, "x", true);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_OK, "");
    assert_int_equal(own.runs, 1);
    /* The option adds to the policy and never opens what that denies. */
    endpoint_pair_may_call = false;
    call = raw_caller_call(&caller, 0, X509_TOO, 0);
    raw_caller_send(call, "x", true);
    raw_caller_pump(&caller);
    raw_caller_expect(call, GRILLE_PERMISSION_DENIED, "");
    assert_int_equal(own.runs, 1);
    raw_caller_close(&caller);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_methods_limit_is_named_before_anything_is_stored),
        cmocka_unit_test(each_message_of_a_stream_has_the_limit),
        cmocka_unit_test(the_servers_limit_stays),
        cmocka_unit_test(other_kinds_of_identity_are_denied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
