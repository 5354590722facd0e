/* SPDX-License-Identifier: Apache-2.0
 * Which key a request is about, and whether the caller may. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "kms_emulator/call.h"
#include "kms_emulator/policy.h"

#define ALIAS_PREFIX "alias/"
#define ARN_BYTES    2048

/* Views into an ARN of this service, "arn:aws:kms:REGION:ACCOUNT:RESOURCE". */
typedef struct arn_parts {
    char region[KMS_REGION_BYTES];
    char account[KMS_ACCOUNT_BYTES];
    const char *resource;
} arn_parts;

/* Takes the text up to the next colon. */
static bool take_part(const char **rest, char *part, size_t capacity) {
    const char *colon = strchr(*rest, ':');
    if (colon == NULL || colon == *rest || (size_t)(colon - *rest) >= capacity) return false;
    (void)snprintf(part, capacity, "%.*s", (int)(colon - *rest), *rest);
    *rest = colon + 1;
    return true;
}

static bool split_arn(const char *text, arn_parts *parts) {
    static const char prefix[] = "arn:aws:kms:";
    if (strncmp(text, prefix, sizeof prefix - 1) != 0) return false;
    text += sizeof prefix - 1;
    if (!take_part(&text, parts->region, sizeof parts->region) ||
        !take_part(&text, parts->account, sizeof parts->account))
        return false;
    parts->resource = text;
    return true;
}

static bool is_alias(const char *resource) {
    return strncmp(resource, ALIAS_PREFIX, sizeof ALIAS_PREFIX - 1) == 0;
}

static bool find_alias(kms_call *call, const char *account, const char *name) {
    const kms_store_result result = kms_store_find_alias(call->service->store, account, name, &call->key);
    if (result == KMS_STORE_NOT_FOUND) {
        return kms_fail(call, KMS_ERROR_NOT_FOUND, "Alias arn:aws:kms:%s:%s:%s is not found.", call->service->region,
                        account, name);
    }
    call->has_key = result == KMS_STORE_OK;
    call->alias = name;
    return kms_check_store(call, result);
}

static bool find_id(kms_call *call, const char *account, const char *id) {
    const kms_store_result result = kms_store_find_key(call->service->store, id, &call->key);
    if (result == KMS_STORE_OK && strcmp(call->key.account, account) != 0) {
        kms_key_clear(&call->key);
    } else if (result != KMS_STORE_NOT_FOUND) {
        call->has_key = result == KMS_STORE_OK;
        return kms_check_store(call, result);
    }
    return kms_fail(call, KMS_ERROR_NOT_FOUND, "Key 'arn:aws:kms:%s:%s:key/%s' does not exist", call->service->region,
                    account, id);
}

bool kms_find_key(kms_call *call, const char *text, kms_naming naming) {
    static const char key_prefix[] = "key/";
    arn_parts parts = {.resource = text};
    const bool is_arn = split_arn(text, &parts);
    const char *account = is_arn ? parts.account : call->caller->account;
    if (strncmp(text, "arn:", 4) == 0 && !is_arn) return kms_fail(call, KMS_ERROR_INVALID_ARN, "Invalid arn %s", text);
    if (is_arn && strcmp(parts.region, call->service->region) != 0)
        return kms_fail(call, KMS_ERROR_NOT_FOUND, "Invalid arn %s", parts.region);
    if (is_alias(parts.resource)) {
        if (naming == KMS_BY_KEY) return kms_fail(call, KMS_ERROR_NOT_FOUND, "Invalid keyId '%s'", text);
        return find_alias(call, account, parts.resource);
    }
    if (is_arn) {
        if (strncmp(parts.resource, key_prefix, sizeof key_prefix - 1) != 0)
            return kms_fail(call, KMS_ERROR_INVALID_ARN, "Invalid arn %s", text);
        parts.resource += sizeof key_prefix - 1;
    }
    return find_id(call, account, parts.resource);
}

bool kms_input_key(kms_call *call, const char *name, kms_naming naming) {
    const char *text;
    return kms_input_text(call, name, KMS_REQUIRED, 1, ARN_BYTES, &text) && kms_find_key(call, text, naming);
}

/* Who a session is of: AWS's aws:PrincipalArn names the role of an assumed one. */
static void write_principal(const kms_caller *caller, char *arn, size_t capacity) {
    static const char assumed[] = ":assumed-role/";
    const char *role = strstr(caller->arn, assumed);
    const char *end = role == NULL ? NULL : strchr(role + sizeof assumed - 1, '/');
    if (end == NULL) {
        (void)snprintf(arn, capacity, "%s", caller->arn);
        return;
    }
    role += sizeof assumed - 1;
    (void)snprintf(arn, capacity, "arn:aws:iam::%s:role/%.*s", caller->account, (int)(end - role), role);
}

static bool add_fact(kms_call *call, const char *name, const char *value) {
    return key_policy_facts_add(&call->facts, grille_bytes_of_text(name), grille_bytes_of_text(value));
}

static bool add_facts(kms_call *call) {
    char principal[ARN_BYTES + 1];
    const bool encrypts = call->key.usage == KMS_KEY_ENCRYPT_DECRYPT;
    bool added;
    write_principal(call->caller, principal, sizeof principal);
    added = add_fact(call, "aws:PrincipalArn", principal) &&
            add_fact(call, "aws:PrincipalAccount", call->caller->account) &&
            add_fact(call, "kms:CallerAccount", call->caller->account) && add_fact(call, "kms:KeyOrigin", "AWS_KMS") &&
            add_fact(call, "kms:KeySpec", encrypts ? "SYMMETRIC_DEFAULT" : "HMAC_256") &&
            add_fact(call, "kms:KeyUsage", encrypts ? "ENCRYPT_DECRYPT" : "GENERATE_VERIFY_MAC") &&
            (call->alias == NULL || add_fact(call, "kms:RequestAlias", call->alias)) &&
            (!call->has_recipient || kms_recipient_add_facts(&call->recipient, &call->facts));
    for (size_t i = 0; i < call->context.count && added; i++)
        added = key_policy_facts_add_context(&call->facts, call->context.pairs[i].key, call->context.pairs[i].value);
    return added;
}

static bool deny(kms_call *call, const char *resource, const char *reason) {
    const bool explains = call->service->insecure_explain && call->is_decided;
    return kms_fail(call, KMS_ERROR_ACCESS_DENIED,
                    "User: %s is not authorized to perform: kms:%s on resource: %s %s%s%s%s", call->caller->arn,
                    call->operation->name, resource, reason, explains ? " (" : "",
                    explains ? call->decision.reason : "", explains ? ")" : "");
}

/* What the policy says to this caller; false: it can't be read any more. */
static bool decide(kms_call *call, char action[64]) {
    grille_error error;
    key_policy *policy = key_policy_parse(grille_bytes_of_text(call->key.policy), &error);
    if (policy == NULL) return false;
    (void)snprintf(action, 64, "kms:%s", call->operation->name);
    call->facts.caller_arn = grille_bytes_of_text(call->caller->arn);
    call->facts.caller_account = grille_bytes_of_text(call->caller->account);
    call->facts.action = grille_bytes_of_text(action);
    call->facts.key_arn = grille_bytes_of_text(call->key.arn);
    call->facts.identity_policy_allows = call->caller->identity_policy_allows;
    key_policy_decide(policy, &call->facts, &call->decision);
    key_policy_free(policy);
    call->is_decided = true;
    return true;
}

bool kms_authorize(kms_call *call) {
    char action[64];
    char reason[160];
    key_policy_facts_init(&call->facts);
    if (!add_facts(call)) return kms_fail(call, KMS_ERROR_VALIDATION, "The encryption context is too large");
    if (!decide(call, action)) return kms_fail_plainly(call, KMS_ERROR_KEY_UNAVAILABLE);
    if (call->decision.verdict == KEY_POLICY_ALLOW) return true;
    if (call->decision.verdict == KEY_POLICY_EXPLICIT_DENY)
        return deny(call, call->key.arn, "with an explicit deny in a resource-based policy");
    (void)snprintf(reason, sizeof reason, "because no resource-based policy allows the %s action", action);
    return deny(call, call->key.arn, reason);
}

bool kms_authorize_owner(kms_call *call) {
    if (strcmp(call->caller->account, call->key.account) == 0) return kms_authorize(call);
    return deny(call, call->key.arn,
                "because the resource does not exist in this Region, no resource-based policies allow access, or a "
                "resource-based policy explicitly denies access");
}

bool kms_authorize_identity(kms_call *call) {
    char reason[160];
    if (call->caller->identity_policy_allows) return true;
    (void)snprintf(reason, sizeof reason, "because no identity-based policy allows the kms:%s action",
                   call->operation->name);
    return deny(call, "*", reason);
}

bool kms_check_enabled(kms_call *call) {
    if (call->key.state == KMS_KEY_ENABLED) return true;
    if (call->key.state == KMS_KEY_DISABLED)
        return kms_fail(call, KMS_ERROR_DISABLED, "%s is disabled.", call->key.arn);
    return kms_fail(call, KMS_ERROR_INVALID_STATE, "%s is pending deletion.", call->key.arn);
}

bool kms_check_encrypts(kms_call *call) {
    if (call->key.usage == KMS_KEY_ENCRYPT_DECRYPT) return true;
    return kms_fail(call, KMS_ERROR_INVALID_KEY_USAGE, "%s key usage is GENERATE_VERIFY_MAC which is not valid for %s.",
                    call->key.arn, call->operation->name);
}
