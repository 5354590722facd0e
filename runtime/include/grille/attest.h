/* SPDX-License-Identifier: Apache-2.0
 * Attestation documents outside the channel: an enclave makes one for its own use, somebody else checks it. Channels
 * attest their ends themselves and need none of this. */
#ifndef GRILLE_ATTEST_H
#define GRILLE_ATTEST_H

#include "grille/identity.h"
#include "grille/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every document that grille_attest_document makes has user_data that begins so: what an application asks for can never
 * be taken for evidence of a channel, whose prefix is another one. */
#define GRILLE_ATTEST_APP_PREFIX "grille-app-1"

/* The longest document of an NSM, and the longest field of one; the prefix leaves an application 1,012 bytes of
 * user_data. */
#define GRILLE_ATTEST_DOCUMENT_MAX 12288
#define GRILLE_ATTEST_FIELD_MAX    1024

/* Makes a document of the enclave that `identity` (kind nitro) belongs to: user_data = GRILLE_ATTEST_APP_PREFIX ‖
 * `user_data`, nonce and public_key as they are, at most GRILLE_ATTEST_FIELD_MAX bytes each; an empty view is left out.
 * Writes at most `capacity` bytes, GRILLE_ATTEST_DOCUMENT_MAX is always enough. Blocks while the NSM works. Any thread.
 * Errors: BAD-ARGUMENT, ATTEST-IDENTITY (another kind), NO-SPACE, NSM-FAILED. */
GRILLE_MUST_USE grille_code grille_attest_document(const grille_identity *identity, grille_bytes user_data,
                                                   grille_bytes nonce, grille_bytes public_key, uint8_t *document,
                                                   size_t capacity, size_t *len, grille_error *error);

/* What a document measures. Same format, signer and root, but each numbers its PCRs in its own way: one is never taken
 * for the other. */
typedef enum grille_attest_kind {
    GRILLE_ATTEST_ENCLAVE = 0, /* an enclave: what policies and channels are about */
    GRILLE_ATTEST_NITROTPM =
        1 /* a whole EC2 instance, by its NitroTPM: PCRs as TPM 2.0 numbers them, 4, 7, 12 of boot */
} grille_attest_kind;

/* How to check a document. Made by grille_attest_options_default(). Views are borrowed during the call. */
typedef struct grille_attest_options {
    size_t size;
    /* Measurements, root, ages and debug as this policy says. NULL: everything but measurements is checked, against the
     * AWS Nitro Enclaves root, debug enclaves are refused, max_age is 5 minutes and clock_skew 1. */
    const grille_policy *policy;
    grille_bytes nonce;      /* what the document must carry; needed for a live one, empty: not compared */
    grille_bytes public_key; /* the same; empty: not compared, the caller uses the one in the facts */
    /* Take documents that grille_attest_document did not make. Such user_data was chosen by somebody else. */
    bool any_user_data;
    /* A root in place of AWS's, as DER; a release build refuses it. With a policy that names one, the same. */
    grille_bytes insecure_development_root;
    bool insecure_allow_debug; /* only without a policy: debug enclaves */
    /* verify_live goes by the document's time alone: within max_age anybody who saw the document may present it. */
    bool insecure_without_nonce;
    /* Which kind is expected: the other one is refused. GRILLE_ATTEST_NITROTPM only without a policy, which is about
     * enclaves: the caller compares the PCRs in the facts. */
    grille_attest_kind kind;
} grille_attest_options;

grille_attest_options grille_attest_options_default(void);

/* What a document that was accepted says. Views point into the document. */
typedef struct grille_attest_facts {
    grille_attest_kind kind; /* whose PCRs these are */
    grille_bytes module_id;
    int64_t timestamp_ms; /* milliseconds since 1970, of the NSM */
    int64_t expires_ms;   /* the end of its certificates, or of the set */
    uint32_t pcr_mask;    /* bit n: pcrs[n], GRILLE_PCR_BYTES, is there */
    grille_bytes pcrs[GRILLE_PCR_COUNT];
    grille_bytes public_key; /* these three: empty when the document has none */
    grille_bytes user_data;  /* what the application gave, without the prefix; all of it with any_user_data */
    grille_bytes nonce;
    char set[GRILLE_NAME_MAX]; /* the policy's set; empty without a policy */
    bool debug;
    bool insecure; /* a development root or a debug enclave: never in production */
} grille_attest_facts;

/* Checks a document that was just made for us: everything of verify_stored at `now_ms`, and that it carries our nonce,
 * is no older than max_age and not from the future. OK fills *facts; anything else is a rejection, *facts is zeroed and
 * *error has its stable name (ATTEST-…) and an explanation. A set with min_build refuses every document, since a
 * document carries no build claim. Pure; any thread. */
GRILLE_MUST_USE grille_code grille_attest_verify_live(grille_bytes document, const grille_attest_options *options,
                                                      int64_t now_ms, grille_attest_facts *facts, grille_error *error);

/* Checks a document as of `at_ms` (milliseconds since 1970), which for archives is when it was received: structure,
 * root, certificates, signature, consistency, measurements. It says nothing about today: whoever held the document
 * since may present it. */
GRILLE_MUST_USE grille_code grille_attest_verify_stored(grille_bytes document, const grille_attest_options *options,
                                                        int64_t at_ms, grille_attest_facts *facts, grille_error *error);

#ifdef __cplusplus
}
#endif
#endif
