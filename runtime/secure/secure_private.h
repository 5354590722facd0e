/* SPDX-License-Identifier: Apache-2.0
 * Inside of one channel end; included by secure*.c only. */
#ifndef GRILLE_SECURE_SECURE_PRIVATE_H
#define GRILLE_SECURE_SECURE_PRIVATE_H

#include "secure/epoch.h"
#include "secure/leaf.h"
#include "secure/secure.h"

/* A gate under way, and what it borrows. On the budget: a channel that is open and idle has none. */
typedef struct secure_attempt {
    grille_gate gate;
    grille_policy *policy;     /* a reference of our own */
    grille_identity *identity; /* a reference of our own */
    uint8_t previous_th[GRILLE_GATE_KEY_BYTES];
    uint8_t claims[GRILLE_LIMIT_CLAIMS_BYTES];
    size_t claims_len;
    /* A CONFIRM that came with the evidence before it, which has to be verified first. */
    uint8_t confirm[1 + GRILLE_GATE_CONFIRM_BYTES];
    size_t confirm_len;
} secure_attempt;

/* What each record touches stands first, close together. */
struct grille_secure {
    grille_secure_role role;
    grille_secure_state state;
    grille_tls *tls;
    secure_attempt *attempt; /* or NULL */
    grille_byte_queue plain; /* read from TLS, not yet taken: gate frames, and what follows them */
    grille_time_us deadline_us;
    bool gate_started;  /* the peer is told when the channel fails */
    bool must_schedule; /* the policy was replaced */
    grille_reason failure_reason;
    grille_reason verdict_reason;
    grille_epochs epochs;
    grille_wall_ms wall_ms; /* of the step under way, for the verify hook */
    const grille_crypto *crypto;
    grille_identity *identity; /* a reference of our own */
    grille_policy *policy;     /* a reference of our own */
    grille_path_cache *cache;
    void (*on_proved)(void *user);
    void *on_proved_user;
    grille_budget *budget;
    grille_peer_identity peer; /* of the newest complete epoch */
    grille_evidence_facts facts;
    size_t chain_len; /* of facts.chain, on the budget */
    uint8_t th[GRILLE_GATE_KEY_BYTES];
    grille_error verdict;
    grille_error failure;
    uint8_t nonce[GRILLE_NONCE_BYTES];
    uint8_t exporter[GRILLE_GATE_KEY_BYTES];
    /* Copies of their own length, on the budget: secure_kept.c. */
    grille_bytes claims;
    grille_bytes own_leaf;
    grille_bytes own_spki;
    grille_bytes peer_leaf;
    grille_bytes peer_spki; /* inside peer_leaf */
};

/* secure_kept.c: a copy on the budget in place of *kept. BUDGET: nothing changed. */
GRILLE_MUST_USE grille_reason grille_secure_keep(grille_secure *secure, grille_bytes *kept, grille_bytes bytes);
/* Frees all copies. */
void grille_secure_drop_kept(grille_secure *secure);

/* Ends the channel: the reason's own meaning is the text when none was set. During the gate the peer gets REFUSED and
 * close_notify; TLS sends its own alert. Answers the reason. */
grille_reason grille_secure_fail(grille_secure *secure, grille_reason reason);

/* secure_gate.c: TLS is finished, the gate begins; and one piece of the gate's work. Both answer as grille_secure_step
 * does. */
GRILLE_MUST_USE grille_reason grille_secure_start_gate(grille_secure *secure);
GRILLE_MUST_USE grille_reason grille_secure_step_gate(grille_secure *secure, grille_time_us now_us,
                                                      grille_wall_ms wall_ms);

/* secure_attempt.c: a gate for this epoch under the policy, identity and claims of now, with a fresh nonce (that of the
 * options at epoch 0). An initiator's HELLO waits in the gate. Whatever it answers but OK ends the channel. */
GRILLE_MUST_USE grille_reason grille_secure_begin_attempt(grille_secure *secure, uint32_t epoch);
void grille_secure_free_attempt(grille_secure *secure);
/* What the gate has to say leaves in records of its own. */
GRILLE_MUST_USE grille_reason grille_secure_flush_gate(grille_secure *secure);
/* Both Confirms are through: what the gate found is in force, the gate is freed. Fails the channel. */
GRILLE_MUST_USE grille_reason grille_secure_finish_attempt(grille_secure *secure, grille_time_us now_us,
                                                           grille_wall_ms wall_ms);

/* secure_peer.c: judges the peer again from its facts by the policy in force. */
void grille_secure_judge_again(grille_secure *secure, grille_wall_ms wall_ms);
/* Says when the evidence in force expires and what is due. */
void grille_secure_schedule(grille_secure *secure, grille_time_us now_us, grille_wall_ms wall_ms);
/* Takes what the gate found. BUDGET: nothing changed. */
GRILLE_MUST_USE grille_reason grille_secure_keep_peer(grille_secure *secure, const grille_gate *gate);
void grille_secure_forget_peer(grille_secure *secure);

/* secure_epoch.c: grille_secure_step and _expiry while OPEN. */
GRILLE_MUST_USE grille_reason grille_secure_step_open(grille_secure *secure, grille_time_us now_us,
                                                      grille_wall_ms wall_ms);
grille_time_us grille_secure_open_expiry(const grille_secure *secure);

/* Over GRILLE_LIMIT_BEFORE_CONFIRM_BYTES taken by TLS: the channel fails. */
GRILLE_MUST_USE grille_reason grille_secure_check_taken(grille_secure *secure);

#endif
