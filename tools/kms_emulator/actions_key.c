/* SPDX-License-Identifier: Apache-2.0
 * Actions on keys and their names. AWS KMS API reference, CreateKey, DescribeKey, EnableKey, DisableKey,
 * ScheduleKeyDeletion, CancelKeyDeletion, RotateKeyOnDemand, CreateAlias. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "kms_emulator/call.h"
#include "kms_emulator/default_policy.h"

#define DAY_MS INT64_C(86400000)

static const char *state_name(kms_key_state state) {
    switch (state) {
    case KMS_KEY_ENABLED:
        return "Enabled";
    case KMS_KEY_DISABLED:
        return "Disabled";
    default:
        return "PendingDeletion";
    }
}

/* KeyMetadata of the call's key. */
static bool output_metadata(kms_call *call) {
    const kms_key *key = &call->key;
    const bool encrypts = key->usage == KMS_KEY_ENCRYPT_DECRYPT;
    const char *spec = encrypts ? "SYMMETRIC_DEFAULT" : "HMAC_256";
    json_t *metadata = json_pack(
        "{s:s, s:s, s:s, s:o, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:[s]}", "AWSAccountId", key->account,
        "KeyId", key->id, "Arn", key->arn, "CreationDate", kms_time(key->created_ms), "Enabled",
        key->state == KMS_KEY_ENABLED, "Description", key->description, "KeyUsage",
        encrypts ? "ENCRYPT_DECRYPT" : "GENERATE_VERIFY_MAC", "KeyState", state_name(key->state), "Origin", "AWS_KMS",
        "KeyManager", "CUSTOMER", "CustomerMasterKeySpec", spec, "KeySpec", spec, "MultiRegion", false,
        encrypts ? "EncryptionAlgorithms" : "MacAlgorithms", encrypts ? "SYMMETRIC_DEFAULT" : "HMAC_SHA_256");
    if (metadata != NULL && key->state == KMS_KEY_PENDING_DELETION &&
        json_object_set_new(metadata, "DeletionDate", kms_time(key->deletion_ms)) != 0) {
        json_decref(metadata);
        metadata = NULL;
    }
    return kms_output(call, "KeyMetadata", metadata);
}

/* ENCRYPT_DECRYPT with SYMMETRIC_DEFAULT, or GENERATE_VERIFY_MAC with HMAC_256. */
static bool input_usage(kms_call *call, kms_key_usage *usage) {
    const char *spec;
    const char *written;
    if (!kms_input_text(call, "KeyUsage", KMS_OPTIONAL, 0, 64, &written) ||
        !kms_input_text(call, "KeySpec", KMS_OPTIONAL, 0, 64, &spec) ||
        (spec == NULL && !kms_input_text(call, "CustomerMasterKeySpec", KMS_OPTIONAL, 0, 64, &spec)))
        return false;
    if (spec == NULL) spec = "SYMMETRIC_DEFAULT";
    if (written == NULL) written = "ENCRYPT_DECRYPT";
    *usage = strcmp(written, "ENCRYPT_DECRYPT") == 0 ? KMS_KEY_ENCRYPT_DECRYPT : KMS_KEY_GENERATE_VERIFY_MAC;
    if (*usage == KMS_KEY_ENCRYPT_DECRYPT && strcmp(spec, "SYMMETRIC_DEFAULT") == 0) return true;
    if (strcmp(written, "GENERATE_VERIFY_MAC") == 0 && strcmp(spec, "HMAC_256") == 0) return true;
    return kms_fail(call, KMS_ERROR_UNSUPPORTED_OPERATION,
                    "Keys here are ENCRYPT_DECRYPT with SYMMETRIC_DEFAULT or GENERATE_VERIFY_MAC with HMAC_256, not %s "
                    "with %s.",
                    written, spec);
}

/* What a key here can't be. */
static bool input_nothing_more(kms_call *call) {
    const char *origin;
    bool multi_region;
    if (!kms_input_text(call, "Origin", KMS_OPTIONAL, 0, 64, &origin) ||
        !kms_input_flag(call, "MultiRegion", &multi_region))
        return false;
    if ((origin == NULL || strcmp(origin, "AWS_KMS") == 0) && !multi_region &&
        json_array_size(json_object_get(call->input, "Tags")) == 0 &&
        json_object_get(call->input, "CustomKeyStoreId") == NULL)
        return true;
    return kms_fail(call, KMS_ERROR_UNSUPPORTED_OPERATION,
                    "Keys here are of origin AWS_KMS, of one region, without tags and custom key stores.");
}

bool kms_serve_create_key(kms_call *call) {
    char own_policy[KMS_DEFAULT_POLICY_BYTES];
    kms_key_spec spec = {
        .account = call->caller->account, .region = call->service->region, .now_ms = call->request->now_ms};
    if (!kms_input_text(call, "Description", KMS_OPTIONAL, 0, KMS_DESCRIPTION_CHARACTERS, &spec.description) ||
        !input_usage(call, &spec.usage) || !input_nothing_more(call) || !kms_authorize_identity(call) ||
        !kms_input_policy(call, KMS_OPTIONAL, &spec.policy))
        return false;
    if (spec.description == NULL) spec.description = "";
    if (spec.policy == NULL) {
        kms_default_policy(call->caller->account, own_policy);
        spec.policy = own_policy;
    }
    call->has_key = kms_check_store(call, kms_store_create_key(call->service->store, &spec, &call->key));
    return call->has_key && output_metadata(call);
}

bool kms_serve_describe_key(kms_call *call) {
    return kms_input_no_grants(call) && kms_input_key(call, "KeyId", KMS_BY_KEY_OR_ALIAS) && kms_authorize(call) &&
           output_metadata(call);
}

/* Another state, if it still is the one that was seen. */
static bool change_state(kms_call *call, kms_key_state to, grille_wall_ms deletion_ms) {
    const kms_store_result result =
        kms_store_change_state(call->service->store, call->key.id, call->key.state, to, deletion_ms);
    if (result == KMS_STORE_NOT_FOUND)
        return kms_fail(call, KMS_ERROR_INVALID_STATE, "%s is being changed by another request.", call->key.arn);
    if (!kms_check_store(call, result)) return false;
    call->key.state = to;
    call->key.deletion_ms = deletion_ms;
    return true;
}

static bool refuse_pending(kms_call *call) {
    return call->key.state != KMS_KEY_PENDING_DELETION ||
           kms_fail(call, KMS_ERROR_INVALID_STATE, "%s is pending deletion.", call->key.arn);
}

static bool enable(kms_call *call, kms_key_state to) {
    return kms_input_key(call, "KeyId", KMS_BY_KEY) && kms_authorize_owner(call) && refuse_pending(call) &&
           change_state(call, to, 0);
}

bool kms_serve_enable_key(kms_call *call) {
    return enable(call, KMS_KEY_ENABLED);
}

bool kms_serve_disable_key(kms_call *call) {
    return enable(call, KMS_KEY_DISABLED);
}

bool kms_serve_schedule_key_deletion(kms_call *call) {
    int64_t days = 30;
    return kms_input_number(call, "PendingWindowInDays", KMS_OPTIONAL, 7, 30, &days) &&
           kms_input_key(call, "KeyId", KMS_BY_KEY) && kms_authorize_owner(call) && refuse_pending(call) &&
           change_state(call, KMS_KEY_PENDING_DELETION, call->request->now_ms + days * DAY_MS) &&
           kms_output_text(call, "KeyId", call->key.arn) &&
           kms_output(call, "DeletionDate", kms_time(call->key.deletion_ms)) &&
           kms_output_text(call, "KeyState", state_name(call->key.state)) &&
           kms_output(call, "PendingWindowInDays", json_integer(days));
}

/* What was pending is disabled then: to be enabled by whoever wants it. */
bool kms_serve_cancel_key_deletion(kms_call *call) {
    if (!kms_input_key(call, "KeyId", KMS_BY_KEY) || !kms_authorize_owner(call)) return false;
    if (call->key.state != KMS_KEY_PENDING_DELETION)
        return kms_fail(call, KMS_ERROR_INVALID_STATE, "%s is not pending deletion.", call->key.arn);
    return change_state(call, KMS_KEY_DISABLED, 0) && kms_output_text(call, "KeyId", call->key.arn);
}

bool kms_serve_rotate_key_on_demand(kms_call *call) {
    kms_store_result result;
    if (!kms_input_key(call, "KeyId", KMS_BY_KEY) || !kms_authorize_owner(call) || !kms_check_enabled(call))
        return false;
    if (call->key.usage != KMS_KEY_ENCRYPT_DECRYPT)
        return kms_fail(call, KMS_ERROR_UNSUPPORTED_OPERATION, "%s is not a symmetric encryption key.", call->key.arn);
    result = kms_store_rotate_key(call->service->store, call->key.id);
    if (result == KMS_STORE_NOT_FOUND) return kms_fail_plainly(call, KMS_ERROR_NOT_FOUND);
    return kms_check_store(call, result) && kms_output_text(call, "KeyId", call->key.id);
}

/* "alias/" and letters, digits, '/', '_', '-' (CreateAlias); AWS's own begin with "alias/aws/". */
static bool check_alias(kms_call *call, const char *name) {
    static const char prefix[] = "alias/";
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_-";
    if (strncmp(name, prefix, sizeof prefix - 1) != 0 || name[sizeof prefix - 1] == '\0')
        return kms_fail_plainly(call, KMS_ERROR_INVALID_ALIAS_NAME);
    if (name[strspn(name, letters)] != '\0') {
        return kms_fail(call, KMS_ERROR_INVALID_ALIAS_NAME, "Alias names have letters, digits, '/', '_' and '-' only.");
    }
    if (strncmp(name, "alias/aws/", sizeof "alias/aws/" - 1) == 0)
        return kms_fail(call, KMS_ERROR_INVALID_ALIAS_NAME, "Alias names may not begin with alias/aws/.");
    return true;
}

bool kms_serve_create_alias(kms_call *call) {
    const char *name;
    kms_store_result result;
    if (!kms_input_text(call, "AliasName", KMS_REQUIRED, 1, KMS_ALIAS_BYTES - 1, &name) || !check_alias(call, name) ||
        !kms_input_key(call, "TargetKeyId", KMS_BY_KEY) || !kms_authorize_identity(call) ||
        !kms_authorize_owner(call) || !refuse_pending(call))
        return false;
    result = kms_store_create_alias(call->service->store, call->key.account, name, call->key.id, call->request->now_ms);
    if (result == KMS_STORE_NOT_FOUND) return kms_fail_plainly(call, KMS_ERROR_NOT_FOUND);
    if (result == KMS_STORE_EXISTS) {
        return kms_fail(call, KMS_ERROR_ALREADY_EXISTS, "An alias with the name arn:aws:kms:%s:%s:%s already exists",
                        call->service->region, call->key.account, name);
    }
    return kms_check_store(call, result);
}
