/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/profile.h"

#include <string.h>

#include "base/error.h"
#include "base/reader.h"

/* Of the names that are read. */
enum { ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN, OLD_SESSION_TOKEN, REGION, EXPIRATION, NAME_COUNT };

typedef struct reading {
    const char *path;
    grille_bytes profile;
    grille_kms_role_credentials *credentials;
    grille_error *error;
    size_t line;
    bool is_found;  /* the profile */
    bool is_inside; /* of it */
    unsigned seen;  /* bits of names */
} reading;

static grille_bytes trim(grille_bytes text) {
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = grille_bytes_of(text.data + 1, text.len - 1);
    while (text.len > 0 && memchr(" \t\r", text.data[text.len - 1], 3) != NULL)
        text.len--;
    return text;
}

static grille_reason fail(const reading *file, const char *what) {
    return grille_error_set(file->error, GRILLE_REASON_KMS_CREDENTIALS,
                            "%s:%zu: %s. Likely the file was edited by hand: see `aws configure list`", file->path,
                            file->line, what);
}

/* "[name]". */
static grille_reason take_section(reading *file, grille_bytes line) {
    if (line.data[line.len - 1] != ']') return fail(file, "a profile's name has no ] at its end");
    file->is_inside = grille_bytes_equal(trim(grille_bytes_of(line.data + 1, line.len - 2)), file->profile);
    file->is_found = file->is_found || file->is_inside;
    return GRILLE_REASON_OK;
}

static bool set_field(grille_kms_role_credentials *into, unsigned name, grille_bytes value) {
    switch (name) {
    case ACCESS_KEY_ID:
        return grille_role_field_set(into->access_key_id, sizeof into->access_key_id, value);
    case SECRET_ACCESS_KEY:
        return grille_role_field_set(into->secret_access_key, sizeof into->secret_access_key, value);
    case SESSION_TOKEN:
    case OLD_SESSION_TOKEN:
        return grille_role_field_set(into->session_token, sizeof into->session_token, value);
    case REGION:
        return grille_role_field_set(into->region, sizeof into->region, value);
    default:
        return grille_role_expiry_read(value, &into->expires_ms);
    }
}

static grille_reason take_setting(reading *file, grille_bytes name, grille_bytes value) {
    static const char *const names[NAME_COUNT] = {
        "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token", "region",
        "aws_expiration",
    };
    for (unsigned i = 0; i < NAME_COUNT; i++) {
        if (!grille_bytes_equal(name, grille_bytes_of_text(names[i]))) continue;
        if ((file->seen >> i & 1) != 0) return fail(file, "a name of this profile stands twice");
        file->seen |= 1u << i;
        /* Programs write both names of the token, for old readers; the new one counts. */
        if (i == OLD_SESSION_TOKEN && (file->seen >> SESSION_TOKEN & 1) != 0) return GRILLE_REASON_OK;
        return set_field(file->credentials, i, value) ? GRILLE_REASON_OK
                                                      : fail(file, "a value is too long, or no time in UTC");
    }
    return GRILLE_REASON_OK;
}

static grille_reason take_line(reading *file, grille_bytes line) {
    const bool is_nested = line.len > 0 && (line.data[0] == ' ' || line.data[0] == '\t');
    const grille_bytes text = trim(line);
    const uint8_t *equals = NULL;
    if (text.len == 0 || text.data[0] == '#' || text.data[0] == ';') return GRILLE_REASON_OK;
    if (text.data[0] == '[') return take_section(file, text);
    if (is_nested || !file->is_inside) return GRILLE_REASON_OK;
    equals = memchr(text.data, '=', text.len);
    if (equals == NULL) return fail(file, "a line is neither [profile] nor name = value");
    const size_t name_len = (size_t)(equals - text.data);
    return take_setting(file, trim(grille_bytes_of(text.data, name_len)),
                        trim(grille_bytes_of(equals + 1, text.len - name_len - 1)));
}

static grille_reason take_lines(reading *file, grille_reader *text) {
    grille_reason reason = GRILLE_REASON_OK;
    while (text->left > 0 && reason == GRILLE_REASON_OK) {
        const uint8_t *end = memchr(text->at, '\n', text->left);
        const size_t len = end != NULL ? (size_t)(end - text->at) : text->left;
        const grille_bytes line = grille_read_bytes(text, len);
        if (end != NULL) (void)grille_read_u8(text);
        file->line++;
        reason = take_line(file, line);
    }
    return reason;
}

static grille_reason judge(const reading *file, const char *profile) {
    const bool has_id = (file->seen >> ACCESS_KEY_ID & 1) != 0, has_secret = (file->seen >> SECRET_ACCESS_KEY & 1) != 0;
    if (!file->is_found) {
        return grille_error_set(file->error, GRILLE_REASON_KMS_SOURCE_EMPTY,
                                "%s has no profile [%s]. Likely it is another one: set AWS_PROFILE", file->path,
                                profile);
    }
    if (!has_id && !has_secret) {
        return grille_error_set(file->error, GRILLE_REASON_KMS_SOURCE_EMPTY,
                                "profile %s of %s has no aws_access_key_id: other ways (role_arn, sso, "
                                "credential_process) are not followed here. Export what they yield: aws configure "
                                "export-credentials --format env",
                                profile, file->path);
    }
    return has_id && has_secret ? GRILLE_REASON_OK
                                : grille_error_set(file->error, GRILLE_REASON_KMS_CREDENTIALS,
                                                   "profile %s of %s has one of aws_access_key_id and "
                                                   "aws_secret_access_key only. Likely a line was lost: see `aws "
                                                   "configure list`",
                                                   profile, file->path);
}

grille_reason grille_profile_read(grille_bytes text, const char *path, const char *profile,
                                  grille_kms_role_credentials *credentials, grille_error *error) {
    reading file = {.path = path, .profile = grille_bytes_of_text(profile), .credentials = credentials, .error = error};
    grille_reader reader = grille_reader_of(text);
    memset(credentials, 0, sizeof *credentials);
    grille_reason reason = take_lines(&file, &reader);
    if (reason == GRILLE_REASON_OK) reason = judge(&file, profile);
    if (reason != GRILLE_REASON_OK) grille_kms_role_credentials_wipe(credentials);
    return reason;
}
