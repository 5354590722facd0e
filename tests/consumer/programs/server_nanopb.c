/* SPDX-License-Identifier: Apache-2.0
 * The shop with nanopb messages. */
#include "serve.h"
#include "shop/v1/shop.grille-nano.h"

static grille_code buy(grille_call *call, const shop_v1_Order *order, shop_v1_Receipt *receipt, void *user) {
    pb_size_t at = 0;
    (void)user;
    if (order->sizes_count == 0) return grille_fail(call, GRILLE_INVALID_ARGUMENT, "no sizes");
    receipt->number = order->note.has ? order->note.bytes : order->article;
    receipt->has_delivery = true;
    for (at = 0; at < order->sizes_count; at++)
        receipt->delivery.seconds += order->sizes[at];
    return GRILLE_OK;
}

static grille_code deliver(enclave_shop_v1_shop_deliver_server_stream *stream, const shop_v1_Order *order, void *user) {
    (void)user;
    for (pb_size_t at = 0; at < order->sizes_count; at++) {
        const shop_v1_Receipt receipt = {
            .number = order->article, .has_delivery = true, .delivery = {.seconds = order->sizes[at]}};
        grille_code code = enclave_shop_v1_shop_deliver_server_send(stream, &receipt);
        if (code != GRILLE_OK) return code;
    }
    return enclave_shop_v1_shop_deliver_server_finish(stream, GRILLE_OK);
}

static grille_code collect(enclave_shop_v1_shop_collect_server_stream *stream, shop_v1_Receipt *receipt, void *user) {
    const shop_v1_Order *order = NULL;
    grille_code code = GRILLE_OK;
    (void)user;
    receipt->has_delivery = true;
    while ((code = enclave_shop_v1_shop_collect_server_read(stream, &order)) == GRILLE_OK)
        for (pb_size_t at = 0; at < order->sizes_count; at++)
            receipt->delivery.seconds += order->sizes[at];
    return code == GRILLE_END_OF_STREAM ? GRILLE_OK : code;
}

static grille_code register_shop(grille_server *server, grille_error *error) {
    static const enclave_shop_v1_shop_handlers handlers = {
        .buy = buy, .deliver = {.open = deliver}, .collect = collect};
    return enclave_shop_v1_shop_register_with_error(server, &handlers, NULL, error);
}

int main(int argc, char **argv) {
    return serve(argc, argv, register_shop);
}
