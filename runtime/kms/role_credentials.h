/* SPDX-License-Identifier: Apache-2.0
 * Credentials of a role as their sources write them: texts into fields, and whether they can be credentials at all.
 * Nothing here tells a byte of them. Pure; any thread. */
#ifndef GRILLE_KMS_ROLE_CREDENTIALS_H
#define GRILLE_KMS_ROLE_CREDENTIALS_H

#include "base/bytes.h"
#include "base/time.h"
#include "grille/kms_parent.h"
#include "grille/reasons.h"

/* Copies `text` into a field of `capacity` with a terminator; false, and the field is empty: it has no room or `text`
 * has a 0. */
GRILLE_MUST_USE bool grille_role_field_set(char *field, size_t capacity, grille_bytes text);

/* When credentials end: "2026-11-23T10:00:00Z", or the same with "+00:00". False for another text. */
GRILLE_MUST_USE bool grille_role_expiry_read(grille_bytes text, int64_t *expires_ms);

/* KMS_CREDENTIALS: the access key id is no word, the secret or token has anything but visible ASCII, the region is no
 * word, the end is before 1970. `where` names the source, for the text. */
GRILLE_MUST_USE grille_reason grille_role_credentials_check(const grille_kms_role_credentials *credentials,
                                                            const char *where, grille_error *error);

/* Same keys and end, whatever the region; constant time in the secrets. */
bool grille_role_credentials_equal(const grille_kms_role_credentials *left, const grille_kms_role_credentials *right);

#endif
