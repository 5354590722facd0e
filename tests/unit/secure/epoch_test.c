/* SPDX-License-Identifier: Apache-2.0
 * When re-attestation is due and how often it may be, by virtual clocks. */
#include "secure/epoch.h"

#include "cmocka_all.h"
#include "wire/limits.h"

#define SECOND   1000000ull
#define MINUTE   (60 * SECOND)
#define HOUR_MS  3600000ll
#define START_US (5 * SECOND)
#define START_MS 1795348800000ll
#define US(ms)   ((grille_time_us)(ms)*1000)

static grille_epochs epochs_of(grille_secure_role role) {
    grille_epochs epochs;
    grille_epochs_init(&epochs, role, START_US);
    return epochs;
}

static grille_evidence_facts facts_until(int64_t evidence_ms, int64_t set_ms) {
    return (grille_evidence_facts){.verified_ms = START_MS,
                                   .evidence_expires_ms = evidence_ms > 0 ? START_MS + evidence_ms : GRILLE_WALL_NEVER,
                                   .set_expires_ms = set_ms > 0 ? START_MS + set_ms : GRILLE_WALL_NEVER};
}

typedef struct due_row {
    int64_t evidence_ms; /* from now; 0: never */
    int64_t set_ms;
    int64_t reattest_ms;
    uint16_t jitter;
    int64_t due_ms; /* from now; 0: never */
    int64_t expires_ms;
} due_row;

static const due_row due_rows[] = {
    {0, 0, 0, 0, 0, 0},
    /* 10 minutes before, up to 2 more */
    {3 * HOUR_MS, 0, 0, 0, 3 * HOUR_MS - 600000, 3 * HOUR_MS},
    {3 * HOUR_MS, 0, 0, UINT16_MAX, 3 * HOUR_MS - 720000, 3 * HOUR_MS},
    {1200000, 0, 0, 0, 600000, 1200000},
    {1200000, 0, 0, UINT16_MAX, 480000, 1200000},
    /* half of the rest, not within a minute while there is one */
    {1199998, 0, 0, 0, 599999, 1199998},
    {200000, 0, 0, UINT16_MAX, 100000, 200000},
    {120000, 0, 0, 0, 60000, 120000},
    {100000, 0, 0, 0, 60000, 100000},
    {60001, 0, 0, 0, 60000, 60001},
    {60000, 0, 0, 0, 30000, 60000},
    {20, 0, 0, 0, 10, 20},
    /* the earliest counts; a set that ends is no end of the evidence */
    {3 * HOUR_MS, HOUR_MS, 0, 0, HOUR_MS - 600000, 3 * HOUR_MS},
    {HOUR_MS, 3 * HOUR_MS, 0, 0, HOUR_MS - 600000, HOUR_MS},
    {3 * HOUR_MS, 0, HOUR_MS, 0, HOUR_MS - 600000, HOUR_MS},
    {0, 0, HOUR_MS, 0, HOUR_MS - 600000, HOUR_MS},
    {0, HOUR_MS, 0, 0, HOUR_MS - 600000, 0},
};

static void what_is_due_when(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof due_rows / sizeof due_rows[0]; i++) {
        const due_row *row = &due_rows[i];
        const grille_evidence_facts facts = facts_until(row->evidence_ms, row->set_ms);
        grille_epochs epochs = epochs_of(GRILLE_INITIATOR);
        grille_epochs_schedule(&epochs, &facts, row->reattest_ms, row->jitter, START_US, START_MS);
        if (row->due_ms == 0)
            assert_true(epochs.due_us == GRILLE_TIME_NEVER);
        else if (epochs.due_us != START_US + US(row->due_ms))
            fail_msg("row %zu: due after %lld ms", i, (long long)(epochs.due_us - START_US) / 1000);
        assert_true(epochs.expires_us == (row->expires_ms == 0 ? GRILLE_TIME_NEVER : START_US + US(row->expires_ms)));
        if (row->due_ms != 0) assert_true(grille_epochs_expiry(&epochs, false) == epochs.due_us);
    }
}

/* Either clock is enough: one that stood still or was set back prolongs nothing. */
static void evidence_expires_by_either_clock(void **state) {
    const grille_evidence_facts facts = facts_until(HOUR_MS, 2 * HOUR_MS);
    grille_epochs epochs = epochs_of(GRILLE_RESPONDER);
    (void)state;
    grille_epochs_schedule(&epochs, &facts, 0, 0, START_US, START_MS);
    assert_false(grille_epochs_is_expired(&epochs, START_US + US(HOUR_MS) - 1, START_MS + HOUR_MS - 1));
    assert_true(grille_epochs_is_expired(&epochs, START_US + US(HOUR_MS), START_MS - 1000000));
    assert_true(grille_epochs_is_expired(&epochs, START_US, START_MS + HOUR_MS));
    assert_false(grille_epochs_set_has_ended(&epochs, START_US, START_MS + 2 * HOUR_MS));
    assert_true(grille_epochs_set_has_ended(&epochs, START_US, START_MS + 2 * HOUR_MS + 1));
    assert_true(grille_epochs_set_has_ended(&epochs, START_US + US(2 * HOUR_MS + 1), START_MS));
    /* Judged in its last millisecond it is still accepted, and is to be judged once more. */
    grille_epochs_schedule(&epochs, &facts, 0, 0, START_US + US(2 * HOUR_MS), START_MS + 2 * HOUR_MS);
    assert_true(grille_epochs_set_has_ended(&epochs, START_US + US(2 * HOUR_MS + 1), START_MS + 2 * HOUR_MS + 1));
    grille_epochs_pause(&epochs);
    assert_false(grille_epochs_set_has_ended(&epochs, START_US + US(2 * HOUR_MS), START_MS + 2 * HOUR_MS));
    assert_true(epochs.due_us == GRILLE_TIME_NEVER);
    assert_true(grille_epochs_expiry(&epochs, false) == epochs.expires_us);
}

/* A policy that asks more often than the one before leaves time to do so. */
static void a_shorter_interval_leaves_two_minutes(void **state) {
    const grille_evidence_facts facts = facts_until(0, 0);
    grille_epochs epochs = epochs_of(GRILLE_INITIATOR);
    (void)state;
    grille_epochs_schedule(&epochs, &facts, 600000, 0, START_US + US(HOUR_MS), START_MS + HOUR_MS);
    assert_true(epochs.expires_us == START_US + US(HOUR_MS) + 2 * MINUTE);
    assert_true(epochs.due_us == START_US + US(HOUR_MS) + MINUTE);
}

static void hellos_drain_a_bucket(void **state) {
    grille_epochs own = epochs_of(GRILLE_INITIATOR);
    grille_epochs peer = epochs_of(GRILLE_RESPONDER);
    const grille_time_us interval_us = US(GRILLE_LIMIT_EPOCH_INTERVAL_MS);
    (void)state;
    for (int i = 0; i < GRILLE_EPOCH_OWN_BURST; i++)
        assert_true(grille_epochs_may_start(&own, START_US));
    assert_false(grille_epochs_may_start(&own, START_US));
    grille_epochs_postpone(&own, START_US);
    assert_true(own.due_us == START_US + interval_us);
    assert_false(grille_epochs_may_start(&own, START_US + interval_us - 1000));
    assert_true(grille_epochs_may_start(&own, START_US + interval_us));
    for (int i = 0; i < GRILLE_LIMIT_EPOCH_BURST; i++)
        assert_true(grille_epochs_take_hello(&peer, START_US));
    assert_false(grille_epochs_take_hello(&peer, START_US));
    assert_false(grille_epochs_take_hello(&peer, START_US + interval_us - 1000));
    assert_true(grille_epochs_take_hello(&peer, START_US + interval_us));
    /* What an honest initiator sends is taken though it comes together. */
    assert_true(GRILLE_EPOCH_OWN_BURST < GRILLE_LIMIT_EPOCH_BURST);
}

static void requests_drain_a_bucket(void **state) {
    grille_epochs own = epochs_of(GRILLE_RESPONDER);
    grille_epochs peer = epochs_of(GRILLE_INITIATOR);
    (void)state;
    assert_true(grille_epochs_may_start(&own, START_US));
    grille_epochs_asked(&own, START_US);
    assert_int_equal(own.state, GRILLE_EPOCH_ASKED);
    assert_true(own.due_us == START_US + US(GRILLE_LIMIT_REQUEST_INTERVAL_MS));
    assert_false(grille_epochs_may_start(&own, START_US + US(GRILLE_LIMIT_REQUEST_INTERVAL_MS) - 1));
    assert_true(grille_epochs_may_start(&own, START_US + US(GRILLE_LIMIT_REQUEST_INTERVAL_MS)));
    for (int i = 0; i < GRILLE_LIMIT_REQUEST_BURST; i++)
        assert_true(grille_epochs_take_request(&peer, START_US));
    assert_false(grille_epochs_take_request(&peer, START_US + US(GRILLE_LIMIT_REQUEST_INTERVAL_MS) - 1000));
    assert_true(grille_epochs_take_request(&peer, START_US + US(GRILLE_LIMIT_REQUEST_INTERVAL_MS)));
}

static void one_without_an_end_is_given_up(void **state) {
    grille_evidence_facts facts = facts_until(0, 0);
    grille_epochs epochs = epochs_of(GRILLE_INITIATOR);
    (void)state;
    grille_epochs_schedule(&epochs, &facts, 0, 0, START_US, START_MS);
    assert_true(grille_epochs_expiry(&epochs, false) == GRILLE_TIME_NEVER);
    grille_epochs_begun(&epochs, START_US);
    assert_true(grille_epochs_expiry(&epochs, false) == START_US + US(GRILLE_LIMIT_EPOCH_MS));
    assert_false(grille_epochs_is_given_up(&epochs, START_US + US(GRILLE_LIMIT_EPOCH_MS) - 1));
    assert_true(grille_epochs_is_given_up(&epochs, START_US + US(GRILLE_LIMIT_EPOCH_MS)));
    grille_epochs_finished(&epochs);
    assert_false(grille_epochs_is_given_up(&epochs, START_US + US(GRILLE_LIMIT_EPOCH_MS)));
    /* Evidence that expires ends it by itself, and so does a policy that comes meanwhile. */
    facts = facts_until(HOUR_MS, 0);
    grille_epochs_begun(&epochs, START_US);
    grille_epochs_schedule(&epochs, &facts, 0, 0, START_US, START_MS);
    assert_false(grille_epochs_is_given_up(&epochs, START_US + US(GRILLE_LIMIT_EPOCH_MS)));
    assert_true(grille_epochs_expiry(&epochs, false) == START_US + US(HOUR_MS));
    /* Asking again does not begin anew. */
    epochs = epochs_of(GRILLE_RESPONDER);
    grille_epochs_asked(&epochs, START_US);
    grille_epochs_asked(&epochs, START_US + MINUTE);
    assert_true(grille_epochs_is_given_up(&epochs, START_US + US(GRILLE_LIMIT_EPOCH_MS)));
}

static void our_evidence_is_tried_again_later_each_time(void **state) {
    static const unsigned delays_ms[] = {100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000};
    grille_epochs epochs = epochs_of(GRILLE_RESPONDER);
    grille_time_us now_us = START_US;
    (void)state;
    grille_epochs_begun(&epochs, now_us);
    assert_true(grille_epochs_expiry(&epochs, true) == 0);
    for (size_t i = 0; i < sizeof delays_ms / sizeof delays_ms[0]; i++) {
        grille_epochs_proof_failed(&epochs, now_us);
        assert_true(grille_epochs_expiry(&epochs, true) == now_us + US(delays_ms[i]));
        assert_true(grille_epochs_expiry(&epochs, false) > now_us + US(delays_ms[i]));
        now_us += US(delays_ms[i]);
    }
    for (int i = 0; i < 100; i++)
        grille_epochs_proof_failed(&epochs, now_us);
    assert_true(epochs.retry_us == now_us + 10 * SECOND);
    grille_epochs_begun(&epochs, now_us);
    assert_true(grille_epochs_expiry(&epochs, true) == 0);
}

/* Times at the end of their range don't wrap. */
static void nothing_wraps(void **state) {
    grille_evidence_facts facts = facts_until(0, 0);
    grille_epochs epochs = epochs_of(GRILLE_INITIATOR);
    (void)state;
    facts.evidence_expires_ms = GRILLE_WALL_NEVER - 1;
    facts.set_expires_ms = GRILLE_WALL_NEVER - 1;
    grille_epochs_schedule(&epochs, &facts, 0, UINT16_MAX, START_US, -START_MS);
    assert_true(epochs.due_us == GRILLE_TIME_NEVER);
    assert_true(epochs.expires_us == GRILLE_TIME_NEVER);
    facts.evidence_expires_ms = START_MS - 1;
    grille_epochs_schedule(&epochs, &facts, 0, 0, START_US, START_MS);
    assert_true(epochs.expires_us == START_US && epochs.due_us == START_US);
    assert_true(grille_epochs_is_expired(&epochs, START_US, START_MS));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_due_when),
        cmocka_unit_test(evidence_expires_by_either_clock),
        cmocka_unit_test(a_shorter_interval_leaves_two_minutes),
        cmocka_unit_test(hellos_drain_a_bucket),
        cmocka_unit_test(requests_drain_a_bucket),
        cmocka_unit_test(one_without_an_end_is_given_up),
        cmocka_unit_test(our_evidence_is_tried_again_later_each_time),
        cmocka_unit_test(nothing_wraps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
