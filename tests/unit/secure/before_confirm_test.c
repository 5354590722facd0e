/* SPDX-License-Identifier: Apache-2.0
 * What a peer that nobody has verified can make us wait for, and hold: a time, and so many bytes. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "victim.h"
#include "wire/frame.h"

static void silence_ends_at_the_deadline(void **state) {
    const grille_time_us limit_us = (grille_time_us)GRILLE_LIMIT_GATE_MS * 1000;
    evil_end *evil = evil_end_new(&(evil_options){.role = GRILLE_TLS_CLIENT, .wall_ms = FORGE_NOW_MS});
    const grille_bytes hello = evil_end_outgoing(evil);
    (void)state;
    for (size_t half = 0; half < hello.len; half += 50) {
        victim *v = victim_of(GRILLE_RESPONDER, GRILLE_CIPHER_AUTO);
        const grille_time_us start_us = v->clock.now_us;
        victim_feed(v, hello.data, half);
        assert_int_equal(grille_secure_expiry(v->side.secure), start_us + limit_us);
        assert_int_equal(grille_secure_step(v->side.secure, start_us + limit_us - 1, FORGE_NOW_MS), GRILLE_REASON_OK);
        assert_int_equal(grille_secure_get_state(v->side.secure), GRILLE_SECURE_HANDSHAKE);
        assert_int_equal(grille_secure_step(v->side.secure, start_us + limit_us, FORGE_NOW_MS),
                         GRILLE_REASON_GATE_DEADLINE);
        assert_int_equal(grille_secure_get_state(v->side.secure), GRILLE_SECURE_FAILED);
        assert_int_equal(grille_secure_expiry(v->side.secure), GRILLE_TIME_NEVER);
        assert_int_equal(grille_secure_outgoing(v->side.secure).len, 0);
        victim_end(v);
    }
    evil_end_free(evil);
}

/* After TLS the deadline still counts from the first byte, and is told as every failure of the gate. */
static void silence_in_the_gate_ends_too(void **state) {
    victim *v = victim_of(GRILLE_RESPONDER, GRILLE_CIPHER_AUTO);
    evil_end *evil = evil_end_new(&(evil_options){.role = GRILLE_TLS_CLIENT, .wall_ms = FORGE_NOW_MS});
    uint8_t payload[100];
    size_t len = 0;
    (void)state;
    victim_play_evil(v, evil);
    assert_int_equal(grille_secure_get_state(v->side.secure), GRILLE_SECURE_GATE);
    v->clock.now_us += (grille_time_us)GRILLE_LIMIT_GATE_MS * 1000;
    secure_side_run(&v->side, v->clock.now_us, v->clock.wall_ms);
    victim_assert_failed(v, GRILLE_REASON_GATE_DEADLINE);
    victim_play_evil(v, evil);
    assert_true(evil_end_take_gate(evil, payload, sizeof payload, &len));
    assert_int_equal(len, 1);
    assert_int_equal(payload[0], GRILLE_GATE_REFUSED);
    assert_true(evil_end_is_closed(evil));
    evil_end_free(evil);
    victim_end(v);
}

/* Ciphertext counts too: evidence in records of one byte reaches the limit with little of it. */
static void more_than_32_kib_before_confirm(void **state) {
    static const uint8_t nonce[GRILLE_GATE_NONCE_BYTES] = {7};
    const uint8_t start[] = {0x3f, 0xf8, GRILLE_FRAME_GATE, 0, 0, 0, 0, 0, GRILLE_GATE_EVIDENCE};
    victim *v = victim_of(GRILLE_RESPONDER, GRILLE_CIPHER_AUTO);
    evil_end *evil = evil_end_new(&(evil_options){.role = GRILLE_TLS_CLIENT, .wall_ms = FORGE_NOW_MS});
    uint8_t hello[GRILLE_GATE_HELLO_MAX];
    size_t fed = evil_end_outgoing(evil).len; /* the ClientHello */
    size_t before = 0;
    (void)state;
    victim_feed(v, evil_end_outgoing(evil).data, fed);
    evil_end_sent(evil, fed);
    evil_end_feed(evil, grille_secure_outgoing(v->side.secure));
    evil_end_send_gate(evil, grille_bytes_of(hello, evil_hello(0, 0, nonce, GRILLE_IDENTITY_X509, hello)));
    evil_end_write(evil, grille_bytes_of(start, sizeof start));
    while (grille_secure_get_state(v->side.secure) != GRILLE_SECURE_FAILED) {
        const grille_bytes outgoing = evil_end_outgoing(evil);
        before = fed;
        fed += outgoing.len;
        victim_feed(v, outgoing.data, outgoing.len);
        evil_end_sent(evil, outgoing.len);
        assert_true(fed < 2 * GRILLE_LIMIT_BEFORE_CONFIRM_BYTES);
        evil_end_write(evil, grille_bytes_of("x", 1));
    }
    assert_int_equal(v->side.last, GRILLE_REASON_GATE_TOO_MUCH);
    assert_true(before <= GRILLE_LIMIT_BEFORE_CONFIRM_BYTES);
    assert_true(fed > GRILLE_LIMIT_BEFORE_CONFIRM_BYTES);
    assert_true(v->side.budget.peak_bytes < 200000);
    evil_end_free(evil);
    victim_end(v);
}

/* Bytes are only buffered as far as there is room; an owner that feeds more ends the channel. */
static void more_than_there_is_room_for(void **state) {
    static const uint8_t zeros[GRILLE_LIMIT_BEFORE_CONFIRM_BYTES + 1];
    victim *v = victim_of(GRILLE_RESPONDER, GRILLE_CIPHER_AUTO);
    (void)state;
    assert_int_equal(grille_secure_room(v->side.secure), GRILLE_LIMIT_BEFORE_CONFIRM_BYTES);
    assert_int_equal(grille_secure_feed(v->side.secure, grille_bytes_of(zeros, GRILLE_LIMIT_BEFORE_CONFIRM_BYTES)),
                     GRILLE_REASON_OK);
    assert_int_equal(grille_secure_room(v->side.secure), 0);
    assert_int_equal(grille_secure_feed(v->side.secure, grille_bytes_of(zeros, 1)), GRILLE_REASON_GATE_TOO_MUCH);
    assert_int_equal(grille_secure_get_state(v->side.secure), GRILLE_SECURE_FAILED);
    victim_end(v);
    v = victim_of(GRILLE_RESPONDER, GRILLE_CIPHER_AUTO);
    assert_int_equal(grille_secure_feed(v->side.secure, grille_bytes_of(zeros, sizeof zeros)),
                     GRILLE_REASON_GATE_TOO_MUCH);
    victim_end(v);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_ends_at_the_deadline),
        cmocka_unit_test(silence_in_the_gate_ends_too),
        cmocka_unit_test(more_than_32_kib_before_confirm),
        cmocka_unit_test(more_than_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
