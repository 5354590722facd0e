/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/error.h"
#include "kms_emulator/policy_match.h"
#include "kms_emulator/policy_source.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Key policies name their statements in words, with spaces; each name once (IAM User Guide, "Sid"). */
static bool read_sid(policy_source *source, void *context) {
    key_policy_statement *statement = context;
    uint8_t *text = NULL;
    size_t len = 0;
    if (!policy_expect(source, GRILLE_JSON_TEXT, "a Sid is a text") || !policy_text(source, true, &text, &len)) {
        return false;
    }
    statement->sid = grille_bytes_of(text, len);
    for (size_t i = 0; len > 0 && i < source->policy->statement_count; i++) {
        if (grille_bytes_equal(source->policy->statements[i].sid, statement->sid)) {
            return policy_wrong(source, "the Sid of statement %zu again", i + 1);
        }
    }
    return true;
}

/* Case counts (IAM User Guide, "Effect"). */
static bool read_effect(policy_source *source, void *context) {
    key_policy_statement *statement = context;
    if (!policy_next(source)) return false;
    statement->denies = grille_json_is(source->token, "Deny");
    return statement->denies || grille_json_is(source->token, "Allow") ||
           policy_wrong(source, "an Effect is \"Allow\" or \"Deny\", written so");
}

static bool is_action_character(uint8_t byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '*' || byte == '?';
}

/* "*", or the service and a name with wildcards; a key policy can only name actions of its own service. */
static bool read_action(policy_source *source, void *context) {
    static const char service[] = "kms:";
    const size_t prefix = sizeof service - 1;
    key_policy_statement *statement = context;
    uint8_t *text = NULL;
    size_t len = 0;
    if (source->token.kind != GRILLE_JSON_TEXT) return policy_wrong(source, "an Action is a text");
    if (!policy_text(source, false, &text, &len)) return false;
    if (len != 1 || text[0] != '*') {
        bool well = len > prefix && key_policy_equal(grille_bytes_of(text, prefix), grille_bytes_of_text(service),
                                                     KEY_POLICY_IGNORE_CASE);
        for (size_t i = prefix; well && i < len; i++)
            well = is_action_character(text[i]);
        if (!well) {
            return policy_wrong(source, "the Action \"%.*s\" is neither \"*\" nor \"kms:\" and a name",
                                policy_shown(len), (const char *)text);
        }
    }
    key_policy_make_pattern(text, len);
    statement->actions.count++;
    return policy_add_text(source, grille_bytes_of(text, len));
}

static bool read_actions(policy_source *source, void *context) {
    key_policy_statement *statement = context;
    statement->actions.first = source->policy->text_count;
    return policy_each(source, read_action, statement);
}

/* In a key policy "*" stands for the key that it belongs to (AWS KMS Developer Guide, page Key policies in AWS KMS). */
static bool read_resource(policy_source *source, void *context) {
    (void)context;
    return grille_json_is(source->token, "*") ||
           policy_wrong(source, "the Resource of a key policy is \"*\": the key that the policy is of");
}

static bool read_resources(policy_source *source, void *context) {
    return policy_each(source, read_resource, context);
}

static bool read_statement(policy_source *source, void *context) {
    static const policy_element elements[] = {
        {.name = "Sid", .value = read_sid},
        {.name = "Effect", .required = true, .value = read_effect},
        {.name = "Principal", .required = true, .value = policy_read_principals},
        {.name = "NotPrincipal", .refusal = "not supported: it would match callers that nobody thought of"},
        {.name = "Action", .required = true, .value = read_actions},
        {.name = "NotAction", .refusal = "not supported: it would match actions that nobody thought of"},
        {.name = "Resource", .required = true, .value = read_resources},
        {.name = "NotResource", .refusal = "not supported: a key policy has one resource, its key"},
        {.name = "Condition", .value = policy_read_conditions},
    };
    key_policy *policy = source->policy;
    key_policy_statement *statement = NULL;
    (void)context;
    if (source->token.kind != GRILLE_JSON_OBJECT) return policy_wrong(source, "a statement is an object");
    if (policy->statement_count == KEY_POLICY_STATEMENTS) {
        return policy_wrong(source, "more than %d statements", KEY_POLICY_STATEMENTS);
    }
    statement = &policy->statements[policy->statement_count];
    policy_place(source->document, source->at, &statement->line, &statement->column);
    if (!policy_members(source, "a statement", elements, COUNT(elements), statement)) return false;
    policy->statement_count++;
    return true;
}

static bool read_statements(policy_source *source, void *context) {
    return policy_each(source, read_statement, context);
}

/* The older version has no policy variables, so that the same text could mean something else. */
static bool read_version(policy_source *source, void *context) {
    (void)context;
    if (!policy_next(source)) return false;
    return grille_json_is(source->token, "2012-10-17") || policy_wrong(source, "the Version must be \"2012-10-17\"");
}

static bool read_id(policy_source *source, void *context) {
    uint8_t *text = NULL;
    size_t len = 0;
    (void)context;
    return policy_expect(source, GRILLE_JSON_TEXT, "an Id is a text") && policy_text(source, true, &text, &len);
}

/* AWS KMS takes Latin-1 (API reference, "PutKeyPolicy", Policy): so UTF-8 up to U+00FF, and JSON's escapes for more. */
static bool check_encoding(policy_source *source) {
    const grille_bytes document = source->document;
    for (size_t i = 0; i < document.len; i++) {
        if (document.data[i] < 0x80) continue;
        source->at = i++;
        if ((document.data[i - 1] & 0xfe) != 0xc2 || i == document.len || (document.data[i] & 0xc0) != 0x80) {
            return policy_wrong(source, "a byte that is no UTF-8, or a character above U+00FF");
        }
    }
    source->at = 0;
    return true;
}

static bool read_document(policy_source *source) {
    static const policy_element elements[] = {
        {.name = "Version", .required = true, .value = read_version},
        {.name = "Id", .value = read_id},
        {.name = "Statement", .required = true, .value = read_statements},
    };
    if (source->document.len > KEY_POLICY_DOCUMENT_BYTES) {
        return policy_wrong(source, "a policy of %zu bytes; AWS KMS takes at most %d", source->document.len,
                            KEY_POLICY_DOCUMENT_BYTES);
    }
    return check_encoding(source) && policy_expect(source, GRILLE_JSON_OBJECT, "a policy is an object") &&
           policy_members(source, "a policy", elements, COUNT(elements), NULL) && policy_next(source);
}

key_policy *key_policy_parse(grille_bytes document, grille_error *error) {
    policy_source source = {.document = document, .json = grille_json_of(document), .error = error};
    source.policy = calloc(1, sizeof *source.policy);
    if (source.policy == NULL) {
        (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "no memory for a key policy");
        return NULL;
    }
    if (!read_document(&source)) {
        key_policy_free(source.policy);
        return NULL;
    }
    grille_error_clear(error);
    return source.policy;
}

void key_policy_free(key_policy *policy) {
    free(policy);
}
