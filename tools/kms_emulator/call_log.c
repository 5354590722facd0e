/* SPDX-License-Identifier: Apache-2.0
 * The line of the log, in the shape of CloudTrail's records (AWS CloudTrail User Guide, "CloudTrail record contents";
 * AWS KMS Developer Guide, "Logging AWS KMS API calls with AWS CloudTrail"), and what decided, which AWS does not tell:
 * additionalEventData.keyPolicyDecision. No plaintext, no ciphertext, no document, no credentials. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kms_emulator/call.h"

#define SHOWN_TEXT_BYTES KEY_POLICY_DOCUMENT_BYTES

/* "2026-06-01T12:00:00Z" */
static void write_time(grille_wall_ms time_ms, char text[32]) {
    const time_t seconds = (time_t)(time_ms / 1000);
    struct tm parts;
    if (gmtime_r(&seconds, &parts) == NULL || strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) text[0] = '\0';
}

static json_t *text_or_null(const char *text) {
    return text == NULL ? json_null() : kms_json_text(text);
}

/* Where CloudTrail has another name than the wire. */
static const char *error_code(kms_error error) {
    return error == KMS_ERROR_ACCESS_DENIED ? "AccessDenied" : kms_error_type(error);
}

static json_t *identity(const kms_caller *caller) {
    const char *type = "Unknown";
    if (caller->arn != NULL && strstr(caller->arn, ":assumed-role/") != NULL) type = "AssumedRole";
    if (caller->arn != NULL && strstr(caller->arn, ":user/") != NULL) type = "IAMUser";
    if (caller->arn != NULL && strstr(caller->arn, ":root") != NULL) type = "Root";
    return json_pack("{s:s, s:o, s:o, s:o}", "type", type, "arn", text_or_null(caller->arn), "accountId",
                     text_or_null(caller->account), "accessKeyId", text_or_null(caller->access_key_id));
}

/* Members that are no secrets, of the right types, by AWS's names with a small first letter. */
static json_t *parameters(const kms_call *call) {
    static const char *const names[] = {"AliasName",
                                        "BypassPolicyLockoutSafetyCheck",
                                        "Description",
                                        "DryRun",
                                        "EncryptionAlgorithm",
                                        "EncryptionContext",
                                        "KeyId",
                                        "KeySpec",
                                        "KeyUsage",
                                        "Limit",
                                        "NumberOfBytes",
                                        "PendingWindowInDays",
                                        "Policy",
                                        "PolicyName",
                                        "TargetKeyId"};
    json_t *shown = json_object();
    char name[64];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_t *value = json_object_get(call->input, names[i]);
        if (value == NULL || json_is_array(value) ||
            (json_is_object(value) && strcmp(names[i], "EncryptionContext") != 0) ||
            json_string_length(value) > SHOWN_TEXT_BYTES)
            continue;
        (void)snprintf(name, sizeof name, "%c%s", tolower((unsigned char)names[i][0]), &names[i][1]);
        (void)json_object_set(shown, name, value);
    }
    return shown;
}

static json_t *additional(const kms_call *call) {
    static const char *const verdicts[] = {[KEY_POLICY_DEFAULT_DENY] = "DefaultDeny",
                                           [KEY_POLICY_ALLOW] = "Allow",
                                           [KEY_POLICY_EXPLICIT_DENY] = "ExplicitDeny"};
    json_t *data = json_object();
    if (call->has_recipient) (void)json_object_set_new(data, "recipient", kms_recipient_describe(&call->recipient));
    if (call->is_decided) {
        (void)json_object_set_new(data, "keyPolicyDecision",
                                  json_pack("{s:s, s:I, s:s}", "verdict", verdicts[call->decision.verdict], "statement",
                                            (json_int_t)call->decision.statement, "reason", call->decision.reason));
    }
    return data;
}

static json_t *resources(const kms_call *call) {
    if (!call->has_key) return json_array();
    return json_pack("[{s:s, s:s, s:s}]", "accountId", call->key.account, "type", "AWS::KMS::Key", "ARN",
                     call->key.arn);
}

static json_t *record_of(const kms_call *call, const char *request_id) {
    const kms_caller *caller = call->caller;
    char time[32];
    char event_id[KMS_UUID_TEXT_BYTES] = "";
    json_t *record;
    write_time(call->request->now_ms, time);
    if (!kms_uuid_make(event_id)) return NULL;
    record = json_pack(
        "{s:s, s:o, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:n, s:o, s:s, s:s, s:b, s:o, s:s, s:b, s:o, s:s}",
        "eventVersion", "1.11", "userIdentity", identity(caller), "eventTime", time, "eventSource", "kms.amazonaws.com",
        "eventName", text_or_null(call->operation == NULL ? call->request->target : call->operation->name), "awsRegion",
        call->service->region, "sourceIPAddress", text_or_null(caller->source_address), "userAgent",
        text_or_null(caller->user_agent), "requestParameters", parameters(call), "responseElements",
        "additionalEventData", additional(call), "requestID", request_id, "eventID", event_id, "readOnly",
        call->operation != NULL && call->operation->changes_nothing, "resources", resources(call), "eventType",
        "AwsApiCall", "managementEvent", true, "recipientAccountId",
        text_or_null(call->has_key ? call->key.account : caller->account), "eventCategory", "Management");
    if (record != NULL && call->error != KMS_ERROR_NONE) {
        (void)json_object_set_new(record, "errorCode", json_string(error_code(call->error)));
        (void)json_object_set_new(record, "errorMessage", kms_json_text(call->message));
    }
    return record;
}

char *kms_log_line(const kms_call *call, const char *request_id) {
    json_t *record = record_of(call, request_id);
    char *line = record == NULL ? NULL : json_dumps(record, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(record);
    return line;
}
