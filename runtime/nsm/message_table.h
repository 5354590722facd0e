/* SPDX-License-Identifier: Apache-2.0
 * What writing and reading of messages share: their names and fields. */
#ifndef GRILLE_NSM_MESSAGE_TABLE_H
#define GRILLE_NSM_MESSAGE_TABLE_H

#include "nsm/message.h"

/* Fields of all messages, in the order of their messages; the bits of a set say which a message must have. */
typedef enum grille_nsm_field {
    GRILLE_NSM_FIELD_INDEX,
    GRILLE_NSM_FIELD_RANGE,
    GRILLE_NSM_FIELD_LOCK,
    GRILLE_NSM_FIELD_DATA,
    GRILLE_NSM_FIELD_USER_DATA,
    GRILLE_NSM_FIELD_NONCE,
    GRILLE_NSM_FIELD_PUBLIC_KEY,
    GRILLE_NSM_FIELD_VERSION_MAJOR,
    GRILLE_NSM_FIELD_VERSION_MINOR,
    GRILLE_NSM_FIELD_VERSION_PATCH,
    GRILLE_NSM_FIELD_MODULE_ID,
    GRILLE_NSM_FIELD_MAX_PCRS,
    GRILLE_NSM_FIELD_LOCKED_PCRS,
    GRILLE_NSM_FIELD_DIGEST,
    GRILLE_NSM_FIELD_RANDOM,
    GRILLE_NSM_FIELD_DOCUMENT,
    GRILLE_NSM_FIELD_COUNT
} grille_nsm_field;

/* Names, and the fields of request and answer as bits; none means text alone. */
typedef struct grille_nsm_operation_row {
    const char *name;
    uint32_t command_fields, answer_fields;
} grille_nsm_operation_row;

extern const char *const grille_nsm_field_names[GRILLE_NSM_FIELD_COUNT];
extern const grille_nsm_operation_row grille_nsm_operations[GRILLE_NSM_OPERATION_COUNT];

#define GRILLE_NSM_ERROR_KEY   "Error"
#define GRILLE_NSM_DIGEST_NAME "SHA384"

/* What the fields of any message say. */
typedef struct grille_nsm_values {
    uint16_t index;
    bool locked;
    grille_bytes data;
    grille_nsm_request attestation;
    grille_nsm_description description;
} grille_nsm_values;

#endif
