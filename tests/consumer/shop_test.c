/* Generated code in another workspace: client with protobuf-c and server with nanopb in one program, linked with the
 * runtime. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shop/v1/shop.grille-nano.h"
#include "shop/v1/shop.grille-pb.h"

static grille_code buy(grille_call *call, const shop_v1_Order *order, shop_v1_Receipt *receipt, void *user) {
    (void)user;
    if (order->sizes_count == 0) return grille_fail(call, GRILLE_INVALID_ARGUMENT, "no sizes");
    receipt->number = order->article;
    return GRILLE_OK;
}

static const enclave_shop_v1_shop_handlers handlers = {.buy = buy};

static void test_tables(void **state) {
    const grille_method *method = &shop_v1_shop_service.methods[0];
    (void)state;
    assert_string_equal(method->path, "/shop.v1.Shop/Buy");
    assert_int_equal(method->flags, GRILLE_METHOD_IDEMPOTENT);
    assert_int_equal(method->default_timeout_ms, 2000);
    assert_int_equal(method->id, enclave_shop_v1_shop_service.methods[0].id);
    assert_memory_equal(shop_v1_shop_service.schema_digest, enclave_shop_v1_shop_service.schema_digest, 32);
}

/* The runtime's own checks answer: nothing is faked. */
static void test_runtime_is_linked(void **state) {
    grille_channel_options options = grille_channel_options_default();
    grille_channel *channel = NULL;
    grille_error error;
    (void)state;
    assert_int_equal(grille_channel_open("nonsense", &options, &channel, &error), GRILLE_INVALID_ARGUMENT);
    assert_non_null((void *)(uintptr_t)shop_v1_shop_buy);
    assert_non_null((void *)(uintptr_t)enclave_shop_v1_shop_register_with_error);
    assert_non_null(handlers.buy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_runtime_is_linked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
