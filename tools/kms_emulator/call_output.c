/* SPDX-License-Identifier: Apache-2.0
 * What a call answers: members of the result, or the error. */
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kms/base64.h"
#include "kms_emulator/call.h"

bool kms_fail(kms_call *call, kms_error error, const char *format, ...) {
    va_list arguments;
    call->error = error;
    va_start(arguments, format);
    (void)vsnprintf(call->message, sizeof call->message, format, arguments);
    va_end(arguments);
    return false;
}

bool kms_fail_plainly(kms_call *call, kms_error error) {
    return kms_fail(call, error, "%s", kms_error_message(error));
}

bool kms_check_store(kms_call *call, kms_store_result result) {
    switch (result) {
    case KMS_STORE_OK:
        return true;
    case KMS_STORE_BUSY:
        return kms_fail_plainly(call, KMS_ERROR_DEPENDENCY_TIMEOUT);
    case KMS_STORE_DAMAGED:
        return kms_fail_plainly(call, KMS_ERROR_KEY_UNAVAILABLE);
    default:
        return kms_fail(call, KMS_ERROR_INTERNAL, "The store of keys: %s", kms_store_problem());
    }
}

/* json_object_set_new takes the value whether it succeeds or not, and NULL for a failure. */
bool kms_output(kms_call *call, const char *name, json_t *value) {
    return json_object_set_new(call->output, name, value) == 0 || kms_fail_plainly(call, KMS_ERROR_INTERNAL);
}

bool kms_output_text(kms_call *call, const char *name, const char *text) {
    return kms_output(call, name, json_string(text));
}

bool kms_output_bytes(kms_call *call, const char *name, grille_bytes bytes) {
    const size_t len = grille_base64_len(bytes.len);
    char *text = malloc(len + 1);
    grille_writer writer = grille_writer_into((uint8_t *)text, len);
    json_t *value;
    if (text == NULL) return kms_fail_plainly(call, KMS_ERROR_INTERNAL);
    grille_base64_write(&writer, bytes);
    value = json_stringn(text, len);
    OPENSSL_clear_free(text, len);
    return kms_output(call, name, value);
}

json_t *kms_json_text(const char *text) {
    json_t *value = json_string(text);
    char *plain;
    if (value != NULL) return value;
    plain = strdup(text);
    for (char *at = plain; at != NULL && *at != '\0'; at++) {
        if ((unsigned char)*at >= 0x80) *at = '?';
    }
    value = json_string(plain);
    free(plain);
    return value;
}

json_t *kms_time(grille_wall_ms time_ms) {
    return json_real((double)time_ms / 1000);
}
