/* SPDX-License-Identifier: Apache-2.0
 * A key policy that releases a key to attested enclaves only, as AWS KMS takes it, and what each part of it is for. */
#ifndef GRILLE_TOOLS_KMS_POLICY_TEXT_H
#define GRILLE_TOOLS_KMS_POLICY_TEXT_H

#include <stdio.h>

#include "kms_arn.h"
#include "measurements.h"

/* Builds, signers and pairs of the context that one policy may name. */
#define KMS_POLICY_VALUES 8

/* Values of one condition key: any of them fits. */
typedef struct kms_policy_pin {
    size_t count; /* 0: not pinned */
    char hex[KMS_POLICY_VALUES][2 * GRILLE_PCR_BYTES + 1];
} kms_policy_pin;

typedef struct kms_policy_text {
    const char *role;     /* ARN of the parent's */
    const char *producer; /* ARN of who encrypts; NULL: the parent */
    const char *admin;    /* ARN; NULL: the account's root */
    kms_arn key;
    kms_policy_pin image;                   /* PCR0 */
    kms_policy_pin host;                    /* PCR3: the parent's role */
    kms_policy_pin instance;                /* PCR4 */
    kms_policy_pin signer;                  /* PCR8 */
    const char *context[KMS_POLICY_VALUES]; /* "NAME=VALUE" */
    size_t context_count;
} kms_policy_text;

/* One more value, unless it is there; false: no room. */
bool kms_policy_pin_add(kms_policy_pin *pin, const uint8_t pcr[GRILLE_PCR_BYTES]);

/* The document: JSON on several lines. At least one of image and signer is pinned. */
void kms_policy_write(const kms_policy_text *policy, FILE *out);

/* What it says, what it does not look at, and who can undo it: lines for people. */
void kms_policy_explain(const kms_policy_text *policy, FILE *out);

#endif
