/* SPDX-License-Identifier: Apache-2.0
 * The attested gate at one epoch (docs/protocol.md, "Attested gate"), sans-IO: payloads of GATE frames in, frames out,
 * no record layer, no clock, no randomness of its own. It is a row of steps; its state is the next one.
 *
 *   who proves first:  … PROVE  TAKE_EVIDENCE  VERIFY  TAKE_CONFIRM  SEND_CONFIRM  OPEN
 *   the other:         … TAKE_EVIDENCE  VERIFY  PROVE  SEND_CONFIRM  TAKE_CONFIRM  OPEN
 *
 * A later epoch (secure/epoch.h) is a gate of its own, over the same TLS connection. */
#ifndef GRILLE_SECURE_GATE_H
#define GRILLE_SECURE_GATE_H

#include "attest/evidence.h"
#include "secure/byte_queue.h"
#include "secure/gate_message.h"
#include "secure/key_schedule.h"

/* The initiator is the TLS client. */
typedef enum grille_secure_role { GRILLE_INITIATOR, GRILLE_RESPONDER } grille_secure_role;

typedef enum grille_gate_step {
    GRILLE_GATE_SEND_HELLO,
    GRILLE_GATE_TAKE_HELLO,
    GRILLE_GATE_PROVE,
    GRILLE_GATE_TAKE_EVIDENCE,
    GRILLE_GATE_VERIFY,
    GRILLE_GATE_SEND_CONFIRM,
    GRILLE_GATE_TAKE_CONFIRM,
    GRILLE_GATE_OPEN
} grille_gate_step;

/* Views are borrowed until deinit. */
typedef struct grille_gate_options {
    grille_secure_role role;
    const grille_crypto *crypto;
    const grille_identity *identity;
    const grille_policy *policy;
    grille_budget *budget;
    grille_bytes claims;                /* own, encoded; at most GRILLE_LIMIT_CLAIMS_BYTES */
    grille_bytes nonce;                 /* own, fresh: GRILLE_GATE_NONCE_BYTES */
    uint32_t epoch;                     /* 0 on a new connection */
    grille_bytes previous_th;           /* of epoch - 1; empty at 0 */
    const grille_peer_identity *before; /* the peer of epoch - 1, who it must still be; NULL at 0 */
    grille_path_cache *cache;           /* NULL: none */
    /* Where evidence may take long (nitro) it is made elsewhere, and this is called on any thread when
     * grille_gate_work has something to do again; NULL: grille_gate_work blocks for it. Must not block. */
    void (*on_proved)(void *user);
    void *on_proved_user;
    /* Evidence that can't be made does not end the gate: grille_gate_work may be called again. */
    bool proof_is_tried_again;

    /* of the TLS connection */
    uint16_t suite;
    grille_bytes alpn;
    grille_bytes exporter; /* GRILLE_GATE_KEY_BYTES */
    grille_bytes own_leaf; /* DER */
    grille_bytes peer_leaf;
    grille_bytes own_spki;
    grille_bytes peer_spki;
} grille_gate_options;

/* A HELLO with as many kinds as may be. */
#define GRILLE_GATE_HELLO_MAX (8 + GRILLE_GATE_NONCE_BYTES + GRILLE_LIMIT_HELLO_KINDS)

/* Caller's storage; private. One thread. */
typedef struct grille_gate {
    grille_gate_options options;
    const grille_gate_step *plan;
    size_t at; /* plan[at] is next */
    bool failed;
    bool confirmed; /* our Confirm is under way */
    bool has_ctx;
    grille_proof *proof; /* under way */
    grille_gate_hello peer_hello;
    uint8_t own_hello_payload[GRILLE_GATE_HELLO_MAX];
    size_t own_hello_len;
    uint8_t peer_hello_payload[GRILLE_GATE_HELLO_MAX];
    size_t peer_hello_len;
    uint8_t ctx[GRILLE_GATE_KEY_BYTES];
    uint8_t th[GRILLE_GATE_KEY_BYTES];
    grille_byte_queue own_evidence; /* whole payloads, until both Confirms are through */
    grille_byte_queue peer_evidence;
    grille_byte_queue outgoing; /* GATE frames */
    grille_peer_identity peer;
    grille_evidence_facts facts; /* chain is a view into peer_evidence */
} grille_gate;

/* Begins an epoch; an initiator has its HELLO outgoing. GATE_REFLECTED: the peer's TLS key is our own. BAD_ARGUMENT,
 * BUDGET. Call deinit whatever the answer. */
GRILLE_MUST_USE grille_reason grille_gate_init(grille_gate *gate, const grille_gate_options *options,
                                               grille_error *error);
/* Wipes and frees; cancels a proof under way: on_proved is not running afterwards and will not run. */
void grille_gate_deinit(grille_gate *gate);

/* Which step comes next. TAKE_… wait for a payload; PROVE and VERIFY want grille_gate_work. */
grille_gate_step grille_gate_next(const grille_gate *gate);
/* The type of message that is taken next; 0 when none is. */
uint8_t grille_gate_expects(const grille_gate *gate);

/* Takes the next whole payload, while a message is expected. Cheap: signatures are left to grille_gate_work. Each
 * reason but OK ends the gate; `error` explains it to the local operator. */
GRILLE_MUST_USE grille_reason grille_gate_take(grille_gate *gate, grille_bytes payload, grille_error *error);

/* Does the one expensive step that is next (makes or judges one evidence); OK at once when none is, and while evidence
 * is being made elsewhere (grille_gate_is_waiting). Anything else ends the gate, unless it may be tried again
 * (grille_gate_has_failed). */
GRILLE_MUST_USE grille_reason grille_gate_work(grille_gate *gate, grille_wall_ms wall_ms, grille_error *error);

/* Evidence of ours is being made, and options.on_proved says when it is there. */
bool grille_gate_is_waiting(const grille_gate *gate);
bool grille_gate_has_failed(const grille_gate *gate);

/* Both Confirms are through. */
bool grille_gate_is_open(const grille_gate *gate);
/* Our own Confirm is under way; an initiator's first calls may follow it. */
bool grille_gate_has_confirmed(const grille_gate *gate);

/* GATE frames to send, borrowed until the next call; sent takes them away. */
grille_bytes grille_gate_outgoing(const grille_gate *gate);
void grille_gate_sent(grille_gate *gate, size_t len);

/* The peer as its evidence proved it; NULL before our own Confirm is under way. It is confirmed when the gate is open.
 */
const grille_peer_identity *grille_gate_peer(const grille_gate *gate);
/* What stays of the peer's evidence, NULL when grille_gate_peer is; its chain is a view that lives until deinit. */
const grille_evidence_facts *grille_gate_facts(const grille_gate *gate);
/* TH, for the next epoch; NULL before the gate is open. */
const uint8_t *grille_gate_th(const grille_gate *gate);

#endif
