/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/recipient_facts.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "kms_emulator/cms_write.h"

static bool verify(grille_bytes document, grille_bytes development_root, grille_wall_ms now_ms,
                   grille_attest_facts *facts, grille_error *error) {
    grille_attest_options options = grille_attest_options_default();
    options.any_user_data = true;
    options.insecure_without_nonce = true;
    options.insecure_allow_debug = true;
    options.insecure_development_root = development_root;
    return grille_attest_verify_live(document, &options, now_ms, facts, error) == GRILLE_OK;
}

/* What one root says counts, unless it says that the document is another one's. */
static bool is_of_another_root(const grille_error *error) {
    return strcmp(error->name, "ATTEST-ROOT-MISMATCH") == 0;
}

static bool verify_by_any(const kms_service *service, grille_bytes document, grille_wall_ms now_ms,
                          grille_attest_facts *facts, grille_error *error) {
    (void)grille_error_set(error, GRILLE_REASON_ATTEST_ROOT_MISMATCH,
                           "observed a document, expected none: this service trusts no root");
    if (service->takes_aws_root) {
        if (verify(document, (grille_bytes){.len = 0}, now_ms, facts, error)) return true;
        if (!is_of_another_root(error)) return false;
    }
    for (size_t i = 0; i < service->insecure_development_root_count; i++) {
        if (verify(document, service->insecure_development_roots[i], now_ms, facts, error)) return true;
        if (!is_of_another_root(error)) return false;
    }
    return false;
}

bool kms_recipient_read(const kms_service *service, grille_bytes document, grille_wall_ms now_ms,
                        kms_recipient *recipient, char *problem, size_t capacity) {
    const grille_wall_ms at_ms = service->documents_at_ms != 0 ? service->documents_at_ms : now_ms;
    const char *key_problem = NULL;
    grille_error error;
    *recipient = (kms_recipient){.key = NULL};
    if (!verify_by_any(service, document, at_ms, &recipient->facts, &error)) {
        grille_error_describe(&error, problem, capacity);
        return false;
    }
    recipient->key = kms_recipient_key_read(recipient->facts.public_key, &key_problem);
    if (recipient->key == NULL) (void)snprintf(problem, capacity, "%s", key_problem);
    return recipient->key != NULL;
}

void kms_recipient_clear(kms_recipient *recipient) {
    EVP_PKEY_free(recipient->key);
    *recipient = (kms_recipient){.key = NULL};
}

static bool has_pcr(const grille_attest_facts *facts, unsigned number) {
    return (facts->pcr_mask >> number & 1) != 0;
}

bool kms_recipient_add_facts(const kms_recipient *recipient, key_policy_facts *facts) {
    for (unsigned i = 0; i < GRILLE_PCR_COUNT; i++) {
        if (has_pcr(&recipient->facts, i) && !key_policy_facts_add_pcr(facts, i, recipient->facts.pcrs[i]))
            return false;
    }
    return true;
}

/* CloudTrail names the image's digest apart, and of the other PCRs those that say something. */
json_t *kms_recipient_describe(const kms_recipient *recipient) {
    const grille_attest_facts *facts = &recipient->facts;
    char hex[2 * GRILLE_PCR_BYTES + 1];
    char name[sizeof "attestationDocumentEnclavePCR" + 10];
    json_t *described = json_object();
    int failed = json_object_set_new(described, "attestationDocumentModuleId",
                                     json_stringn((const char *)facts->module_id.data, facts->module_id.len));
    for (unsigned i = 0; i < GRILLE_PCR_COUNT; i++) {
        if (!has_pcr(facts, i) || (i > 4 && grille_bytes_all_zero(facts->pcrs[i]))) continue;
        grille_hex_encode(facts->pcrs[i], hex);
        (void)snprintf(name, sizeof name, "attestationDocumentEnclavePCR%u", i);
        failed |=
            json_object_set_new(described, i == 0 ? "attestationDocumentEnclaveImageDigest" : name, json_string(hex));
    }
    if (failed == 0) return described;
    json_decref(described);
    return NULL;
}
