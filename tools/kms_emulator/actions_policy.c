/* SPDX-License-Identifier: Apache-2.0
 * Key policies, and who is locked out by one. AWS KMS API reference, GetKeyPolicy, PutKeyPolicy. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "kms_emulator/call.h"
#include "kms_emulator/default_policy.h"

static bool input_policy_name(kms_call *call) {
    const char *name;
    if (!kms_input_text(call, "PolicyName", KMS_OPTIONAL, 1, 128, &name)) return false;
    return name == NULL || strcmp(name, "default") == 0 ||
           kms_fail(call, KMS_ERROR_NOT_FOUND, "No such policy exists: the one that keys have is \"default\"");
}

/* May the caller still change it when it is in force? */
static bool locks_out(kms_call *call, const key_policy *policy) {
    key_policy_facts *facts = &call->facts;
    key_policy_decision decision;
    key_policy_facts_init(facts);
    facts->caller_arn = grille_bytes_of_text(call->caller->arn);
    facts->caller_account = grille_bytes_of_text(call->caller->account);
    facts->action = grille_bytes_of_text("kms:PutKeyPolicy");
    facts->key_arn = grille_bytes_of_text(call->key.arn);
    facts->identity_policy_allows = call->caller->identity_policy_allows;
    key_policy_decide(policy, facts, &decision);
    return decision.verdict != KEY_POLICY_ALLOW;
}

bool kms_input_policy(kms_call *call, kms_presence presence, const char **text) {
    grille_error error;
    key_policy *policy;
    bool bypass;
    bool is_safe;
    if (!kms_input_text(call, "Policy", presence, 1, KEY_POLICY_DOCUMENT_BYTES, text) ||
        !kms_input_flag(call, "BypassPolicyLockoutSafetyCheck", &bypass))
        return false;
    if (*text == NULL) return true;
    policy = key_policy_parse(grille_bytes_of_text(*text), &error);
    if (policy == NULL) return kms_fail(call, KMS_ERROR_MALFORMED_POLICY, "%s", error.text);
    is_safe = bypass || !locks_out(call, policy);
    key_policy_free(policy);
    return is_safe || kms_fail(call, KMS_ERROR_MALFORMED_POLICY,
                               "The new key policy will not allow you to update the key policy in the future.");
}

void kms_default_policy(const char *account, char policy[KMS_DEFAULT_POLICY_BYTES]) {
    (void)snprintf(policy, KMS_DEFAULT_POLICY_BYTES, KMS_DEFAULT_POLICY_FORMAT, account);
}

bool kms_serve_get_key_policy(kms_call *call) {
    return input_policy_name(call) && kms_input_key(call, "KeyId", KMS_BY_KEY) && kms_authorize_owner(call) &&
           kms_output_text(call, "Policy", call->key.policy) && kms_output_text(call, "PolicyName", "default");
}

bool kms_serve_put_key_policy(kms_call *call) {
    const char *text;
    kms_store_result result;
    if (!input_policy_name(call) || !kms_input_key(call, "KeyId", KMS_BY_KEY) || !kms_authorize_owner(call))
        return false;
    if (call->key.state == KMS_KEY_PENDING_DELETION)
        return kms_fail(call, KMS_ERROR_INVALID_STATE, "%s is pending deletion.", call->key.arn);
    if (!kms_input_policy(call, KMS_REQUIRED, &text)) return false;
    result = kms_store_set_policy(call->service->store, call->key.id, text);
    if (result == KMS_STORE_NOT_FOUND) return kms_fail_plainly(call, KMS_ERROR_NOT_FOUND);
    return kms_check_store(call, result);
}
