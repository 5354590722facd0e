/* SPDX-License-Identifier: Apache-2.0
 * How records are sealed: each with the data key of its data set (AES-256-GCM), for its place in it, so that none can
 * be left out, doubled, moved, or brought from elsewhere unnoticed. Producer and enclave do the same. Any thread. */
#ifndef ACME_RECORD_H
#define ACME_RECORD_H

#include <stdbool.h>

#include "grille/seal.h"

/* What the key service authenticates with a wrapped data key: these two pairs, and no others. The enclave pins the
 * first one, the second is the data set's name. */
#define RECORD_CONTEXT_PURPOSE_KEY   "purpose"
#define RECORD_CONTEXT_PURPOSE_VALUE "acme-records-1"
#define RECORD_CONTEXT_DATASET_KEY   "dataset"

enum {
    RECORD_DATASET_MAX = 64,       /* bytes of a data set's name */
    RECORD_MAX = 1024,             /* bytes of a record */
    RECORD_WRAPPED_KEY_MAX = 6144, /* the most that the service takes */
    RECORD_SEALED_MAX = RECORD_MAX + GRILLE_DATA_OVERHEAD_BYTES
};

/* Where a record belongs. */
typedef struct record_place {
    grille_bytes dataset; /* 1 to RECORD_DATASET_MAX letters, digits, '-', '_', '.' */
    uint32_t number;      /* from 1 */
    bool last;
} record_place;

/* Whether a data set may be called so. */
bool record_dataset_valid(grille_bytes name);

/* Seals one record of at most RECORD_MAX bytes into `sealed` of RECORD_SEALED_MAX. INVALID_ARGUMENT: too long. */
GRILLE_MUST_USE grille_code record_seal(const uint8_t key[GRILLE_DATA_KEY_BYTES], const record_place *place,
                                        grille_bytes plain, uint8_t sealed[RECORD_SEALED_MAX], size_t *len,
                                        grille_error *error);

/* Opens it into `plain` of RECORD_MAX. UNAUTHENTICATED: another key, another place, changed, or too long. */
GRILLE_MUST_USE grille_code record_open(const uint8_t key[GRILLE_DATA_KEY_BYTES], const record_place *place,
                                        grille_bytes sealed, uint8_t plain[RECORD_MAX], size_t *len,
                                        grille_error *error);

/* The enclave's answer about a data set, for whoever has its key. `sealed` holds report.len +
 * GRILLE_DATA_OVERHEAD_BYTES, `report` as many bytes as were sealed. */
GRILLE_MUST_USE grille_code record_report_seal(const uint8_t key[GRILLE_DATA_KEY_BYTES], grille_bytes dataset,
                                               grille_bytes report, uint8_t *sealed, size_t capacity, size_t *len,
                                               grille_error *error);
GRILLE_MUST_USE grille_code record_report_open(const uint8_t key[GRILLE_DATA_KEY_BYTES], grille_bytes dataset,
                                               grille_bytes sealed, uint8_t *report, size_t capacity, size_t *len,
                                               grille_error *error);

#endif
