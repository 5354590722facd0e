/* SPDX-License-Identifier: Apache-2.0
 * AWS Nitro attestation documents: the payload's schema (aws-nitro-enclaves-nsm-api docs/attestation_process.md) and
 * their verification, apart from what the verifier's own session and policy say. */
#ifndef GRILLE_ATTEST_DOCUMENT_H
#define GRILLE_ATTEST_DOCUMENT_H

#include "attest/cose.h"
#include "attest/path_cache.h"
#include "base/time.h"
#include "grille/attest.h"
#include "wire/limits.h"

/* user_data, nonce and public_key each: the CDDL's bound, which the NSM takes. */
#define GRILLE_DOCUMENT_FIELD_MAX 1024

/* Freshness when nobody says otherwise: a document is made for the session that it is shown in; clocks of two machines
 * that both follow NTP differ by less. */
#define GRILLE_DEFAULT_MAX_AGE_MS    300000
#define GRILLE_DEFAULT_CLOCK_SKEW_MS 60000
/* The last millisecond of the year 9999, the last that X.509 can say. */
#define GRILLE_LATEST_WALL_MS INT64_C(253402300799999)

/* SHA-256 of the DER of AWS Nitro Enclaves root G1 (docs.aws.amazon.com, "Verifying the root of trust"). */
extern const uint8_t grille_aws_root_g1_sha256[GRILLE_SHA256_BYTES];

/* Views into the document. */
typedef struct grille_document {
    grille_attest_kind kind;
    grille_cose cose;
    grille_bytes module_id; /* printable ASCII, 1 to GRILLE_MODULE_ID_MAX - 1 */
    grille_wall_ms timestamp_ms;
    /* Of an enclave; bit n of the mask: pcrs[n], of 48 bytes, is there. A NitroTPM's stand apart, so that no rule for
     * the ones ever sees the others. */
    uint32_t pcr_mask;
    grille_bytes pcrs[GRILLE_PCR_COUNT];
    uint32_t nitrotpm_pcr_mask;
    grille_bytes nitrotpm_pcrs[GRILLE_PCR_COUNT];
    grille_bytes certificate;
    grille_bytes cabundle[GRILLE_LIMIT_CABUNDLE_CERTIFICATES]; /* root first */
    size_t cabundle_count;
    grille_bytes public_key; /* these three: empty when absent, null or of no bytes */
    grille_bytes user_data;
    grille_bytes nonce;
} grille_document;

/* Reads a document of this kind and checks its structure: ATTEST_SIZE, ATTEST_CBOR…, ATTEST_COSE…,
 * ATTEST_DOCUMENT_FIELD, _DIGEST, _PCRS, _NITROTPM or _ENCLAVE (the other kind) with an explanation; *document is
 * zeroed then. Unknown keys inside the signed payload are skipped. */
GRILLE_MUST_USE grille_reason grille_document_read_kind(grille_bytes encoded, grille_attest_kind kind,
                                                        grille_document *document, grille_error *error);
/* The same of an enclave: all that channels and policies ever see. */
GRILLE_MUST_USE grille_reason grille_document_read(grille_bytes encoded, grille_document *document,
                                                   grille_error *error);

/* What a document is verified against. */
typedef struct grille_document_check {
    grille_bytes root;        /* DER of the pinned root; empty: AWS Nitro Enclaves G1, pinned by its digest */
    grille_wall_ms now_ms;    /* the verifier's own time, never the document's */
    int64_t clock_skew_ms;    /* leeway on notBefore and for timestamps of the future; none on notAfter */
    int64_t max_age_ms;       /* of the timestamp; -1: any age, for documents that were stored */
    bool any_pcr4;            /* PCR4 need not be the hash of the instance id: a simulated NSM's PCRs are chosen */
    grille_path_cache *cache; /* NULL: none */
} grille_document_check;

/* Verifies root, certificate path, times, the COSE signature, and that module id, certificates and PCR4
 * agree. OK sets
 * *expires_ms to the earliest notAfter of the path. */
GRILLE_MUST_USE grille_reason grille_document_verify(const grille_crypto *crypto, const grille_document *document,
                                                     const grille_document_check *check, grille_wall_ms *expires_ms,
                                                     grille_error *error);

#endif
