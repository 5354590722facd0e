/* SPDX-License-Identifier: Apache-2.0
 * Frame headers: docs/protocol.md, "Frames". Pure functions, any thread, no state.
 *
 *    0               2       3       4                               8
 *   +---------------+-------+-------+-------------------------------+
 *   | length        | type  | flags | stream                        |   big-endian; length counts the payload only
 *   +---------------+-------+-------+-------------------------------+
 */
#ifndef GRILLE_WIRE_FRAME_H
#define GRILLE_WIRE_FRAME_H

#include <stdbool.h>

#include "base/reader.h"
#include "base/writer.h"
#include "wire/limits.h"

typedef enum grille_frame_type {
    GRILLE_FRAME_GATE = 1,
    GRILLE_FRAME_SETTINGS = 2,
    GRILLE_FRAME_CALL = 3,
    GRILLE_FRAME_HEADERS = 4,
    GRILLE_FRAME_DATA = 5,
    GRILLE_FRAME_STATUS = 6,
    GRILLE_FRAME_RESET = 7,
    GRILLE_FRAME_CREDIT = 8,
    GRILLE_FRAME_PING = 9,
    GRILLE_FRAME_DRAIN = 10
} grille_frame_type;

enum {
    GRILLE_FLAG_HAS_MESSAGE = 0x01, /* CALL, STATUS: the header is followed by u32 length and one whole message */
    GRILLE_FLAG_BEGIN = 0x02,       /* DATA: a message begins, its u32 length comes first */
    GRILLE_FLAG_END_STREAM = 0x04,  /* CALL, DATA: the sender half-closes after this frame */
    GRILLE_FLAG_ACK = 0x08,         /* PING: an answer */
    GRILLE_FLAG_IGNORABLE = 0x80    /* only on types unknown to the receiver: skip instead of ending the connection */
};

typedef struct grille_frame_header {
    uint16_t length; /* bytes of payload */
    uint8_t type;    /* a grille_frame_type, or another number */
    uint8_t flags;
    uint32_t stream; /* 0: the connection */
} grille_frame_header;

/* True for the types above. A checked header of another type carries IGNORABLE: skip its payload. */
bool grille_frame_is_known(uint8_t type);
/* Upper-case name for logs ("CALL"), or "UNKNOWN". Static storage. */
const char *grille_frame_name(uint8_t type);

/* Every rule that a header alone can break: length, type, flags, stream 0 or not, least and most payload of its type.
 * FRAME_TOO_LONG, UNKNOWN_TYPE, BAD_FLAGS, BAD_STREAM, BAD_PAYLOAD (all WIRE_): the connection ends. */
GRILLE_MUST_USE grille_reason grille_frame_check(const grille_frame_header *header);

/* Decodes and checks the header that `input` begins with. MORE: fewer than 8 bytes; else as grille_frame_check. */
GRILLE_MUST_USE grille_reason grille_frame_header_decode(grille_bytes input, grille_frame_header *header);

/* Takes one whole frame off the front of *input and moves it on (to NULL data when nothing is left); *payload borrows.
 * MORE: not whole yet, nothing taken (a header that is there already has been checked, so that a wrong frame is refused
 * before its payload is stored). */
GRILLE_MUST_USE grille_reason grille_frame_take(grille_bytes *input, grille_frame_header *header,
                                                grille_bytes *payload);

/* Writes 8 bytes; the caller has checked the header. */
void grille_frame_header_write(grille_writer *writer, const grille_frame_header *header);

/* Builds a frame in place: begin leaves room for the header, the payload follows, end fills the header in. The mark is
 * the offset of the header. A writer that failed on the way stays failed; a frame that breaks a rule of
 * grille_frame_check makes it fail with that reason. */
size_t grille_frame_begin(grille_writer *writer);
/* The header of a frame whose payload of `length` bytes the caller writes next; no end follows. Fails as `end` does. */
void grille_frame_start(grille_writer *writer, size_t length, grille_frame_type type, uint8_t flags, uint32_t stream);
void grille_frame_end(grille_writer *writer, size_t mark, grille_frame_type type, uint8_t flags, uint32_t stream);

#endif
