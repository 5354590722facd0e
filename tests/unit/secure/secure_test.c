/* SPDX-License-Identifier: Apache-2.0 */
#include "secure/secure.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "fake_evidence.h"
#include "secure_pair.h"

enum { nitro_bit = 1 << GRILLE_IDENTITY_NITRO, x509_bit = 1 << GRILLE_IDENTITY_X509 };

typedef struct world {
    grille_identity initiator_identity;
    grille_identity responder_identity;
    grille_policy initiator_policy;
    grille_policy responder_policy;
    secure_pair_options options;
    secure_pair pair;
} world;

static world *world_of(grille_identity_kind initiator, grille_identity_kind responder) {
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->initiator_identity.kind = initiator;
    w->responder_identity.kind = responder;
    w->initiator_policy.accepted_kinds = 1u << responder;
    w->responder_policy.accepted_kinds = 1u << initiator;
    w->options = (secure_pair_options){.initiator_identity = &w->initiator_identity,
                                       .initiator_policy = &w->initiator_policy,
                                       .responder_identity = &w->responder_identity,
                                       .responder_policy = &w->responder_policy,
                                       .initiator_claims = grille_bytes_of_text("of the initiator"),
                                       .responder_claims = grille_bytes_of_text("of the responder")};
    return w;
}

static void open_pair(world *w) {
    assert_int_equal(secure_pair_open(&w->pair, &w->options), GRILLE_REASON_OK);
}

static void world_end(world *w) {
    secure_pair_close(&w->pair);
    assert_int_equal(w->pair.initiator.budget.used_bytes, 0);
    assert_int_equal(w->pair.responder.budget.used_bytes, 0);
    free(w);
}

static void assert_open(const world *w) {
    assert_string_equal(grille_secure_failure(w->pair.initiator.secure)->text, "");
    assert_string_equal(grille_secure_failure(w->pair.responder.secure)->text, "");
    assert_int_equal(grille_secure_get_state(w->pair.initiator.secure), GRILLE_SECURE_OPEN);
    assert_int_equal(grille_secure_get_state(w->pair.responder.secure), GRILLE_SECURE_OPEN);
}

static void send(secure_side *side, const char *text) {
    assert_int_equal(grille_secure_write(side->secure, grille_bytes_of_text(text)), GRILLE_REASON_OK);
}

static void assert_read(const secure_side *side, const char *text) {
    assert_true(grille_bytes_equal(grille_bytes_of(side->read, side->read_len), grille_bytes_of_text(text)));
}

static void talk(world *w) {
    send(&w->pair.initiator, "to the responder");
    send(&w->pair.responder, "to the initiator");
    secure_pair_run(&w->pair);
    assert_read(&w->pair.responder, "to the responder");
    assert_read(&w->pair.initiator, "to the initiator");
}

static void each_pair_of_kinds_opens(void **state) {
    static const grille_identity_kind kinds[] = {GRILLE_IDENTITY_NITRO, GRILLE_IDENTITY_X509};
    (void)state;
    for (int i = 0; i < 2; i++)
        for (int r = 0; r < 2; r++) {
            world *w = world_of(kinds[i], kinds[r]);
            open_pair(w);
            secure_pair_run(&w->pair);
            assert_open(w);
            assert_int_equal(grille_secure_peer(w->pair.initiator.secure)->kind, kinds[r]);
            assert_int_equal(grille_secure_peer(w->pair.responder.secure)->kind, kinds[i]);
            assert_int_equal(w->initiator_identity.proved, 1);
            assert_int_equal(w->responder_identity.proved, 1);
            talk(w);
            world_end(w);
        }
}

static world *run_to_the_end(grille_identity_kind responder, size_t chunk, uint64_t split_at) {
    world *w = world_of(GRILLE_IDENTITY_X509, responder);
    open_pair(w);
    w->pair.chunk = chunk;
    w->pair.split_at = split_at;
    secure_pair_run(&w->pair);
    assert_open(w);
    return w;
}

static void cut_into_chunks(void **state) {
    static const size_t chunks[] = {1, 2, 3, 4, 5, 6, 7, 63, 64, 65, 1000};
    (void)state;
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        world *w = run_to_the_end(GRILLE_IDENTITY_X509, chunks[i], 0);
        talk(w);
        world_end(w);
        w = run_to_the_end(GRILLE_IDENTITY_NITRO, chunks[i], 0);
        talk(w);
        world_end(w);
    }
}

/* Everything that goes over the wire, up to the first call's answer, cut in two at each byte. */
static void cut_at_every_byte(void **state) {
    static const grille_identity_kind kinds[] = {GRILLE_IDENTITY_X509, GRILLE_IDENTITY_NITRO};
    (void)state;
    for (int k = 0; k < 2; k++) {
        uint64_t longest = 1;
        for (uint64_t at = 1; at <= longest; at++) {
            world *w = run_to_the_end(kinds[k], 0, at);
            talk(w);
            if (w->pair.carried[0] > longest) longest = w->pair.carried[0];
            if (w->pair.carried[1] > longest) longest = w->pair.carried[1];
            world_end(w);
        }
        assert_true(longest > 800);
    }
}

/* A flipped bit anywhere ends the channel; only the version field of the two plaintext records' headers is ignored, as
 * RFC 8446 5.1 says. */
static void a_flipped_bit_anywhere(void **state) {
    (void)state;
    for (int direction = 0; direction < 2; direction++) {
        world *clean = run_to_the_end(GRILLE_IDENTITY_X509, 0, 0);
        const uint64_t longest =
            clean->pair.carried[direction] - 80; /* the last record varies with signatures' sizes */
        size_t survived = 0;
        world_end(clean);
        for (uint64_t at = 1; at <= longest; at++) {
            world *w = world_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_X509);
            open_pair(w);
            w->pair.flip_at[direction] = at;
            secure_pair_run(&w->pair);
            if (grille_secure_get_state(w->pair.initiator.secure) == GRILLE_SECURE_OPEN &&
                grille_secure_get_state(w->pair.responder.secure) == GRILLE_SECURE_OPEN) {
                if (at != 2 && at != 3) fail_msg("direction %d, byte %d", direction, (int)at);
                survived++;
            }
            world_end(w);
        }
        assert_true(survived <= 2);
    }
}

static void each_cipher(void **state) {
    static const grille_cipher ciphers[] = {GRILLE_CIPHER_AES128, GRILLE_CIPHER_AES256, GRILLE_CIPHER_CHACHA20};
    (void)state;
    for (size_t i = 0; i < sizeof ciphers / sizeof ciphers[0]; i++)
        for (int side = 0; side < 3; side++) {
            world *w = world_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_X509);
            if (side != 1) w->options.initiator_cipher = ciphers[i];
            if (side != 0) w->options.responder_cipher = ciphers[i];
            open_pair(w);
            secure_pair_run(&w->pair);
            assert_open(w);
            talk(w);
            world_end(w);
        }
}

/* Carries one flight each way, by hand. */
static void carry_to(world *w, secure_side *from, secure_side *to) {
    while (secure_pair_carry(&w->pair, from, to))
        continue;
}

/* Default order: the initiator's first calls travel behind its Confirm, before the responder's has come. */
static void first_calls_travel_with_the_confirm(void **state) {
    world *w = world_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_X509);
    secure_side *i = &w->pair.initiator;
    secure_side *r = &w->pair.responder;
    (void)state;
    open_pair(w);
    assert_false(grille_secure_can_write(i->secure));
    assert_int_equal(grille_secure_write(i->secure, grille_bytes_of_text("early")), GRILLE_REASON_BAD_ARGUMENT);
    carry_to(w, i, r); /* ClientHello */
    carry_to(w, r, i); /* ServerHello … Finished */
    assert_int_equal(grille_secure_get_state(i->secure), GRILLE_SECURE_GATE);
    assert_false(grille_secure_can_write(i->secure));
    carry_to(w, i, r); /* Finished, HELLO */
    carry_to(w, r, i); /* HELLO, EVIDENCE */
    assert_int_equal(grille_secure_get_state(i->secure), GRILLE_SECURE_GATE);
    assert_true(grille_secure_can_write(i->secure));
    assert_false(grille_secure_can_write(r->secure));
    assert_non_null(grille_secure_peer(i->secure)); /* judged, so that calls may be addressed to it */
    assert_null(grille_secure_peer(r->secure));
    send(i, "first calls");
    assert_int_equal(r->read_len, 0);
    carry_to(w, i, r); /* EVIDENCE, CONFIRM, calls */
    assert_int_equal(grille_secure_get_state(r->secure), GRILLE_SECURE_OPEN);
    assert_read(r, "first calls");
    assert_int_equal(grille_secure_get_state(i->secure), GRILLE_SECURE_GATE);
    send(r, "answers");
    carry_to(w, r, i);
    assert_int_equal(grille_secure_get_state(i->secure), GRILLE_SECURE_OPEN);
    assert_read(i, "answers");
    world_end(w);
}

/* Three flights each way in both orders; where the enclave proves second, nobody writes before it is OPEN. */
static void initiator_first_order(void **state) {
    world *w = world_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_NITRO);
    secure_side *i = &w->pair.initiator;
    secure_side *r = &w->pair.responder;
    (void)state;
    open_pair(w);
    carry_to(w, i, r);
    carry_to(w, r, i);
    carry_to(w, i, r);
    carry_to(w, r, i); /* HELLO with INITIATOR_FIRST */
    assert_int_equal(w->responder_identity.proved, 0);
    assert_int_equal(w->initiator_identity.proved, 1);
    assert_false(grille_secure_can_write(i->secure));
    carry_to(w, i, r); /* EVIDENCE */
    assert_int_equal(w->responder_policy.verified, 1);
    assert_int_equal(w->responder_identity.proved, 1);
    assert_false(grille_secure_can_write(r->secure));
    carry_to(w, r, i); /* EVIDENCE, CONFIRM */
    assert_int_equal(grille_secure_get_state(i->secure), GRILLE_SECURE_OPEN);
    assert_true(grille_secure_can_write(i->secure));
    send(i, "calls");
    carry_to(w, i, r); /* CONFIRM, calls */
    assert_int_equal(grille_secure_get_state(r->secure), GRILLE_SECURE_OPEN);
    assert_read(r, "calls");
    world_end(w);
}

/* More first calls than a responder takes before Confirm: they wait in the transport and none is lost. */
static void many_first_calls(void **state) {
    static uint8_t calls[50000];
    world *w = world_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_X509);
    secure_side *i = &w->pair.initiator;
    secure_side *r = &w->pair.responder;
    (void)state;
    for (size_t n = 0; n < sizeof calls; n++)
        calls[n] = (uint8_t)(n * 7 + n / 256);
    open_pair(w);
    carry_to(w, i, r);
    carry_to(w, r, i);
    carry_to(w, i, r);
    carry_to(w, r, i);
    assert_int_equal(grille_secure_write(i->secure, grille_bytes_of(calls, sizeof calls)), GRILLE_REASON_OK);
    assert_true(grille_secure_outgoing(i->secure).len > GRILLE_LIMIT_BEFORE_CONFIRM_BYTES);
    secure_pair_run(&w->pair);
    assert_open(w);
    assert_int_equal(r->read_len, sizeof calls);
    assert_memory_equal(r->read, calls, sizeof calls);
    world_end(w);
}

/* One expensive step per call: TLS, then one evidence. */
static void steps_are_single(void **state) {
    world *w = world_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_X509);
    secure_side *i = &w->pair.initiator;
    secure_side *r = &w->pair.responder;
    grille_bytes bytes;
    int steps = 0;
    (void)state;
    open_pair(w);
    carry_to(w, i, r);
    carry_to(w, r, i);
    bytes = grille_secure_outgoing(i->secure); /* Finished, HELLO */
    assert_int_equal(grille_secure_feed(r->secure, bytes), GRILLE_REASON_OK);
    grille_secure_sent(i->secure, bytes.len);
    while (grille_secure_step(r->secure, w->pair.now_us, w->pair.wall_ms) == GRILLE_REASON_MORE) {
        steps++;
        if (w->responder_identity.proved == 1) break;
        assert_int_equal(w->responder_identity.proved, 0);
    }
    assert_true(steps >= 3); /* certificate … Finished in several, HELLO, EVIDENCE */
    carry_to(w, r, i);
    bytes = grille_secure_outgoing(i->secure); /* EVIDENCE, CONFIRM */
    assert_int_equal(grille_secure_feed(r->secure, bytes), GRILLE_REASON_OK);
    grille_secure_sent(i->secure, bytes.len);
    assert_int_equal(grille_secure_step(r->secure, w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_MORE);
    assert_int_equal(w->responder_policy.verified, 0); /* taken */
    assert_int_equal(grille_secure_step(r->secure, w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_MORE);
    assert_int_equal(w->responder_policy.verified, 1); /* judged */
    assert_int_equal(grille_secure_get_state(r->secure), GRILLE_SECURE_GATE);
    assert_int_equal(grille_secure_step(r->secure, w->pair.now_us, w->pair.wall_ms), GRILLE_REASON_OK);
    assert_int_equal(grille_secure_get_state(r->secure), GRILLE_SECURE_OPEN);
    world_end(w);
}

static void assert_refusal(world *w, secure_side *refuser, secure_side *refused, grille_reason reason) {
    secure_pair_run(&w->pair);
    assert_int_equal(refuser->last, reason);
    assert_int_equal(refused->last, GRILLE_REASON_GATE_REFUSED_BY_PEER);
    assert_int_equal(grille_secure_failure(refused->secure)->code, GRILLE_UNAUTHENTICATED);
    assert_string_equal(grille_secure_failure(refused->secure)->text,
                        "the peer refused our evidence; its log says why");
    assert_string_equal(grille_secure_failure(refuser->secure)->name, grille_reason_name(reason));
    assert_int_equal(refuser->read_len + refused->read_len, 0);
    assert_null(grille_secure_peer(refuser->secure));
    assert_null(grille_secure_peer(refused->secure));
    /* A failed end stays failed and takes nothing more. */
    assert_int_equal(grille_secure_step(refuser->secure, w->pair.now_us, w->pair.wall_ms), reason);
    assert_int_equal(grille_secure_write(refuser->secure, grille_bytes_of_text("x")), reason);
    assert_int_equal(grille_secure_feed(refuser->secure, grille_bytes_of_text("x")), GRILLE_REASON_OK);
    assert_int_equal(grille_secure_outgoing(refuser->secure).len, 0);
    world_end(w);
}

static void a_refused_peer_learns_that_and_no_more(void **state) {
    static const grille_identity_kind kinds[] = {GRILLE_IDENTITY_X509, GRILLE_IDENTITY_NITRO};
    (void)state;
    for (int k = 0; k < 2; k++) {
        world *w = world_of(GRILLE_IDENTITY_X509, kinds[k]);
        w->initiator_policy.verify_answer = GRILLE_REASON_ATTEST_PCR_MISMATCH;
        open_pair(w);
        assert_refusal(w, &w->pair.initiator, &w->pair.responder, GRILLE_REASON_ATTEST_PCR_MISMATCH);
        w = world_of(GRILLE_IDENTITY_X509, kinds[k]);
        w->responder_policy.verify_answer = GRILLE_REASON_ATTEST_CERT_EXPIRED;
        open_pair(w);
        assert_refusal(w, &w->pair.responder, &w->pair.initiator, GRILLE_REASON_ATTEST_CERT_EXPIRED);
        w = world_of(GRILLE_IDENTITY_X509, kinds[k]);
        w->responder_identity.prove_answer = GRILLE_REASON_NSM_FAILED;
        open_pair(w);
        assert_refusal(w, &w->pair.responder, &w->pair.initiator, GRILLE_REASON_NSM_FAILED);
        w = world_of(GRILLE_IDENTITY_X509, kinds[k]);
        w->initiator_identity.prove_answer = GRILLE_REASON_CRYPTO_FAILED;
        open_pair(w);
        assert_refusal(w, &w->pair.initiator, &w->pair.responder, GRILLE_REASON_CRYPTO_FAILED);
    }
}

/* The first calls of an initiator whose evidence is refused afterwards are never handed over. */
static void calls_behind_refused_evidence_are_not_read(void **state) {
    world *w = world_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_X509);
    (void)state;
    w->responder_policy.verify_answer = GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER;
    open_pair(w);
    carry_to(w, &w->pair.initiator, &w->pair.responder);
    carry_to(w, &w->pair.responder, &w->pair.initiator);
    carry_to(w, &w->pair.initiator, &w->pair.responder);
    carry_to(w, &w->pair.responder, &w->pair.initiator);
    send(&w->pair.initiator, "run this");
    assert_refusal(w, &w->pair.responder, &w->pair.initiator, GRILLE_REASON_ATTEST_CERT_UNKNOWN_ISSUER);
}

/* Evidence of the longest size that one frame takes passes; the gate's limits leave room for it. */
static void the_longest_evidence(void **state) {
    world *w = world_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_NITRO);
    (void)state;
    w->initiator_identity.body_len = GRILLE_LIMIT_EVIDENCE_BYTES - 6 - 16;
    w->responder_identity.body_len = GRILLE_LIMIT_EVIDENCE_BYTES - 6 - 16;
    open_pair(w);
    secure_pair_run(&w->pair);
    assert_open(w);
    talk(w);
    world_end(w);
    w = world_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_X509);
    w->responder_identity.body_len = GRILLE_LIMIT_EVIDENCE_BYTES - 6 - 15;
    open_pair(w);
    secure_pair_run(&w->pair);
    assert_int_equal(w->pair.responder.last, GRILLE_REASON_NO_SPACE);
    world_end(w);
}

static void claims_over_the_limit(void **state) {
    static const uint8_t claims[GRILLE_LIMIT_CLAIMS_BYTES + 1];
    world *w = world_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_X509);
    (void)state;
    w->options.initiator_claims = grille_bytes_of(claims, GRILLE_LIMIT_CLAIMS_BYTES);
    open_pair(w);
    secure_pair_run(&w->pair);
    assert_open(w);
    secure_pair_close(&w->pair);
    w->options.initiator_claims = grille_bytes_of(claims, sizeof claims);
    assert_int_equal(secure_pair_open(&w->pair, &w->options), GRILLE_REASON_BAD_ARGUMENT);
    assert_null(w->pair.initiator.secure);
    world_end(w);
}

static void closing_is_seen(void **state) {
    world *w = run_to_the_end(GRILLE_IDENTITY_X509, 0, 0);
    uint8_t plain[16];
    size_t len = 1;
    (void)state;
    send(&w->pair.initiator, "last words");
    grille_secure_shutdown(w->pair.initiator.secure);
    assert_int_equal(grille_secure_write(w->pair.initiator.secure, grille_bytes_of_text("x")),
                     GRILLE_REASON_TLS_FAILED);
    secure_pair_run(&w->pair);
    assert_read(&w->pair.responder, "last words");
    assert_int_equal(grille_secure_get_state(w->pair.responder.secure), GRILLE_SECURE_CLOSED);
    assert_int_equal(grille_secure_read(w->pair.responder.secure, plain, sizeof plain, &len, w->pair.now_us),
                     GRILLE_REASON_MORE);
    assert_int_equal(len, 0);
    assert_int_equal(grille_secure_failure(w->pair.responder.secure)->code, GRILLE_OK);
    world_end(w);
}

/* A record is handed out in parts when the owner's buffer is small; fed bytes stay borrowed until MORE. */
static void small_reads_and_borrowed_bytes(void **state) {
    world *w = run_to_the_end(GRILLE_IDENTITY_X509, 0, 0);
    grille_secure *r = w->pair.responder.secure;
    grille_bytes bytes;
    uint8_t plain[4];
    size_t len = 0;
    (void)state;
    send(&w->pair.initiator, "abcdefg");
    send(&w->pair.initiator, "h");
    bytes = grille_secure_outgoing(w->pair.initiator.secure);
    assert_int_equal(grille_secure_room(r), SIZE_MAX);
    assert_int_equal(grille_secure_feed(r, bytes), GRILLE_REASON_OK);
    assert_int_equal(grille_secure_feed(r, bytes), GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(grille_secure_read(r, plain, sizeof plain, &len, 0), GRILLE_REASON_OK);
    assert_int_equal(len, 4);
    assert_memory_equal(plain, "abcd", 4);
    assert_int_equal(grille_secure_read(r, plain, sizeof plain, &len, 0), GRILLE_REASON_OK);
    assert_memory_equal(plain, "efg", 3);
    assert_int_equal(grille_secure_read(r, plain, sizeof plain, &len, 0), GRILLE_REASON_OK);
    assert_int_equal(len, 1);
    assert_int_equal(grille_secure_read(r, plain, sizeof plain, &len, 0), GRILLE_REASON_MORE);
    assert_int_equal(len, 0);
    grille_secure_sent(w->pair.initiator.secure, bytes.len);
    world_end(w);
}

static void trimming_gives_memory_back(void **state) {
    static const uint8_t big[30000];
    world *w = run_to_the_end(GRILLE_IDENTITY_X509, 0, 0);
    size_t used = 0;
    (void)state;
    assert_int_equal(grille_secure_write(w->pair.initiator.secure, grille_bytes_of(big, sizeof big)), GRILLE_REASON_OK);
    used = w->pair.initiator.budget.used_bytes;
    grille_secure_trim(w->pair.initiator.secure);
    assert_int_equal(w->pair.initiator.budget.used_bytes, used); /* bytes wait */
    secure_pair_run(&w->pair);
    grille_secure_trim(w->pair.initiator.secure);
    assert_true(w->pair.initiator.budget.used_bytes + sizeof big < used);
    w->pair.responder.read_len = 0;
    talk(w);
    world_end(w);
}

/* The peer takes nothing for a while, and no memory is left for what waits: the channel ends. */
static void outgoing_can_be_built_in_lent_memory(void **state) {
    static uint8_t lent[2000];
    static const uint8_t big[1500];
    world *w = run_to_the_end(GRILLE_IDENTITY_X509, 0, 0);
    grille_secure *i = w->pair.initiator.secure;
    grille_budget *budget = &w->pair.initiator.budget;
    (void)state;
    grille_secure_trim(i);
    assert_false(grille_secure_holds(i));
    grille_secure_lend(i, lent, sizeof lent);
    assert_int_equal(grille_secure_write(i, grille_bytes_of(big, sizeof big)), GRILLE_REASON_OK);
    assert_ptr_equal(grille_secure_outgoing(i).data, lent);
    assert_int_equal(grille_secure_reclaim(i), GRILLE_REASON_OK);
    memset(lent, 0xee, sizeof lent);
    assert_true(grille_secure_holds(i));
    secure_pair_run(&w->pair);
    assert_int_equal(w->pair.responder.read_len, sizeof big);
    assert_memory_equal(w->pair.responder.read, big, sizeof big);
    w->pair.responder.read_len = 0;
    talk(w);
    grille_secure_trim(i);
    budget->limit_bytes = budget->used_bytes + 1000;
    grille_secure_lend(i, lent, sizeof lent);
    assert_int_equal(grille_secure_write(i, grille_bytes_of(big, 10)), GRILLE_REASON_OK);
    assert_int_equal(grille_secure_reclaim(i), GRILLE_REASON_BUDGET);
    assert_int_equal(grille_secure_get_state(i), GRILLE_SECURE_FAILED);
    assert_int_equal(grille_secure_outgoing(i).len, 0);
    world_end(w);
}

/* What a record touches is known whole, beside one part of the connection's, and is no large part of the channel. */
static void what_a_record_touches(void **state) {
    static const grille_cipher ciphers[] = {GRILLE_CIPHER_AES128, GRILLE_CIPHER_AES256, GRILLE_CIPHER_CHACHA20};
    const uintptr_t within = GRILLE_LINE_BYTES - 1;
    (void)state;
    for (size_t i = 0; i < sizeof ciphers / sizeof ciphers[0]; i++) {
        world *w = world_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_X509);
        grille_footprint receiving = {0};
        grille_footprint sending = {0};
        size_t lines = 0;
        w->options.initiator_cipher = ciphers[i];
        w->options.responder_cipher = ciphers[i];
        open_pair(w);
        secure_pair_run(&w->pair);
        assert_open(w);
        grille_secure_footprint(w->pair.initiator.secure, &receiving, &sending);
        assert_int_equal(receiving.parts[0] & ~within, (uintptr_t)w->pair.initiator.secure & ~within);
        assert_int_equal(receiving.parts[GRILLE_FOOTPRINT_PARTS - 1], 0);
        assert_int_not_equal(sending.parts[0], 0);
        assert_int_equal(sending.parts[GRILLE_FOOTPRINT_PARTS / 2], 0);
        for (const uintptr_t *part = receiving.parts; *part != 0; part++)
            lines += (*part & within) + 1;
        for (const uintptr_t *part = sending.parts; *part != 0; part++)
            lines += (*part & within) + 1;
        assert_in_range(lines, 24, 48);
        world_end(w);
    }
}

static void arguments_are_checked(void **state) {
    world *w = world_of(GRILLE_IDENTITY_X509, GRILLE_IDENTITY_X509);
    grille_secure_options good;
    grille_secure_options bad;
    grille_secure *secure = NULL;
    grille_error error;
    (void)state;
    open_pair(w);
    good = secure_pair_end_options(&w->pair, &w->options, GRILLE_INITIATOR, &w->pair.initiator.budget);
    bad = good;
    bad.policy = NULL;
    assert_int_equal(grille_secure_new(&bad, &secure, &error), GRILLE_REASON_BAD_ARGUMENT);
    bad = good;
    bad.identity = NULL;
    assert_int_equal(grille_secure_new(&bad, &secure, &error), GRILLE_REASON_BAD_ARGUMENT);
    bad = good;
    bad.budget = NULL;
    assert_int_equal(grille_secure_new(&bad, &secure, &error), GRILLE_REASON_BAD_ARGUMENT);
    assert_null(secure);
    assert_string_equal(error.name, "BAD-ARGUMENT");
    grille_secure_free(NULL);
    world_end(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pair_of_kinds_opens),
        cmocka_unit_test(cut_into_chunks),
        cmocka_unit_test(cut_at_every_byte),
        cmocka_unit_test(a_flipped_bit_anywhere),
        cmocka_unit_test(each_cipher),
        cmocka_unit_test(first_calls_travel_with_the_confirm),
        cmocka_unit_test(initiator_first_order),
        cmocka_unit_test(many_first_calls),
        cmocka_unit_test(steps_are_single),
        cmocka_unit_test(a_refused_peer_learns_that_and_no_more),
        cmocka_unit_test(calls_behind_refused_evidence_are_not_read),
        cmocka_unit_test(the_longest_evidence),
        cmocka_unit_test(claims_over_the_limit),
        cmocka_unit_test(closing_is_seen),
        cmocka_unit_test(small_reads_and_borrowed_bytes),
        cmocka_unit_test(trimming_gives_memory_back),
        cmocka_unit_test(outgoing_can_be_built_in_lent_memory),
        cmocka_unit_test(what_a_record_touches),
        cmocka_unit_test(arguments_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
