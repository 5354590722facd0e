/* SPDX-License-Identifier: Apache-2.0
 * A key policy, the JSON document of AWS that says who may do what with a key, as it was read: IAM User Guide, "Grammar
 * of the IAM JSON policy language", and AWS KMS Developer Guide, "Key policies in AWS KMS". */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_POLICY_H
#define GRILLE_TOOLS_KMS_EMULATOR_POLICY_H

#include <stdbool.h>

#include "grille/reasons.h"
#include "kms_emulator/policy_limits.h"

/* Neighbours in one of the policy's arrays. */
typedef struct key_policy_range {
    size_t first;
    size_t count;
} key_policy_range;

typedef enum key_policy_principal_kind {
    KEY_POLICY_EVERYONE, /* "*" */
    KEY_POLICY_ACCOUNT,  /* "111122223333" or "arn:aws:iam::111122223333:root" */
    KEY_POLICY_ROLE,     /* "arn:aws:iam::111122223333:role/path/Name": all its sessions */
    KEY_POLICY_ONE       /* a user, or one session: its very ARN */
} key_policy_principal_kind;

typedef struct key_policy_principal {
    key_policy_principal_kind kind;
    grille_bytes text;    /* as written */
    grille_bytes account; /* 12 digits; none for EVERYONE */
    grille_bytes role;    /* ROLE: its name, without path */
} key_policy_principal;

typedef enum key_policy_operator {
    KEY_POLICY_STRING_EQUALS,
    KEY_POLICY_STRING_NOT_EQUALS,
    KEY_POLICY_STRING_EQUALS_IGNORE_CASE,
    KEY_POLICY_STRING_NOT_EQUALS_IGNORE_CASE,
    KEY_POLICY_STRING_LIKE,
    KEY_POLICY_STRING_NOT_LIKE,
    KEY_POLICY_NULL
} key_policy_operator;

typedef enum key_policy_set { KEY_POLICY_NO_SET, KEY_POLICY_FOR_ANY_VALUE, KEY_POLICY_FOR_ALL_VALUES } key_policy_set;

/* One condition key under one operator. */
typedef struct key_policy_condition {
    key_policy_operator comparison;
    key_policy_set set;
    bool if_exists;
    bool wants_absent;       /* NULL: its value was true */
    grille_bytes written;    /* the operator as written */
    grille_bytes key;        /* "kms:RecipientAttestation:PCR0" */
    key_policy_range values; /* of texts; STRING_LIKE and STRING_NOT_LIKE: patterns */
} key_policy_condition;

typedef struct key_policy_statement {
    bool denies;
    grille_bytes sid; /* empty: none */
    size_t line;      /* where it begins in the document, from 1 */
    size_t column;
    key_policy_range principals;
    key_policy_range actions; /* of texts: patterns */
    key_policy_range conditions;
} key_policy_statement;

/* Immutable once read, then for any number of threads. */
typedef struct key_policy {
    size_t statement_count;
    size_t principal_count;
    size_t condition_count;
    size_t text_count;
    key_policy_statement statements[KEY_POLICY_STATEMENTS];
    key_policy_principal principals[KEY_POLICY_PRINCIPALS];
    key_policy_condition conditions[KEY_POLICY_CONDITIONS];
    grille_bytes texts[KEY_POLICY_TEXTS];
    size_t used;
    uint8_t bytes[KEY_POLICY_DOCUMENT_BYTES]; /* of all texts: none is longer than what stood for it */
} key_policy;

/* Reads a document, strictly: what IAM would pass over or could mean two things is refused, too (docs of the elements
 * stand at their readers). The policy owns copies of all texts; key_policy_free. NULL: BAD_ARGUMENT with "line L,
 * column C: …" (characters, from 1), or SYSTEM when there is no memory. */
GRILLE_MUST_USE key_policy *key_policy_parse(grille_bytes document, grille_error *error);

/* NULL is fine. */
void key_policy_free(key_policy *policy);

#endif
