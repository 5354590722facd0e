/* SPDX-License-Identifier: Apache-2.0
 * grille/attest.h: documents for applications. */
#include "grille/attest.h"

#include <stdio.h>

#include "attest/defence.h"
#include "attest/document.h"
#include "attest/identity_state.h"
#include "attest/policy_development_root.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"

#define PREFIX_BYTES (sizeof GRILLE_ATTEST_APP_PREFIX - 1)

static bool fields_fit(grille_bytes user_data, grille_bytes nonce, grille_bytes public_key) {
    return user_data.len <= GRILLE_ATTEST_FIELD_MAX - PREFIX_BYTES && nonce.len <= GRILLE_ATTEST_FIELD_MAX &&
           public_key.len <= GRILLE_ATTEST_FIELD_MAX;
}

grille_code grille_attest_document(const grille_identity *identity, grille_bytes user_data, grille_bytes nonce,
                                   grille_bytes public_key, uint8_t *document, size_t capacity, size_t *len,
                                   grille_error *error) {
    uint8_t prefixed[GRILLE_ATTEST_FIELD_MAX] = {0};
    grille_writer writer = grille_writer_into(prefixed, sizeof prefixed);
    grille_nsm_request request = {.nonce = nonce, .public_key = public_key};
    grille_reason reason;
    *len = 0;
    grille_error_clear(error);
    if (identity->kind != GRILLE_IDENTITY_NITRO) {
        return grille_reason_code(
            grille_error_set(error, GRILLE_REASON_ATTEST_IDENTITY,
                             "observed an identity of kind %s, expected one of kind nitro: others have no documents",
                             grille_identity_kind_name(identity->kind)));
    }
    if (!fields_fit(user_data, nonce, public_key)) {
        return grille_reason_code(grille_error_set(
            error, GRILLE_REASON_BAD_ARGUMENT,
            "observed user_data of %zu, a nonce of %zu, a public key of %zu bytes; expected at most %zu, 1024, 1024",
            user_data.len, nonce.len, public_key.len, GRILLE_ATTEST_FIELD_MAX - PREFIX_BYTES));
    }
    grille_write_bytes(&writer, grille_bytes_of_text(GRILLE_ATTEST_APP_PREFIX));
    grille_write_bytes(&writer, user_data);
    request.user_data = grille_written(&writer);
    reason = identity->nsm->functions->attest(identity->nsm, &request, document, capacity, len, error);
    return reason == GRILLE_REASON_OK ? GRILLE_OK : grille_reason_code(grille_error_default(error, reason));
}

grille_attest_options grille_attest_options_default(void) {
    return (grille_attest_options){.size = sizeof(grille_attest_options)};
}

/* Nonce and key, when they are given, and whose user_data it is. */
static grille_reason check_binding(const grille_document *document, const grille_attest_options *options,
                                   grille_attest_facts *facts, grille_error *error) {
    grille_reader reader = grille_reader_of(document->user_data);
    grille_bytes prefix = grille_read_bytes(&reader, PREFIX_BYTES);
    if (options->nonce.len != 0 && !grille_defence_nonce_matches(document->nonce, options->nonce)) {
        return grille_error_set(
            error, GRILLE_REASON_ATTEST_NONCE_MISMATCH,
            "observed another nonce (of %zu bytes) in the document, expected the one that was sent (%zu "
            "bytes)",
            document->nonce.len, options->nonce.len);
    }
    if (options->public_key.len != 0 && !grille_defence_key_matches(document->public_key, options->public_key)) {
        return grille_error_set(
            error, GRILLE_REASON_ATTEST_KEY_MISMATCH,
            "observed another public_key (of %zu bytes) in the document, expected the given one (%zu "
            "bytes). Likely it was made for another key",
            document->public_key.len, options->public_key.len);
    }
    facts->user_data = options->any_user_data ? document->user_data : grille_read_rest(&reader);
    if (options->any_user_data || grille_bytes_equal(prefix, grille_bytes_of_text(GRILLE_ATTEST_APP_PREFIX))) {
        return GRILLE_REASON_OK;
    }
    return grille_error_set(
        error, GRILLE_REASON_ATTEST_PREFIX_MISMATCH,
        "observed user_data of %zu bytes, expected that it begins with %s, as what grille_attest_document makes",
        document->user_data.len, GRILLE_ATTEST_APP_PREFIX);
}

/* What holds without a policy: no measurements, no debug; of which NitroTPMs know nothing. */
static grille_reason judge_without_policy(const grille_document *document, const grille_attest_options *options,
                                          bool *debug, grille_error *error) {
    *debug = false;
    if (document->kind == GRILLE_ATTEST_NITROTPM) return GRILLE_REASON_OK;
    if (document->pcrs[0].len == 0) {
        return grille_error_set(error, GRILLE_REASON_ATTEST_PCR_MISSING,
                                "observed no PCR0 in the document, expected one: every enclave has it");
    }
    *debug = !grille_defence_not_debug(document->pcrs[0]);
    if (!*debug || options->insecure_allow_debug) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_ATTEST_DEBUG,
                            "PCR0 is all zero: observed a debug enclave, whose memory its parent can read; expected a "
                            "production one");
}

static grille_reason judge(const grille_document *document, const grille_attest_options *options, grille_wall_ms now_ms,
                           grille_attest_facts *facts, grille_error *error) {
    const grille_policy *policy = options->policy;
    const grille_policy_set *set = NULL;
    const grille_peer_identity no_claims = {.build = 0}; /* a document alone has none */
    grille_reason reason;
    if (policy == NULL) {
        reason = judge_without_policy(document, options, &facts->debug, error);
    } else {
        reason = grille_policy_judge_nitro(policy, NULL, document, &no_claims, now_ms, &set, &facts->debug, error);
    }
    facts->insecure = facts->debug || options->insecure_development_root.len != 0 ||
                      (policy != NULL && policy->development_root.len != 0);
    if (set == NULL) return reason;
    (void)snprintf(facts->set, sizeof facts->set, "%s", set->name);
    if (set->not_after_ms < facts->expires_ms) facts->expires_ms = set->not_after_ms;
    return reason;
}

static void fill(const grille_document *document, grille_attest_facts *facts) {
    bool nitrotpm = document->kind == GRILLE_ATTEST_NITROTPM;
    facts->module_id = document->module_id;
    facts->timestamp_ms = document->timestamp_ms;
    facts->kind = document->kind;
    facts->pcr_mask = nitrotpm ? document->nitrotpm_pcr_mask : document->pcr_mask;
    for (size_t i = 0; i < GRILLE_PCR_COUNT; i++)
        facts->pcrs[i] = nitrotpm ? document->nitrotpm_pcrs[i] : document->pcrs[i];
    facts->public_key = document->public_key;
    facts->nonce = document->nonce;
}

static grille_document_check check_of(const grille_attest_options *options, int64_t now_ms, bool live) {
    grille_document_check check = {.root = options->insecure_development_root,
                                   .now_ms = now_ms,
                                   .clock_skew_ms = GRILLE_DEFAULT_CLOCK_SKEW_MS,
                                   .max_age_ms = GRILLE_DEFAULT_MAX_AGE_MS};
    if (options->policy != NULL) {
        if (check.root.len == 0) check.root = options->policy->development_root;
        check.clock_skew_ms = options->policy->clock_skew_ms;
        check.max_age_ms = options->policy->max_age_ms;
    }
    if (!live) check.max_age_ms = -1;
    check.any_pcr4 = check.root.len != 0;
    return check;
}

static grille_reason check_options(const grille_attest_options *options, bool live, int64_t now_ms,
                                   grille_error *error) {
    bool own_root = options->insecure_development_root.len != 0;
    bool nitrotpm = options->kind == GRILLE_ATTEST_NITROTPM;
    if (options->size != sizeof *options) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "options.size is %zu, expected %zu: make them by grille_attest_options_default()",
                                options->size, sizeof *options);
    }
    if (live && options->nonce.len == 0 && !options->insecure_without_nonce) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "a live document is checked by a fresh nonce: set options.nonce to the one you sent");
    }
    if (options->policy != NULL && options->insecure_allow_debug) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "with a policy, debug is the policy's matter: leave insecure_allow_debug out");
    }
    if (own_root && options->policy != NULL && options->policy->development_root.len != 0 &&
        !grille_bytes_equal(options->insecure_development_root, options->policy->development_root)) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "the policy names another insecure_development_root: give one of the two");
    }
    if (options->kind != GRILLE_ATTEST_ENCLAVE && (!nitrotpm || options->policy != NULL)) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "options.kind is %d, expected GRILLE_ATTEST_ENCLAVE, or without a policy "
                                "GRILLE_ATTEST_NITROTPM: policies are about enclaves, whose PCRs mean something else",
                                (int)options->kind);
    }
    if (own_root && !grille_attest_accepts_development_root()) {
        return grille_error_default(error, GRILLE_REASON_POLICY_DEVELOPMENT_ROOT);
    }
    if (now_ms < 0 || now_ms > GRILLE_LATEST_WALL_MS) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "the time is not between 1970 and 9999");
    }
    return GRILLE_REASON_OK;
}

static grille_code verify(grille_bytes encoded, const grille_attest_options *options, int64_t now_ms, bool live,
                          grille_attest_facts *facts, grille_error *error) {
    const grille_crypto *crypto = grille_crypto_wolf();
    grille_attest_facts read = {.debug = false};
    grille_document document;
    grille_document_check check;
    grille_reason reason;
    *facts = read;
    grille_error_clear(error);
    reason = check_options(options, live, now_ms, error);
    if (reason != GRILLE_REASON_OK) return grille_reason_code(reason);
    check = check_of(options, now_ms, live);
    reason = grille_document_read_kind(encoded, options->kind, &document, error);
    if (reason == GRILLE_REASON_OK) reason = check_binding(&document, options, &read, error);
    if (reason == GRILLE_REASON_OK) reason = grille_document_verify(crypto, &document, &check, &read.expires_ms, error);
    if (reason == GRILLE_REASON_OK) reason = judge(&document, options, now_ms, &read, error);
    if (reason != GRILLE_REASON_OK) return grille_reason_code(grille_error_default(error, reason));
    fill(&document, &read);
    *facts = read;
    return GRILLE_OK;
}

grille_code grille_attest_verify_live(grille_bytes document, const grille_attest_options *options, int64_t now_ms,
                                      grille_attest_facts *facts, grille_error *error) {
    return verify(document, options, now_ms, true, facts, error);
}

grille_code grille_attest_verify_stored(grille_bytes document, const grille_attest_options *options, int64_t at_ms,
                                        grille_attest_facts *facts, grille_error *error) {
    return verify(document, options, at_ms, false, facts, error);
}
