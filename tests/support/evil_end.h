/* SPDX-License-Identifier: Apache-2.0
 * An attacker's end of a channel: real TLS with a leaf of its choice, and gate messages by hand. Sans-IO, so that a
 * test links it to a channel end in memory or to a socket. Anything that the attacker can't do itself asserts. */
#ifndef GRILLE_TESTS_SUPPORT_EVIL_END_H
#define GRILLE_TESTS_SUPPORT_EVIL_END_H

#include "secure/leaf.h"
#include "secure/secure.h"
#include "secure_pair.h"

typedef struct evil_end evil_end;

typedef struct evil_options {
    grille_tls_role role; /* a client plays the initiator */
    const char *alpn;     /* NULL: GRILLE_SECURE_ALPN */
    grille_cipher cipher;
    const grille_leaf *leaf;  /* with its key; NULL: a fresh one */
    bool no_certificate;      /* of a client */
    grille_wall_ms wall_ms;   /* dates a fresh leaf */
    uint64_t records_per_key; /* 0: as everybody */
} evil_options;

/* A client has its ClientHello outgoing. */
evil_end *evil_end_new(const evil_options *options);
void evil_end_free(evil_end *evil);

/* Bytes of the transport in; drives TLS and reads plaintext as far as it goes. */
void evil_end_feed(evil_end *evil, grille_bytes bytes);
grille_bytes evil_end_outgoing(const evil_end *evil);
void evil_end_sent(evil_end *evil, size_t len);

/* Carries everything between the attacker and a real end, and runs that, until nothing moves. */
void evil_end_pump(evil_end *evil, secure_side *side, grille_time_us now_us, grille_wall_ms wall_ms);

/* TLS is finished; close_notify came; why TLS failed (OK: it did not). */
bool evil_end_is_up(const evil_end *evil);
bool evil_end_is_closed(const evil_end *evil);
grille_reason evil_end_failure(const evil_end *evil);
/* Number of the fatal alert that the peer sent, or -1. */
int evil_end_alert(const evil_end *evil);

/* Plaintext as it is, in records of its own. */
void evil_end_write(evil_end *evil, grille_bytes plain);
/* One frame of any kind with a header that may be wrong. */
void evil_end_send_frame(evil_end *evil, uint16_t length, uint8_t type, uint8_t flags, uint32_t stream,
                         grille_bytes payload);
/* One encrypted record of any content type (RFC 8446 5.2), empty ones too; never more than 16,384 bytes. */
void evil_end_send_record(evil_end *evil, uint8_t content_type, grille_bytes content);
/* A KeyUpdate that asks for one in return. */
void evil_end_update_key(evil_end *evil);
/* One right GATE frame. */
void evil_end_send_gate(evil_end *evil, grille_bytes payload);
void evil_end_close_notify(evil_end *evil);

/* Plaintext that the peer sent, unread; and the payload of its first frame when that is a whole GATE frame (false:
 * not). Taking drops it. */
grille_bytes evil_end_plain(const evil_end *evil);
bool evil_end_take_gate(evil_end *evil, uint8_t *payload, size_t capacity, size_t *len);
/* Drops plaintext from the front. */
void evil_end_drop(evil_end *evil, size_t len);

const grille_leaf *evil_end_leaf(const evil_end *evil);
/* The peer's certificate and key as TLS showed them. */
grille_bytes evil_end_peer_leaf(const evil_end *evil);
grille_bytes evil_end_peer_spki(const evil_end *evil);

/* Two Hellos, and what an honest end would derive from them on this connection. */
typedef struct evil_hellos {
    grille_bytes initiator; /* whole payloads */
    grille_bytes responder;
    uint32_t epoch;
    grille_bytes previous_th; /* of the epoch before; none at 0 */
} evil_hellos;

/* TH of an epoch (docs/protocol.md), after both evidences. */
void evil_end_th(const evil_end *evil, const evil_hellos *hellos, grille_bytes evidence_r, grille_bytes evidence_i,
                 uint8_t th[48]);

/* What ties evidence of one side ('I' or 'R') to this connection; `claims` is borrowed by it. */
grille_binding evil_end_binding(const evil_end *evil, const evil_hellos *hellos, char prover, grille_bytes claims);
/* CONFIRM payload of one side. */
size_t evil_end_confirm(const evil_end *evil, const evil_hellos *hellos, char role, grille_bytes evidence_r,
                        grille_bytes evidence_i, uint8_t payload[1 + GRILLE_GATE_CONFIRM_BYTES]);

/* HELLO payload with one kind. */
size_t evil_hello(uint8_t flags, uint32_t epoch, const uint8_t nonce[GRILLE_GATE_NONCE_BYTES], uint8_t kind,
                  uint8_t payload[GRILLE_GATE_HELLO_MAX]);
/* EVIDENCE payload around a body. */
size_t evil_evidence(uint8_t kind, grille_bytes claims, grille_bytes body, uint8_t *payload, size_t capacity);

#endif
