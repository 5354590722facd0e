/* SPDX-License-Identifier: Apache-2.0
 * Members of a request, refused as AWS refuses them: a wrong type is SerializationException, a value outside its range
 * ValidationException with the constraint. */
#include <ctype.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "kms/base64.h"
#include "kms_emulator/call.h"

/* "KeyId" → "keyId", as AWS's messages have it. Valid until the next one. */
static const char *small(const char *name) {
    static _Thread_local char text[64];
    (void)snprintf(text, sizeof text, "%c%s", tolower((unsigned char)name[0]), &name[1]);
    return text;
}

static bool missing(kms_call *call, const char *name) {
    return kms_fail(call, KMS_ERROR_VALIDATION,
                    "1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be "
                    "null",
                    small(name));
}

static bool out_of_range(kms_call *call, const char *name, const char *constraint, int64_t limit) {
    return kms_fail(call, KMS_ERROR_VALIDATION,
                    "1 validation error detected: Value at '%s' failed to satisfy constraint: Member must have %s "
                    "than or equal to %lld",
                    small(name), constraint, (long long)limit);
}

static bool wrong_type(kms_call *call, const char *name, const char *wanted) {
    return kms_fail(call, KMS_ERROR_SERIALIZATION, "%s is not %s", name, wanted);
}

/* null is as good as nothing. */
static json_t *member(const json_t *object, const char *name) {
    json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

bool kms_input_text(kms_call *call, const char *name, kms_presence presence, size_t least, size_t most,
                    const char **text) {
    const json_t *value = member(call->input, name);
    *text = NULL;
    if (value == NULL) return presence == KMS_OPTIONAL || missing(call, name);
    if (!json_is_string(value)) return wrong_type(call, name, "a text");
    if (json_string_length(value) < least) return out_of_range(call, name, "length greater", (int64_t)least);
    if (json_string_length(value) > most) return out_of_range(call, name, "length less", (int64_t)most);
    *text = json_string_value(value);
    return true;
}

bool kms_input_number(kms_call *call, const char *name, kms_presence presence, int64_t least, int64_t most,
                      int64_t *number) {
    const json_t *value = member(call->input, name);
    if (value == NULL) return presence == KMS_OPTIONAL || missing(call, name);
    if (!json_is_integer(value)) return wrong_type(call, name, "a whole number");
    if (json_integer_value(value) < least) return out_of_range(call, name, "value greater", least);
    if (json_integer_value(value) > most) return out_of_range(call, name, "value less", most);
    *number = json_integer_value(value);
    return true;
}

bool kms_input_flag(kms_call *call, const char *name, bool *flag) {
    const json_t *value = member(call->input, name);
    *flag = false;
    if (value == NULL) return true;
    if (!json_is_boolean(value)) return wrong_type(call, name, "true or false");
    *flag = json_is_true(value);
    return true;
}

static bool decode(kms_call *call, const char *name, grille_bytes text, size_t most, uint8_t **bytes, size_t *len) {
    const size_t capacity = text.len / 4 * 3;
    uint8_t *space = malloc(capacity + 1);
    grille_writer writer = grille_writer_into(space, capacity);
    if (space == NULL) return kms_fail_plainly(call, KMS_ERROR_INTERNAL);
    if (grille_base64_read(text, &writer) != GRILLE_REASON_OK) {
        OPENSSL_clear_free(space, capacity);
        return wrong_type(call, name, "in base64");
    }
    *bytes = space;
    *len = grille_written(&writer).len;
    if (*len != 0 && *len <= most) return true;
    OPENSSL_cleanse(space, capacity);
    free(space);
    *bytes = NULL;
    return *len == 0 ? out_of_range(call, name, "length greater", 1)
                     : out_of_range(call, name, "length less", (int64_t)most);
}

bool kms_input_bytes(kms_call *call, const json_t *object, const char *name, kms_presence presence, size_t most,
                     uint8_t **bytes, size_t *len) {
    const json_t *value = member(object, name);
    *bytes = NULL;
    *len = 0;
    if (value == NULL) return presence == KMS_OPTIONAL || missing(call, name);
    if (!json_is_string(value)) return wrong_type(call, name, "a text in base64");
    if (json_string_length(value) > grille_base64_len(most))
        return out_of_range(call, name, "length less", (int64_t)most);
    return decode(call, name, grille_bytes_of(json_string_value(value), json_string_length(value)), most, bytes, len);
}

bool kms_input_context(kms_call *call) {
    json_t *object = member(call->input, "EncryptionContext");
    const char *key;
    json_t *value;
    if (object != NULL && !json_is_object(object)) return wrong_type(call, "EncryptionContext", "an object");
    json_object_foreach(object, key, value) {
        if (!json_is_string(value)) return wrong_type(call, "EncryptionContext", "an object of texts");
    }
    if (kms_context_read(object, &call->context)) return true;
    return kms_fail(call, KMS_ERROR_VALIDATION, "EncryptionContext has more than %d pairs or %d bytes",
                    KMS_CONTEXT_PAIRS, KMS_CONTEXT_BYTES);
}

static bool check_key_algorithm(kms_call *call, const json_t *object) {
    const json_t *algorithm = member(object, "KeyEncryptionAlgorithm");
    if (algorithm == NULL) return missing(call, "KeyEncryptionAlgorithm");
    if (!json_is_string(algorithm)) return wrong_type(call, "KeyEncryptionAlgorithm", "a text");
    if (strcmp(json_string_value(algorithm), "RSAES_OAEP_SHA_256") == 0) return true;
    return kms_fail(call, KMS_ERROR_VALIDATION,
                    "1 validation error detected: Value at 'recipient.keyEncryptionAlgorithm' failed to satisfy "
                    "constraint: Member must satisfy enum value set: [RSAES_OAEP_SHA_256]");
}

bool kms_input_recipient(kms_call *call) {
    const json_t *object = member(call->input, "Recipient");
    char problem[KMS_MESSAGE_BYTES - 64];
    size_t len;
    if (object == NULL) return true;
    if (!json_is_object(object)) return wrong_type(call, "Recipient", "an object");
    if (!check_key_algorithm(call, object) ||
        !kms_input_bytes(call, object, "AttestationDocument", KMS_REQUIRED, KMS_DOCUMENT_BYTES, &call->document, &len))
        return false;
    call->has_recipient = kms_recipient_read(call->service, grille_bytes_of(call->document, len), call->request->now_ms,
                                             &call->recipient, problem, sizeof problem);
    if (call->has_recipient) return true;
    return kms_fail(call, KMS_ERROR_VALIDATION, "The attestation document is not valid: %s", problem);
}

bool kms_input_no_grants(kms_call *call) {
    const json_t *tokens = member(call->input, "GrantTokens");
    if (tokens == NULL) return true;
    if (!json_is_array(tokens)) return wrong_type(call, "GrantTokens", "a list");
    return json_array_size(tokens) == 0 || kms_fail_plainly(call, KMS_ERROR_INVALID_GRANT_TOKEN);
}

bool kms_input_algorithm(kms_call *call) {
    const char *algorithm;
    if (!kms_input_text(call, "EncryptionAlgorithm", KMS_OPTIONAL, 0, 256, &algorithm)) return false;
    if (algorithm == NULL || strcmp(algorithm, "SYMMETRIC_DEFAULT") == 0) return true;
    return kms_fail(call, KMS_ERROR_VALIDATION,
                    "EncryptionAlgorithm is not SYMMETRIC_DEFAULT: the keys of this service are symmetric");
}

bool kms_check_dry_run(kms_call *call) {
    bool dry_run;
    if (!kms_input_flag(call, "DryRun", &dry_run)) return false;
    return !dry_run || kms_fail_plainly(call, KMS_ERROR_DRY_RUN);
}
