/* SPDX-License-Identifier: Apache-2.0 */
#include "epoch_world.h"

#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "wire/frame.h"

secure_side *side(world *w, int role) {
    return role == I ? &w->pair.initiator : &w->pair.responder;
}

grille_secure *end_of(world *w, int role) {
    return side(w, role)->secure;
}

void on_proved(void *user) {
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

void run(world *w) {
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

void pass(world *w, int64_t ms) {
    w->pair.now_us += (grille_time_us)ms * 1000;
    w->pair.wall_ms += ms;
    run(w);
}

int64_t pass_to_next(world *w) {
    grille_time_us next = GRILLE_TIME_NEVER;
    int64_t ms = 0;
    for (int role = I; role <= R; role++) {
        const grille_time_us expiry = grille_secure_expiry(end_of(w, role));
        if (expiry < next) next = expiry;
    }
    if (next == GRILLE_TIME_NEVER) return -1;
    if (next > w->pair.now_us) ms = (int64_t)((next - w->pair.now_us + 999) / 1000);
    pass(w, ms);
    return ms;
}

world *new_world(grille_identity_kind responder_kind) {
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    for (int role = I; role <= R; role++) {
        w->identities[role].kind = role == I ? GRILLE_IDENTITY_X509 : responder_kind;
        w->identities[role].module = (uint8_t)(1 + role);
        w->policies[role].accepted_kinds = 1u << GRILLE_IDENTITY_X509 | 1u << GRILLE_IDENTITY_NITRO;
    }
    return w;
}

void open_world(world *w) {
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
        assert_int_equal(grille_secure_get_state(end_of(w, role)), GRILLE_SECURE_OPEN);
}

world *open_kind(grille_identity_kind responder_kind) {
    world *w = new_world(responder_kind);
    w->identities[R].expires_ms = SECURE_PAIR_WALL_MS + 3 * hour_ms;
    open_world(w);
    return w;
}

world *open_enclave(void) {
    return open_kind(GRILLE_IDENTITY_NITRO);
}

void close_world(world *w) {
    secure_pair_close(&w->pair);
    for (int role = I; role <= R; role++) {
        assert_int_equal(side(w, role)->budget.used_bytes, 0);
        assert_int_equal(w->policies[role].references, 0);
        assert_null(w->identities[role].waiting);
    }
    free(w);
}

void assert_epoch(world *w, uint32_t epoch) {
    for (int role = I; role <= R; role++) {
        if (grille_secure_get_state(end_of(w, role)) != GRILLE_SECURE_OPEN)
            fail_msg("end %d: %s", role, grille_secure_failure(end_of(w, role))->text);
        assert_int_equal(grille_secure_peer(end_of(w, role))->epoch, epoch);
        assert_null(end_of(w, role)->attempt);
        assert_int_equal(grille_tls_key_updates(end_of(w, role)->tls), epoch);
        assert_int_equal(grille_secure_failure(end_of(w, role))->text[0], '\0');
    }
}

void assert_ended(world *w, int role, grille_reason reason) {
    const grille_error *failure = grille_secure_failure(end_of(w, role));
    if (side(w, role)->last != reason)
        fail_msg("%s (%s), expected %s", grille_reason_name(side(w, role)->last), failure->text,
                 grille_reason_name(reason));
    assert_int_equal(grille_secure_get_state(end_of(w, role)), GRILLE_SECURE_FAILED);
    assert_string_equal(failure->name, grille_reason_name(reason));
    assert_int_not_equal(failure->text[0], '\0');
    assert_null(end_of(w, role)->attempt);
    assert_true(grille_secure_expiry(end_of(w, role)) == GRILLE_TIME_NEVER);
    if (!w->mute[role]) assert_int_equal(side(w, 1 - role)->last, GRILLE_REASON_GATE_REFUSED_BY_PEER);
}

void inject(world *w, int role, grille_bytes payload) {
    uint8_t frame[GRILLE_FRAME_HEADER_BYTES + 2048];
    grille_writer writer = grille_writer_into(frame, sizeof frame);
    const size_t mark = grille_frame_begin(&writer);
    grille_write_bytes(&writer, payload);
    grille_frame_end(&writer, mark, GRILLE_FRAME_GATE, 0, 0);
    assert_int_equal(grille_secure_write(end_of(w, role), grille_written(&writer)), GRILLE_REASON_OK);
}

void inject_type(world *w, int role, uint8_t type) {
    inject(w, role, grille_bytes_of(&type, 1));
}

void inject_hello(world *w, int role, uint32_t epoch) {
    uint8_t payload[GRILLE_GATE_HELLO_MAX];
    grille_gate_hello hello = {.epoch = epoch, .nonce = {0x5a}, .kind_count = 1, .kinds = {GRILLE_IDENTITY_X509}};
    grille_writer writer = grille_writer_into(payload, sizeof payload);
    grille_gate_hello_write(&writer, &hello);
    inject(w, role, grille_written(&writer));
}

void inject_confirm(world *w, int role) {
    static const uint8_t confirm[1 + GRILLE_GATE_CONFIRM_BYTES] = {GRILLE_GATE_CONFIRM};
    inject(w, role, grille_bytes_of(confirm, sizeof confirm));
}

void inject_evidence(world *w, int role) {
    static const uint8_t evidence[] = {GRILLE_GATE_EVIDENCE, GRILLE_IDENTITY_X509, 0, 0, 0, 1, 7};
    inject(w, role, grille_bytes_of(evidence, sizeof evidence));
}

void write_other(world *w, int role) {
    uint8_t frame[GRILLE_FRAME_HEADER_BYTES + 8];
    grille_writer writer = grille_writer_into(frame, sizeof frame);
    const size_t mark = grille_frame_begin(&writer);
    grille_write_u64(&writer, 1);
    grille_frame_end(&writer, mark, GRILLE_FRAME_PING, 0, 0);
    assert_int_equal(grille_secure_write(end_of(w, role), grille_written(&writer)), GRILLE_REASON_OK);
}

int64_t since_start_ms(const world *w) {
    return w->pair.wall_ms - SECURE_PAIR_WALL_MS;
}

void reattest(world *w, int role) {
    assert_int_equal(grille_secure_reattest(end_of(w, role), w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
    run(w);
}
