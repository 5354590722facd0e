/* SPDX-License-Identifier: Apache-2.0
 * Attestation documents made to order, under a chain of the shape that AWS uses, and an NSM that hands them out. */
#ifndef GRILLE_TESTS_ATTEST_FORGE_DOCUMENT_H
#define GRILLE_TESTS_ATTEST_FORGE_DOCUMENT_H

#include "forge.h"
#include "grille/attest.h"
#include "nsm/nsm.h"

#define FORGE_INSTANCE "i-0123456789abcdef0"
#define FORGE_MODULE   FORGE_INSTANCE "-enc0123456789abcdef"
#define FORGE_NITROTPM FORGE_INSTANCE "-tpm0000000000000000"

/* root, regional, zonal, instance, leaf */
#define FORGE_CHAIN 5
typedef struct forge_chain {
    forge_identity certificates[FORGE_CHAIN];
} forge_chain;

/* Templates of a chain that is right, to be changed before forge_chain_make. */
void forge_chain_templates(forge_template templates[FORGE_CHAIN]);
void forge_chain_make(const forge_template templates[FORGE_CHAIN], forge_chain *chain);
void forge_chain_free(forge_chain *chain);
/* The leaf's key signs; bytes of certificate i. */
grille_bytes forge_chain_der(const forge_chain *chain, size_t index);

#define FORGE_SIGNATURE_MAX 128
typedef struct forge_document {
    const char *module_id;
    const char *digest;
    uint64_t timestamp_ms;
    uint32_t pcr_mask;
    uint8_t pcrs[GRILLE_PCR_COUNT][GRILLE_PCR_BYTES]; /* PCR n is full of 0xa0 + n, PCR4 is right */
    grille_bytes certificate;
    grille_bytes cabundle[12];
    size_t cabundle_count;
    grille_bytes public_key, user_data, nonce; /* empty: null */
    bool nitrotpm;                             /* the map is nitrotpm_pcrs */
    bool definite;                             /* the payload's map, as until 2025 */

    const char *omitted;      /* this key is left out */
    const char *replaced_key; /* this key's value is `replacement`, encoded */
    grille_bytes replacement;
    grille_bytes extra; /* encoded entries after the others */
    size_t extra_entries;
    grille_bytes payload_head; /* in place of the payload's map head */
    bool no_break;             /* an indefinite map that does not end */
    grille_bytes payload_tail; /* encoded, after the payload's map */

    /* outside the payload, encoded; empty: as it must be */
    grille_bytes head;             /* tag and array head */
    grille_bytes protected_header; /* with its byte string head */
    grille_bytes unprotected;
    bool detached;
    size_t signature_len; /* 0: 96 */
    bool zero_r;
    const char *context;              /* NULL: "Signature1" */
    grille_bytes aad;                 /* external_aad of what is signed */
    grille_bytes signed_header;       /* encoded, in place of the protected header in what is signed */
    grille_private_key *other_signer; /* in place of the leaf's key; borrowed */
    /* Changes the 96 bytes of the signature, and their number, up to FORGE_SIGNATURE_MAX. */
    void (*edit_signature)(uint8_t *signature, size_t *len);
    grille_bytes signature_item; /* encoded, in place of the signature */
    grille_bytes tail;           /* after the document */
} forge_document;

/* A document that is right. */
void forge_document_init(forge_document *document, const forge_chain *chain);
/* Signs it by the leaf's key; the bytes are good until the next call but three. */
grille_bytes forge_document_sign(const forge_document *document, const forge_chain *chain);

/* An NSM whose documents are `document` with the request's fields in it. */
typedef struct forge_nsm {
    grille_nsm nsm;
    forge_document document;
    const forge_chain *chain;
    bool fails;
    size_t closed;
} forge_nsm;

void forge_nsm_init(forge_nsm *nsm, const forge_chain *chain);

#endif
