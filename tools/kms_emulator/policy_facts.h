/* SPDX-License-Identifier: Apache-2.0
 * What is known of one request when a key policy is asked. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_POLICY_FACTS_H
#define GRILLE_TOOLS_KMS_EMULATOR_POLICY_FACTS_H

#include <stdbool.h>

#include "grille/bytes.h"
#include "kms_emulator/policy_limits.h"

/* One value of a condition key; a key with several values has several of these. */
typedef struct key_policy_fact {
    grille_bytes name;
    grille_bytes value;
} key_policy_fact;

/* Caller's storage, one thread at a time; not to be copied. The views of the first five are borrowed. */
typedef struct key_policy_facts {
    grille_bytes caller_arn;     /* as STS tells it: "arn:aws:sts::111122223333:assumed-role/Role/session" … */
    grille_bytes caller_account; /* 12 digits */
    grille_bytes action;         /* "kms:Decrypt" */
    grille_bytes key_arn;        /* "arn:aws:kms:eu-central-1:111122223333:key/…" */
    /* Do the caller's own IAM policies allow the action on this key? Asked where a key policy leaves it to them. */
    bool identity_policy_allows;
    size_t count;
    key_policy_fact facts[KEY_POLICY_FACTS];
    size_t used;
    uint8_t texts[KEY_POLICY_FACT_BYTES];
} key_policy_facts;

/* Starts without any condition key. */
void key_policy_facts_init(key_policy_facts *facts);

/* Adds a value to a condition key; both are copied. False: over a limit; nothing was added. */
GRILLE_MUST_USE bool key_policy_facts_add(key_policy_facts *facts, grille_bytes name, grille_bytes value);

/* A PCR of a verified attestation document: kms:RecipientAttestation:PCR<number> in lower-case hex, and for PCR0
 * kms:RecipientAttestation:ImageSha384 (AWS KMS Developer Guide, "Condition keys for attested platforms"). `pcr` has at
 * most 64 bytes. False: too long, or over a limit. */
GRILLE_MUST_USE bool key_policy_facts_add_pcr(key_policy_facts *facts, unsigned number, grille_bytes pcr);

/* A pair of the encryption context: kms:EncryptionContext:<key>, and a value of kms:EncryptionContextKeys (AWS KMS
 * Developer Guide, "AWS KMS condition keys"). False: over a limit. */
GRILLE_MUST_USE bool key_policy_facts_add_context(key_policy_facts *facts, grille_bytes key, grille_bytes value);

/* The next value of a condition key from *at on, which starts at 0; false: no more. Names of condition keys ignore case
 * (IAM User Guide, "Condition"). Empty values are passed over: IAM takes a key whose value is empty for one that is
 * absent ("Set operators for multivalued context keys"). */
bool key_policy_facts_next(const key_policy_facts *facts, grille_bytes name, size_t *at, grille_bytes *value);

#endif
