/* SPDX-License-Identifier: Apache-2.0
 * Re-attestation: when it comes, what it costs, and its keys. */
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "epoch_groups.h"
#include "epoch_world.h"
#include "wire/frame.h"

/* ---- Good ones ---- */

static void by_the_timer_before_expiry(grille_identity_kind kind) {
    world *w = open_kind(kind);
    const size_t idle_bytes[2] = {side(w, I)->budget.used_bytes, side(w, R)->budget.used_bytes};
    w->identities[R].expires_ms += 3 * hour_ms;
    assert_true(grille_secure_expiry(end_of(w, R)) == GRILLE_TIME_NEVER);
    (void)pass_to_next(w);
    assert_epoch(w, 1);
    assert_in_range(since_start_ms(w), 3 * hour_ms - 12 * minute_ms, 3 * hour_ms - 10 * minute_ms);
    for (int role = I; role <= R; role++) {
        assert_int_equal(w->policies[role].verified, 2);
        assert_int_equal(w->identities[role].proved, 2);
        /* An idle channel holds no gate: of an epoch nothing stays. */
        grille_secure_trim(end_of(w, role));
        assert_true(side(w, role)->budget.used_bytes <= idle_bytes[role]);
    }
    assert_int_equal(grille_secure_peer(end_of(w, I))->module_id[0], 1 + R);
    assert_true(grille_secure_peer(end_of(w, I))->expires_ms == w->identities[R].expires_ms);
    /* And the next one by the new evidence. */
    (void)pass_to_next(w);
    assert_epoch(w, 2);
    assert_in_range(since_start_ms(w), 6 * hour_ms - 12 * minute_ms, 6 * hour_ms - 10 * minute_ms);
    close_world(w);
}

static void by_the_timer(void **state) {
    (void)state;
    by_the_timer_before_expiry(GRILLE_IDENTITY_X509);
    by_the_timer_before_expiry(GRILLE_IDENTITY_NITRO);
}

/* What the memory of an idle connection is now and what it would be with its gate. */
static void an_idle_channel_holds_no_gate(void **state) {
    world *w = open_enclave();
    (void)state;
    assert_null(end_of(w, I)->attempt);
    print_message("an idle open end holds %zu bytes, none of a gate: %zu bytes less\n", side(w, I)->budget.used_bytes,
                  sizeof(secure_attempt));
    assert_int_equal(grille_secure_reattest(end_of(w, I), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
    assert_non_null(end_of(w, I)->attempt);
    run(w);
    assert_null(end_of(w, I)->attempt);
    close_world(w);
}

/* The responder verifies the initiator, whose evidence expires: it asks. */
static void a_responder_asks_before_expiry(void **state) {
    world *w = new_world(GRILLE_IDENTITY_NITRO);
    (void)state;
    w->identities[I].expires_ms = SECURE_PAIR_WALL_MS + hour_ms;
    open_world(w);
    w->identities[I].expires_ms += hour_ms;
    (void)pass_to_next(w);
    assert_epoch(w, 1);
    assert_in_range(since_start_ms(w), hour_ms - 12 * minute_ms, hour_ms - 10 * minute_ms);
    assert_int_equal(w->logs[I].types[0], GRILLE_GATE_REQUEST);
    close_world(w);
}

static void by_the_policys_interval(void **state) {
    world *w = new_world(GRILLE_IDENTITY_NITRO);
    (void)state;
    w->policies[I].reattest_ms = hour_ms;
    open_world(w);
    (void)pass_to_next(w);
    assert_epoch(w, 1);
    assert_in_range(since_start_ms(w), hour_ms - 12 * minute_ms, hour_ms - 10 * minute_ms);
    (void)pass_to_next(w);
    assert_epoch(w, 2);
    assert_in_range(since_start_ms(w), 2 * (hour_ms - 12 * minute_ms), 2 * (hour_ms - 10 * minute_ms));
    close_world(w);
}

/* Frames of the session go on in both directions, between the messages of the epoch. */
static void on_demand(void **state) {
    (void)state;
    for (int role = I; role <= R; role++)
        for (int kind = GRILLE_IDENTITY_NITRO; kind <= GRILLE_IDENTITY_X509; kind++) {
            world *w = open_kind((grille_identity_kind)kind);
            write_other(w, I);
            write_other(w, R);
            assert_int_equal(grille_secure_reattest(end_of(w, role), w->pair.now_us, w->pair.wall_ms),
                             GRILLE_REASON_OK);
            /* Another one is part of it. */
            assert_int_equal(grille_secure_reattest(end_of(w, role), w->pair.now_us, w->pair.wall_ms),
                             GRILLE_REASON_OK);
            write_other(w, I);
            write_other(w, R);
            run(w);
            write_other(w, I);
            write_other(w, R);
            run(w);
            assert_epoch(w, 1);
            assert_int_equal(w->logs[I].others, 3);
            assert_int_equal(w->logs[R].others, 3);
            close_world(w);
        }
}

/* Each byte of the transport by itself, and each place of a cut. */
static void cut_anywhere(void **state) {
    world *w = open_enclave();
    uint64_t lens[2][2];
    (void)state;
    w->pair.chunk = 1;
    memcpy(lens[0], w->pair.carried, sizeof lens[0]);
    assert_int_equal(grille_secure_reattest(end_of(w, R), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
    run(w);
    assert_epoch(w, 1);
    memcpy(lens[1], w->pair.carried, sizeof lens[1]);
    assert_true(lens[1][0] > lens[0][0] + 100 && lens[1][1] > lens[0][1] + 100);
    close_world(w);
}

/* GATE frames split over records: a byte of plaintext in each. */
static void split_over_records(void **state) {
    static const uint8_t request[] = {0, 1, GRILLE_FRAME_GATE, 0, 0, 0, 0, 0, GRILLE_GATE_REQUEST};
    world *w = open_enclave();
    (void)state;
    for (size_t i = 0; i < sizeof request; i++) {
        assert_int_equal(grille_secure_write(end_of(w, R), grille_bytes_of(request + i, 1)), GRILLE_REASON_OK);
        assert_int_equal(w->logs[I].type_count, 0);
        run(w);
    }
    assert_epoch(w, 1);
    close_world(w);
}

static void a_request_that_crosses_a_hello_is_satisfied_by_it(void **state) {
    world *w = open_enclave();
    (void)state;
    assert_int_equal(grille_secure_reattest(end_of(w, I), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
    assert_int_equal(grille_secure_reattest(end_of(w, R), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
    run(w);
    assert_epoch(w, 1);
    assert_int_equal(w->logs[I].types[0], GRILLE_GATE_REQUEST);
    assert_int_equal(w->logs[I].types[1], GRILLE_GATE_HELLO);
    pass(w, 10 * minute_ms);
    assert_epoch(w, 1);
    close_world(w);
}

static void our_own_limits(void **state) {
    world *w = open_enclave();
    (void)state;
    for (uint32_t n = 1; n <= GRILLE_EPOCH_OWN_BURST; n++) {
        assert_int_equal(grille_secure_reattest(end_of(w, I), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
        run(w);
        assert_epoch(w, n);
    }
    assert_int_equal(grille_secure_reattest(end_of(w, I), w->pair.now_us, w->pair.wall_ms),
                     GRILLE_REASON_GATE_TOO_SOON);
    /* A request of the peer is answered when the limit allows it. */
    assert_int_equal(grille_secure_reattest(end_of(w, R), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
    run(w);
    assert_int_equal(grille_secure_peer(end_of(w, I))->epoch, GRILLE_EPOCH_OWN_BURST);
    assert_int_equal(pass_to_next(w), GRILLE_LIMIT_EPOCH_INTERVAL_MS);
    assert_epoch(w, GRILLE_EPOCH_OWN_BURST + 1);
    assert_int_equal(grille_secure_reattest(end_of(w, R), w->pair.now_us, w->pair.wall_ms),
                     GRILLE_REASON_GATE_TOO_SOON);
    pass(w, GRILLE_LIMIT_REQUEST_INTERVAL_MS);
    assert_int_equal(grille_secure_reattest(end_of(w, R), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
    run(w);
    assert_epoch(w, GRILLE_EPOCH_OWN_BURST + 2);
    close_world(w);
}

/* An NSM that shows the same certificate once more: no error, the next try is at half of the rest. */
static void the_same_leaf_again(void **state) {
    world *w = open_enclave();
    int64_t rest_ms = 0;
    uint32_t epoch = 1;
    (void)state;
    (void)pass_to_next(w);
    assert_epoch(w, 1);
    for (rest_ms = 3 * hour_ms - since_start_ms(w); rest_ms > 2 * minute_ms; epoch++) {
        const int64_t went_ms = pass_to_next(w);
        assert_in_range(went_ms, rest_ms / 2, rest_ms / 2 + 1);
        rest_ms -= went_ms;
        assert_epoch(w, epoch + 1);
    }
    /* Not within a minute of the last one. */
    assert_int_equal(pass_to_next(w), minute_ms);
    w->identities[R].expires_ms += 3 * hour_ms;
    (void)pass_to_next(w);
    assert_in_range(since_start_ms(w), 3 * hour_ms - minute_ms, 3 * hour_ms - 1);
    (void)pass_to_next(w);
    assert_in_range(since_start_ms(w), 6 * hour_ms - 12 * minute_ms, 6 * hour_ms - 10 * minute_ms);
    assert_true(epoch >= 3);
    close_world(w);
}

/* ---- Keys ---- */

/* The key schedule of docs/protocol.md once more, by its formulas alone. */
static void lp(grille_writer *writer, grille_bytes bytes) {
    grille_write_u32(writer, (uint32_t)bytes.len);
    grille_write_bytes(writer, bytes);
}

static void hash(grille_bytes input, uint8_t digest[48]) {
    assert_int_equal(grille_crypto_wolf()->hash(GRILLE_SHA384, &input, 1, digest), GRILLE_REASON_OK);
}

static void hmac(const uint8_t key[48], grille_bytes input, uint8_t mac[48]) {
    assert_int_equal(grille_crypto_wolf()->hmac(GRILLE_SHA384, grille_bytes_of(key, 48), &input, 1, mac),
                     GRILLE_REASON_OK);
}

typedef struct recomputed {
    uint8_t th[48];
    uint8_t binders[2][48];
    uint8_t confirms[2][48];
} recomputed;

typedef struct epoch_messages {
    grille_bytes hellos[2];
    grille_bytes evidences[2];
    grille_bytes confirms[2];
} epoch_messages;

static void derive(world *w, uint32_t epoch, const epoch_messages *messages, const uint8_t *previous_th,
                   recomputed *out) {
    static const char letters[] = "IR";
    uint8_t room[4096], ctx[48], leaf[48], key[48];
    const uint8_t *exporter = end_of(w, I)->exporter;
    grille_writer writer = grille_writer_into(room, sizeof room);
    uint8_t suite[2];
    const uint16_t number = grille_tls_suite(end_of(w, I)->tls);
    suite[0] = (uint8_t)(number >> 8);
    suite[1] = (uint8_t)number;
    grille_write_bytes(&writer, grille_bytes_of_text("grille-gate-v1"));
    lp(&writer, grille_bytes_of(suite, 2));
    lp(&writer, grille_bytes_of_text("grille/1"));
    for (int role = I; role <= R; role++) {
        hash(end_of(w, role)->own_leaf, leaf);
        grille_write_bytes(&writer, grille_bytes_of(leaf, sizeof leaf));
    }
    lp(&writer, messages->hellos[I]);
    lp(&writer, messages->hellos[R]);
    grille_write_u32(&writer, epoch);
    lp(&writer, grille_bytes_of(previous_th, epoch == 0 ? 0 : 48));
    hash(grille_written(&writer), ctx);
    writer = grille_writer_into(room, sizeof room);
    grille_write_bytes(&writer, grille_bytes_of(ctx, 48));
    lp(&writer, messages->evidences[R]);
    lp(&writer, messages->evidences[I]);
    hash(grille_written(&writer), out->th);
    for (int role = I; role <= R; role++) {
        /* HKDF-Expand of one block: HMAC(S, info ‖ 1). */
        writer = grille_writer_into(room, sizeof room);
        grille_write_bytes(&writer, grille_bytes_of_text("grille evidence "));
        grille_write_u8(&writer, (uint8_t)letters[role]);
        grille_write_bytes(&writer, grille_bytes_of(ctx, 48));
        grille_write_u8(&writer, 1);
        hmac(exporter, grille_written(&writer), key);
        writer = grille_writer_into(room, sizeof room);
        grille_write_bytes(&writer, grille_bytes_of_text("grille-binder-v1"));
        grille_write_u8(&writer, (uint8_t)letters[role]);
        lp(&writer, grille_bytes_of(key, 48));
        grille_write_bytes(&writer, grille_bytes_of(ctx, 48));
        lp(&writer, end_of(w, role)->own_spki);
        lp(&writer, grille_bytes_of_text(role == I ? "claims of I" : "claims of R"));
        hash(grille_written(&writer), out->binders[role]);
        writer = grille_writer_into(room, sizeof room);
        grille_write_bytes(&writer, grille_bytes_of_text("grille confirm "));
        grille_write_u8(&writer, (uint8_t)letters[role]);
        grille_write_bytes(&writer, grille_bytes_of(ctx, 48));
        grille_write_u8(&writer, 1);
        hmac(exporter, grille_written(&writer), key);
        writer = grille_writer_into(room, sizeof room);
        grille_write_bytes(&writer, grille_bytes_of_text("ok"));
        grille_write_bytes(&writer, grille_bytes_of(out->th, 48));
        hmac(key, grille_written(&writer), out->confirms[role]);
    }
}

static epoch_messages messages_of(world *w) {
    epoch_messages messages;
    for (int reader = I; reader <= R; reader++) {
        const end_log *log = &w->logs[reader];
        assert_int_equal(log->count, 3);
        messages.hellos[1 - reader] = grille_bytes_of(log->payloads[0], log->lens[0]);
        messages.evidences[1 - reader] = grille_bytes_of(log->payloads[1], log->lens[1]);
        messages.confirms[1 - reader] = grille_bytes_of(log->payloads[2], log->lens[2]);
    }
    return messages;
}

static void epochs_are_chained(grille_identity_kind kind) {
    world *w = open_kind(kind);
    uint8_t previous_th[48];
    uint8_t nonces[6][2][GRILLE_GATE_NONCE_BYTES];
    memcpy(previous_th, end_of(w, I)->th, sizeof previous_th);
    for (uint32_t epoch = 1; epoch <= 5; epoch++) {
        epoch_messages messages;
        recomputed values;
        w->logs[I].count = w->logs[R].count = 0;
        pass(w, minute_ms);
        reattest(w, I);
        assert_epoch(w, epoch);
        messages = messages_of(w);
        derive(w, epoch, &messages, previous_th, &values);
        for (int role = I; role <= R; role++) {
            const grille_bytes evidence = messages.evidences[role];
            const size_t body = 4 + strlen("claims of I") + 2;
            assert_memory_equal(messages.confirms[role].data + 1, values.confirms[role], 48);
            assert_memory_equal(evidence.data + body + 1, values.binders[role], 48);
            assert_memory_equal(end_of(w, role)->th, values.th, 48);
            memcpy(nonces[epoch][role], messages.hellos[role].data + 7, GRILLE_GATE_NONCE_BYTES);
            for (uint32_t before = 1; before < epoch; before++)
                assert_memory_not_equal(nonces[before][role], nonces[epoch][role], GRILLE_GATE_NONCE_BYTES);
        }
        memcpy(previous_th, values.th, sizeof previous_th);
    }
    close_world(w);
}

static void five_epochs_are_chained(void **state) {
    (void)state;
    epochs_are_chained(GRILLE_IDENTITY_X509);
    epochs_are_chained(GRILLE_IDENTITY_NITRO);
}

/* An epoch costs the peer's bucket of control records two tokens: the fastest that is allowed does not empty it. */
static void key_updates_fit_their_bucket(void **state) {
    world *w = open_enclave();
    (void)state;
    for (uint32_t n = 1; n <= 40; n++) {
        if (n > GRILLE_EPOCH_OWN_BURST) pass(w, GRILLE_LIMIT_EPOCH_INTERVAL_MS);
        reattest(w, I);
        assert_epoch(w, n);
    }
    close_world(w);
}

static int epoch_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_the_timer),
        cmocka_unit_test(an_idle_channel_holds_no_gate),
        cmocka_unit_test(a_responder_asks_before_expiry),
        cmocka_unit_test(by_the_policys_interval),
        cmocka_unit_test(on_demand),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(split_over_records),
        cmocka_unit_test(a_request_that_crosses_a_hello_is_satisfied_by_it),
        cmocka_unit_test(our_own_limits),
        cmocka_unit_test(the_same_leaf_again),
        cmocka_unit_test(five_epochs_are_chained),
        cmocka_unit_test(key_updates_fit_their_bucket),
    };
    return cmocka_run_group_tests_name("secure/epoch", tests, NULL, NULL);
}

int main(void) {
    return epoch_group() + epoch_evidence_group() + epoch_rules_group() + epoch_replace_group();
}
