/* SPDX-License-Identifier: Apache-2.0
 * Who may ask the key service, and how they prove it: its folder's credentials.json. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_CREDENTIALS_H
#define GRILLE_TOOLS_KMS_EMULATOR_CREDENTIALS_H

#include <stdbool.h>

#include "base/time.h"
#include "grille/reasons.h"
#include "kms_emulator/store_limits.h"

#define KMS_CREDENTIALS_FILE "credentials.json"

/* With their terminators. A session token of AWS has a few hundred to two thousand characters. */
#define KMS_NAME_BYTES       64
#define KMS_ACCESS_KEY_BYTES 65
#define KMS_SECRET_KEY_BYTES 129
#define KMS_TOKEN_BYTES      4097
#define KMS_PRINCIPAL_BYTES  513

#define KMS_CREDENTIALS_MOST 256

/* One caller. */
typedef struct kms_credential {
    char name[KMS_NAME_BYTES]; /* for commands and files only */
    char access_key_id[KMS_ACCESS_KEY_BYTES];
    char secret_access_key[KMS_SECRET_KEY_BYTES];
    char session_token[KMS_TOKEN_BYTES]; /* "": of a user, without one */
    grille_wall_ms expires_ms;           /* 0: never */
    char principal[KMS_PRINCIPAL_BYTES]; /* as STS tells it, an ARN */
    char account[KMS_ACCOUNT_BYTES];     /* the ARN's */
    bool identity_policy_allows;         /* its own IAM policies allow every action of the service */
} kms_credential;

/* Immutable once read, then for any number of threads. */
typedef struct kms_credentials {
    size_t count;
    kms_credential items[KMS_CREDENTIALS_MOST];
} kms_credentials;

/* FOLDER/credentials.json: an array of objects with the members above, names and access keys once each. The result is
 * from malloc, for kms_credentials_free. NULL: BAD_ARGUMENT with what is wrong where, SYSTEM. */
GRILLE_MUST_USE kms_credentials *kms_credentials_read(const char *folder, grille_error *error);

/* Puts these in the file's place. */
GRILLE_MUST_USE bool kms_credentials_write(const char *folder, const kms_credentials *credentials, grille_error *error);

/* Wiped. NULL is fine. */
void kms_credentials_free(kms_credentials *credentials);

/* NULL: nobody has it. */
const kms_credential *kms_credentials_find(const kms_credentials *credentials, grille_bytes access_key_id);
const kms_credential *kms_credentials_named(const kms_credentials *credentials, const char *name);

/* Adds a caller with fresh random keys. `principal` is the ARN of a user ("arn:aws:iam::111122223333:user/Name", no
 * session token), of a session of a role ("arn:aws:sts::111122223333:assumed-role/Name/Session"), or of a role, for
 * which one of its sessions is made up. BAD_ARGUMENT: none of these, no name, or the name is taken; LIMIT. */
GRILLE_MUST_USE bool kms_credentials_add(kms_credentials *credentials, const char *name, const char *principal,
                                         grille_wall_ms expires_ms, bool identity_policy_allows, grille_error *error);

#endif
