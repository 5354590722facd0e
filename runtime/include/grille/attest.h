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
 * *error has its stable name (ATTEST-…) and an explanation. A set with min_build, refuse or policy_digest
 * refuses every document, since a document carries no claims. Pure; any thread. */
GRILLE_MUST_USE grille_code grille_attest_verify_live(grille_bytes document, const grille_attest_options *options,
                                                      int64_t now_ms, grille_attest_facts *facts, grille_error *error);

/* Checks a document as of `at_ms` (milliseconds since 1970), which for archives is when it was received: structure,
 * root, certificates, signature, consistency, measurements. It says nothing about today: whoever held the document
 * since may present it. */
GRILLE_MUST_USE grille_code grille_attest_verify_stored(grille_bytes document, const grille_attest_options *options,
                                                        int64_t at_ms, grille_attest_facts *facts, grille_error *error);

/* ---- What an enclave asks of its own NSM: `identity` is of kind nitro, else ATTEST-IDENTITY. These block while the
 * NSM works; any thread. Errors of all: what the NSM answered (NSM-…), NSM-BUSY when too many wait for it. ---- */

/* Wall time, milliseconds since 1970, that the parent can't forge: the timestamp of the latest document that was made
 * for this identity, for whatever use, and the enclave's monotonic time since then, which is *age_ms. When that is more
 * than `max_age_ms` a new document is made first, with a nonce of its own, which is checked. The monotonic clock
 * between two documents may be influenced by the parent; 0 asks the NSM each time. Never answers a time before one that
 * it answered already. NSM-NO-TIME: the document tells no time (another nonce, module, or an older timestamp). */
GRILLE_MUST_USE grille_code grille_attest_time(const grille_identity *identity, uint32_t max_age_ms, int64_t *time_ms,
                                               uint32_t *age_ms, grille_error *error);

/* PCRs 16 to 31 are the application's: zero at the start, extended as often as it likes until they are locked, for the
 * life of the enclave. Documents and evidence carry them once they are locked, so policies can pin them. 0 to 15 are
 * locked from the start. NSM-INVALID-INDEX: there is no such PCR. */
GRILLE_MUST_USE grille_code grille_attest_pcr_read(const grille_identity *identity, uint16_t index,
                                                   uint8_t value[GRILLE_PCR_BYTES], bool *locked /* may be NULL */,
                                                   grille_error *error);

#define GRILLE_ATTEST_PCR_DATA_MAX 1024

/* New value = SHA384(old value ‖ data), which *value gets (may be NULL). At most GRILLE_ATTEST_PCR_DATA_MAX bytes.
 * NSM-READ-ONLY-INDEX: it is locked. After any other error it may have been extended or not: read it. */
GRILLE_MUST_USE grille_code grille_attest_pcr_extend(const grille_identity *identity, uint16_t index, grille_bytes data,
                                                     uint8_t value[GRILLE_PCR_BYTES], grille_error *error);

/* NSM-READ-ONLY-INDEX: it is locked already. */
GRILLE_MUST_USE grille_code grille_attest_pcr_lock(const grille_identity *identity, uint16_t index,
                                                   grille_error *error);

/* What the NSM did. Counts only rise. */
typedef struct grille_nsm_counters {
    uint64_t channel_documents;                            /* made for channels */
    uint64_t application_documents;                        /* made for the application, and to learn the time */
    uint64_t randoms;                                      /* requests for randomness, of at most 4 KiB each */
    uint64_t others;                                       /* descriptions and PCRs */
    uint64_t failures;                                     /* of all these, those that the NSM did not do */
    uint64_t refused;                                      /* NSM_BUSY */
    uint64_t cancelled;                                    /* jobs that were freed before they were served */
    uint64_t forgotten;                                    /* jobs that were freed while the device worked on them */
    uint64_t waited_for_token;                             /* jobs whose turn came before their token */
    uint32_t channel_depth, channel_depth_highest;         /* requests that wait */
    uint32_t application_depth, application_depth_highest; /* the same */
    uint64_t longest_service_us;                           /* of one request */
} grille_nsm_counters;

/* Does not block. */
GRILLE_MUST_USE grille_code grille_attest_nsm_counters(const grille_identity *identity, grille_nsm_counters *counters,
                                                       grille_error *error);

#ifdef __cplusplus
}
#endif
#endif
