/* SPDX-License-Identifier: Apache-2.0
 * Re-attestation: rules that a peer breaks. */
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "epoch_groups.h"
#include "epoch_world.h"
#include "wire/frame.h"

/* ---- Broken rules ---- */

static void a_flood_of_requests(void **state) {
    world *w = open_enclave();
    (void)state;
    for (int i = 0; i < GRILLE_LIMIT_REQUEST_BURST; i++) {
        inject_type(w, R, GRILLE_GATE_REQUEST);
        run(w);
        assert_epoch(w, (uint32_t)i + 1);
    }
    inject_type(w, R, GRILLE_GATE_REQUEST);
    run(w);
    assert_ended(w, I, GRILLE_REASON_GATE_FLOOD);
    close_world(w);
    /* The same while they are answered by nothing. */
    w = open_enclave();
    assert_int_equal(grille_secure_reattest(end_of(w, I), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
    for (int i = 0; i <= GRILLE_LIMIT_REQUEST_BURST; i++)
        inject_type(w, R, GRILLE_GATE_REQUEST);
    run(w);
    assert_ended(w, I, GRILLE_REASON_GATE_FLOOD);
    close_world(w);
}

/* An initiator that does not keep to its own limit. */
static void a_flood_of_hellos(void **state) {
    world *w = open_enclave();
    (void)state;
    for (uint32_t n = 1; n <= GRILLE_LIMIT_EPOCH_BURST; n++) {
        grille_epochs_init(&end_of(w, I)->epochs, GRILLE_INITIATOR, w->pair.now_us);
        reattest(w, I);
        assert_epoch(w, n);
    }
    grille_epochs_init(&end_of(w, I)->epochs, GRILLE_INITIATOR, w->pair.now_us);
    reattest(w, I);
    assert_ended(w, R, GRILLE_REASON_GATE_FLOOD);
    assert_int_equal(w->identities[R].proved, 1 + GRILLE_LIMIT_EPOCH_BURST);
    close_world(w);
}

typedef struct breach {
    const char *name;
    void (*act)(world *w);
    int ended_by;
    grille_reason reason;
} breach;

static void hello_n(world *w) {
    inject_hello(w, I, 1);
}
static void hello_n_plus_2(world *w) {
    inject_hello(w, I, 3);
}
static void hello_0(world *w) {
    inject_hello(w, I, 0);
}
static void two_hellos(world *w) {
    inject_hello(w, I, 2);
    inject_hello(w, I, 2);
}
static void two_epochs(world *w) {
    inject_hello(w, I, 2);
    inject_hello(w, I, 3);
}
static void hello_of_a_responder(world *w) {
    inject_hello(w, R, 2);
}
static void responders_hello_in_another_epoch(world *w) {
    assert_int_equal(grille_secure_reattest(end_of(w, I), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
    inject_hello(w, R, 3);
}
static void evidence_first(world *w) {
    inject_evidence(w, I);
}
static void responders_evidence_first(world *w) {
    inject_evidence(w, R);
}
static void confirm_first(world *w) {
    inject_confirm(w, I);
}
static void responders_confirm_first(world *w) {
    inject_confirm(w, R);
}
static void confirm_for_evidence(world *w) {
    inject_hello(w, I, 2);
    inject_confirm(w, I);
}
static void confirm_before_verified(world *w) {
    inject_hello(w, I, 2);
    inject_evidence(w, I);
    inject_confirm(w, I);
    inject_confirm(w, I);
}
static void evidence_twice(world *w) {
    inject_hello(w, I, 2);
    inject_evidence(w, I);
    inject_evidence(w, I);
}
static void request_of_an_initiator(world *w) {
    inject_type(w, I, GRILLE_GATE_REQUEST);
}
static void request_behind_hello(world *w) {
    assert_int_equal(grille_secure_reattest(end_of(w, I), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
    w->identities[R].holds = true;
    w->mute[I] = false;
    run(w);
    inject_type(w, R, GRILLE_GATE_REQUEST);
}
static void unknown_type(world *w) {
    inject_type(w, I, 9);
}
static void hello_cut_short(world *w) {
    static const uint8_t payload[] = {GRILLE_GATE_HELLO, GRILLE_GATE_VERSION, 0};
    inject(w, I, grille_bytes_of(payload, sizeof payload));
}
static void request_too_long(world *w) {
    static const uint8_t payload[] = {GRILLE_GATE_REQUEST, 0};
    inject(w, R, grille_bytes_of(payload, sizeof payload));
}
static void hello_of_another_version(world *w) {
    static const uint8_t payload[] = {GRILLE_GATE_HELLO, 2};
    inject(w, I, grille_bytes_of(payload, sizeof payload));
}

static const breach breaches[] = {
    {"HELLO of epoch n", hello_n, R, GRILLE_REASON_GATE_EPOCH},
    {"HELLO of epoch n+2", hello_n_plus_2, R, GRILLE_REASON_GATE_EPOCH},
    {"HELLO of epoch 0", hello_0, R, GRILLE_REASON_GATE_EPOCH},
    {"HELLO twice", two_hellos, R, GRILLE_REASON_GATE_ORDER},
    {"two epochs at once", two_epochs, R, GRILLE_REASON_GATE_ORDER},
    {"HELLO of a responder", hello_of_a_responder, I, GRILLE_REASON_GATE_ORDER},
    {"a responder's HELLO in another epoch", responders_hello_in_another_epoch, I, GRILLE_REASON_GATE_EPOCH},
    {"EVIDENCE without HELLO", evidence_first, R, GRILLE_REASON_GATE_ORDER},
    {"a responder's EVIDENCE without HELLO", responders_evidence_first, I, GRILLE_REASON_GATE_ORDER},
    {"CONFIRM without HELLO", confirm_first, R, GRILLE_REASON_GATE_ORDER},
    {"a responder's CONFIRM without HELLO", responders_confirm_first, I, GRILLE_REASON_GATE_ORDER},
    {"CONFIRM in place of EVIDENCE", confirm_for_evidence, R, GRILLE_REASON_GATE_ORDER},
    {"CONFIRM twice before it is looked at", confirm_before_verified, R, GRILLE_REASON_GATE_ORDER},
    {"EVIDENCE twice", evidence_twice, R, GRILLE_REASON_GATE_ORDER},
    {"REQUEST of an initiator", request_of_an_initiator, R, GRILLE_REASON_GATE_ORDER},
    {"REQUEST behind HELLO", request_behind_hello, I, GRILLE_REASON_GATE_ORDER},
    {"an unknown type", unknown_type, R, GRILLE_REASON_GATE_BAD_MESSAGE},
    {"HELLO cut short", hello_cut_short, R, GRILLE_REASON_GATE_BAD_MESSAGE},
    {"REQUEST with a byte too many", request_too_long, I, GRILLE_REASON_GATE_TOO_LONG},
    {"HELLO of another version", hello_of_another_version, R, GRILLE_REASON_GATE_VERSION},
};

static void broken_rules(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof breaches / sizeof breaches[0]; i++) {
        const breach *row = &breaches[i];
        world *w = open_enclave();
        reattest(w, I);
        assert_epoch(w, 1);
        row->act(w);
        run(w);
        if (side(w, row->ended_by)->last != row->reason ||
            grille_secure_get_state(end_of(w, row->ended_by)) != GRILLE_SECURE_FAILED)
            print_message("%s: %s\n", row->name, grille_reason_name(side(w, row->ended_by)->last));
        assert_ended(w, row->ended_by, row->reason);
        close_world(w);
    }
}

static void refused_at_each_point(void **state) {
    (void)state;
    for (int role = I; role <= R; role++) {
        world *w = open_enclave();
        w->identities[1 - role].prove_answer = GRILLE_REASON_NSM_FAILED;
        reattest(w, I);
        inject_type(w, role, GRILLE_GATE_REFUSED);
        run(w);
        assert_int_equal(side(w, 1 - role)->last, GRILLE_REASON_GATE_REFUSED_BY_PEER);
        assert_int_equal(grille_secure_get_state(end_of(w, 1 - role)), GRILLE_SECURE_FAILED);
        close_world(w);
    }
}

int epoch_rules_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_of_requests),
        cmocka_unit_test(a_flood_of_hellos),
        cmocka_unit_test(broken_rules),
        cmocka_unit_test(refused_at_each_point),
    };
    return cmocka_run_group_tests_name("secure/epoch_rules", tests, NULL, NULL);
}
