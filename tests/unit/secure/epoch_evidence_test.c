/* SPDX-License-Identifier: Apache-2.0
 * Re-attestation: with the wrong evidence, with late evidence, with none. */
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "epoch_groups.h"
#include "epoch_world.h"
#include "wire/frame.h"

/* ---- The wrong peer, or the wrong evidence ---- */

static void another_identity(void **state) {
    (void)state;
    for (int role = I; role <= R; role++) {
        world *w = open_enclave();
        w->identities[role].module = 77;
        reattest(w, I);
        assert_ended(w, 1 - role, GRILLE_REASON_ATTEST_IDENTITY_CHANGED);
        close_world(w);
        w = open_enclave();
        w->identities[role].kind = role == I ? GRILLE_IDENTITY_NITRO : GRILLE_IDENTITY_X509;
        reattest(w, I);
        assert_ended(w, 1 - role, GRILLE_REASON_ATTEST_IDENTITY_CHANGED);
        close_world(w);
    }
}

static void wrong_evidence(void **state) {
    static const grille_reason reasons[] = {GRILLE_REASON_ATTEST_DOCUMENT_STALE, GRILLE_REASON_ATTEST_CERT_EXPIRED,
                                            GRILLE_REASON_ATTEST_PCR_MISMATCH};
    (void)state;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        for (int role = I; role <= R; role++) {
            world *w = open_enclave();
            w->policies[role].verify_answer = reasons[i];
            reattest(w, R);
            assert_ended(w, role, reasons[i]);
            close_world(w);
        }
}

static void evidence_of_the_epoch_before(void **state) {
    (void)state;
    for (int role = I; role <= R; role++) {
        world *w = open_enclave();
        reattest(w, I);
        assert_epoch(w, 1);
        w->identities[role].replays = true;
        reattest(w, I);
        assert_ended(w, 1 - role, GRILLE_REASON_ATTEST_NONCE_MISMATCH);
        close_world(w);
    }
}

static void a_kind_that_the_policy_does_not_accept_any_more(void **state) {
    world *w = open_enclave();
    (void)state;
    w->policies[R].accepted_kinds = 1u << GRILLE_IDENTITY_NITRO;
    reattest(w, I);
    assert_ended(w, R, GRILLE_REASON_ATTEST_KIND_REFUSED);
    close_world(w);
}

/* An initiator that wants the responder's evidence first holds to it in later epochs too. */
static void the_order_is_a_rule_of_each_epoch(void **state) {
    world *w = open_enclave();
    (void)state;
    w->policies[I].responder_first = true;
    reattest(w, I);
    assert_ended(w, I, GRILLE_REASON_ATTEST_ORDER);
    close_world(w);
}

/* ---- Evidence of ours that is not there yet ---- */

static void our_nsm_fails_for_a_while(void **state) {
    (void)state;
    for (int role = I; role <= R; role++) {
        world *w = open_enclave();
        int tries = 0;
        w->identities[role].prove_answer = GRILLE_REASON_NSM_FAILED;
        reattest(w, I);
        for (tries = 0; tries < 5; tries++) {
            assert_int_equal(grille_secure_get_state(end_of(w, role)), GRILLE_SECURE_OPEN);
            assert_int_equal(w->identities[role].proved, 2 + tries);
            assert_in_range(pass_to_next(w), 100 << tries, (100 << tries) + 1);
        }
        w->identities[role].prove_answer = GRILLE_REASON_OK;
        (void)pass_to_next(w);
        assert_epoch(w, 1);
        close_world(w);
    }
}

/* The peer gives up when the evidence that it has expires. */
static void our_nsm_never_comes_back(void **state) {
    world *w = open_enclave();
    (void)state;
    w->identities[R].prove_answer = GRILLE_REASON_NSM_FAILED;
    while (grille_secure_get_state(end_of(w, R)) == GRILLE_SECURE_OPEN)
        (void)pass_to_next(w);
    assert_ended(w, I, GRILLE_REASON_ATTEST_EVIDENCE_EXPIRED);
    assert_int_equal(since_start_ms(w), 3 * hour_ms);
    assert_in_range(w->identities[R].proved, 60, 100); /* one in ten seconds of the last 10 to 12 minutes */
    close_world(w);
}

static void evidence_that_is_made_elsewhere(void **state) {
    world *w = open_enclave();
    (void)state;
    w->identities[R].holds = true;
    reattest(w, I);
    assert_int_equal(w->identities[R].proved, 2);
    assert_non_null(w->identities[R].waiting);
    /* Nothing to do but wait: no timer, no step, and the session goes on. */
    assert_true(grille_secure_expiry(end_of(w, R)) > w->pair.now_us + 1000000);
    assert_int_equal(grille_secure_step(end_of(w, R), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
    write_other(w, I);
    write_other(w, R);
    run(w);
    assert_int_equal(w->logs[I].others + w->logs[R].others, 2);
    pass(w, minute_ms);
    assert_int_equal(w->identities[R].proved, 2);
    fake_evidence_release(&w->identities[R]);
    assert_int_equal(w->proved_calls, 1);
    run(w);
    assert_epoch(w, 1);
    close_world(w);
}

/* A proof under way is cancelled with its channel, whoever ends it; and counted in the budget while it is there. */
static void a_proof_is_cancelled_with_its_channel(void **state) {
    world *w = open_enclave();
    size_t before = 0;
    (void)state;
    w->identities[R].holds = true;
    before = side(w, R)->budget.used_bytes;
    reattest(w, I);
    assert_true(side(w, R)->budget.used_bytes >= before + GRILLE_PROOF_BYTES);
    close_world(w);

    w = open_enclave();
    w->identities[R].holds = true;
    reattest(w, I);
    inject_type(w, I, GRILLE_GATE_REFUSED);
    run(w);
    assert_int_equal(side(w, R)->last, GRILLE_REASON_GATE_REFUSED_BY_PEER);
    assert_int_equal(w->identities[R].cancelled, 1);
    fake_evidence_release(&w->identities[R]);
    assert_int_equal(w->proved_calls, 0);
    close_world(w);
}

/* The same in the first gate, where the deadline runs. */
static void the_first_evidence_is_made_elsewhere(void **state) {
    world *w = new_world(GRILLE_IDENTITY_NITRO);
    const secure_pair_options options = {.initiator_identity = &w->identities[I],
                                         .initiator_policy = &w->policies[I],
                                         .responder_identity = &w->identities[R],
                                         .responder_policy = &w->policies[R],
                                         .on_proved = on_proved,
                                         .on_proved_user = w};
    (void)state;
    w->identities[R].holds = true;
    for (int late = 0; late < 2; late++) {
        assert_int_equal(secure_pair_open(&w->pair, &options), GRILLE_REASON_OK);
        run(w);
        assert_int_equal(grille_secure_get_state(end_of(w, R)), GRILLE_SECURE_GATE);
        assert_non_null(w->identities[R].waiting);
        assert_int_equal(grille_secure_step(end_of(w, R), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
        if (late) pass(w, GRILLE_LIMIT_GATE_MS);
        fake_evidence_release(&w->identities[R]);
        run(w);
        assert_int_equal(w->proved_calls, 1);
        assert_int_equal(w->identities[R].cancelled, late);
        if (late)
            assert_int_equal(side(w, R)->last, GRILLE_REASON_GATE_DEADLINE);
        else
            assert_epoch(w, 0);
        secure_pair_close(&w->pair);
    }
    /* One that can't be made ends it at once. */
    w->identities[R].holds = false;
    w->identities[R].prove_answer = GRILLE_REASON_NSM_FAILED;
    assert_int_equal(secure_pair_open(&w->pair, &options), GRILLE_REASON_OK);
    run(w);
    assert_ended(w, R, GRILLE_REASON_NSM_FAILED);
    close_world(w);
}

/* ---- Silence ---- */

static void a_silent_responder(void **state) {
    world *w = open_enclave();
    (void)state;
    w->mute[R] = true;
    while (grille_secure_get_state(end_of(w, I)) == GRILLE_SECURE_OPEN)
        assert_true(pass_to_next(w) >= 0);
    assert_int_equal(since_start_ms(w), 3 * hour_ms);
    assert_int_equal(side(w, I)->last, GRILLE_REASON_ATTEST_EVIDENCE_EXPIRED);
    assert_int_equal(grille_secure_failure(end_of(w, I))->code, GRILLE_UNAUTHENTICATED);
    close_world(w);
}

/* A responder asks once a minute. */
static void a_silent_initiator(void **state) {
    world *w = new_world(GRILLE_IDENTITY_NITRO);
    size_t requests = 0;
    (void)state;
    w->identities[I].expires_ms = SECURE_PAIR_WALL_MS + hour_ms;
    open_world(w);
    w->mute[I] = true;
    while (grille_secure_get_state(end_of(w, R)) == GRILLE_SECURE_OPEN)
        assert_true(pass_to_next(w) >= 0);
    assert_int_equal(since_start_ms(w), hour_ms);
    assert_int_equal(side(w, R)->last, GRILLE_REASON_ATTEST_EVIDENCE_EXPIRED);
    for (size_t i = 0; i < w->logs[I].type_count; i++)
        requests += w->logs[I].types[i] == GRILLE_GATE_REQUEST;
    assert_in_range(requests, 10, 12);
    close_world(w);
}

/* Nobody's evidence has an end, so the attempt has. */
static void silence_without_an_end(void **state) {
    (void)state;
    for (int role = I; role <= R; role++) {
        world *w = new_world(GRILLE_IDENTITY_X509);
        open_world(w);
        assert_int_equal(pass_to_next(w), -1);
        w->mute[1 - role] = true;
        reattest(w, role);
        while (grille_secure_get_state(end_of(w, role)) == GRILLE_SECURE_OPEN)
            assert_true(pass_to_next(w) >= 0);
        assert_int_equal(since_start_ms(w), GRILLE_LIMIT_EPOCH_MS);
        assert_int_equal(side(w, role)->last, GRILLE_REASON_ATTEST_EVIDENCE_EXPIRED);
        close_world(w);
    }
}

int epoch_evidence_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_identity),
        cmocka_unit_test(wrong_evidence),
        cmocka_unit_test(evidence_of_the_epoch_before),
        cmocka_unit_test(a_kind_that_the_policy_does_not_accept_any_more),
        cmocka_unit_test(the_order_is_a_rule_of_each_epoch),
        cmocka_unit_test(our_nsm_fails_for_a_while),
        cmocka_unit_test(our_nsm_never_comes_back),
        cmocka_unit_test(evidence_that_is_made_elsewhere),
        cmocka_unit_test(a_proof_is_cancelled_with_its_channel),
        cmocka_unit_test(the_first_evidence_is_made_elsewhere),
        cmocka_unit_test(a_silent_responder),
        cmocka_unit_test(a_silent_initiator),
        cmocka_unit_test(silence_without_an_end),
    };
    return cmocka_run_group_tests_name("secure/epoch_evidence", tests, NULL, NULL);
}
