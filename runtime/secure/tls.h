/* SPDX-License-Identifier: Apache-2.0
 * One end of a TLS 1.3 connection (RFC 8446), sans-IO, by wolfSSL: bytes of the transport go in by feed and come out by
 * outgoing. Who the peer is decides the verify hook of the owner; TLS itself trusts no CA. Everything that wolfSSL
 * allocates is charged to the owner's budget. One thread at a time. */
#ifndef GRILLE_SECURE_TLS_H
#define GRILLE_SECURE_TLS_H

#include "base/footprint.h"
#include "secure/tls_options.h"

/* The suite that an end with this choice offers first, and that a server of the same machine takes. Static storage. */
const char *grille_tls_first_suite(grille_cipher cipher);

/* BUDGET, BAD_ARGUMENT or TLS_FAILED; *tls is then NULL. A client's first flight is outgoing after the first handshake
 * call. */
GRILLE_MUST_USE grille_reason grille_tls_new(const grille_tls_options *options, grille_tls **tls, grille_error *error);
/* Wipes and frees; NULL is ignored. */
void grille_tls_free(grille_tls *tls);

/* Hands over bytes from the transport: borrowed, behind what is still unread, until grille_tls_unread is 0 or
 * grille_tls_retain was called. BAD_ARGUMENT while borrowed bytes of an earlier feed are unread. */
GRILLE_MUST_USE grille_reason grille_tls_feed(grille_tls *tls, grille_bytes bytes);
/* Copies what is unread, so that the fed bytes need not live on. BUDGET: nothing was copied. */
GRILLE_MUST_USE grille_reason grille_tls_retain(grille_tls *tls);
/* Bytes fed and not taken yet. 0 also when a part of a record waits inside. */
size_t grille_tls_unread(const grille_tls *tls);
/* Bytes that TLS has taken since the start. */
uint64_t grille_tls_taken(const grille_tls *tls);

/* Drives the handshake by at most one record of the peer's. OK: finished. MORE: call again when grille_tls_unread is
 * not 0, else feed first. Otherwise the end is dead; what is outgoing is its alert. */
GRILLE_MUST_USE grille_reason grille_tls_handshake(grille_tls *tls, grille_error *error);

/* The keying material exporter of RFC 8446 7.5 without a context. Once, after the handshake: then the handshake's
 * secrets are wiped and later calls answer TLS_FAILED. */
GRILLE_MUST_USE grille_reason grille_tls_export(grille_tls *tls, const char *label, uint8_t *out, size_t len);

/* Number of the cipher suite (RFC 8446 B.4), 0 before the handshake is finished. */
uint16_t grille_tls_suite(const grille_tls *tls);

/* Reads plaintext of at most one record. OK with *len > 0; MORE when no whole record is left or grille_tls_is_closed;
 * otherwise the end is dead. `capacity` of 16,384 takes any record whole; the rest of a longer one comes next time. */
GRILLE_MUST_USE grille_reason grille_tls_read(grille_tls *tls, uint8_t *plain, size_t capacity, size_t *len,
                                              grille_time_us now_us, grille_error *error);
/* True after close_notify came: nothing further is read. */
bool grille_tls_is_closed(const grille_tls *tls);

/* Number of the fatal alert that the peer sent (RFC 8446 6.2), or -1. */
int grille_tls_peer_alert(const grille_tls *tls);

/* Seals all of it, in as few records as it needs. BUDGET or TLS_FAILED: the end is dead. */
GRILLE_MUST_USE grille_reason grille_tls_write(grille_tls *tls, grille_bytes plain, grille_error *error);

/* Bytes for the transport, borrowed until the next call on this end; and what was written of them. */
grille_bytes grille_tls_outgoing(const grille_tls *tls);
void grille_tls_sent(grille_tls *tls, size_t len);

/* Appends close_notify once, if the handshake is finished. */
void grille_tls_shutdown(grille_tls *tls);

/* Gives buffers back that hold nothing; for an idle connection. */
void grille_tls_trim(grille_tls *tls);
/* Whether there are any buffers. */
bool grille_tls_holds(const grille_tls *tls);

/* What is outgoing is built in `memory` until reclaim, see grille_byte_queue_lend. BUDGET: the end is dead. */
void grille_tls_lend(grille_tls *tls, uint8_t *memory, size_t capacity);
GRILLE_MUST_USE grille_reason grille_tls_reclaim(grille_tls *tls, grille_error *error);

/* Sends KeyUpdate (RFC 8446 4.6.3) and asks the peer for one: what is written from now on is under a new key.
 * BUDGET or TLS_FAILED: the end is dead. */
GRILLE_MUST_USE grille_reason grille_tls_update_keys(grille_tls *tls, grille_error *error);

/* KeyUpdates that this end sent of its own accord. */
uint64_t grille_tls_key_updates(const grille_tls *tls);

/* Adds what the next record touches that comes, and what one that leaves touches besides; after the handshake. */
void grille_tls_footprint(const grille_tls *tls, grille_footprint *receiving, grille_footprint *sending);

#endif
