/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_arn.h"

#include <string.h>

#include "base/bytes.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

enum { ARN_MAX = 256, ACCOUNT_DIGITS = 12 };

/* Takes up to the next colon. */
static grille_bytes take_part(const char **at) {
    const size_t len = strcspn(*at, ":");
    const grille_bytes part = grille_bytes_of(*at, len);
    *at += len + ((*at)[len] == ':' ? 1 : 0);
    return part;
}

static bool is(grille_bytes part, const char *text) {
    return grille_bytes_equal(part, grille_bytes_of_text(text));
}

static bool is_partition(grille_bytes part) {
    return is(part, "aws") || is(part, "aws-cn") || is(part, "aws-us-gov");
}

static bool is_account(const grille_bytes *part) {
    return part->len == ACCOUNT_DIGITS && strspn((const char *)part->data, DIGITS) >= ACCOUNT_DIGITS;
}

/* The parts before the resource, which is left at *at. */
static bool read_parts(const char **at, const char *service, kms_arn *arn) {
    if (strlen(*at) > ARN_MAX || !is(take_part(at), "arn")) return false;
    arn->partition = take_part(at);
    if (!is_partition(arn->partition) || !is(take_part(at), service)) return false;
    arn->region = take_part(at);
    arn->account = take_part(at);
    return is_account(&arn->account);
}

/* "PREFIX" and characters of `in`. */
static bool is_resource(const char *at, const char *prefix, const char *in) {
    const size_t len = strlen(prefix);
    return strncmp(at, prefix, len) == 0 && at[len] != '\0' && at[len + strspn(at + len, in)] == '\0';
}

bool kms_arn_read_key(const char *text, kms_arn *arn) {
    const char *at = text;
    return read_parts(&at, "kms", arn) && arn->region.len > 0 &&
           strspn((const char *)arn->region.data, LETTERS DIGITS "-") == arn->region.len &&
           is_resource(at, "key/", LETTERS DIGITS "-");
}

static bool read_name(const char *text, const char *prefix, kms_arn *arn) {
    const char *at = text;
    return read_parts(&at, "iam", arn) && arn->region.len == 0 && is_resource(at, prefix, LETTERS DIGITS "+=,.@_/-") &&
           text[strlen(text) - 1] != '/';
}

bool kms_arn_read_role(const char *text, kms_arn *arn) {
    return read_name(text, "role/", arn);
}

bool kms_arn_read_principal(const char *text, kms_arn *arn) {
    const char *at = text;
    if (kms_arn_read_role(text, arn) || read_name(text, "user/", arn)) return true;
    return read_parts(&at, "iam", arn) && arn->region.len == 0 && strcmp(at, "root") == 0;
}
