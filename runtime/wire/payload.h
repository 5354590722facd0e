/* SPDX-License-Identifier: Apache-2.0
 * Frame payloads: docs/protocol.md, "Payloads". A decoder gets the payload of a header that grille_frame_check let
 * through, consumes exactly its bytes, borrows views, and writes its result only on success. Failures: WIRE_BAD_PAYLOAD
 * (layout), WIRE_BAD_MESSAGE (protobuf inside), both end the connection; WIRE_LIMIT: only the call ends, with
 * RESOURCE_EXHAUSTED. Pure functions, any thread. GATE's payload belongs to secure/, SETTINGS' is settings.h. */
#ifndef GRILLE_WIRE_PAYLOAD_H
#define GRILLE_WIRE_PAYLOAD_H

#include "wire/call_header.h"
#include "wire/frame.h"
#include "wire/status_header.h"

typedef struct grille_call_payload {
    grille_call_header header;
    bool has_message;
    grille_bytes message;
    bool end_stream;
} grille_call_payload;

typedef struct grille_status_payload {
    grille_status_header header;
    bool has_message;
    grille_bytes message;
} grille_status_payload;

typedef struct grille_data_payload {
    bool begin;
    uint32_t message_bytes; /* of the whole message; only with begin */
    grille_bytes bytes;     /* of this message; with begin at most message_bytes */
    bool end_stream;
} grille_data_payload;

typedef enum grille_reset_code {
    GRILLE_RESET_CANCELLED = 1,
    GRILLE_RESET_REFUSED = 2, /* no handler ran: safe to retry */
    GRILLE_RESET_DEADLINE = 3,
    GRILLE_RESET_PROTOCOL = 4,
    GRILLE_RESET_LIMIT = 5
} grille_reset_code;

typedef enum grille_drain_reason {
    GRILLE_DRAIN_SHUTDOWN = 1, /* the process ends */
    GRILLE_DRAIN_IDS = 2,      /* stream ids are used up */
    GRILLE_DRAIN_IDLE = 3,     /* nothing was called for long */
    GRILLE_DRAIN_POLICY = 4,   /* the policy no longer accepts the peer */
    GRILLE_DRAIN_PROTOCOL = 5, /* the peer broke a rule or went over a limit: the connection ends at once */
    GRILLE_DRAIN_AGE = 6       /* the connection is as old as it may get */
} grille_drain_reason;

/* As last_stream of the first of two DRAIN frames: soon no new calls, but all that are under way will be processed. */
#define GRILLE_DRAIN_ALL UINT32_MAX

typedef struct grille_drain_payload {
    uint32_t last_stream; /* of those that the receiver of this frame opened */
    grille_drain_reason reason;
} grille_drain_payload;

GRILLE_MUST_USE grille_reason grille_call_payload_decode(uint8_t flags, grille_bytes payload,
                                                         grille_call_payload *call);
GRILLE_MUST_USE grille_reason grille_status_payload_decode(uint8_t flags, grille_bytes payload,
                                                           grille_status_payload *status);
GRILLE_MUST_USE grille_reason grille_data_payload_decode(uint8_t flags, grille_bytes payload,
                                                         grille_data_payload *data);
GRILLE_MUST_USE grille_reason grille_reset_payload_decode(grille_bytes payload, grille_reset_code *code);
/* 1 to GRILLE_LIMIT_CREDIT_BYTES; 0 or more is WIRE_BAD_PAYLOAD. */
GRILLE_MUST_USE grille_reason grille_credit_payload_decode(grille_bytes payload, uint32_t *bytes);
GRILLE_MUST_USE grille_reason grille_ping_payload_decode(grille_bytes payload, uint64_t *token);
GRILLE_MUST_USE grille_reason grille_drain_payload_decode(grille_bytes payload, grille_drain_payload *drain);

/* Whole frames, header included. A frame that would be too long makes the writer fail with WIRE_FRAME_TOO_LONG: ask the
 * sizes below first. A writer that fails has written a part; throw the buffer's tail away. */
void grille_call_frame_write(grille_writer *writer, uint32_t stream, const grille_call_payload *call);
void grille_headers_frame_write(grille_writer *writer, uint32_t stream, const grille_metadata_view *metadata);
void grille_status_frame_write(grille_writer *writer, uint32_t stream, const grille_status_payload *status);
void grille_data_frame_write(grille_writer *writer, uint32_t stream, const grille_data_payload *data);
void grille_reset_frame_write(grille_writer *writer, uint32_t stream, grille_reset_code code);
void grille_credit_frame_write(grille_writer *writer, uint32_t stream, uint32_t bytes);
void grille_ping_frame_write(grille_writer *writer, bool ack, uint64_t token);
void grille_drain_frame_write(grille_writer *writer, const grille_drain_payload *drain);

/* Payload bytes of CALL and STATUS without a message; a message adds GRILLE_MESSAGE_LENGTH_BYTES and its own. */
size_t grille_call_payload_size(const grille_call_header *header);
size_t grille_status_payload_size(const grille_status_header *header);
#endif
