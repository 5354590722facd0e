/* SPDX-License-Identifier: Apache-2.0
 * Buys with both message libraries: parent ADDRESS POLICY IDENTITY.pem IDENTITY.key */
#include <stdio.h>
#include <string.h>

#include "grille/grille.h"
#include "shop/v1/shop.grille-nano.h"
#include "shop/v1/shop.grille-pb.h"

static int failures = 0;

static void expect(bool good, const char *what, const char *message) {
    (void)printf("[ RUN      ] %s\n", what);
    if (good) (void)printf("[       OK ] %s\n", what);
    if (!good) (void)printf("%s\n[  FAILED  ] %s\n", message, what);
    failures += !good;
}

static void buy_with_protobuf_c(grille_channel *channel) {
    static uint32_t sizes[] = {1, 2, 39};
    Shop__V1__Order order = SHOP__V1__ORDER__INIT;
    shop_v1_shop_buy_reply reply;
    grille_code code = GRILLE_OK;
    order.article = "A-1";
    order.n_sizes = 3;
    order.sizes = sizes;
    code = shop_v1_shop_buy(channel, &order, &GRILLE_CALL_OPTIONS(.wait_for_ready = true), &reply);
    expect(code == GRILLE_OK && reply.response->number.len == 3 && memcmp(reply.response->number.data, "A-1", 3) == 0 &&
               reply.response->delivery != NULL && reply.response->delivery->seconds == 42,
           "a call with protobuf-c", reply.message);
    shop_v1_shop_buy_reply_free(&reply);
    order.n_sizes = 0;
    code = shop_v1_shop_buy(channel, &order, NULL, &reply);
    expect(code == GRILLE_INVALID_ARGUMENT && strcmp(reply.message, "no sizes") == 0, "a call that fails",
           reply.message);
    shop_v1_shop_buy_reply_free(&reply);
}

static void buy_with_nanopb(grille_channel *channel) {
    const shop_v1_Order order = {.article = {(const uint8_t *)"B", 1},
                                 .sizes_count = 1,
                                 .sizes = {7},
                                 .note = {{(const uint8_t *)"a\0b", 3}, 1}};
    enclave_shop_v1_shop_buy_reply reply;
    grille_code code = enclave_shop_v1_shop_buy(channel, &order, NULL, &reply);
    expect(code == GRILLE_OK && reply.response->number.len == 3 &&
               memcmp(reply.response->number.data, "a\0b", 3) == 0 && reply.response->delivery.seconds == 7,
           "a call with nanopb", reply.message);
    enclave_shop_v1_shop_buy_reply_free(&reply);
}

static void deliver_with_protobuf_c(grille_channel *channel) {
    static uint32_t sizes[] = {1, 2, 39};
    Shop__V1__Order order = SHOP__V1__ORDER__INIT;
    shop_v1_shop_deliver_stream *stream = NULL;
    shop_v1_shop_deliver_reply reply;
    const Shop__V1__Receipt *receipt = NULL;
    grille_error error = {.code = GRILLE_OK};
    size_t received = 0;
    order.article = "A-1";
    order.n_sizes = 3;
    order.sizes = sizes;
    if (shop_v1_shop_deliver_begin(channel, &order, NULL, &stream, &error) == GRILLE_OK)
        while (shop_v1_shop_deliver_read(stream, &receipt) == GRILLE_OK && received < 3 && receipt->delivery != NULL &&
               receipt->delivery->seconds == (int64_t)sizes[received])
            received++;
    grille_code code = shop_v1_shop_deliver_finish(stream, &reply);
    expect(code == GRILLE_OK && received == 3, "a stream of answers with protobuf-c", reply.message);
    shop_v1_shop_deliver_reply_free(&reply);
}

static void collect_with_nanopb(grille_channel *channel) {
    const shop_v1_Order order = {.sizes_count = 2, .sizes = {7, 14}};
    enclave_shop_v1_shop_collect_stream *stream = NULL;
    enclave_shop_v1_shop_collect_reply reply;
    grille_error error = {.code = GRILLE_OK};
    grille_code code = enclave_shop_v1_shop_collect_begin(channel, NULL, &stream, &error);
    if (code == GRILLE_OK) code = enclave_shop_v1_shop_collect_write(stream, &order);
    if (code == GRILLE_OK) code = enclave_shop_v1_shop_collect_write(stream, &order);
    (void)enclave_shop_v1_shop_collect_finish(stream, &reply);
    expect(code == GRILLE_OK && reply.code == GRILLE_OK && reply.response->delivery.seconds == 42,
           "a stream of requests with nanopb", reply.message);
    enclave_shop_v1_shop_collect_reply_free(&reply);
}

int main(int argc, char **argv) {
    grille_channel_options options = grille_channel_options_default();
    grille_identity *identity = NULL;
    grille_channel *channel = NULL;
    grille_error error = {.code = GRILLE_OK};
    grille_code code = GRILLE_OK;
    if (argc != 5) return 2;
    code = grille_policy_load(argv[2], &options.policy, &error);
    if (code == GRILLE_OK) code = grille_identity_load_x509(argv[3], argv[4], &identity, &error);
    options.identity = identity;
    if (code == GRILLE_OK) code = grille_channel_open(argv[1], &options, &channel, &error);
    expect(code == GRILLE_OK, "a channel", error.text);
    if (code == GRILLE_OK) buy_with_protobuf_c(channel);
    if (code == GRILLE_OK) buy_with_nanopb(channel);
    if (code == GRILLE_OK) deliver_with_protobuf_c(channel);
    if (code == GRILLE_OK) collect_with_nanopb(channel);
    grille_channel_close(channel);
    grille_identity_free(identity);
    grille_policy_free(options.policy);
    return failures != 0;
}
