/* SPDX-License-Identifier: Apache-2.0
 * What AWS KMS gives a key without a policy: everything to the account, whose own policies then say who (AWS KMS
 * Developer Guide, "Default key policy"). */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_DEFAULT_POLICY_H
#define GRILLE_TOOLS_KMS_EMULATOR_DEFAULT_POLICY_H

#include "kms_emulator/store_limits.h"

#define KMS_DEFAULT_POLICY_FORMAT                                                                                      \
    "{\n"                                                                                                              \
    "  \"Version\" : \"2012-10-17\",\n"                                                                                \
    "  \"Id\" : \"key-default-1\",\n"                                                                                  \
    "  \"Statement\" : [ {\n"                                                                                          \
    "    \"Sid\" : \"Enable IAM User Permissions\",\n"                                                                 \
    "    \"Effect\" : \"Allow\",\n"                                                                                    \
    "    \"Principal\" : {\n"                                                                                          \
    "      \"AWS\" : \"arn:aws:iam::%s:root\"\n"                                                                       \
    "    },\n"                                                                                                         \
    "    \"Action\" : \"kms:*\",\n"                                                                                    \
    "    \"Resource\" : \"*\"\n"                                                                                       \
    "  } ]\n"                                                                                                          \
    "}"

#define KMS_DEFAULT_POLICY_BYTES (sizeof KMS_DEFAULT_POLICY_FORMAT + KMS_ACCOUNT_BYTES)

/* For a key of this account, of 12 digits. */
void kms_default_policy(const char *account, char policy[KMS_DEFAULT_POLICY_BYTES]);

#endif
