/* SPDX-License-Identifier: Apache-2.0
 * Inside of one channel end; included by secure*.c only. */
#ifndef GRILLE_SECURE_SECURE_PRIVATE_H
#define GRILLE_SECURE_SECURE_PRIVATE_H

#include "secure/leaf.h"
#include "secure/secure.h"

struct grille_secure {
    grille_secure_role role;
    grille_secure_state state;
    const grille_crypto *crypto;
    const grille_identity *identity;
    grille_policy *policy; /* a reference of our own */
    grille_budget *budget;
    grille_tls *tls;
    grille_gate gate;
    bool gate_started;
    grille_byte_queue plain; /* read from TLS, not yet taken: gate frames, and what follows them */
    grille_time_us deadline_us;
    grille_wall_ms wall_ms; /* of the step under way, for the verify hook */
    grille_error failure;
    grille_reason failure_reason;
    uint8_t nonce[GRILLE_NONCE_BYTES];
    uint8_t exporter[GRILLE_GATE_KEY_BYTES];
    uint8_t claims[GRILLE_LIMIT_CLAIMS_BYTES];
    size_t claims_len;
    grille_leaf leaf;
    uint8_t peer_leaf[GRILLE_CERTIFICATE_MAX];
    size_t peer_leaf_len;
    grille_bytes peer_spki; /* inside peer_leaf */
};

/* Ends the channel: the reason's own meaning is the text when none was set. During the gate the peer gets REFUSED and
 * close_notify; TLS sends its own alert. Answers the reason. */
grille_reason grille_secure_fail(grille_secure *secure, grille_reason reason);

/* secure_gate.c: TLS is finished, the gate begins; and one piece of the gate's work. Both answer as grille_secure_step
 * does. */
GRILLE_MUST_USE grille_reason grille_secure_start_gate(grille_secure *secure);
GRILLE_MUST_USE grille_reason grille_secure_step_gate(grille_secure *secure, grille_time_us now_us,
                                                      grille_wall_ms wall_ms);

/* Over GRILLE_LIMIT_BEFORE_CONFIRM_BYTES taken by TLS: the channel fails. */
GRILLE_MUST_USE grille_reason grille_secure_check_taken(grille_secure *secure);

#endif
