/* SPDX-License-Identifier: Apache-2.0
 * Whom a statement is about (IAM User Guide, "Principal"). Pure; any thread. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_POLICY_PRINCIPAL_H
#define GRILLE_TOOLS_KMS_EMULATOR_POLICY_PRINCIPAL_H

#include "kms_emulator/policy.h"
#include "kms_emulator/policy_facts.h"

/* Is the caller the principal, a session of it, or in its account? */
bool key_policy_is_caller(const key_policy_principal *principal, const key_policy_facts *facts);

/* Where an Allow for this principal, who is the caller, is not enough without an IAM policy of the caller's own: why,
 * else NULL. An account as principal only leaves the decision to its IAM policies (AWS KMS Developer Guide, "Default
 * key policy"), and a caller of another account than the key's needs both ("Allowing users in other accounts to use a
 * KMS key"). Static storage. */
const char *key_policy_needs_identity_policy(const key_policy_principal *principal, const key_policy_facts *facts);

#endif
