/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/principal.h"

#include <stdio.h>
#include <string.h>

#include "kms_emulator/settings.h"

enum { account_digits = KMS_ACCOUNT_BYTES - 1 };

static const char letters_and_digits[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
static const char user_prefix[] = "arn:aws:iam::", session_prefix[] = "arn:aws:sts::";
static const char user_kind[] = ":user/", role_kind[] = ":role/", session_kind[] = ":assumed-role/";

static bool is_of(const char *text, size_t len, const char *marks) {
    for (size_t i = 0; i < len; i++)
        if (strchr(letters_and_digits, text[i]) == NULL && strchr(marks, text[i]) == NULL) return false;
    return len > 0;
}

bool kms_caller_name_valid(const char *name) {
    return is_of(name, strlen(name), ".-_") && name[0] != '.' && name[0] != '-';
}

/* What follows "PREFIXaccountKIND"; NULL: it is something else. */
static const char *rest_of(const char *arn, const char *prefix, const char *kind, char account[KMS_ACCOUNT_BYTES]) {
    const char *at = arn + strlen(prefix);
    if (strncmp(arn, prefix, strlen(prefix)) != 0 || strnlen(at, account_digits) != account_digits) return NULL;
    if (strncmp(at + account_digits, kind, strlen(kind)) != 0) return NULL;
    memcpy(account, at, account_digits);
    account[account_digits] = '\0';
    return kms_account_valid(account) ? at + account_digits + strlen(kind) : NULL;
}

/* IAM API reference, "CreateUser" and "AssumeRole": what names, sessions and paths are of. */
static bool is_user(const char *name) {
    const size_t len = strlen(name);
    return is_of(name, len, "+=,.@_-/") && name[0] != '/' && name[len - 1] != '/';
}

static bool is_role_and_session(const char *text) {
    const char *slash = strchr(text, '/');
    return slash != NULL && is_of(text, (size_t)(slash - text), "+=,.@_-") &&
           is_of(slash + 1, strlen(slash + 1), "+=,.@_-");
}

bool kms_principal_read(const char *arn, char account[KMS_ACCOUNT_BYTES]) {
    const char *user = rest_of(arn, user_prefix, user_kind, account);
    const char *session = user != NULL ? NULL : rest_of(arn, session_prefix, session_kind, account);
    return user != NULL ? is_user(user) : session != NULL && is_role_and_session(session);
}

bool kms_principal_is_session(const char *arn) {
    return strncmp(arn, session_prefix, strlen(session_prefix)) == 0;
}

bool kms_principal_of(const char *arn, const char *session, char *principal, size_t capacity) {
    char account[KMS_ACCOUNT_BYTES];
    const char *role = rest_of(arn, user_prefix, role_kind, account), *slash = NULL;
    int len = 0;
    if (role == NULL) {
        len = snprintf(principal, capacity, "%s", arn);
    } else {
        slash = strrchr(role, '/');
        len = snprintf(principal, capacity, "%s%s%s%s/%s", session_prefix, account, session_kind,
                       slash == NULL ? role : slash + 1, session);
    }
    return len > 0 && (size_t)len < capacity;
}
