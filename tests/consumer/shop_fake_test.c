/* SPDX-License-Identifier: Apache-2.0
 * How a program of another workspace tests its own code without a shop, an enclave or a policy: its caller against a
 * fake of the service, its handler with callers that the test makes up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shop/v1/shop.grille-pb-fake.h"

/* ---- a caller under test: how long all deliveries of an article take; -1 when the shop does not say ---- */

static int64_t delivery_seconds(grille_channel *shop, const char *article) {
    Shop__V1__Order order = SHOP__V1__ORDER__INIT;
    shop_v1_shop_deliver_stream *stream = NULL;
    shop_v1_shop_deliver_reply reply;
    const Shop__V1__Receipt *receipt = NULL;
    grille_error error;
    int64_t seconds = 0;
    order.article = (char *)(uintptr_t)article;
    if (shop_v1_shop_deliver_begin(shop, &order, NULL, &stream, &error) == GRILLE_OK)
        while (shop_v1_shop_deliver_read(stream, &receipt) == GRILLE_OK)
            if (receipt->delivery != NULL) seconds += receipt->delivery->seconds;
    if (shop_v1_shop_deliver_finish(stream, &reply) != GRILLE_OK) seconds = -1;
    shop_v1_shop_deliver_reply_free(&reply);
    return seconds;
}

static int open_shop(void **state) {
    grille_error error;
    *state = shop_v1_shop_fake_new(&error);
    return *state == NULL;
}

static int close_shop(void **state) {
    shop_v1_shop_fake_free(*state);
    return 0;
}

static void test_the_caller_adds_up(void **state) {
    Google__Protobuf__Duration first = GOOGLE__PROTOBUF__DURATION__INIT, second = GOOGLE__PROTOBUF__DURATION__INIT;
    Shop__V1__Receipt receipts[] = {SHOP__V1__RECEIPT__INIT, SHOP__V1__RECEIPT__INIT, SHOP__V1__RECEIPT__INIT};
    const Shop__V1__Receipt *answers[] = {&receipts[0], &receipts[1], &receipts[2]};
    first.seconds = 40;
    second.seconds = 2;
    receipts[0].delivery = &first;
    receipts[2].delivery = &second;
    shop_v1_shop_deliver_fake_answer(*state, GRILLE_OK, NULL, answers, 3);
    assert_int_equal(delivery_seconds(shop_v1_shop_fake_channel(*state), "A-1"), 42);
    assert_int_equal(shop_v1_shop_deliver_fake_calls(*state), 1);
    assert_string_equal(shop_v1_shop_deliver_fake_request(*state)->article, "A-1");
}

static void test_the_caller_takes_a_refusal(void **state) {
    shop_v1_shop_deliver_fake_answer(*state, GRILLE_NOT_FOUND, "sold out", NULL, 0);
    assert_int_equal(delivery_seconds(shop_v1_shop_fake_channel(*state), "A-2"), -1);
}

/* ---- a handler under test: it sells to people only ---- */

static grille_code buy(grille_call *call, const Shop__V1__Order *order, Shop__V1__Receipt *receipt, void *user) {
    (void)order, (void)receipt;
    ++*(int *)user;
    return grille_peer(call)->kind == GRILLE_IDENTITY_X509
               ? GRILLE_OK
               : grille_fail(call, GRILLE_PERMISSION_DENIED, "no machine buys here");
}

static grille_code buy_as(const grille_peer_identity *caller, int *sold) {
    static const shop_v1_shop_handlers handlers = {.buy = buy};
    const Shop__V1__Order order = SHOP__V1__ORDER__INIT;
    shop_v1_shop_buy_reply reply;
    grille_error error;
    shop_v1_shop_fake *shop = shop_v1_shop_fake_serving(&handlers, sold, caller, &error);
    assert_non_null(shop);
    grille_code code = shop_v1_shop_buy(shop_v1_shop_fake_channel(shop), &order, NULL, &reply);
    shop_v1_shop_buy_reply_free(&reply);
    shop_v1_shop_fake_free(shop);
    return code;
}

static void test_the_handler_looks_at_its_peer(void **state) {
    static const grille_peer_identity enclave = {.kind = GRILLE_IDENTITY_NITRO, .module_id = "i-1"};
    static const grille_peer_identity person = {.kind = GRILLE_IDENTITY_X509, .name = "ann.shop.example"};
    int sold = 0;
    (void)state;
    assert_int_equal(buy_as(&enclave, &sold), GRILLE_PERMISSION_DENIED);
    assert_int_equal(buy_as(&person, &sold), GRILLE_OK);
    assert_int_equal(sold, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_caller_adds_up, open_shop, close_shop),
        cmocka_unit_test_setup_teardown(test_the_caller_takes_a_refusal, open_shop, close_shop),
        cmocka_unit_test(test_the_handler_looks_at_its_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
