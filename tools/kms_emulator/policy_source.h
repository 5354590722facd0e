/* SPDX-License-Identifier: Apache-2.0
 * A policy document while it is read: tokens with their places, and errors that name them. For policy_*.c only. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_POLICY_SOURCE_H
#define GRILLE_TOOLS_KMS_EMULATOR_POLICY_SOURCE_H

#include "base/json.h"
#include "kms_emulator/policy.h"

/* Caller's storage; borrows all. */
typedef struct policy_source {
    grille_bytes document;
    grille_json json;
    grille_json_token token; /* the last one read */
    size_t at;               /* its first byte in the document */
    key_policy *policy;      /* what is being made */
    grille_error *error;
} policy_source;

/* Says what is wrong at the last token: "line 3, column 5: …". Always false, so that `return policy_wrong(…)` ends a
 * reader. */
bool policy_wrong(policy_source *source, const char *format, ...) GRILLE_PRINTF(2, 3);

/* Line and column, from 1, of a byte of the document; columns count characters. */
void policy_place(grille_bytes document, size_t at, size_t *line, size_t *column);

/* Reads the next token; false: it is not JSON. */
GRILLE_MUST_USE bool policy_next(policy_source *source);

/* The next token must be of this kind; `what` says what was wanted: "Sid is a text". */
GRILLE_MUST_USE bool policy_expect(policy_source *source, grille_json_kind kind, const char *what);

/* The last token, KEY or TEXT, as a text of the policy: without control characters, not empty unless that is allowed,
 * at most KEY_POLICY_TEXT_BYTES. The memory is the policy's and may be changed in place. */
GRILLE_MUST_USE bool policy_text(policy_source *source, bool may_be_empty, uint8_t **text, size_t *len);

/* Called with the last token being a TEXT (TRUE, FALSE too where the reader takes them). */
typedef bool (*policy_item_reader)(policy_source *source, void *context);

/* Reads a value that is one item or an array of at least one. */
GRILLE_MUST_USE bool policy_each(policy_source *source, policy_item_reader item, void *context);

/* One member of an object: its name, and how its value is read. */
typedef struct policy_element {
    const char *name;
    bool required;
    policy_item_reader value; /* NULL: refused, because of `refusal` */
    const char *refusal;
} policy_element;

/* Reads the members of an object after its opening: each at most once, none but these, the required ones all. `object`
 * says what it is: "a statement". Fewer than 32 elements. */
GRILLE_MUST_USE bool policy_members(policy_source *source, const char *object, const policy_element *elements,
                                    size_t count, void *context);

/* Reads a Principal's value, from its first token on, into the statement (policy_principal.c); likewise a Condition's
 * (policy_condition_read.c). The context is the key_policy_statement. */
GRILLE_MUST_USE bool policy_read_principals(policy_source *source, void *statement);
GRILLE_MUST_USE bool policy_read_conditions(policy_source *source, void *statement);

/* Puts a text into the policy's array. */
GRILLE_MUST_USE bool policy_add_text(policy_source *source, grille_bytes text);

/* For %.*s of texts in errors: at most KEY_POLICY_SHOWN_BYTES. */
int policy_shown(size_t len);

#endif
