/* SPDX-License-Identifier: Apache-2.0
 * Texts of key policies against texts of requests. Pure; any thread. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_POLICY_MATCH_H
#define GRILLE_TOOLS_KMS_EMULATOR_POLICY_MATCH_H

#include <stdbool.h>

#include "grille/bytes.h"

/* In a pattern, bytes that no text of a document holds: so '*' and '?' that stand for themselves need no escape. */
#define KEY_POLICY_ANY_RUN       0x01
#define KEY_POLICY_ANY_CHARACTER 0x02

typedef enum key_policy_case { KEY_POLICY_EXACT, KEY_POLICY_IGNORE_CASE } key_policy_case;

/* Does the whole text match? KEY_POLICY_ANY_RUN stands for any characters or none, KEY_POLICY_ANY_CHARACTER for one
 * character of UTF-8 (IAM User Guide, "Condition operators", StringLike). Case is ignored of ASCII letters only. At
 * most pattern × text steps. */
bool key_policy_match(grille_bytes pattern, grille_bytes text, key_policy_case letters);

/* The same without wildcards. */
bool key_policy_equal(grille_bytes left, grille_bytes right, key_policy_case letters);

/* Turns '*' and '?' of text into wildcards, in place. */
void key_policy_make_pattern(uint8_t *text, size_t len);

#endif
