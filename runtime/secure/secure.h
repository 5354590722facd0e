/* SPDX-License-Identifier: Apache-2.0
 * One end of an attested channel, sans-IO: TLS 1.3 (tls.h) with the gate (gate.h) on top. Bytes of the transport go in
 * by feed and come out by outgoing; after the gate is open, plaintext goes in by write and comes out by read.
 *
 *   transport bytes → feed → step … (HANDSHAKE, GATE) → OPEN → read → frames
 *   frames → write → outgoing → transport bytes
 */
#ifndef GRILLE_SECURE_SECURE_H
#define GRILLE_SECURE_SECURE_H

#include "base/footprint.h"
#include "secure/gate.h"
#include "secure/tls.h"

/* The application protocol of TLS (RFC 7301); the number is the gate's version. */
#define GRILLE_SECURE_ALPN "grille/1"

/* One thread at a time. */
typedef struct grille_secure grille_secure;

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
    const grille_identity *identity;   /* referenced */
    grille_policy *policy;             /* referenced */
    grille_path_cache *cache;          /* NULL: none; outlives the end */
    grille_bytes claims;               /* encoded; copied */
    uint8_t nonce[GRILLE_NONCE_BYTES]; /* fresh random bytes of the owner */
    uint64_t records_per_key;          /* 0: GRILLE_LIMIT_RECORDS_PER_KEY; tests set it */
    /* Our evidence that is made elsewhere (nitro) is there: call step. On any thread, never after grille_secure_free
     * has returned or the channel has FAILED; must not block. NULL: step blocks for as long as the NSM takes. */
    void (*on_proved)(void *user);
    void *on_proved_user;
    grille_budget *budget;  /* outlives the channel end; TLS's own memory is charged to it too */
    grille_time_us now_us;  /* start of the gate deadline */
    grille_wall_ms wall_ms; /* dates the TLS certificate */
} grille_secure_options;

/* Makes a key, a certificate and a TLS end; an initiator has its first flight outgoing at once. Crypto and budget must
 * outlive the end. BUDGET, CRYPTO_…, TLS_FAILED, BAD_ARGUMENT; *secure is then NULL. */
GRILLE_MUST_USE grille_reason grille_secure_new(const grille_secure_options *options, grille_secure **secure,
                                                grille_error *error);
/* Wipes and frees; NULL is ignored. */
void grille_secure_free(grille_secure *secure);

/* How many bytes may be fed now: what is left of GRILLE_LIMIT_BEFORE_CONFIRM_BYTES, or SIZE_MAX while OPEN. At 0 leave
 * the rest in the transport until a step has made room: an honest initiator's first calls may be longer than that. */
size_t grille_secure_room(const grille_secure *secure);

/* Hands over bytes from the transport, at most grille_secure_room. Before the gate is open they are copied; while OPEN
 * they are borrowed until grille_secure_read has answered MORE (feeding again before that is BAD_ARGUMENT).
 * GATE_TOO_MUCH over the room, BUDGET: the channel has FAILED. Once FAILED or CLOSED bytes are dropped. */
GRILLE_MUST_USE grille_reason grille_secure_feed(grille_secure *secure, grille_bytes bytes);

/* Does at most one expensive step (one TLS accept/connect call, one evidence made or verified), and whatever is due.
 * MORE: call again at once, something is left to do with what is at hand; OK: nothing to do until more bytes, time or
 * options.on_proved come (when it is OPEN now for the first time: call grille_secure_read until it answers MORE, frames
 * may have come with the gate's last message); anything else: the channel has FAILED, send what is outgoing, then
 * close. To be called while OPEN too: after each grille_secure_gate_frame, when grille_secure_expiry has passed and
 * when on_proved was called; there may be something outgoing afterwards, and another peer or verdict. */
GRILLE_MUST_USE grille_reason grille_secure_step(grille_secure *secure, grille_time_us now_us, grille_wall_ms wall_ms);

grille_secure_state grille_secure_get_state(const grille_secure *secure);
/* True from the moment when frames may be written: for an initiator in responder-first order with its own Confirm (they
 * travel behind it), else when OPEN. */
bool grille_secure_can_write(const grille_secure *secure);

/* Reads plaintext of at most one record while OPEN; a capacity of 16,384 takes any. OK with *len > 0; MORE when no
 * whole record is left, or when close_notify came (the state is then CLOSED); anything else: the channel has FAILED.
 * GATE frames are part of the plaintext (stream 0) and go to grille_secure_gate_frame. */
GRILLE_MUST_USE grille_reason grille_secure_read(grille_secure *secure, uint8_t *plain, size_t capacity, size_t *len,
                                                 grille_time_us now_us);

/* A GATE frame's payload that came after the gate was open: REFUSED fails the channel with GATE_REFUSED_BY_PEER, the
 * others are those of re-attestation (secure/epoch.h). Cheap: call step afterwards. OK, or the channel has FAILED;
 * BAD_ARGUMENT while not OPEN. */
GRILLE_MUST_USE grille_reason grille_secure_gate_frame(grille_secure *secure, grille_bytes payload,
                                                       grille_time_us now_us, grille_wall_ms wall_ms);

/* Asks for a new epoch, of both ends: an initiator begins it, a responder asks for it. OK also while one is under way;
 * GATE_TOO_SOON by our own limit (GRILLE_EPOCH_OWN_BURST, GRILLE_LIMIT_REQUEST_INTERVAL_MS): the channel stays as it
 * is; BAD_ARGUMENT while not OPEN; anything else: it has FAILED. Something is outgoing. */
GRILLE_MUST_USE grille_reason grille_secure_reattest(grille_secure *secure, grille_time_us now_us,
                                                     grille_wall_ms wall_ms);

/* From now on this policy decides (it is referenced), and these claims (copied) are shown in later epochs. A peer that
 * was accepted is judged again at once: grille_secure_verdict. An epoch under way is judged by both. Call step
 * afterwards. BAD_ARGUMENT: claims over GRILLE_LIMIT_CLAIMS_BYTES; BUDGET: nothing changed. */
GRILLE_MUST_USE grille_reason grille_secure_replace_policy(grille_secure *secure, grille_policy *policy,
                                                           grille_bytes claims, grille_wall_ms wall_ms);

/* From the next epoch on we prove ourselves with this identity (referenced). Ignored unless it is of the same kind: the
 * peer would end the channel. */
void grille_secure_replace_identity(grille_secure *secure, const grille_identity *identity);

/* OK, or why the policy in force does not accept the verified peer any more: it was replaced, or the set's not_after
 * has passed. The channel stays open; the owner ends what runs. `why` (NULL: not wanted) lives until the next call on
 * this end. */
grille_reason grille_secure_verdict(const grille_secure *secure, const grille_error **why);

/* Seals plaintext into as few records as it needs; all of it is taken. BAD_ARGUMENT before grille_secure_can_write;
 * BUDGET, TLS_FAILED: the channel has FAILED. */
GRILLE_MUST_USE grille_reason grille_secure_write(grille_secure *secure, grille_bytes plain);

/* Bytes for the transport; borrowed until the next call on this end. grille_secure_sent takes away what was written. */
grille_bytes grille_secure_outgoing(const grille_secure *secure);
void grille_secure_sent(grille_secure *secure, size_t len);

/* Appends close_notify to what is outgoing. */
void grille_secure_shutdown(grille_secure *secure);

/* Gives back (wiped) the buffers that hold nothing: for a connection that was idle for a while. */
void grille_secure_trim(grille_secure *secure);
/* Whether there are any buffers. */
bool grille_secure_holds(const grille_secure *secure);

/* Until reclaim what is outgoing is built in `memory` as far as it fits there and nothing waited before: a connection
 * whose bytes leave at once needs no buffer of its own. Reclaim copies what has not left. BUDGET: the channel has
 * FAILED, and what was outgoing is lost. */
void grille_secure_lend(grille_secure *secure, uint8_t *memory, size_t capacity);
GRILLE_MUST_USE grille_reason grille_secure_reclaim(grille_secure *secure);

/* When step must be called even without bytes, or GRILLE_TIME_NEVER: the gate's deadline; while OPEN, when evidence or
 * a set expires, re-attestation is due, or something of it can be done. */
grille_time_us grille_secure_expiry(const grille_secure *secure);

/* The verified peer of the newest complete epoch (its `epoch` tells which); NULL before grille_secure_can_write. The
 * storage stays the same while OPEN, its content changes with an epoch or a policy. */
const grille_peer_identity *grille_secure_peer(const grille_secure *secure);

/* Why it FAILED, for the local operator: the peer learns a TLS alert or an empty REFUSED. Code OK otherwise. */
const grille_error *grille_secure_failure(const grille_secure *secure);

/* Adds what the next record touches that comes, and what one that leaves touches besides; while OPEN. */
void grille_secure_footprint(const grille_secure *secure, grille_footprint *receiving, grille_footprint *sending);

#endif
