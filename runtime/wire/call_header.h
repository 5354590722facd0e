/* SPDX-License-Identifier: Apache-2.0
 * Start of a call, and the initial metadata of its answer: wire.proto CallHeader and Headers. Pure, any thread. */
#ifndef GRILLE_WIRE_CALL_HEADER_H
#define GRILLE_WIRE_CALL_HEADER_H

#include "wire/metadata.h"

typedef struct grille_call_header {
    uint32_t method_id;  /* first 4 bytes, big-endian, of SHA-256 of "/package.Service/Method"; never 0 */
    bool has_timeout;    /* false: no deadline */
    uint64_t timeout_us; /* what is left; 0: expired */
    grille_metadata_view metadata;
} grille_call_header;

/* WIRE_BAD_MESSAGE, or WIRE_LIMIT for too many entries or too long a key; *header is only written on success and
 * borrows. The receiver's own metadata limit is compared by the caller (metadata.encoded_bytes). */
GRILLE_MUST_USE grille_reason grille_call_header_decode(grille_bytes encoded, grille_call_header *header);
size_t grille_call_header_size(const grille_call_header *header);
void grille_call_header_write(grille_writer *writer, const grille_call_header *header);

/* The HEADERS payload; at least one entry, else WIRE_BAD_MESSAGE. */
GRILLE_MUST_USE grille_reason grille_headers_decode(grille_bytes encoded, grille_metadata_view *metadata);
void grille_headers_write(grille_writer *writer, const grille_metadata_view *metadata);

#endif
