/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/role_credentials.h"

#include <string.h>

#include "attest/calendar.h"
#include "base/error.h"
#include "kms/header.h"

void grille_kms_role_credentials_wipe(grille_kms_role_credentials *credentials) {
    grille_wipe(credentials, sizeof *credentials);
}

bool grille_role_field_set(char *field, size_t capacity, grille_bytes text) {
    field[0] = '\0';
    if (text.len >= capacity || (text.len > 0 && memchr(text.data, '\0', text.len) != NULL)) return false;
    if (text.len > 0) memcpy(field, text.data, text.len);
    field[text.len] = '\0';
    return true;
}

bool grille_role_expiry_read(grille_bytes text, int64_t *expires_ms) {
    static const char offset[] = "+00:00";
    const size_t tail = sizeof offset - 1;
    char utc[sizeof "2026-11-23T10:00:00Z"];
    if (text.len == sizeof utc - 2 + tail && memcmp(text.data + text.len - tail, offset, tail) == 0) {
        memcpy(utc, text.data, sizeof utc - 2);
        utc[sizeof utc - 2] = 'Z';
        text = grille_bytes_of(utc, sizeof utc - 1);
    }
    return grille_civil_parse_rfc3339(text, expires_ms);
}

static bool is_visible(const char *text) {
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~') return false;
    return true;
}

static grille_reason fail(const char *where, const char *what, grille_error *error) {
    return grille_error_set(error, GRILLE_REASON_KMS_CREDENTIALS,
                            "credentials of %s: %s. Likely they were cut or quoted when they were copied: compare with "
                            "`aws sts get-caller-identity`, which must know them",
                            where, what);
}

grille_reason grille_role_credentials_check(const grille_kms_role_credentials *credentials, const char *where,
                                            grille_error *error) {
    if (!grille_kms_word_valid(grille_bytes_of_text(credentials->access_key_id)))
        return fail(where, "the access key id is not of letters, digits, hyphens and underscores only", error);
    if (credentials->secret_access_key[0] == '\0' || !is_visible(credentials->secret_access_key))
        return fail(where, "the secret access key is empty or has a blank or a character that is not ASCII", error);
    if (!is_visible(credentials->session_token))
        return fail(where, "the session token has a blank or a character that is not ASCII", error);
    if (credentials->region[0] != '\0' && !grille_kms_word_valid(grille_bytes_of_text(credentials->region)))
        return fail(where, "the region is not of letters, digits and hyphens only", error);
    if (credentials->expires_ms < 0) return fail(where, "they end before 1970", error);
    return GRILLE_REASON_OK;
}

static bool same_text(const char *left, const char *right) {
    return grille_bytes_equal_constant_time(grille_bytes_of_text(left), grille_bytes_of_text(right));
}

bool grille_role_credentials_equal(const grille_kms_role_credentials *left, const grille_kms_role_credentials *right) {
    return same_text(left->access_key_id, right->access_key_id) &&
           same_text(left->secret_access_key, right->secret_access_key) &&
           same_text(left->session_token, right->session_token) && left->expires_ms == right->expires_ms;
}
