/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/errors.h"

#include <stddef.h>

typedef struct row {
    const char *type;
    unsigned status;
    const char *message;
} row;

static const row rows[KMS_ERROR_COUNT] = {[KMS_ERROR_NONE] = {"", 200, ""},
#define X(name, type, status, message) [KMS_ERROR_##name] = {type, status, message},
                                          KMS_ERROR_MAP(X)
#undef X
};

static const row *row_of(kms_error error) {
    return &rows[(size_t)error < KMS_ERROR_COUNT ? error : KMS_ERROR_INTERNAL];
}

const char *kms_error_type(kms_error error) {
    return row_of(error)->type;
}

unsigned kms_error_status(kms_error error) {
    return row_of(error)->status;
}

const char *kms_error_message(kms_error error) {
    return row_of(error)->message;
}
