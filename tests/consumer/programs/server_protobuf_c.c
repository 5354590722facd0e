/* SPDX-License-Identifier: Apache-2.0
 * The shop with protobuf-c messages. */
#include <string.h>

#include "serve.h"
#include "shop/v1/shop.grille-pb.h"

static grille_code buy(grille_call *call, const Shop__V1__Order *order, Shop__V1__Receipt *receipt, void *user) {
    Google__Protobuf__Duration *delivery = grille_call_alloc(call, sizeof *delivery);
    size_t at = 0;
    (void)user;
    if (order->n_sizes == 0) return grille_fail(call, GRILLE_INVALID_ARGUMENT, "no sizes");
    if (delivery == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    google__protobuf__duration__init(delivery);
    for (at = 0; at < order->n_sizes; at++)
        delivery->seconds += order->sizes[at];
    receipt->delivery = delivery;
    receipt->number = (ProtobufCBinaryData){.len = strlen(order->article), .data = (uint8_t *)order->article};
    if (order->_note_case == SHOP__V1__ORDER___NOTE_NOTE) receipt->number = order->note;
    return GRILLE_OK;
}

static grille_code deliver(shop_v1_shop_deliver_server_stream *stream, const Shop__V1__Order *order, void *user) {
    (void)user;
    for (size_t at = 0; at < order->n_sizes; at++) {
        Google__Protobuf__Duration delivery = GOOGLE__PROTOBUF__DURATION__INIT;
        Shop__V1__Receipt receipt = SHOP__V1__RECEIPT__INIT;
        delivery.seconds = order->sizes[at];
        receipt.delivery = &delivery;
        receipt.number = (ProtobufCBinaryData){.len = strlen(order->article), .data = (uint8_t *)order->article};
        grille_code code = shop_v1_shop_deliver_server_send(stream, &receipt);
        if (code != GRILLE_OK) return code;
    }
    return shop_v1_shop_deliver_server_finish(stream, GRILLE_OK);
}

static grille_code collect(shop_v1_shop_collect_server_stream *stream, Shop__V1__Receipt *receipt, void *user) {
    Google__Protobuf__Duration *delivery =
        grille_call_alloc(shop_v1_shop_collect_server_call(stream), sizeof *delivery);
    const Shop__V1__Order *order = NULL;
    grille_code code = GRILLE_OK;
    (void)user;
    if (delivery == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    google__protobuf__duration__init(delivery);
    receipt->delivery = delivery;
    while ((code = shop_v1_shop_collect_server_read(stream, &order)) == GRILLE_OK)
        for (size_t at = 0; at < order->n_sizes; at++)
            delivery->seconds += order->sizes[at];
    return code == GRILLE_END_OF_STREAM ? GRILLE_OK : code;
}

static grille_code register_shop(grille_server *server, grille_error *error) {
    static const shop_v1_shop_handlers handlers = {.buy = buy, .deliver = {.open = deliver}, .collect = collect};
    return shop_v1_shop_register_with_error(server, &handlers, NULL, error);
}

int main(int argc, char **argv) {
    return serve(argc, argv, register_shop);
}
