/* SPDX-License-Identifier: Apache-2.0
 * The comparisons that bind evidence to a session, each in one function with external linkage, so that a test can link
 * a canary without one of them and show that the attack it stops then succeeds (tests/attack). All compare in
 * constant time. */
#ifndef GRILLE_ATTEST_DEFENCE_H
#define GRILLE_ATTEST_DEFENCE_H

#include <stdbool.h>

#include "grille/identity.h"

/* The document's user_data (or a signature's input) is the prefix, role and binder of this session: stops relays. */
bool grille_defence_binder_matches(grille_bytes claimed, grille_bytes expected);
/* The document's public_key is the key of the peer's TLS leaf: stops a document made for another key. */
bool grille_defence_key_matches(grille_bytes claimed, grille_bytes tls_spki);
/* The document's nonce is the one we sent: stops replays. */
bool grille_defence_nonce_matches(grille_bytes claimed, grille_bytes sent);
/* The peer's TLS key is not our own: stops reflection to ourselves. */
bool grille_defence_key_is_not_ours(grille_bytes peer_spki, grille_bytes own_spki);
/* The peer's nonce is not the one that we sent: stops our own Hello sent back to us. */
bool grille_defence_nonce_is_not_ours(grille_bytes peer_nonce, grille_bytes own_nonce);
/* The first certificate of a chain is the pinned root, byte for byte (or by its digest): stops cloned CAs. */
bool grille_defence_root_matches(grille_bytes presented, grille_bytes pinned);
/* PCR0 is not all zero: stops debug enclaves. */
bool grille_defence_not_debug(grille_bytes pcr0);
/* A PCR is the one that the policy pins: stops another image. */
bool grille_defence_pcr_matches(grille_bytes presented, grille_bytes pinned);
/* The peer's confirmation is the HMAC of this transcript: stops splicing and half-seen gates. */
bool grille_defence_confirm_matches(grille_bytes received, grille_bytes expected);
/* Evidence of this kind says who its prover is, as whoever is called must: stops anonymous responders. */
bool grille_defence_may_respond(grille_identity_kind kind);
/* A psk's MAC is by the key of its id: stops everybody who has not the key. */
bool grille_defence_psk_matches(grille_bytes received, grille_bytes expected);
/* Kind and identity of a later epoch are those of the one before: stops a peer from becoming another one. */
bool grille_defence_identity_is_same(const grille_peer_identity *before, const grille_peer_identity *after);

#endif
