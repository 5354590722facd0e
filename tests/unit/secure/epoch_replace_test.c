/* SPDX-License-Identifier: Apache-2.0
 * Re-attestation: policies and identities that are replaced. */
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "epoch_groups.h"
#include "epoch_world.h"
#include "wire/frame.h"

/* ---- Policies and identities that are replaced ---- */

static void replace_policy(world *w, int role, grille_policy *policy) {
    assert_int_equal(
        grille_secure_replace_policy(end_of(w, role), policy, grille_bytes_of_text("new claims"), w->pair.wall_ms),
        GRILLE_REASON_OK);
    run(w);
}

static void a_policy_is_replaced(void **state) {
    world *w = open_enclave();
    grille_policy *next = calloc(1, sizeof *next);
    const grille_error *why = NULL;
    (void)state;
    assert_non_null(next);
    *next = w->policies[I];
    next->references = 0;
    next->again_answer = GRILLE_REASON_ATTEST_PCR_MISMATCH;
    assert_int_equal(grille_secure_verdict(end_of(w, I), &why), GRILLE_REASON_OK);
    assert_int_equal(why->text[0], '\0');
    replace_policy(w, I, next);
    assert_int_equal(next->judged_again, 1);
    assert_int_equal(grille_secure_verdict(end_of(w, I), &why), GRILLE_REASON_ATTEST_PCR_MISMATCH);
    assert_string_equal(why->name, "ATTEST-PCR-MISMATCH");
    /* The channel stays open; nobody attests for a policy that refuses the peer, but the evidence still expires. */
    assert_int_equal(grille_secure_get_state(end_of(w, I)), GRILLE_SECURE_OPEN);
    write_other(w, R);
    run(w);
    assert_int_equal(w->logs[I].others, 1);
    while (grille_secure_get_state(end_of(w, I)) == GRILLE_SECURE_OPEN)
        assert_true(pass_to_next(w) >= 0);
    assert_ended(w, I, GRILLE_REASON_ATTEST_EVIDENCE_EXPIRED);
    assert_int_equal(next->verified, w->policies[I].verified);
    assert_int_equal(w->identities[R].proved, 1);
    close_world(w);
    assert_int_equal(next->references, 0);
    free(next);
}

/* One that accepts the peer again makes it good. */
static void a_policy_is_replaced_twice(void **state) {
    world *w = open_enclave();
    grille_policy refuses = w->policies[I];
    grille_policy *accepts = &w->policies[I];
    (void)state;
    refuses.references = 0;
    refuses.again_answer = GRILLE_REASON_ATTEST_SET_EXPIRED;
    replace_policy(w, I, &refuses);
    assert_int_equal(grille_secure_verdict(end_of(w, I), NULL), GRILLE_REASON_ATTEST_SET_EXPIRED);
    replace_policy(w, I, accepts);
    assert_int_equal(grille_secure_verdict(end_of(w, I), NULL), GRILLE_REASON_OK);
    (void)pass_to_next(w);
    assert_epoch(w, 1);
    assert_int_equal(refuses.references, 0);
    close_world(w);
}

/* An epoch under way is finished with the claims that it began with and judged by the new policy too. */
static void a_policy_is_replaced_during_an_epoch(void **state) {
    static const grille_reason answers[] = {GRILLE_REASON_OK, GRILLE_REASON_ATTEST_PCR_MISMATCH};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        world *w = open_enclave();
        grille_policy next = w->policies[I];
        next.references = 0;
        next.again_answer = answers[i];
        w->identities[R].holds = true;
        reattest(w, I);
        assert_int_equal(w->policies[I].references, 2);
        replace_policy(w, I, &next);
        assert_int_equal(w->policies[I].references, 1);
        assert_int_equal(next.judged_again, 1);
        fake_evidence_release(&w->identities[R]);
        run(w);
        assert_epoch(w, 1);
        assert_int_equal(next.judged_again, 2);
        assert_int_equal(w->policies[I].references, 0);
        assert_int_equal(w->policies[I].verified, 2);
        assert_int_equal(next.verified, w->policies[I].verified - 1);
        assert_int_equal(grille_secure_verdict(end_of(w, I), NULL), answers[i]);
        w->identities[R].holds = false;
        if (answers[i] == GRILLE_REASON_OK) {
            /* The next one shows the new claims. */
            w->logs[R].count = 0;
            reattest(w, I);
            assert_epoch(w, 2);
            assert_memory_equal(w->logs[R].payloads[1] + 4, "new claims", 10);
        }
        next.references = 0;
        secure_pair_close(&w->pair);
        free(w);
    }
}

static void claims_that_are_too_long_change_nothing(void **state) {
    static const uint8_t claims[GRILLE_LIMIT_CLAIMS_BYTES + 1];
    world *w = open_enclave();
    grille_policy next = w->policies[I];
    (void)state;
    next.references = 0;
    assert_int_equal(grille_secure_replace_policy(end_of(w, I), &next, grille_bytes_of(claims, sizeof claims), 0),
                     GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(next.references, 0);
    assert_int_equal(
        grille_secure_replace_policy(end_of(w, I), &next, grille_bytes_of(claims, sizeof claims - 1), w->pair.wall_ms),
        GRILLE_REASON_OK);
    assert_int_equal(next.references, 1);
    reattest(w, I);
    assert_epoch(w, 1);
    grille_secure_free(end_of(w, I));
    side(w, I)->secure = NULL;
    assert_int_equal(next.references, 0);
    close_world(w);
}

/* Before the peer is verified there is nobody to judge again; after it, the new policy does. */
static void a_policy_is_replaced_before_the_gate_is_open(void **state) {
    world *w = new_world(GRILLE_IDENTITY_NITRO);
    grille_policy next = w->policies[I];
    const secure_pair_options options = {.initiator_identity = &w->identities[I],
                                         .initiator_policy = &w->policies[I],
                                         .responder_identity = &w->identities[R],
                                         .responder_policy = &w->policies[R],
                                         .on_proved = on_proved,
                                         .on_proved_user = w};
    (void)state;
    next.again_answer = GRILLE_REASON_ATTEST_PCR_MISMATCH;
    w->identities[R].holds = true;
    assert_int_equal(secure_pair_open(&w->pair, &options), GRILLE_REASON_OK);
    run(w);
    assert_int_equal(grille_secure_get_state(end_of(w, I)), GRILLE_SECURE_GATE);
    replace_policy(w, I, &next);
    assert_int_equal(next.judged_again, 0);
    fake_evidence_release(&w->identities[R]);
    run(w);
    assert_epoch(w, 0);
    assert_int_equal(next.judged_again, 1);
    assert_int_equal(grille_secure_verdict(end_of(w, I), NULL), GRILLE_REASON_ATTEST_PCR_MISMATCH);
    grille_secure_free(end_of(w, I));
    side(w, I)->secure = NULL;
    close_world(w);
}

static void a_set_ends(void **state) {
    (void)state;
    for (int follows = 0; follows < 2; follows++) {
        world *w = new_world(GRILLE_IDENTITY_X509);
        const grille_error *why = NULL;
        w->policies[I].set_expires_ms = SECURE_PAIR_WALL_MS + hour_ms;
        w->policies[I].set_follows = follows != 0;
        open_world(w);
        /* The peer may prove before it that it fits another set; here it does not. */
        (void)pass_to_next(w);
        assert_epoch(w, 1);
        assert_in_range(since_start_ms(w), hour_ms - 12 * minute_ms, hour_ms - 10 * minute_ms);
        assert_int_equal(grille_secure_verdict(end_of(w, I), NULL), GRILLE_REASON_OK);
        while (w->policies[I].judged_again == 0)
            assert_true(pass_to_next(w) >= 0);
        assert_int_equal(since_start_ms(w), hour_ms + 1);
        assert_int_equal(grille_secure_verdict(end_of(w, I), &why),
                         follows ? GRILLE_REASON_OK : GRILLE_REASON_ATTEST_SET_EXPIRED);
        assert_int_equal(grille_secure_get_state(end_of(w, I)), GRILLE_SECURE_OPEN);
        /* Once is enough. */
        pass(w, hour_ms);
        assert_int_equal(w->policies[I].judged_again, 1);
        assert_int_equal(pass_to_next(w), -1);
        close_world(w);
    }
}

static void an_identity_is_replaced(void **state) {
    world *w = open_enclave();
    grille_identity next = w->identities[R];
    const grille_identity other = {.kind = GRILLE_IDENTITY_X509};
    (void)state;
    next.expires_ms += hour_ms;
    next.proved = 0;
    grille_secure_replace_identity(end_of(w, R), &other);
    grille_secure_replace_identity(end_of(w, R), &next);
    assert_int_equal(next.proved, 0);
    reattest(w, I);
    assert_epoch(w, 1);
    assert_int_equal(next.proved, 1);
    assert_int_equal(w->identities[R].proved, 1);
    assert_true(grille_secure_peer(end_of(w, I))->expires_ms == next.expires_ms);
    /* One under way keeps the one that it began with. */
    next.holds = true;
    reattest(w, I);
    grille_secure_replace_identity(end_of(w, R), &w->identities[R]);
    fake_evidence_release(&next);
    run(w);
    assert_epoch(w, 2);
    assert_int_equal(next.proved, 2);
    assert_int_equal(w->identities[R].proved, 1);
    close_world(w);
}

static void nothing_of_it_before_the_gate_is_open(void **state) {
    world *w = new_world(GRILLE_IDENTITY_X509);
    const secure_pair_options options = {.initiator_identity = &w->identities[I],
                                         .initiator_policy = &w->policies[I],
                                         .responder_identity = &w->identities[R],
                                         .responder_policy = &w->policies[R]};
    static const uint8_t request = GRILLE_GATE_REQUEST;
    (void)state;
    assert_int_equal(secure_pair_open(&w->pair, &options), GRILLE_REASON_OK);
    assert_int_equal(grille_secure_reattest(end_of(w, I), 0, 0), GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(grille_secure_gate_frame(end_of(w, I), grille_bytes_of(&request, 1), 0, 0),
                     GRILLE_REASON_BAD_ARGUMENT);
    assert_null(grille_secure_peer(end_of(w, I)));
    run(w);
    assert_epoch(w, 0);
    inject_type(w, I, GRILLE_GATE_REFUSED);
    run(w);
    assert_int_equal(grille_secure_reattest(end_of(w, R), 0, 0), GRILLE_REASON_GATE_REFUSED_BY_PEER);
    close_world(w);
}

int epoch_replace_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_is_replaced),
        cmocka_unit_test(a_policy_is_replaced_twice),
        cmocka_unit_test(a_policy_is_replaced_during_an_epoch),
        cmocka_unit_test(claims_that_are_too_long_change_nothing),
        cmocka_unit_test(a_policy_is_replaced_before_the_gate_is_open),
        cmocka_unit_test(a_set_ends),
        cmocka_unit_test(an_identity_is_replaced),
        cmocka_unit_test(nothing_of_it_before_the_gate_is_open),
    };
    return cmocka_run_group_tests_name("secure/epoch_replace", tests, NULL, NULL);
}
