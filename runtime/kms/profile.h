/* SPDX-License-Identifier: Apache-2.0
 * The shared credentials file of AWS's programs ("AWS SDKs and Tools Reference Guide", "Format of the config files"):
 * `[profile]`, and `name = value` below it. Pure; any thread. */
#ifndef GRILLE_KMS_PROFILE_H
#define GRILLE_KMS_PROFILE_H

#include "kms/role_credentials.h"

/* Reads the keys of one profile; other names and other profiles are passed over. `path` is for the texts, which never
 * have anything of a line. KMS_SOURCE_EMPTY: no such profile, or it has no keys of its own (role_arn, sso_… are not
 * followed); KMS_CREDENTIALS: one key without the other, a name twice, a value that is too long or no time, a line that
 * is none of these. `credentials` holds zeros unless OK; they are not looked at otherwise
 * (grille_role_credentials_check). */
GRILLE_MUST_USE grille_reason grille_profile_read(grille_bytes text, const char *path, const char *profile,
                                                  grille_kms_role_credentials *credentials, grille_error *error);

#endif
