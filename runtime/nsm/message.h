/* SPDX-License-Identifier: Apache-2.0
 * Requests to an NSM and its answers as CBOR: aws-nitro-enclaves-nsm-api src/api/mod.rs in serde's shape, where a
 * request without fields is its name as text and any other message a map from its name to a map of its fields. Pure. */
#ifndef GRILLE_NSM_MESSAGE_H
#define GRILLE_NSM_MESSAGE_H

#include "nsm/nsm.h"

typedef enum grille_nsm_operation {
    GRILLE_NSM_DESCRIBE_NSM,
    GRILLE_NSM_GET_RANDOM,
    GRILLE_NSM_DESCRIBE_PCR,
    GRILLE_NSM_EXTEND_PCR,
    GRILLE_NSM_LOCK_PCR,
    GRILLE_NSM_LOCK_PCRS,
    GRILLE_NSM_ATTESTATION,
    GRILLE_NSM_OPERATION_COUNT
} grille_nsm_operation;

/* "DescribeNSM" … Static storage. */
const char *grille_nsm_operation_name(grille_nsm_operation operation);

/* A request. Views are borrowed. */
typedef struct grille_nsm_command {
    grille_nsm_operation operation;
    uint16_t index;                 /* DescribePCR, ExtendPCR, LockPCR; of LockPCRs the range: it locks [0, range) */
    grille_bytes data;              /* ExtendPCR */
    grille_nsm_request attestation; /* Attestation; a view without data is null */
} grille_nsm_command;

/* An answer. Views point into what was decoded. */
typedef struct grille_nsm_answer {
    grille_nsm_operation operation;     /* meaningless in an error */
    grille_bytes error_name;            /* "InvalidIndex" …; without data: no error */
    grille_nsm_description description; /* DescribeNSM; of Linux's 64-bit world only the 32 PCRs of today */
    grille_bytes data;                  /* random bytes, PCR value or document */
    bool locked;                        /* DescribePCR */
} grille_nsm_answer;

/* NO_SPACE when it does not fit. */
GRILLE_MUST_USE grille_reason grille_nsm_command_encode(const grille_nsm_command *command, uint8_t *out,
                                                        size_t capacity, size_t *len);
GRILLE_MUST_USE grille_reason grille_nsm_answer_encode(const grille_nsm_answer *answer, uint8_t *out, size_t capacity,
                                                       size_t *len);

/* Take the whole input. Entries may come in any order and unknown ones are passed over; missing and doubled ones are
 * refused. TRUNCATED, TRAILING or NSM_MALFORMED. */
GRILLE_MUST_USE grille_reason grille_nsm_command_decode(grille_bytes encoded, grille_nsm_command *command);
GRILLE_MUST_USE grille_reason grille_nsm_answer_decode(grille_bytes encoded, grille_nsm_answer *answer);

#endif
