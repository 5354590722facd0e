/* SPDX-License-Identifier: Apache-2.0
 * End of a call: wire.proto StatusHeader. Pure functions, any thread. */
#ifndef GRILLE_WIRE_STATUS_HEADER_H
#define GRILLE_WIRE_STATUS_HEADER_H

#include "grille/status.h"
#include "wire/metadata.h"

typedef struct grille_status_header {
    grille_code code;     /* 0 to 16 */
    grille_bytes message; /* UTF-8 without NUL, at most GRILLE_LIMIT_STATUS_MESSAGE_BYTES */
    grille_bytes details; /* at most GRILLE_LIMIT_STATUS_DETAILS_BYTES; an encoded google.rpc.Status by convention */
    grille_metadata_view trailers;
} grille_status_header;

/* WIRE_BAD_MESSAGE or WIRE_LIMIT; *header is only written on success and borrows. */
GRILLE_MUST_USE grille_reason grille_status_header_decode(grille_bytes encoded, grille_status_header *header);
size_t grille_status_header_size(const grille_status_header *header);
/* The caller keeps to the limits above (grille_utf8_cut for the message). */
void grille_status_header_write(grille_writer *writer, const grille_status_header *header);

#endif
