/* SPDX-License-Identifier: Apache-2.0
 * What a channel costs: no heap call per record, nothing kept after the end, and a clean failure wherever memory or the
 * budget ends. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "failing_budget.h"
#include "failing_malloc.h"
#include "fake_evidence.h"
#include "secure/tls_alloc.h"
#include "secure_pair.h"

/* Two ends without the pair's copies, so that every heap call is the channel's. */
typedef struct ends {
    grille_identity identity;
    grille_policy policy;
    grille_budget budgets[2];
    grille_secure *secure[2];
    grille_reason reason; /* the first that was neither OK nor MORE */
    size_t read_bytes[2];
} ends;

static const grille_time_us now_us = 1000;

static void note(ends *e, grille_reason reason) {
    if (e->reason == GRILLE_REASON_OK && reason != GRILLE_REASON_MORE) e->reason = reason;
}

static void ends_open(ends *e) {
    memset(e, 0, sizeof *e);
    e->identity.kind = GRILLE_IDENTITY_X509;
    e->policy.accepted_kinds = 1u << GRILLE_IDENTITY_X509;
    for (int role = GRILLE_INITIATOR; role <= GRILLE_RESPONDER && e->reason == GRILLE_REASON_OK; role++) {
        const grille_secure_options options = {.role = (grille_secure_role)role,
                                               .crypto = grille_crypto_wolf(),
                                               .identity = &e->identity,
                                               .policy = &e->policy,
                                               .nonce = {(uint8_t)(role + 1)},
                                               .budget = &e->budgets[role],
                                               .now_us = now_us,
                                               .wall_ms = SECURE_PAIR_WALL_MS};
        grille_budget_init(&e->budgets[role], 1 << 20);
        note(e, grille_secure_new(&options, &e->secure[role], NULL));
    }
}

static void ends_close(ends *e) {
    for (int role = 0; role < 2; role++) {
        grille_secure_free(e->secure[role]);
        assert_int_equal(e->budgets[role].used_bytes, 0);
    }
}

static void step_all(ends *e, int role) {
    static uint8_t plain[16384];
    grille_secure *secure = e->secure[role];
    grille_reason reason = GRILLE_REASON_MORE;
    size_t len = 0;
    while (reason == GRILLE_REASON_MORE)
        reason = grille_secure_step(secure, now_us, SECURE_PAIR_WALL_MS);
    note(e, reason);
    while (grille_secure_get_state(secure) == GRILLE_SECURE_OPEN) {
        reason = grille_secure_read(secure, plain, sizeof plain, &len, now_us);
        e->read_bytes[role] += len;
        note(e, reason);
        if (reason != GRILLE_REASON_OK) break;
    }
}

static bool carry(ends *e, int from) {
    const grille_bytes outgoing = grille_secure_outgoing(e->secure[from]);
    const size_t room = grille_secure_room(e->secure[1 - from]);
    const size_t len = outgoing.len < room ? outgoing.len : room;
    if (len == 0) return false;
    note(e, grille_secure_feed(e->secure[1 - from], grille_bytes_of(outgoing.data, len)));
    step_all(e, 1 - from);
    grille_secure_sent(e->secure[from], len);
    return true;
}

static void run(ends *e) {
    bool moved = e->secure[0] != NULL && e->secure[1] != NULL;
    while (moved) {
        moved = carry(e, 0);
        moved = carry(e, 1) || moved;
    }
}

static bool both_open(const ends *e) {
    return e->secure[0] != NULL && e->secure[1] != NULL &&
           grille_secure_get_state(e->secure[0]) == GRILLE_SECURE_OPEN &&
           grille_secure_get_state(e->secure[1]) == GRILLE_SECURE_OPEN;
}

static void talk(ends *e, size_t bytes, int records) {
    static const uint8_t plain[16384];
    for (int i = 0; i < records; i++)
        for (int role = 0; role < 2; role++) {
            assert_int_equal(grille_secure_write(e->secure[role], grille_bytes_of(plain, bytes)), GRILLE_REASON_OK);
            (void)carry(e, role);
        }
}

static void a_thousand_records_make_no_heap_call(void **state) {
    static const size_t sizes[] = {1, 100, 1000, 4096, 16384};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ends e;
        ends_open(&e);
        run(&e);
        assert_true(both_open(&e));
        talk(&e, sizes[i], 2);
        failing_malloc_never(); /* counts from here */
        talk(&e, sizes[i], 1000);
        assert_int_equal(failing_malloc_asked(), 0);
        assert_int_equal(e.read_bytes[0], 1002 * sizes[i]);
        assert_int_equal(e.read_bytes[1], 1002 * sizes[i]);
        ends_close(&e);
    }
}

/* Parts of records stay inside, whatever the cuts: no heap call either once buffers have grown. */
static void records_cut_in_two_make_no_heap_call(void **state) {
    static const uint8_t plain[1000];
    static uint8_t sink[16384];
    ends e;
    size_t len = 0;
    (void)state;
    ends_open(&e);
    run(&e);
    assert_true(both_open(&e));
    for (size_t i = 0; i < 1002; i++) {
        grille_bytes outgoing;
        const size_t cut = i % 1000;
        if (i == 2) failing_malloc_never();
        assert_int_equal(grille_secure_write(e.secure[0], grille_bytes_of(plain, sizeof plain)), GRILLE_REASON_OK);
        outgoing = grille_secure_outgoing(e.secure[0]);
        assert_int_equal(grille_secure_feed(e.secure[1], grille_bytes_of(outgoing.data, cut)), GRILLE_REASON_OK);
        assert_int_equal(grille_secure_read(e.secure[1], sink, sizeof sink, &len, now_us), GRILLE_REASON_MORE);
        assert_int_equal(grille_secure_feed(e.secure[1], grille_bytes_of(outgoing.data + cut, outgoing.len - cut)),
                         GRILLE_REASON_OK);
        assert_int_equal(grille_secure_read(e.secure[1], sink, sizeof sink, &len, now_us), GRILLE_REASON_OK);
        assert_int_equal(len, sizeof plain);
        grille_secure_sent(e.secure[0], outgoing.len);
    }
    assert_int_equal(failing_malloc_asked(), 0);
    ends_close(&e);
}

static void a_pool_is_bounded(void **state) {
    ends many[8];
    (void)state;
    for (int i = 0; i < 8; i++) {
        ends_open(&many[i]);
        run(&many[i]);
        talk(&many[i], 16384, 3);
    }
    for (int i = 0; i < 8; i++)
        ends_close(&many[i]);
    assert_true(grille_tls_alloc_pooled_bytes() <= GRILLE_TLS_POOL_BYTES);
    assert_true(grille_tls_alloc_pooled_bytes() > 0);
}

/* wolfSSL's own memory is part of what a connection is charged for. */
static void tls_memory_is_charged(void **state) {
    ends e;
    (void)state;
    ends_open(&e);
    assert_true(e.budgets[GRILLE_RESPONDER].used_bytes > 10000);
    run(&e);
    assert_true(both_open(&e));
    print_message("one end: %zu bytes while open, %zu at its peak\n", (size_t)e.budgets[0].used_bytes,
                  (size_t)e.budgets[0].peak_bytes);
    assert_true(e.budgets[0].used_bytes < 40000);
    ends_close(&e);
}

/* One whole life: open, talk, close. True when it went well. */
static bool live(ends *e) {
    static const uint8_t plain[5000];
    bool well = false;
    ends_open(e);
    run(e);
    if (both_open(e)) {
        note(e, grille_secure_write(e->secure[0], grille_bytes_of(plain, sizeof plain)));
        note(e, grille_secure_write(e->secure[1], grille_bytes_of(plain, sizeof plain)));
        run(e);
    }
    well = both_open(e) && e->read_bytes[0] == sizeof plain && e->read_bytes[1] == sizeof plain;
    ends_close(e);
    return well;
}

static void assert_failed_cleanly(const ends *e, size_t index) {
    if (e->reason == GRILLE_REASON_OK) fail_msg("allocation %zu: nobody was told", index);
}

/* Each allocation in turn finds the budget used up, once and then for good. */
static void the_budget_ends_at_each_allocation(void **state) {
    (void)state;
    for (int for_good = 0; for_good < 2; for_good++) {
        bool reached = true;
        size_t index = 0;
        for (index = 0; reached; index++) {
            ends e;
            bool well = false;
            failing_budget_at(index, for_good != 0);
            well = live(&e);
            reached = failing_budget_hit();
            failing_budget_never();
            if (!reached) assert_true(well);
            if (reached && !well) assert_failed_cleanly(&e, index);
        }
        assert_true(index > 100);
        print_message("%zu allocations failed in turn\n", index - 1);
    }
}

/* An epoch for which there is no memory ends the channel, cleanly, or waits for its own evidence. */
static void every_charge_of_an_epoch_may_fail(void **state) {
    bool reached = true;
    size_t index = 0;
    (void)state;
    for (index = 0; reached; index++) {
        grille_identity identity = {.kind = GRILLE_IDENTITY_NITRO};
        grille_policy policy = {.accepted_kinds = 1u << GRILLE_IDENTITY_NITRO};
        const secure_pair_options options = {.initiator_identity = &identity,
                                             .initiator_policy = &policy,
                                             .responder_identity = &identity,
                                             .responder_policy = &policy};
        secure_pair *pair = calloc(1, sizeof *pair);
        secure_side *sides[2];
        bool failed = false;
        assert_non_null(pair);
        assert_int_equal(secure_pair_open(pair, &options), GRILLE_REASON_OK);
        secure_pair_run(pair);
        sides[0] = &pair->initiator;
        sides[1] = &pair->responder;
        failing_budget_at(index, false);
        if (grille_secure_reattest(pair->initiator.secure, pair->now_us, pair->wall_ms) != GRILLE_REASON_OK)
            assert_true(failing_budget_hit());
        secure_pair_run_frames(pair);
        reached = failing_budget_hit();
        failing_budget_never();
        for (int i = 0; i < 2; i++)
            failed = failed || grille_secure_get_state(sides[i]->secure) == GRILLE_SECURE_FAILED;
        if (!failed) {
            /* One of them tries its evidence again. */
            pair->now_us += 100000;
            secure_pair_run_frames(pair);
        }
        for (int i = 0; i < 2; i++) {
            const grille_secure *secure = sides[i]->secure;
            if (!failed) assert_int_equal(grille_secure_peer(secure)->epoch, 1);
            if (grille_secure_get_state(secure) == GRILLE_SECURE_FAILED)
                assert_true(grille_secure_failure(secure)->text[0] != '\0');
        }
        assert_true(reached || !failed);
        secure_pair_close(pair);
        assert_int_equal(pair->initiator.budget.used_bytes + pair->responder.budget.used_bytes, 0);
        free(pair);
    }
    assert_true(index > 10);
    print_message("%zu charges of an epoch failed in turn\n", index - 1);
}

static void memory_ends_at_each_allocation(void **state) {
    ends e;
    size_t asked = 0;
    size_t living = 0;
    (void)state;
    assert_true(live(&e));
    living = failing_malloc_living();
    for (size_t index = 0;; index++) {
        bool well = false;
        failing_malloc_from(index);
        well = live(&e);
        asked = failing_malloc_asked();
        failing_malloc_never();
        if (asked <= index) {
            assert_true(well);
            break;
        }
        assert_failed_cleanly(&e, index);
        assert_true(failing_malloc_living() <= living + 2 * GRILLE_TLS_POOL_BLOCKS);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_records_make_no_heap_call),
        cmocka_unit_test(records_cut_in_two_make_no_heap_call),
        cmocka_unit_test(a_pool_is_bounded),
        cmocka_unit_test(tls_memory_is_charged),
        cmocka_unit_test(the_budget_ends_at_each_allocation),
        cmocka_unit_test(every_charge_of_an_epoch_may_fail),
        cmocka_unit_test(memory_ends_at_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
