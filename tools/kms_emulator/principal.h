/* SPDX-License-Identifier: Apache-2.0
 * Callers as STS names them (IAM User Guide, "IAM ARNs"; STS API reference, GetCallerIdentity). Pure; any thread. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_PRINCIPAL_H
#define GRILLE_TOOLS_KMS_EMULATOR_PRINCIPAL_H

#include <stdbool.h>
#include <stddef.h>

#include "grille/bytes.h"
#include "kms_emulator/store_limits.h"

/* A name for files and commands: letters, digits, '.', '-' and '_', not beginning with '.' or '-'. */
bool kms_caller_name_valid(const char *name);

/* Whether it is "arn:aws:iam::ACCOUNT:user/NAME", with a path or without, or
 * "arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION"; `account` is set then. */
GRILLE_MUST_USE bool kms_principal_read(const char *arn, char account[KMS_ACCOUNT_BYTES]);

/* Whether the caller acts with keys of a session, which have a token. */
bool kms_principal_is_session(const char *arn);

/* "arn:aws:iam::ACCOUNT:role/PATH/ROLE" as the ARN of its session SESSION; any other ARN as it stands. False: it does
 * not fit. */
GRILLE_MUST_USE bool kms_principal_of(const char *arn, const char *session, char *principal, size_t capacity);

#endif
