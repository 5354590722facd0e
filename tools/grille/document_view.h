/* SPDX-License-Identifier: Apache-2.0
 * A document taken apart leniently, to be looked at: whatever can be read, also of documents that the verifier refuses
 * and of NitroTPM's. Nothing here is verified. */
#ifndef GRILLE_TOOLS_DOCUMENT_VIEW_H
#define GRILLE_TOOLS_DOCUMENT_VIEW_H

#include "attest/document.h"

enum { VIEW_UNKNOWN_KEYS = 8 };

/* PCRs of one map; other lengths than 48 are shown too. */
typedef struct view_pcrs {
    bool present;
    uint32_t mask;
    grille_bytes values[GRILLE_PCR_COUNT];
} view_pcrs;

/* A key and its value of unexpected key or type. */
typedef struct view_extra {
    grille_bytes key;
    grille_bytes encoded; /* the value as it stands */
} view_extra;

/* Views into the document; a field that is absent, or not of its type, is an empty view. */
typedef struct document_view {
    size_t len;
    bool tagged;     /* tag 18 */
    bool indefinite; /* the payload's map */
    bool has_payload;
    grille_bytes protected_header, unprotected, payload, signature;
    grille_bytes module_id, digest;
    bool has_timestamp;
    uint64_t timestamp_ms;
    view_pcrs pcrs, nitrotpm_pcrs;
    grille_bytes certificate;
    grille_bytes cabundle[GRILLE_LIMIT_CABUNDLE_CERTIFICATES];
    size_t cabundle_count;
    grille_bytes public_key, user_data, nonce;
    view_extra extra[VIEW_UNKNOWN_KEYS];
    size_t extra_count;   /* may be more than are kept */
    grille_error problem; /* what the verifier says of the structure first; OK: nothing */
} document_view;

/* Reads what there is. False when not even the outer structure and the payload's map can be read; `problem` says why.
 */
bool document_view_read(grille_bytes encoded, document_view *view);

/* PCR0 is there and all zero. Of NitroTPM documents: false. */
bool document_view_is_debug(const document_view *view);

#endif
