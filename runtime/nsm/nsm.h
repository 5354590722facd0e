/* SPDX-License-Identifier: Apache-2.0
 * The seam to a Nitro Security Module: get a document, get randomness, PCR calls. Implementations: device.h (the real
 * /dev/nsm) and simulated.h (signs under a development root). An NSM serialises its callers. */
#ifndef GRILLE_NSM_NSM_H
#define GRILLE_NSM_NSM_H

#include <stdbool.h>

#include "grille/reasons.h"

/* Sizes of the NSM interface: linux drivers/misc/nsm.c and aws-nitro-enclaves-nsm-api docs/attestation_process.md. */
#define GRILLE_NSM_REQUEST_MAX   0x1000
#define GRILLE_NSM_RESPONSE_MAX  0x3000
#define GRILLE_NSM_FIELD_MAX     1024 /* user_data, nonce, public_key each */
#define GRILLE_NSM_PCR_COUNT     32
#define GRILLE_NSM_PCR_BYTES     48
#define GRILLE_NSM_RANDOM_MAX    256
#define GRILLE_NSM_MODULE_ID_MAX 64

/* What goes into a document; an empty view is sent as null. */
typedef struct grille_nsm_request {
    grille_bytes user_data;
    grille_bytes nonce;
    grille_bytes public_key;
} grille_nsm_request;

typedef struct grille_nsm_description {
    uint16_t version_major, version_minor, version_patch;
    char module_id[GRILLE_NSM_MODULE_ID_MAX];
    uint16_t max_pcrs;
    uint32_t locked_pcrs; /* bit n: PCR n */
} grille_nsm_description;

typedef struct grille_nsm grille_nsm;

/* First member of every implementation. All functions may be called from any thread and block while another call is
 * under way. Errors: the module's own, each with its reason (NSM_INVALID_INDEX …), NSM_FAILED, NSM_MALFORMED for an
 * answer that is not complete or not the request's, NO_SPACE, BAD_ARGUMENT for a field over GRILLE_NSM_FIELD_MAX. */
typedef struct grille_nsm_functions {
    /* Writes an attestation document (COSE_Sign1) of at most `capacity` bytes. */
    grille_reason (*attest)(grille_nsm *nsm, const grille_nsm_request *request, uint8_t *document, size_t capacity,
                            size_t *len, grille_error *error);
    grille_reason (*random)(grille_nsm *nsm, uint8_t *out, size_t len, grille_error *error);
    grille_reason (*describe)(grille_nsm *nsm, grille_nsm_description *description, grille_error *error);
    grille_reason (*describe_pcr)(grille_nsm *nsm, uint16_t index, uint8_t value[GRILLE_NSM_PCR_BYTES], bool *locked,
                                  grille_error *error);
    /* new = SHA384(old ‖ data) */
    grille_reason (*extend_pcr)(grille_nsm *nsm, uint16_t index, grille_bytes data, uint8_t value[GRILLE_NSM_PCR_BYTES],
                                grille_error *error);
    grille_reason (*lock_pcr)(grille_nsm *nsm, uint16_t index, grille_error *error);
    grille_reason (*lock_pcrs)(grille_nsm *nsm, uint16_t range, grille_error *error);
    void (*close)(grille_nsm *nsm);
} grille_nsm_functions;

struct grille_nsm {
    const grille_nsm_functions *functions;
};

/* The NSM of this process, by whichever implementation a program links: //runtime/nsm:linked_device (`path` is the
 * device, NULL: /dev/nsm) or //runtime/nsm:linked_simulated (`path` is a folder made by grille_sim_init_insecure). So
 * an application's objects are the same on a laptop and in an enclave. */
GRILLE_MUST_USE grille_reason grille_nsm_open(const char *path, grille_nsm **nsm, grille_error *error);

/* Whether it is the device's implementation. Any thread. */
bool grille_nsm_is_device(void);

#endif
