/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_world.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"

void world_init(exchange_world *world) {
    memset(world, 0, sizeof *world);
    grille_budget_init(&world->budget, GRILLE_LIMIT_KMS_EXCHANGE_BYTES);
    world->answer = WORLD_ANSWER;
    world->feed_most = SIZE_MAX;
    world->options = (grille_kms_exchange_options){.tls = grille_tls_of_services(),
                                                   .crypto = grille_crypto_wolf(),
                                                   .rsa = grille_rsa_wolf(),
                                                   .host = HTTPS_NAME,
                                                   .anchors = world->anchors,
                                                   .anchor_count = 1,
                                                   .budget = &world->budget,
                                                   .wall_now_ms = HTTPS_NOW_MS,
                                                   .request = grille_bytes_of_text(WORLD_REQUEST),
                                                   .answer = world->body,
                                                   .answer_capacity = sizeof world->body};
}

void world_open(exchange_world *world) {
    world->server = https_server_new(&world->service);
    world->anchors[0] = https_server_anchor(world->server);
    assert_int_equal(grille_kms_exchange_new(&world->options, &world->exchange, &world->error), GRILLE_REASON_OK);
    world->reason = GRILLE_REASON_MORE;
}

static size_t step_of(const exchange_world *world, size_t len) {
    return world->step_bytes > 0 && world->step_bytes < len ? world->step_bytes : len;
}

/* True when something went. */
static bool carry_out(exchange_world *world) {
    const grille_bytes outgoing = grille_kms_exchange_outgoing(world->exchange);
    const size_t len = step_of(world, outgoing.len);
    if (len == 0) return false;
    https_server_feed(world->server, grille_bytes_of(outgoing.data, len));
    grille_kms_exchange_sent(world->exchange, len);
    return true;
}

static bool carry_in(exchange_world *world) {
    static uint8_t bytes[131072];
    size_t len = step_of(world, sizeof bytes);
    if (len > world->feed_most - world->fed_bytes) len = world->feed_most - world->fed_bytes;
    len = len > 0 ? https_server_take(world->server, bytes, len) : 0;
    if (len == 0) return false;
    if (world->changed_place - world->fed_bytes < len)
        bytes[world->changed_place - world->fed_bytes] ^= world->changed_bits;
    world->fed_bytes += len;
    world->reason =
        grille_kms_exchange_feed(world->exchange, grille_bytes_of(bytes, len), 0, &world->result, &world->error);
    memset(bytes, 0xee, len); /* they were borrowed for that call only */
    return true;
}

static void answer_once(exchange_world *world) {
    const grille_bytes request = https_server_request(world->server);
    if (world->answered || world->answer == NULL || request.len < world->options.request.len) return;
    world->answered = true;
    https_server_say(world->server, world->answer, world->answer_len > 0 ? world->answer_len : strlen(world->answer));
}

grille_reason world_play(exchange_world *world) {
    bool moved = true;
    while (moved) {
        moved = carry_out(world);
        answer_once(world);
        if (world->reason == GRILLE_REASON_MORE) moved = carry_in(world) || moved;
    }
    return world->reason;
}

void world_close(exchange_world *world) {
    assert_true(world->budget.peak_bytes <= GRILLE_LIMIT_KMS_EXCHANGE_BYTES);
    grille_kms_exchange_free(world->exchange);
    https_server_free(world->server);
    assert_int_equal(world->budget.used_bytes, 0);
}

grille_reason world_run(exchange_world *world) {
    world_open(world);
    (void)world_play(world);
    world_close(world);
    return world->reason;
}
