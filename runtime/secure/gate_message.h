/* SPDX-License-Identifier: Apache-2.0
 * The gate's messages: docs/protocol.md, "Attested gate". Payloads of GATE frames: a type byte, then a fixed layout,
 * big-endian, nothing after it. Pure functions, any thread, no state. */
#ifndef GRILLE_SECURE_GATE_MESSAGE_H
#define GRILLE_SECURE_GATE_MESSAGE_H

#include <stdbool.h>

#include "base/reader.h"
#include "base/writer.h"
#include "wire/limits.h"

#define GRILLE_GATE_VERSION       1
#define GRILLE_GATE_NONCE_BYTES   32
#define GRILLE_GATE_CONFIRM_BYTES 48

typedef enum grille_gate_type {
    GRILLE_GATE_HELLO = 1,
    GRILLE_GATE_EVIDENCE = 2,
    GRILLE_GATE_CONFIRM = 3,
    GRILLE_GATE_REFUSED = 4,
    GRILLE_GATE_REQUEST = 5
} grille_gate_type;

/* Flag of a responder's HELLO: the initiator proves first. */
enum { GRILLE_GATE_INITIATOR_FIRST = 0x01 };

/* 1 HELLO {u8 version, u8 flags, u32 epoch, nonce[32], u8 n, n × u8 kind} */
typedef struct grille_gate_hello {
    uint8_t flags;
    uint32_t epoch;
    uint8_t nonce[GRILLE_GATE_NONCE_BYTES];
    uint8_t kind_count; /* 1 to GRILLE_LIMIT_HELLO_KINDS */
    uint8_t kinds[GRILLE_LIMIT_HELLO_KINDS];
} grille_gate_hello;

/* 2 EVIDENCE {u8 kind, u16 length, claims, u16 length, body}; views. */
typedef struct grille_gate_evidence {
    uint8_t kind;
    grille_bytes claims;
    grille_bytes body;
} grille_gate_evidence;

/* Upper-case name for logs ("HELLO"), or "UNKNOWN". Static storage. */
const char *grille_gate_type_name(uint8_t type);

/* Most bytes that a payload of this type may have, type byte included; 0 for an unknown type. */
size_t grille_gate_payload_max(uint8_t type);

/* Decoders take a whole payload, consume it exactly and write their result on success only. GATE_BAD_MESSAGE: another
 * type, a wrong length, a flag that is not known, no or too many kinds, a kind twice, claims or body over their limit.
 * GATE_VERSION: a HELLO of another version, whatever follows. */
GRILLE_MUST_USE grille_reason grille_gate_hello_decode(grille_bytes payload, grille_gate_hello *hello);
GRILLE_MUST_USE grille_reason grille_gate_evidence_decode(grille_bytes payload, grille_gate_evidence *evidence);
GRILLE_MUST_USE grille_reason grille_gate_confirm_decode(grille_bytes payload, grille_bytes *mac);
/* REFUSED and REQUEST are their type byte. */
GRILLE_MUST_USE grille_reason grille_gate_empty_decode(grille_bytes payload, grille_gate_type type);

/* Writers append one payload; what does not fit makes the writer fail. */
void grille_gate_hello_write(grille_writer *writer, const grille_gate_hello *hello);
void grille_gate_evidence_write(grille_writer *writer, const grille_gate_evidence *evidence);
void grille_gate_confirm_write(grille_writer *writer, const uint8_t mac[GRILLE_GATE_CONFIRM_BYTES]);
void grille_gate_empty_write(grille_writer *writer, grille_gate_type type);

/* True when the HELLO offers this kind. */
bool grille_gate_hello_offers(const grille_gate_hello *hello, uint8_t kind);

#endif
