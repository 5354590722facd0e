/* SPDX-License-Identifier: Apache-2.0
 * The gate's key schedule: docs/protocol.md, "Attested gate". H is SHA-384, LP(x) a u32 length and x, X the byte 'I' or
 * 'R'. Pure functions over the crypto seam, any thread; each answers what the seam answers. */
#ifndef GRILLE_SECURE_KEY_SCHEDULE_H
#define GRILLE_SECURE_KEY_SCHEDULE_H

#include "crypto/crypto.h"

#define GRILLE_GATE_KEY_BYTES      48 /* of every value here */
#define GRILLE_GATE_EXPORTER_LABEL "EXPERIMENTAL grille gate"

/* What the session's values depend on; views borrowed during a call. */
typedef struct grille_gate_transcript {
    uint16_t suite; /* RFC 8446 B.4 */
    grille_bytes alpn;
    grille_bytes leaf_i; /* DER of the TLS certificates */
    grille_bytes leaf_r;
    grille_bytes hello_i; /* whole payloads, type byte included, as sent */
    grille_bytes hello_r;
    uint32_t epoch;
    grille_bytes previous_th; /* empty at epoch 0 */
} grille_gate_transcript;

/* ctx = H("grille-gate-v1" ‖ LP(suite) ‖ LP(ALPN) ‖ H(leaf_i) ‖ H(leaf_r) ‖ LP(Hello_I) ‖ LP(Hello_R) ‖ u32 epoch ‖
 * LP(previous TH)) */
GRILLE_MUST_USE grille_reason grille_gate_context(const grille_crypto *crypto, const grille_gate_transcript *transcript,
                                                  uint8_t ctx[GRILLE_GATE_KEY_BYTES]);

/* E_X = HKDF-Expand-SHA384(S, "grille evidence " ‖ X ‖ ctx, 48), S being TLS's exporter */
GRILLE_MUST_USE grille_reason grille_gate_evidence_key(const grille_crypto *crypto, grille_bytes exporter, char role,
                                                       const uint8_t ctx[GRILLE_GATE_KEY_BYTES],
                                                       uint8_t key[GRILLE_GATE_KEY_BYTES]);
/* K_X = HKDF-Expand-SHA384(S, "grille confirm " ‖ X ‖ ctx, 48) */
GRILLE_MUST_USE grille_reason grille_gate_confirm_key(const grille_crypto *crypto, grille_bytes exporter, char role,
                                                      const uint8_t ctx[GRILLE_GATE_KEY_BYTES],
                                                      uint8_t key[GRILLE_GATE_KEY_BYTES]);

/* B_X = H("grille-binder-v1" ‖ X ‖ LP(E_X) ‖ ctx ‖ LP(SPKI_X) ‖ LP(claims_X)) */
GRILLE_MUST_USE grille_reason grille_gate_binder(const grille_crypto *crypto, char role,
                                                 const uint8_t evidence_key[GRILLE_GATE_KEY_BYTES],
                                                 const uint8_t ctx[GRILLE_GATE_KEY_BYTES], grille_bytes spki,
                                                 grille_bytes claims, uint8_t binder[GRILLE_GATE_KEY_BYTES]);

/* TH = H(ctx ‖ LP(Evidence_R) ‖ LP(Evidence_I)) */
GRILLE_MUST_USE grille_reason grille_gate_transcript_hash(const grille_crypto *crypto,
                                                          const uint8_t ctx[GRILLE_GATE_KEY_BYTES],
                                                          grille_bytes evidence_r, grille_bytes evidence_i,
                                                          uint8_t th[GRILLE_GATE_KEY_BYTES]);

/* Confirm_X = HMAC-SHA384(K_X, "ok" ‖ TH) */
GRILLE_MUST_USE grille_reason grille_gate_confirm(const grille_crypto *crypto, const uint8_t key[GRILLE_GATE_KEY_BYTES],
                                                  const uint8_t th[GRILLE_GATE_KEY_BYTES],
                                                  uint8_t mac[GRILLE_GATE_KEY_BYTES]);

#endif
