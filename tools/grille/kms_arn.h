/* SPDX-License-Identifier: Apache-2.0
 * ARNs as a key's policy and a request to the service need them (AWS General Reference, "Amazon Resource Names"). */
#ifndef GRILLE_TOOLS_KMS_ARN_H
#define GRILLE_TOOLS_KMS_ARN_H

#include <stdbool.h>

#include "grille/bytes.h"

/* Parts of one; views into its text. */
typedef struct kms_arn {
    grille_bytes partition; /* "aws", "aws-cn", "aws-us-gov" */
    grille_bytes region;    /* of a key */
    grille_bytes account;   /* 12 digits */
} kms_arn;

/* "arn:aws:kms:REGION:ACCOUNT:key/ID"; no alias: it can be pointed elsewhere. */
bool kms_arn_read_key(const char *text, kms_arn *arn);
/* "arn:aws:iam::ACCOUNT:role/PATH/NAME". */
bool kms_arn_read_role(const char *text, kms_arn *arn);
/* The same, or "…:user/NAME", or "…:root". */
bool kms_arn_read_principal(const char *text, kms_arn *arn);

#endif
