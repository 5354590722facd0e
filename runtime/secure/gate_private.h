/* SPDX-License-Identifier: Apache-2.0
 * Between the files of the gate; included by gate*.c only. */
#ifndef GRILLE_SECURE_GATE_PRIVATE_H
#define GRILLE_SECURE_GATE_PRIVATE_H

#include "secure/gate.h"

/* Marks the gate failed; the reason's own meaning is the text when `error` holds none yet. */
grille_reason grille_gate_fail(grille_gate *gate, grille_reason reason, grille_error *error);

/* The step that was next is done: goes on through the cheap ones to the next that waits. */
GRILLE_MUST_USE grille_reason grille_gate_advance(grille_gate *gate, grille_error *error);

/* The responder's Hello says who proves first. */
void grille_gate_choose_order(grille_gate *gate, bool initiator_first);

/* Appends one frame. BUDGET. */
GRILLE_MUST_USE grille_reason grille_gate_send_payload(grille_gate *gate, grille_bytes payload);

/* gate_work.c: cancels the proof that is under way, if any. */
void grille_gate_drop_proof(grille_gate *gate);

/* 'I' or 'R'. */
char grille_gate_own_letter(const grille_gate *gate);
char grille_gate_peer_letter(const grille_gate *gate);

/* gate_keys.c: ctx from both Hellos; what ties the evidence of one side to this session; the Confirm of one side, after
 * both evidences. Each answers what the crypto seam answers. */
GRILLE_MUST_USE grille_reason grille_gate_derive_context(grille_gate *gate);
GRILLE_MUST_USE grille_reason grille_gate_binding_of(const grille_gate *gate, char prover, grille_bytes claims,
                                                     grille_binding *binding);
GRILLE_MUST_USE grille_reason grille_gate_confirm_of(grille_gate *gate, char role,
                                                     uint8_t mac[GRILLE_GATE_CONFIRM_BYTES]);

#endif
