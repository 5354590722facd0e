/* SPDX-License-Identifier: Apache-2.0 */
#include "secure_pair.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/frame.h"

grille_secure_options secure_pair_end_options(const secure_pair *pair, const secure_pair_options *options,
                                              grille_secure_role role, grille_budget *budget) {
    const bool initiator = role == GRILLE_INITIATOR;
    grille_secure_options end = {.role = role,
                                 .cipher = initiator ? options->initiator_cipher : options->responder_cipher,
                                 .crypto = grille_crypto_wolf(),
                                 .identity = initiator ? options->initiator_identity : options->responder_identity,
                                 .policy = initiator ? options->initiator_policy : options->responder_policy,
                                 .claims = initiator ? options->initiator_claims : options->responder_claims,
                                 .records_per_key = options->records_per_key,
                                 .on_proved = options->on_proved,
                                 .on_proved_user = options->on_proved_user,
                                 .budget = budget,
                                 .now_us = pair->now_us,
                                 .wall_ms = pair->wall_ms};
    if (end.crypto->random(end.nonce, sizeof end.nonce) != GRILLE_REASON_OK) abort();
    return end;
}

grille_reason secure_pair_open(secure_pair *pair, const secure_pair_options *options) {
    secure_side *const sides[] = {[GRILLE_INITIATOR] = &pair->initiator, [GRILLE_RESPONDER] = &pair->responder};
    grille_reason reason = GRILLE_REASON_OK;
    memset(pair, 0, sizeof *pair);
    pair->now_us = 1000000;
    pair->wall_ms = options->wall_ms != 0 ? options->wall_ms : SECURE_PAIR_WALL_MS;
    for (int role = GRILLE_INITIATOR; role <= GRILLE_RESPONDER; role++) {
        secure_side *side = sides[role];
        grille_secure_options end;
        grille_budget_init(&side->budget, options->budget_bytes != 0 ? options->budget_bytes : 1048576);
        end = secure_pair_end_options(pair, options, (grille_secure_role)role, &side->budget);
        if (reason == GRILLE_REASON_OK) reason = grille_secure_new(&end, &side->secure, &side->error);
    }
    return reason;
}

void secure_pair_close(secure_pair *pair) {
    grille_secure_free(pair->initiator.secure);
    grille_secure_free(pair->responder.secure);
    pair->initiator.secure = NULL;
    pair->responder.secure = NULL;
}

static void note(secure_side *side, grille_reason reason) {
    if (reason != GRILLE_REASON_OK && reason != GRILLE_REASON_MORE) side->last = reason;
}

static void read_all(secure_side *side, grille_time_us now_us) {
    uint8_t plain[16384];
    size_t len = 0;
    grille_reason reason = GRILLE_REASON_OK;
    while (grille_secure_get_state(side->secure) == GRILLE_SECURE_OPEN && reason == GRILLE_REASON_OK) {
        reason = grille_secure_read(side->secure, plain, sizeof plain, &len, now_us);
        note(side, reason);
        if (len > sizeof side->read - side->read_len) abort();
        memcpy(side->read + side->read_len, plain, len);
        side->read_len += len;
    }
}

void secure_side_run(secure_side *side, grille_time_us now_us, grille_wall_ms wall_ms) {
    grille_reason reason = GRILLE_REASON_MORE;
    while (reason == GRILLE_REASON_MORE)
        reason = grille_secure_step(side->secure, now_us, wall_ms);
    note(side, reason);
    read_all(side, now_us);
}

bool secure_pair_carry(secure_pair *pair, secure_side *from, secure_side *to) {
    const grille_bytes outgoing = grille_secure_outgoing(from->secure);
    const size_t room = grille_secure_room(to->secure);
    uint64_t *const carried = &pair->carried[to == &pair->initiator];
    const uint64_t flip = pair->flip_at[to == &pair->initiator];
    size_t len = outgoing.len;
    uint8_t *copy = NULL;
    if (pair->chunk > 0 && len > pair->chunk) len = pair->chunk;
    if (*carried < pair->split_at && pair->split_at - *carried < len) len = (size_t)(pair->split_at - *carried);
    if (len > room) len = room;
    if (len == 0) return false;
    copy = malloc(len); /* a block of its own, so that a read past it is seen */
    if (copy == NULL) abort();
    memcpy(copy, outgoing.data, len);
    if (flip > *carried && flip <= *carried + len) copy[flip - *carried - 1] ^= 1;
    grille_secure_sent(from->secure, len);
    note(to, grille_secure_feed(to->secure, grille_bytes_of(copy, len)));
    *carried += len;
    secure_side_run(to, pair->now_us, pair->wall_ms);
    free(copy);
    return true;
}

void secure_pair_run(secure_pair *pair) {
    bool moved = true;
    secure_side_run(&pair->initiator, pair->now_us, pair->wall_ms);
    secure_side_run(&pair->responder, pair->now_us, pair->wall_ms);
    while (moved) {
        moved = secure_pair_carry(pair, &pair->initiator, &pair->responder);
        moved = secure_pair_carry(pair, &pair->responder, &pair->initiator) || moved;
    }
}

static void hand_back(secure_pair *pair, secure_side *side) {
    grille_bytes rest = grille_bytes_of(side->read, side->read_len);
    grille_bytes payload;
    grille_frame_header header;
    while (rest.len > 0 && grille_frame_take(&rest, &header, &payload) == GRILLE_REASON_OK) {
        if (header.type != GRILLE_FRAME_GATE) continue;
        if (grille_secure_get_state(side->secure) == GRILLE_SECURE_CLOSED)
            note(side, payload.data[0] == GRILLE_GATE_REFUSED ? GRILLE_REASON_GATE_REFUSED_BY_PEER : GRILLE_REASON_OK);
        else
            note(side, grille_secure_gate_frame(side->secure, payload, pair->now_us, pair->wall_ms));
    }
    if (rest.len > 0) memmove(side->read, rest.data, rest.len);
    side->read_len = rest.len;
}

void secure_pair_run_frames(secure_pair *pair) {
    secure_side *const sides[] = {&pair->initiator, &pair->responder};
    bool moved = true;
    while (moved) {
        for (int role = 0; role < 2; role++) {
            secure_side_run(sides[role], pair->now_us, pair->wall_ms);
            hand_back(pair, sides[role]);
            secure_side_run(sides[role], pair->now_us, pair->wall_ms);
        }
        moved = secure_pair_carry(pair, sides[0], sides[1]);
        moved = secure_pair_carry(pair, sides[1], sides[0]) || moved;
    }
}
