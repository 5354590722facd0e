/* SPDX-License-Identifier: Apache-2.0 */
#include "victim.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"

victim *victim_of(grille_secure_role role, grille_cipher cipher) {
    victim *v = calloc(1, sizeof *v);
    secure_pair_options options = {.initiator_cipher = cipher, .responder_cipher = cipher};
    grille_secure_options end;
    assert_non_null(v);
    v->identity.kind = GRILLE_IDENTITY_X509;
    v->policy.accepted_kinds = 1u << GRILLE_IDENTITY_X509;
    options.initiator_identity = options.responder_identity = &v->identity;
    options.initiator_policy = options.responder_policy = &v->policy;
    v->clock.now_us = 1000;
    v->clock.wall_ms = FORGE_NOW_MS;
    grille_budget_init(&v->side.budget, 1 << 20);
    end = secure_pair_end_options(&v->clock, &options, role, &v->side.budget);
    assert_int_equal(grille_secure_new(&end, &v->side.secure, &v->side.error), GRILLE_REASON_OK);
    return v;
}

void victim_end(victim *v) {
    grille_secure_free(v->side.secure);
    assert_int_equal(v->side.budget.used_bytes, 0);
    free(v);
}

void victim_feed(victim *v, const void *data, size_t len) {
    uint8_t *copy = malloc(len > 0 ? len : 1);
    grille_reason reason = GRILLE_REASON_OK;
    assert_non_null(copy);
    if (len > 0) memcpy(copy, data, len);
    reason = grille_secure_feed(v->side.secure, grille_bytes_of(copy, len));
    free(copy); /* before the gate is open nothing is borrowed */
    if (reason != GRILLE_REASON_OK) v->side.last = reason;
    secure_side_run(&v->side, v->clock.now_us, v->clock.wall_ms);
}

void victim_assert_failed(const victim *v, grille_reason expected) {
    const grille_error *failure = grille_secure_failure(v->side.secure);
    if (v->side.last != expected)
        fail_msg("%s (%s), expected %s", grille_reason_name(v->side.last), failure->text, grille_reason_name(expected));
    assert_int_equal(grille_secure_get_state(v->side.secure), GRILLE_SECURE_FAILED);
    assert_string_equal(failure->name, grille_reason_name(expected));
    assert_true(strlen(failure->text) > 0);
    assert_null(grille_secure_peer(v->side.secure));
    assert_int_equal(v->identity.proved, 0);
    assert_int_equal(v->policy.verified, 0);
}

void victim_play_evil(victim *v, evil_end *evil) {
    bool moved = true;
    while (moved) {
        const grille_bytes to_victim = evil_end_outgoing(evil);
        grille_bytes to_evil;
        moved = to_victim.len > 0;
        if (moved) {
            victim_feed(v, to_victim.data, to_victim.len);
            evil_end_sent(evil, to_victim.len);
        }
        to_evil = grille_secure_outgoing(v->side.secure);
        if (to_evil.len == 0) continue;
        evil_end_feed(evil, to_evil);
        grille_secure_sent(v->side.secure, to_evil.len);
        moved = true;
    }
}

void victim_play_raw(victim *v, raw_tls *raw) {
    bool moved = true;
    while (moved) {
        grille_bytes to_raw;
        (void)raw_tls_handshake(raw);
        moved = raw->out_len > 0;
        if (moved) victim_feed(v, raw->out, raw->out_len);
        raw->out_len = 0;
        to_raw = grille_secure_outgoing(v->side.secure);
        if (to_raw.len == 0) continue;
        raw_tls_feed(raw, to_raw);
        grille_secure_sent(v->side.secure, to_raw.len);
        moved = true;
    }
}

void victim_meets_evil(grille_secure_role role, evil_options options, grille_reason expected, int alert) {
    victim *v = victim_of(role, GRILLE_CIPHER_AUTO);
    evil_end *evil = NULL;
    options.role = role == GRILLE_RESPONDER ? GRILLE_TLS_CLIENT : GRILLE_TLS_SERVER;
    if (options.wall_ms == 0) options.wall_ms = FORGE_NOW_MS;
    evil = evil_end_new(&options);
    victim_play_evil(v, evil);
    if (expected == GRILLE_REASON_OK) {
        assert_string_equal(grille_secure_failure(v->side.secure)->text, "");
        assert_int_equal(grille_secure_get_state(v->side.secure), GRILLE_SECURE_GATE);
    } else {
        victim_assert_failed(v, expected);
        assert_int_equal(evil_end_alert(evil), alert);
    }
    evil_end_free(evil);
    victim_end(v);
}

void victim_meets_raw(grille_secure_role role, const raw_tls_options *options, grille_reason expected, int alert) {
    victim *v = victim_of(role, GRILLE_CIPHER_AUTO);
    raw_tls *raw = malloc(sizeof *raw);
    assert_non_null(raw);
    raw_tls_init(raw, options);
    victim_play_raw(v, raw);
    victim_assert_failed(v, expected);
    assert_int_equal(raw_tls_alert(raw), alert);
    raw_tls_deinit(raw);
    free(raw);
    victim_end(v);
}
