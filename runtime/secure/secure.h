/* SPDX-License-Identifier: Apache-2.0
 * One end of an attested channel, sans-IO: TLS 1.3 (tls.h) with the gate (gate.h) on top. Bytes of the transport go in
 * by feed and come out by outgoing; after the gate is open, plaintext goes in by write and comes out by read.
 *
 *   transport bytes → feed → step … (HANDSHAKE, GATE) → OPEN → read → frames
 *   frames → write → outgoing → transport bytes
 */
#ifndef GRILLE_SECURE_SECURE_H
#define GRILLE_SECURE_SECURE_H

#include "attest/evidence.h"
#include "base/budget.h"

typedef struct grille_secure grille_secure;

typedef enum grille_secure_role { GRILLE_INITIATOR, GRILLE_RESPONDER } grille_secure_role;
typedef enum grille_cipher { GRILLE_CIPHER_AUTO, GRILLE_CIPHER_AES128, GRILLE_CIPHER_AES256, GRILLE_CIPHER_CHACHA20 } grille_cipher;

typedef enum grille_secure_state {
    GRILLE_SECURE_HANDSHAKE, /* TLS is not finished */
    GRILLE_SECURE_GATE,      /* TLS is finished, evidence is under way */
    GRILLE_SECURE_OPEN,      /* both Confirms verified: frames may flow. An initiator may write (not read) earlier: see
                                grille_secure_can_write */
    GRILLE_SECURE_FAILED,    /* the reason stands in grille_secure_failure; what is outgoing is the goodbye */
    GRILLE_SECURE_CLOSED     /* close_notify was received */
} grille_secure_state;

typedef struct grille_secure_options {
    grille_secure_role role;
    grille_cipher cipher;
    const grille_crypto *crypto;
    const grille_identity *identity;
    grille_policy *policy; /* referenced */
    grille_bytes claims;   /* encoded; copied */
    uint8_t nonce[GRILLE_NONCE_BYTES]; /* fresh random bytes of the owner */
    grille_budget *budget; /* outlives the channel end; TLS's own memory is charged to it too */
    grille_time_us now_us; /* start of the gate deadline */
    grille_wall_ms wall_ms; /* dates the TLS certificate */
} grille_secure_options;

/* Makes a key, a certificate and a TLS end; an initiator has its first flight outgoing at once. */
GRILLE_MUST_USE grille_reason grille_secure_new(const grille_secure_options *options, grille_secure **secure,
                                                grille_error *error);
/* Wipes and frees; NULL is ignored. */
void grille_secure_free(grille_secure *secure);

/* Hands over bytes from the transport. All of them are taken before the gate is open (the total is limited); while OPEN
 * they are borrowed, unread parts included, until grille_secure_read has answered MORE. */
GRILLE_MUST_USE grille_reason grille_secure_feed(grille_secure *secure, grille_bytes bytes);

/* Does at most one expensive step (one TLS accept/connect call, one evidence made or verified). MORE: call again at
 * once, something is left to do with the bytes at hand; OK: nothing to do until more bytes or time come; anything else:
 * the channel has FAILED, send what is outgoing, then close. */
GRILLE_MUST_USE grille_reason grille_secure_step(grille_secure *secure, grille_time_us now_us, grille_wall_ms wall_ms);

grille_secure_state grille_secure_get_state(const grille_secure *secure);
/* True from the moment when frames may be written: for an initiator in responder-first order with its own Confirm (they
 * travel behind it), else when OPEN. */
bool grille_secure_can_write(const grille_secure *secure);

/* Reads plaintext while OPEN. OK with *len > 0; MORE when no whole record is left; CLOSED state on close_notify. GATE
 * frames of a later epoch are part of the plaintext (stream 0) and go to grille_secure_gate_frame. */
GRILLE_MUST_USE grille_reason grille_secure_read(grille_secure *secure, uint8_t *plain, size_t capacity, size_t *len);

/* Seals plaintext into as few records as it needs; all of it is taken. */
GRILLE_MUST_USE grille_reason grille_secure_write(grille_secure *secure, grille_bytes plain);

/* Bytes for the transport; borrowed until the next call on this end. grille_secure_sent takes away what was written. */
grille_bytes grille_secure_outgoing(const grille_secure *secure);
void grille_secure_sent(grille_secure *secure, size_t len);

/* Appends close_notify to what is outgoing. */
void grille_secure_shutdown(grille_secure *secure);

/* When step must be called even without bytes (gate deadline), or GRILLE_TIME_NEVER. */
grille_time_us grille_secure_expiry(const grille_secure *secure);

/* The verified peer; NULL before the gate is open. */
const grille_peer_identity *grille_secure_peer(const grille_secure *secure);

/* Why it FAILED, for the local operator. */
const grille_error *grille_secure_failure(const grille_secure *secure);

#endif
