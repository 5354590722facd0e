/* SPDX-License-Identifier: Apache-2.0
 * Re-attestation between two real ends, with virtual time and evidence that is made by script. What an end must not
 * send is written as plaintext behind its back. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "fake_evidence.h"
#include "secure/secure_private.h"
#include "secure_pair.h"
#include "wire/frame.h"

enum { I = GRILLE_INITIATOR, R = GRILLE_RESPONDER };

static const int64_t minute_ms = 60000;
static const int64_t hour_ms = 3600000;

/* What one end read: GATE payloads of the epoch under way, in order, and how many other frames. */
typedef struct end_log {
    uint8_t payloads[8][1024];
    size_t lens[8];
    size_t count;
    size_t others;
    uint8_t types[64]; /* of all GATE payloads */
    size_t type_count;
} end_log;

typedef struct world {
    secure_pair pair;
    grille_identity identities[2];
    grille_policy policies[2];
    end_log logs[2];
    bool mute[2]; /* nothing that this end sends arrives */
    int proved_calls;
} world;

static secure_side *side(world *w, int role) {
    return role == I ? &w->pair.initiator : &w->pair.responder;
}

static grille_secure *end(world *w, int role) {
    return side(w, role)->secure;
}

static void on_proved(void *user) {
    ((world *)user)->proved_calls++;
}

static void take_frames(world *w, int role) {
    secure_side *own = side(w, role);
    end_log *log = &w->logs[role];
    grille_bytes rest = grille_bytes_of(own->read, own->read_len);
    grille_bytes payload;
    grille_frame_header header;
    while (rest.len > 0 && grille_frame_take(&rest, &header, &payload) == GRILLE_REASON_OK) {
        grille_reason reason = GRILLE_REASON_OK;
        if (header.type != GRILLE_FRAME_GATE) {
            log->others++;
            continue;
        }
        if (log->type_count < sizeof log->types) log->types[log->type_count++] = payload.data[0];
        if (log->count < 8 && payload.len <= sizeof log->payloads[0]) {
            memcpy(log->payloads[log->count], payload.data, payload.len);
            log->lens[log->count++] = payload.len;
        }
        if (grille_secure_get_state(own->secure) == GRILLE_SECURE_CLOSED) {
            /* All was read before any of it was taken; its last word is REFUSED. */
            if (payload.data[0] == GRILLE_GATE_REFUSED) own->last = GRILLE_REASON_GATE_REFUSED_BY_PEER;
            continue;
        }
        reason = grille_secure_gate_frame(own->secure, payload, w->pair.now_us, w->pair.wall_ms);
        if (reason != GRILLE_REASON_OK) own->last = reason;
    }
    if (rest.len > 0) memmove(own->read, rest.data, rest.len);
    own->read_len = rest.len;
}

/* One thing after the other until nothing moves. */
static void run(world *w) {
    bool moved = true;
    while (moved) {
        moved = false;
        for (int role = I; role <= R; role++) {
            take_frames(w, role);
            secure_side_run(side(w, role), w->pair.now_us, w->pair.wall_ms);
            take_frames(w, role);
        }
        if (!w->mute[I]) moved = secure_pair_carry(&w->pair, side(w, I), side(w, R));
        if (!w->mute[R]) moved = secure_pair_carry(&w->pair, side(w, R), side(w, I)) || moved;
    }
}

static void pass(world *w, int64_t ms) {
    w->pair.now_us += (grille_time_us)ms * 1000;
    w->pair.wall_ms += ms;
    run(w);
}

/* Goes to the next time at which one of the ends has something to do; how far it went, or -1: never. */
static int64_t pass_to_next(world *w) {
    grille_time_us next = GRILLE_TIME_NEVER;
    int64_t ms = 0;
    for (int role = I; role <= R; role++) {
        const grille_time_us expiry = grille_secure_expiry(end(w, role));
        if (expiry < next) next = expiry;
    }
    if (next == GRILLE_TIME_NEVER) return -1;
    if (next > w->pair.now_us) ms = (int64_t)((next - w->pair.now_us + 999) / 1000);
    pass(w, ms);
    return ms;
}

static world *new_world(grille_identity_kind responder_kind) {
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    for (int role = I; role <= R; role++) {
        w->identities[role].kind = role == I ? GRILLE_IDENTITY_X509 : responder_kind;
        w->identities[role].module = (uint8_t)(1 + role);
        w->policies[role].accepted_kinds = 1u << GRILLE_IDENTITY_X509 | 1u << GRILLE_IDENTITY_NITRO;
    }
    return w;
}

static void open_world(world *w) {
    const secure_pair_options options = {.initiator_identity = &w->identities[I],
                                         .initiator_policy = &w->policies[I],
                                         .responder_identity = &w->identities[R],
                                         .responder_policy = &w->policies[R],
                                         .initiator_claims = grille_bytes_of_text("claims of I"),
                                         .responder_claims = grille_bytes_of_text("claims of R"),
                                         .on_proved = on_proved,
                                         .on_proved_user = w};
    const uint64_t split_at = w->pair.split_at;
    assert_int_equal(secure_pair_open(&w->pair, &options), GRILLE_REASON_OK);
    w->pair.split_at = split_at;
    run(w);
    for (int role = I; role <= R; role++)
        assert_int_equal(grille_secure_get_state(end(w, role)), GRILLE_SECURE_OPEN);
}

/* The responder's evidence ends three hours after the start, as that of an enclave does. */
static world *open_kind(grille_identity_kind responder_kind) {
    world *w = new_world(responder_kind);
    w->identities[R].expires_ms = SECURE_PAIR_WALL_MS + 3 * hour_ms;
    open_world(w);
    return w;
}

static world *open_enclave(void) {
    return open_kind(GRILLE_IDENTITY_NITRO);
}

static void close_world(world *w) {
    secure_pair_close(&w->pair);
    for (int role = I; role <= R; role++) {
        assert_int_equal(side(w, role)->budget.used_bytes, 0);
        assert_int_equal(w->policies[role].references, 0);
        assert_null(w->identities[role].waiting);
    }
    free(w);
}

static void assert_epoch(world *w, uint32_t epoch) {
    for (int role = I; role <= R; role++) {
        if (grille_secure_get_state(end(w, role)) != GRILLE_SECURE_OPEN)
            fail_msg("end %d: %s", role, grille_secure_failure(end(w, role))->text);
        assert_int_equal(grille_secure_peer(end(w, role))->epoch, epoch);
        assert_null(end(w, role)->attempt);
        assert_int_equal(grille_tls_key_updates(end(w, role)->tls), epoch);
        assert_int_equal(grille_secure_failure(end(w, role))->text[0], '\0');
    }
}

/* `role` ended the channel for this reason, the other end got REFUSED and nothing else. */
static void assert_ended(world *w, int role, grille_reason reason) {
    const grille_error *failure = grille_secure_failure(end(w, role));
    if (side(w, role)->last != reason)
        fail_msg("%s (%s), expected %s", grille_reason_name(side(w, role)->last), failure->text,
                 grille_reason_name(reason));
    assert_int_equal(grille_secure_get_state(end(w, role)), GRILLE_SECURE_FAILED);
    assert_string_equal(failure->name, grille_reason_name(reason));
    assert_int_not_equal(failure->text[0], '\0');
    assert_null(end(w, role)->attempt);
    assert_true(grille_secure_expiry(end(w, role)) == GRILLE_TIME_NEVER);
    if (!w->mute[role]) assert_int_equal(side(w, 1 - role)->last, GRILLE_REASON_GATE_REFUSED_BY_PEER);
}

/* A GATE frame that the end would not send by itself. */
static void inject(world *w, int role, grille_bytes payload) {
    uint8_t frame[GRILLE_FRAME_HEADER_BYTES + 2048];
    grille_writer writer = grille_writer_into(frame, sizeof frame);
    const size_t mark = grille_frame_begin(&writer);
    grille_write_bytes(&writer, payload);
    grille_frame_end(&writer, mark, GRILLE_FRAME_GATE, 0, 0);
    assert_int_equal(grille_secure_write(end(w, role), grille_written(&writer)), GRILLE_REASON_OK);
}

static void inject_type(world *w, int role, uint8_t type) {
    inject(w, role, grille_bytes_of(&type, 1));
}

static void inject_hello(world *w, int role, uint32_t epoch) {
    uint8_t payload[GRILLE_GATE_HELLO_MAX];
    grille_gate_hello hello = {.epoch = epoch, .nonce = {0x5a}, .kind_count = 1, .kinds = {GRILLE_IDENTITY_X509}};
    grille_writer writer = grille_writer_into(payload, sizeof payload);
    grille_gate_hello_write(&writer, &hello);
    inject(w, role, grille_written(&writer));
}

static void inject_confirm(world *w, int role) {
    static const uint8_t confirm[1 + GRILLE_GATE_CONFIRM_BYTES] = {GRILLE_GATE_CONFIRM};
    inject(w, role, grille_bytes_of(confirm, sizeof confirm));
}

static void inject_evidence(world *w, int role) {
    static const uint8_t evidence[] = {GRILLE_GATE_EVIDENCE, GRILLE_IDENTITY_X509, 0, 0, 0, 1, 7};
    inject(w, role, grille_bytes_of(evidence, sizeof evidence));
}

/* A frame of the session, which no epoch may disturb. */
static void write_other(world *w, int role) {
    uint8_t frame[GRILLE_FRAME_HEADER_BYTES + 8];
    grille_writer writer = grille_writer_into(frame, sizeof frame);
    const size_t mark = grille_frame_begin(&writer);
    grille_write_u64(&writer, 1);
    grille_frame_end(&writer, mark, GRILLE_FRAME_PING, 0, 0);
    assert_int_equal(grille_secure_write(end(w, role), grille_written(&writer)), GRILLE_REASON_OK);
}

static int64_t since_start_ms(const world *w) {
    return w->pair.wall_ms - SECURE_PAIR_WALL_MS;
}

/* ---- Good ones ---- */

static void by_the_timer_before_expiry(grille_identity_kind kind) {
    world *w = open_kind(kind);
    const size_t idle_bytes[2] = {side(w, I)->budget.used_bytes, side(w, R)->budget.used_bytes};
    w->identities[R].expires_ms += 3 * hour_ms;
    assert_true(grille_secure_expiry(end(w, R)) == GRILLE_TIME_NEVER);
    (void)pass_to_next(w);
    assert_epoch(w, 1);
    assert_in_range(since_start_ms(w), 3 * hour_ms - 12 * minute_ms, 3 * hour_ms - 10 * minute_ms);
    for (int role = I; role <= R; role++) {
        assert_int_equal(w->policies[role].verified, 2);
        assert_int_equal(w->identities[role].proved, 2);
        /* An idle channel holds no gate: of an epoch nothing stays. */
        grille_secure_trim(end(w, role));
        assert_true(side(w, role)->budget.used_bytes <= idle_bytes[role]);
    }
    assert_int_equal(grille_secure_peer(end(w, I))->module_id[0], 1 + R);
    assert_true(grille_secure_peer(end(w, I))->expires_ms == w->identities[R].expires_ms);
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
    assert_null(end(w, I)->attempt);
    print_message("an idle open end holds %zu bytes, none of a gate: %zu bytes less\n", side(w, I)->budget.used_bytes,
                  sizeof(secure_attempt));
    assert_int_equal(grille_secure_reattest(end(w, I), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
    assert_non_null(end(w, I)->attempt);
    run(w);
    assert_null(end(w, I)->attempt);
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
            assert_int_equal(grille_secure_reattest(end(w, role), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
            /* Another one is part of it. */
            assert_int_equal(grille_secure_reattest(end(w, role), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
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
    assert_int_equal(grille_secure_reattest(end(w, R), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
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
        assert_int_equal(grille_secure_write(end(w, R), grille_bytes_of(request + i, 1)), GRILLE_REASON_OK);
        assert_int_equal(w->logs[I].type_count, 0);
        run(w);
    }
    assert_epoch(w, 1);
    close_world(w);
}

static void a_request_that_crosses_a_hello_is_satisfied_by_it(void **state) {
    world *w = open_enclave();
    (void)state;
    assert_int_equal(grille_secure_reattest(end(w, I), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
    assert_int_equal(grille_secure_reattest(end(w, R), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
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
        assert_int_equal(grille_secure_reattest(end(w, I), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
        run(w);
        assert_epoch(w, n);
    }
    assert_int_equal(grille_secure_reattest(end(w, I), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_GATE_TOO_SOON);
    /* A request of the peer is answered when the limit allows it. */
    assert_int_equal(grille_secure_reattest(end(w, R), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
    run(w);
    assert_int_equal(grille_secure_peer(end(w, I))->epoch, GRILLE_EPOCH_OWN_BURST);
    assert_int_equal(pass_to_next(w), GRILLE_LIMIT_EPOCH_INTERVAL_MS);
    assert_epoch(w, GRILLE_EPOCH_OWN_BURST + 1);
    assert_int_equal(grille_secure_reattest(end(w, R), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_GATE_TOO_SOON);
    pass(w, GRILLE_LIMIT_REQUEST_INTERVAL_MS);
    assert_int_equal(grille_secure_reattest(end(w, R), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
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

/* ---- The wrong peer, or the wrong evidence ---- */

static void reattest(world *w, int role) {
    assert_int_equal(grille_secure_reattest(end(w, role), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
    run(w);
}

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
            assert_int_equal(grille_secure_get_state(end(w, role)), GRILLE_SECURE_OPEN);
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
    while (grille_secure_get_state(end(w, R)) == GRILLE_SECURE_OPEN)
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
    assert_true(grille_secure_expiry(end(w, R)) > w->pair.now_us + 1000000);
    assert_int_equal(grille_secure_step(end(w, R), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
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
        assert_int_equal(grille_secure_get_state(end(w, R)), GRILLE_SECURE_GATE);
        assert_non_null(w->identities[R].waiting);
        assert_int_equal(grille_secure_step(end(w, R), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
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
    while (grille_secure_get_state(end(w, I)) == GRILLE_SECURE_OPEN)
        assert_true(pass_to_next(w) >= 0);
    assert_int_equal(since_start_ms(w), 3 * hour_ms);
    assert_int_equal(side(w, I)->last, GRILLE_REASON_ATTEST_EVIDENCE_EXPIRED);
    assert_int_equal(grille_secure_failure(end(w, I))->code, GRILLE_UNAUTHENTICATED);
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
    while (grille_secure_get_state(end(w, R)) == GRILLE_SECURE_OPEN)
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
        while (grille_secure_get_state(end(w, role)) == GRILLE_SECURE_OPEN)
            assert_true(pass_to_next(w) >= 0);
        assert_int_equal(since_start_ms(w), GRILLE_LIMIT_EPOCH_MS);
        assert_int_equal(side(w, role)->last, GRILLE_REASON_ATTEST_EVIDENCE_EXPIRED);
        close_world(w);
    }
}

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
    assert_int_equal(grille_secure_reattest(end(w, I), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
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
        grille_epochs_init(&end(w, I)->epochs, GRILLE_INITIATOR, w->pair.now_us);
        reattest(w, I);
        assert_epoch(w, n);
    }
    grille_epochs_init(&end(w, I)->epochs, GRILLE_INITIATOR, w->pair.now_us);
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
    assert_int_equal(grille_secure_reattest(end(w, I), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
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
    assert_int_equal(grille_secure_reattest(end(w, I), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
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
            grille_secure_get_state(end(w, row->ended_by)) != GRILLE_SECURE_FAILED)
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
        assert_int_equal(grille_secure_get_state(end(w, 1 - role)), GRILLE_SECURE_FAILED);
        close_world(w);
    }
}

/* ---- Policies and identities that are replaced ---- */

static void replace_policy(world *w, int role, grille_policy *policy) {
    assert_int_equal(
        grille_secure_replace_policy(end(w, role), policy, grille_bytes_of_text("new claims"), w->pair.wall_ms),
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
    assert_int_equal(grille_secure_verdict(end(w, I), &why), GRILLE_REASON_OK);
    assert_int_equal(why->text[0], '\0');
    replace_policy(w, I, next);
    assert_int_equal(next->judged_again, 1);
    assert_int_equal(grille_secure_verdict(end(w, I), &why), GRILLE_REASON_ATTEST_PCR_MISMATCH);
    assert_string_equal(why->name, "ATTEST-PCR-MISMATCH");
    /* The channel stays open; nobody attests for a policy that refuses the peer, but the evidence still expires. */
    assert_int_equal(grille_secure_get_state(end(w, I)), GRILLE_SECURE_OPEN);
    write_other(w, R);
    run(w);
    assert_int_equal(w->logs[I].others, 1);
    while (grille_secure_get_state(end(w, I)) == GRILLE_SECURE_OPEN)
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
    assert_int_equal(grille_secure_verdict(end(w, I), NULL), GRILLE_REASON_ATTEST_SET_EXPIRED);
    replace_policy(w, I, accepts);
    assert_int_equal(grille_secure_verdict(end(w, I), NULL), GRILLE_REASON_OK);
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
        assert_int_equal(grille_secure_verdict(end(w, I), NULL), answers[i]);
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
    assert_int_equal(grille_secure_replace_policy(end(w, I), &next, grille_bytes_of(claims, sizeof claims), 0),
                     GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(next.references, 0);
    assert_int_equal(
        grille_secure_replace_policy(end(w, I), &next, grille_bytes_of(claims, sizeof claims - 1), w->pair.wall_ms),
        GRILLE_REASON_OK);
    assert_int_equal(next.references, 1);
    reattest(w, I);
    assert_epoch(w, 1);
    grille_secure_free(end(w, I));
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
    assert_int_equal(grille_secure_get_state(end(w, I)), GRILLE_SECURE_GATE);
    replace_policy(w, I, &next);
    assert_int_equal(next.judged_again, 0);
    fake_evidence_release(&w->identities[R]);
    run(w);
    assert_epoch(w, 0);
    assert_int_equal(next.judged_again, 1);
    assert_int_equal(grille_secure_verdict(end(w, I), NULL), GRILLE_REASON_ATTEST_PCR_MISMATCH);
    grille_secure_free(end(w, I));
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
        assert_int_equal(grille_secure_verdict(end(w, I), NULL), GRILLE_REASON_OK);
        while (w->policies[I].judged_again == 0)
            assert_true(pass_to_next(w) >= 0);
        assert_int_equal(since_start_ms(w), hour_ms + 1);
        assert_int_equal(grille_secure_verdict(end(w, I), &why),
                         follows ? GRILLE_REASON_OK : GRILLE_REASON_ATTEST_SET_EXPIRED);
        assert_int_equal(grille_secure_get_state(end(w, I)), GRILLE_SECURE_OPEN);
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
    grille_secure_replace_identity(end(w, R), &other);
    grille_secure_replace_identity(end(w, R), &next);
    assert_int_equal(next.proved, 0);
    reattest(w, I);
    assert_epoch(w, 1);
    assert_int_equal(next.proved, 1);
    assert_int_equal(w->identities[R].proved, 1);
    assert_true(grille_secure_peer(end(w, I))->expires_ms == next.expires_ms);
    /* One under way keeps the one that it began with. */
    next.holds = true;
    reattest(w, I);
    grille_secure_replace_identity(end(w, R), &w->identities[R]);
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
    assert_int_equal(grille_secure_reattest(end(w, I), 0, 0), GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(grille_secure_gate_frame(end(w, I), grille_bytes_of(&request, 1), 0, 0),
                     GRILLE_REASON_BAD_ARGUMENT);
    assert_null(grille_secure_peer(end(w, I)));
    run(w);
    assert_epoch(w, 0);
    inject_type(w, I, GRILLE_GATE_REFUSED);
    run(w);
    assert_int_equal(grille_secure_reattest(end(w, R), 0, 0), GRILLE_REASON_GATE_REFUSED_BY_PEER);
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
    const uint8_t *exporter = end(w, I)->exporter;
    grille_writer writer = grille_writer_into(room, sizeof room);
    uint8_t suite[2];
    const uint16_t number = grille_tls_suite(end(w, I)->tls);
    suite[0] = (uint8_t)(number >> 8);
    suite[1] = (uint8_t)number;
    grille_write_bytes(&writer, grille_bytes_of_text("grille-gate-v1"));
    lp(&writer, grille_bytes_of(suite, 2));
    lp(&writer, grille_bytes_of_text("grille/1"));
    for (int role = I; role <= R; role++) {
        hash(end(w, role)->own_leaf, leaf);
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
        lp(&writer, end(w, role)->own_spki);
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
    memcpy(previous_th, end(w, I)->th, sizeof previous_th);
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
            assert_memory_equal(end(w, role)->th, values.th, 48);
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

int main(void) {
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
        cmocka_unit_test(a_flood_of_requests),
        cmocka_unit_test(a_flood_of_hellos),
        cmocka_unit_test(broken_rules),
        cmocka_unit_test(refused_at_each_point),
        cmocka_unit_test(a_policy_is_replaced),
        cmocka_unit_test(a_policy_is_replaced_twice),
        cmocka_unit_test(a_policy_is_replaced_during_an_epoch),
        cmocka_unit_test(claims_that_are_too_long_change_nothing),
        cmocka_unit_test(a_policy_is_replaced_before_the_gate_is_open),
        cmocka_unit_test(a_set_ends),
        cmocka_unit_test(an_identity_is_replaced),
        cmocka_unit_test(nothing_of_it_before_the_gate_is_open),
        cmocka_unit_test(five_epochs_are_chained),
        cmocka_unit_test(key_updates_fit_their_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
