/* SPDX-License-Identifier: Apache-2.0
 * When a connection that is open attests again, and what is allowed meanwhile (docs/protocol.md, "Re-attestation").
 * Pure: time is an argument. Each epoch is a gate of its own (secure/gate.h) that exists only while it is under way;
 * the evidence of the last complete one is in force. What each event does in each state (secure/secure_epoch.c):
 *
 *   event                  QUIET                    ASKED (R only)           UNDER_WAY
 *   ---------------------  -----------------------  -----------------------  -----------------------------------------
 *   due, reattest()        I: HELLO, → UNDER_WAY    REQUEST again, once a    nothing: it serves
 *                          R: REQUEST, → ASKED      minute
 *   HELLO of epoch n+1     R: → UNDER_WAY           → UNDER_WAY              the gate's next: taken; else GATE-ORDER
 *                          I: GATE-ORDER
 *   HELLO, other number    GATE-EPOCH               GATE-EPOCH               GATE-EPOCH, GATE-ORDER
 *   REQUEST                I: HELLO, → UNDER_WAY    GATE-ORDER               I: before the peer's HELLO: nothing, it
 *                          R: GATE-ORDER                                     crossed ours; else GATE-ORDER
 *   EVIDENCE, CONFIRM      GATE-ORDER               GATE-ORDER               the gate's next: taken; else GATE-ORDER
 *   HELLO, REQUEST too     GATE-FLOOD               GATE-FLOOD               GATE-FLOOD
 *   often
 *   REFUSED                GATE-REFUSED-BY-PEER     GATE-REFUSED-BY-PEER     GATE-REFUSED-BY-PEER
 *   both Confirms          –                        –                        the new evidence is in force, KeyUpdate,
 *                                                                            → QUIET
 *   our evidence can't be  –                        –                        tried again, later each time
 *   made
 *   evidence in force      ATTEST-EVIDENCE-EXPIRED  ATTEST-EVIDENCE-EXPIRED  ATTEST-EVIDENCE-EXPIRED
 *   expires
 *   the set's not_after    judged again: the        judged again             judged again
 *   passes                 verdict changes
 *   policy replaced        judged again             judged again             judged again, and at the end too
 *
 * A reason with a name ends the channel. */
#ifndef GRILLE_SECURE_EPOCH_H
#define GRILLE_SECURE_EPOCH_H

#include "attest/evidence.h"
#include "base/rate_limit.h"
#include "secure/gate.h"

typedef enum grille_epoch_state { GRILLE_EPOCH_QUIET, GRILLE_EPOCH_ASKED, GRILLE_EPOCH_UNDER_WAY } grille_epoch_state;

/* Caller's storage; private but for `state`. One thread. */
typedef struct grille_epochs {
    grille_epoch_state state;
    grille_secure_role role;
    grille_time_us due_us;      /* begin, ask, or ask again */
    grille_time_us expires_us;  /* of the evidence in force, by either clock */
    grille_wall_ms expires_ms;  /* the same */
    grille_time_us set_ends_us; /* the policy's set's not_after, by either clock */
    grille_wall_ms set_ends_ms; /* the same */
    grille_time_us give_up_us;  /* of one under way or asked for, where the evidence has no end */
    grille_time_us retry_us;    /* our evidence is made again, not before */
    grille_time_us asked_us;    /* our last REQUEST */
    bool has_asked;
    uint32_t failed_proofs;     /* of the epoch under way */
    grille_rate_limit hellos;   /* an initiator's own, a responder's of the peer */
    grille_rate_limit requests; /* of the peer */
} grille_epochs;

void grille_epochs_init(grille_epochs *epochs, grille_secure_role role, grille_time_us now_us);

/* Evidence of these facts is in force from now on, or another policy (`reattest_ms`: its interval, 0: none): says when
 * it expires and when the next epoch is due: 10 minutes before, and up to 2 earlier by `jitter`; where less than 20 are
 * left, at half of the rest, but not within a minute. */
void grille_epochs_schedule(grille_epochs *epochs, const grille_evidence_facts *facts, int64_t reattest_ms,
                            uint16_t jitter, grille_time_us now_us, grille_wall_ms wall_ms);
/* The epoch under way is complete; schedule follows. */
void grille_epochs_finished(grille_epochs *epochs);
/* Nothing is due until the next schedule: a peer that the policy refuses is not asked again. */
void grille_epochs_pause(grille_epochs *epochs);

bool grille_epochs_is_expired(const grille_epochs *epochs, grille_time_us now_us, grille_wall_ms wall_ms);
bool grille_epochs_set_has_ended(const grille_epochs *epochs, grille_time_us now_us, grille_wall_ms wall_ms);
/* One that never ends must not wait for ever: GRILLE_LIMIT_EPOCH_MS. */
bool grille_epochs_is_given_up(const grille_epochs *epochs, grille_time_us now_us);

/* Takes from our own limit: whether an initiator may send HELLO, a responder REQUEST. */
GRILLE_MUST_USE bool grille_epochs_may_start(grille_epochs *epochs, grille_time_us now_us);
/* Our own limit says no: due when it may say yes. */
void grille_epochs_postpone(grille_epochs *epochs, grille_time_us now_us);
/* Takes from the peer's limits. */
GRILLE_MUST_USE bool grille_epochs_take_hello(grille_epochs *epochs, grille_time_us now_us);
GRILLE_MUST_USE bool grille_epochs_take_request(grille_epochs *epochs, grille_time_us now_us);

/* REQUEST was sent; a gate was made. */
void grille_epochs_asked(grille_epochs *epochs, grille_time_us now_us);
void grille_epochs_begun(grille_epochs *epochs, grille_time_us now_us);
/* Our evidence could not be made: again after 100 ms, twice as long each time, at most 10 s. It is not the peer that
 * keeps us waiting. */
void grille_epochs_proof_failed(grille_epochs *epochs, grille_time_us now_us);

/* When something of this is due; `may_work`: a step of the gate under way can be done, unless it waits for retry. */
grille_time_us grille_epochs_expiry(const grille_epochs *epochs, bool may_work);

#endif
