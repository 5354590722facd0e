/* SPDX-License-Identifier: Apache-2.0
 * The gate by itself: two gates that hand each other payloads, without TLS. */
#include "secure/gate.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "fake_evidence.h"
#include "wire/frame.h"

typedef struct gate_side {
    grille_identity identity;
    grille_policy policy;
    grille_budget budget;
    uint8_t nonce[GRILLE_GATE_NONCE_BYTES];
    grille_gate_options options;
    grille_gate gate;
    grille_error error;
    grille_reason last;
} gate_side;

typedef struct gate_pair {
    gate_side sides[2]; /* by role */
} gate_pair;

static const uint8_t exporter[GRILLE_GATE_KEY_BYTES] = {0x5e, 0xc2, 0xe7};
static const char *const leafs[] = {"leaf of I", "leaf of R"};
static const char *const keys[] = {"key of I", "key of R"};

static gate_side side_of(grille_secure_role role, grille_identity_kind kind) {
    gate_side side = {.identity = {.kind = kind}, .policy = {.accepted_kinds = 6}, .nonce = {(uint8_t)(1 + role)}};
    side.options = (grille_gate_options){.role = role,
                                         .crypto = grille_crypto_wolf(),
                                         .claims = grille_bytes_of_text(role == GRILLE_INITIATOR ? "cI" : "cR"),
                                         .suite = 0x1301,
                                         .alpn = grille_bytes_of_text("grille/1"),
                                         .exporter = grille_bytes_of(exporter, sizeof exporter),
                                         .own_leaf = grille_bytes_of_text(leafs[role]),
                                         .peer_leaf = grille_bytes_of_text(leafs[1 - role]),
                                         .own_spki = grille_bytes_of_text(keys[role]),
                                         .peer_spki = grille_bytes_of_text(keys[1 - role])};
    return side;
}

static gate_pair *pair_of(grille_identity_kind initiator, grille_identity_kind responder) {
    gate_pair *pair = calloc(1, sizeof *pair);
    assert_non_null(pair);
    pair->sides[0] = side_of(GRILLE_INITIATOR, initiator);
    pair->sides[1] = side_of(GRILLE_RESPONDER, responder);
    return pair;
}

static void begin(gate_pair *pair) {
    for (int i = 0; i < 2; i++) {
        gate_side *side = &pair->sides[i];
        grille_budget_init(&side->budget, 100000);
        side->options.identity = &side->identity;
        side->options.policy = &side->policy;
        side->options.budget = &side->budget;
        side->options.nonce = grille_bytes_of(side->nonce, sizeof side->nonce);
        side->last = grille_gate_init(&side->gate, &side->options, &side->error);
    }
}

static void end(gate_pair *pair) {
    for (int i = 0; i < 2; i++) {
        grille_gate_deinit(&pair->sides[i].gate);
        assert_int_equal(pair->sides[i].budget.used_bytes, 0);
    }
    free(pair);
}

static void work(gate_side *side) {
    while (side->last == GRILLE_REASON_OK && grille_gate_expects(&side->gate) == 0 && !grille_gate_is_open(&side->gate))
        side->last = grille_gate_work(&side->gate, 1000, &side->error);
}

/* Takes one frame from one side to the other; false when there is none. */
static bool deliver(gate_side *from, gate_side *to) {
    const grille_bytes outgoing = grille_gate_outgoing(&from->gate);
    grille_bytes rest = outgoing;
    grille_bytes payload;
    grille_frame_header header;
    if (grille_frame_take(&rest, &header, &payload) != GRILLE_REASON_OK) return false;
    assert_int_equal(header.type, GRILLE_FRAME_GATE);
    assert_int_equal(header.stream, 0);
    assert_int_equal(header.flags, 0);
    work(to);
    if (to->last == GRILLE_REASON_OK) to->last = grille_gate_take(&to->gate, payload, &to->error);
    grille_gate_sent(&from->gate, outgoing.len - rest.len);
    work(to);
    return true;
}

static void run(gate_pair *pair) {
    bool moved = true;
    while (moved) {
        moved = deliver(&pair->sides[0], &pair->sides[1]);
        moved = deliver(&pair->sides[1], &pair->sides[0]) || moved;
    }
}

static void both_orders_open(void **state) {
    (void)state;
    for (int nitro = 0; nitro < 2; nitro++) {
        gate_pair *pair = pair_of(GRILLE_IDENTITY_X509, nitro ? GRILLE_IDENTITY_NITRO : GRILLE_IDENTITY_X509);
        begin(pair);
        assert_null(grille_gate_th(&pair->sides[0].gate));
        run(pair);
        assert_true(grille_gate_is_open(&pair->sides[0].gate));
        assert_true(grille_gate_is_open(&pair->sides[1].gate));
        assert_memory_equal(grille_gate_th(&pair->sides[0].gate), grille_gate_th(&pair->sides[1].gate), 48);
        assert_int_equal(grille_gate_peer(&pair->sides[0].gate)->kind, pair->sides[1].identity.kind);
        assert_int_equal(pair->sides[0].gate.peer_hello.flags, nitro ? GRILLE_GATE_INITIATOR_FIRST : 0);
        end(pair);
    }
}

/* An enclave that talks with anybody need not wait for their evidence. */
static void an_enclave_with_anonymous_callers_proves_first(void **state) {
    gate_pair *pair = pair_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_NITRO);
    (void)state;
    pair->sides[1].policy.accepted_kinds |= 1u << GRILLE_IDENTITY_ANONYMOUS;
    begin(pair);
    run(pair);
    assert_true(grille_gate_is_open(&pair->sides[0].gate));
    assert_int_equal(pair->sides[0].gate.peer_hello.flags, 0);
    end(pair);
}

/* What a responder's policy accepts: whoever proves something, and anybody. */
enum { SOMEBODY = 1 << GRILLE_IDENTITY_NITRO | 1 << GRILLE_IDENTITY_X509 | 1 << GRILLE_IDENTITY_PSK };
enum { ANYBODY = SOMEBODY | 1 << GRILLE_IDENTITY_ANONYMOUS };

static void check_kinds(grille_identity_kind initiator, grille_identity_kind responder, uint32_t accepted) {
    gate_pair *pair = pair_of(initiator, responder);
    const gate_side *i = &pair->sides[0], *r = &pair->sides[1];
    const bool refused_by_r = (accepted >> initiator & 1) == 0;
    const bool refused_by_i = !refused_by_r && responder == GRILLE_IDENTITY_ANONYMOUS;
    const bool initiator_first = responder == GRILLE_IDENTITY_NITRO && accepted == SOMEBODY;
    pair->sides[0].policy.accepted_kinds = ANYBODY; /* an initiator's set of kind anonymous is for reverse roles */
    pair->sides[1].policy.accepted_kinds = accepted;
    begin(pair);
    run(pair);
    assert_int_equal(grille_gate_is_open(&i->gate), !refused_by_i && !refused_by_r);
    assert_int_equal(grille_gate_is_open(&r->gate), !refused_by_i && !refused_by_r);
    if (refused_by_r) {
        assert_int_equal(r->last, GRILLE_REASON_ATTEST_KIND_REFUSED);
        assert_int_equal(r->identity.proved, 0); /* who offers nothing that is wanted sees nothing of ours */
        assert_int_equal(r->policy.verified, 0);
    } else if (refused_by_i) {
        assert_int_equal(i->last, GRILLE_REASON_ATTEST_KIND_REFUSED);
        assert_int_equal(i->identity.proved, 0);
        assert_int_equal(i->policy.verified, 0);
    } else {
        assert_int_equal(i->gate.peer_hello.flags, initiator_first ? GRILLE_GATE_INITIATOR_FIRST : 0);
        assert_int_equal(grille_gate_peer(&i->gate)->kind, responder);
        assert_int_equal(grille_gate_peer(&r->gate)->kind, initiator);
        /* A HELLO offers what its sender is, and nothing else. */
        assert_int_equal(r->gate.peer_hello.kind_count, 1);
        assert_int_equal(r->gate.peer_hello.kinds[0], initiator);
        assert_int_equal(i->gate.peer_hello.kind_count, 1);
        assert_int_equal(i->gate.peer_hello.kinds[0], responder);
    }
    end(pair);
}

static void each_kind_meets_each_kind(void **state) {
    (void)state;
    for (int initiator = GRILLE_IDENTITY_NITRO; initiator <= GRILLE_IDENTITY_ANONYMOUS; initiator++) {
        for (int responder = GRILLE_IDENTITY_NITRO; responder <= GRILLE_IDENTITY_ANONYMOUS; responder++) {
            check_kinds((grille_identity_kind)initiator, (grille_identity_kind)responder, SOMEBODY);
            check_kinds((grille_identity_kind)initiator, (grille_identity_kind)responder, ANYBODY);
        }
    }
}

/* An enclave that accepts nobody unknown has its NSM sign for verified callers only, of whatever kind. */
static void an_enclave_signs_only_for_verified_callers(void **state) {
    (void)state;
    for (int initiator = GRILLE_IDENTITY_NITRO; initiator <= GRILLE_IDENTITY_PSK; initiator++) {
        gate_pair *pair = pair_of((grille_identity_kind)initiator, GRILLE_IDENTITY_NITRO);
        pair->sides[1].policy.accepted_kinds = SOMEBODY;
        pair->sides[1].policy.verify_answer = GRILLE_REASON_ATTEST_PSK_MISMATCH;
        begin(pair);
        run(pair);
        assert_int_equal(pair->sides[1].last, GRILLE_REASON_ATTEST_PSK_MISMATCH);
        assert_int_equal(pair->sides[1].policy.verified, 1);
        assert_int_equal(pair->sides[1].identity.proved, 0);
        end(pair);
    }
}

/* A later epoch runs the same way, over the TH before it; both must mean the same one. */
static void epochs_follow_each_other(void **state) {
    const grille_peer_identity before = {.kind = GRILLE_IDENTITY_X509};
    static const uint8_t th[GRILLE_GATE_KEY_BYTES] = {1};
    static const uint8_t other_th[GRILLE_GATE_KEY_BYTES] = {2};
    gate_pair *pair = pair_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_X509);
    (void)state;
    for (int i = 0; i < 2; i++) {
        pair->sides[i].options.epoch = 1;
        pair->sides[i].options.before = &before;
        pair->sides[i].options.previous_th = grille_bytes_of(th, sizeof th);
    }
    begin(pair);
    run(pair);
    assert_true(grille_gate_is_open(&pair->sides[0].gate));
    assert_int_equal(grille_gate_peer(&pair->sides[0].gate)->epoch, 1);
    end(pair);

    pair = pair_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_X509);
    for (int i = 0; i < 2; i++) {
        pair->sides[i].options.epoch = 1;
        pair->sides[i].options.before = &before;
        pair->sides[i].options.previous_th = grille_bytes_of(i == 0 ? th : other_th, sizeof th);
    }
    begin(pair);
    run(pair);
    assert_int_equal(pair->sides[0].last, GRILLE_REASON_ATTEST_BINDER_MISMATCH);
    end(pair);

    pair = pair_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_X509);
    pair->sides[0].options.epoch = 1;
    pair->sides[0].options.before = &before;
    pair->sides[0].options.previous_th = grille_bytes_of(th, sizeof th);
    begin(pair);
    run(pair);
    assert_int_equal(pair->sides[1].last, GRILLE_REASON_GATE_EPOCH);
    end(pair);
}

typedef struct difference {
    const char *what;
    size_t offset; /* in grille_gate_options: a view that one side has otherwise */
} difference;

/* Whatever of TLS the two sides do not see alike makes evidence fail. */
static void both_sides_must_see_the_same_session(void **state) {
    static const difference rows[] = {
        {"exporter", offsetof(grille_gate_options, exporter)}, {"alpn", offsetof(grille_gate_options, alpn)},
        {"own leaf", offsetof(grille_gate_options, own_leaf)}, {"peer leaf", offsetof(grille_gate_options, peer_leaf)},
        {"own key", offsetof(grille_gate_options, own_spki)},
    };
    static const uint8_t other[GRILLE_GATE_KEY_BYTES] = {9};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        gate_pair *pair = pair_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_X509);
        grille_bytes *view = (grille_bytes *)(void *)((char *)&pair->sides[1].options + rows[i].offset);
        *view = grille_bytes_of(other, sizeof other);
        begin(pair);
        run(pair);
        if (pair->sides[0].last != GRILLE_REASON_ATTEST_BINDER_MISMATCH) fail_msg("%s", rows[i].what);
        end(pair);
    }
}

static void another_suite_fails_too(void **state) {
    gate_pair *pair = pair_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_X509);
    (void)state;
    pair->sides[1].options.suite = 0x1303;
    begin(pair);
    run(pair);
    assert_int_equal(pair->sides[0].last, GRILLE_REASON_ATTEST_BINDER_MISMATCH);
    end(pair);
}

static void our_own_key_is_refused_at_once(void **state) {
    gate_pair *pair = pair_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_X509);
    (void)state;
    pair->sides[0].options.peer_spki = pair->sides[0].options.own_spki;
    begin(pair);
    assert_int_equal(pair->sides[0].last, GRILLE_REASON_GATE_REFLECTED);
    assert_int_equal(grille_gate_outgoing(&pair->sides[0].gate).len, 0);
    end(pair);
}

/* Every payload type at every step but its own: GATE_ORDER, and the gate stays failed. */
static void any_other_order_ends_it(void **state) {
    (void)state;
    for (int steps = 0; steps < 4; steps++)
        for (uint8_t type = GRILLE_GATE_HELLO; type <= GRILLE_GATE_REQUEST; type++) {
            gate_pair *pair = pair_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_X509);
            gate_side *r = &pair->sides[1];
            uint8_t payload[1 + GRILLE_GATE_CONFIRM_BYTES] = {type};
            grille_reason reason = GRILLE_REASON_OK;
            begin(pair);
            for (int i = 0; i < steps; i++) {
                (void)deliver(&pair->sides[0], r);
                while (deliver(r, &pair->sides[0]))
                    continue;
            }
            if (grille_gate_expects(&r->gate) == type || type == GRILLE_GATE_REFUSED) {
                end(pair);
                continue;
            }
            reason = grille_gate_take(&r->gate, grille_bytes_of(payload, sizeof payload), &r->error);
            assert_int_equal(reason, GRILLE_REASON_GATE_ORDER);
            assert_false(grille_gate_is_open(&r->gate));
            assert_null(grille_gate_peer(&r->gate));
            assert_int_equal(grille_gate_take(&r->gate, grille_bytes_of(payload, 1), NULL), GRILLE_REASON_GATE_ORDER);
            assert_int_equal(grille_gate_work(&r->gate, 0, NULL), GRILLE_REASON_GATE_ORDER);
            end(pair);
        }
}

static void arguments_are_checked(void **state) {
    static const uint8_t long_claims[GRILLE_LIMIT_CLAIMS_BYTES + 1];
    gate_pair *pair = pair_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_X509);
    grille_gate_options good;
    grille_gate gate;
    (void)state;
    begin(pair);
    good = pair->sides[0].options;
    for (int i = 0; i < 5; i++) {
        grille_gate_options bad = good;
        if (i == 0) bad.nonce.len--;
        if (i == 1) bad.exporter.len--;
        if (i == 2) bad.claims = grille_bytes_of(long_claims, sizeof long_claims);
        if (i == 3) bad.epoch = 1;
        if (i == 4) bad.previous_th = bad.exporter;
        assert_int_equal(grille_gate_init(&gate, &bad, NULL), GRILLE_REASON_BAD_ARGUMENT);
        grille_gate_deinit(&gate);
    }
    end(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_orders_open),          cmocka_unit_test(an_enclave_with_anonymous_callers_proves_first),
        cmocka_unit_test(each_kind_meets_each_kind), cmocka_unit_test(an_enclave_signs_only_for_verified_callers),
        cmocka_unit_test(epochs_follow_each_other),  cmocka_unit_test(both_sides_must_see_the_same_session),
        cmocka_unit_test(another_suite_fails_too),   cmocka_unit_test(our_own_key_is_refused_at_once),
        cmocka_unit_test(any_other_order_ends_it),   cmocka_unit_test(arguments_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
