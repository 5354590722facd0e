/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"
#include "kms_emulator/policy_match.h"
#include "kms_emulator/policy_source.h"

static const char *const operator_names[] = {
    [KEY_POLICY_STRING_EQUALS] = "StringEquals",
    [KEY_POLICY_STRING_NOT_EQUALS] = "StringNotEquals",
    [KEY_POLICY_STRING_EQUALS_IGNORE_CASE] = "StringEqualsIgnoreCase",
    [KEY_POLICY_STRING_NOT_EQUALS_IGNORE_CASE] = "StringNotEqualsIgnoreCase",
    [KEY_POLICY_STRING_LIKE] = "StringLike",
    [KEY_POLICY_STRING_NOT_LIKE] = "StringNotLike",
    [KEY_POLICY_NULL] = "Null",
};

/* A Condition while it is read. */
typedef struct reading {
    key_policy_statement *statement;
    key_policy_condition condition; /* of the operator, key and values that are being read */
} reading;

static bool take_prefix(grille_bytes *text, const char *prefix) {
    grille_reader reader = grille_reader_of(*text);
    if (!grille_bytes_equal(grille_read_bytes(&reader, strlen(prefix)), grille_bytes_of_text(prefix))) return false;
    *text = grille_read_rest(&reader);
    return true;
}

static bool take_suffix(grille_bytes *text, const char *suffix) {
    const size_t len = strlen(suffix);
    if (text->len < len) return false;
    grille_reader reader = grille_reader_of(*text);
    const grille_bytes before = grille_read_bytes(&reader, text->len - len);
    if (!grille_bytes_equal(grille_read_rest(&reader), grille_bytes_of_text(suffix))) return false;
    *text = before;
    return true;
}

static bool find_operator(grille_bytes name, key_policy_operator *comparison) {
    for (size_t i = 0; i < sizeof operator_names / sizeof operator_names[0]; i++) {
        if (grille_bytes_equal(name, grille_bytes_of_text(operator_names[i]))) {
            *comparison = (key_policy_operator)i;
            return true;
        }
    }
    return false;
}

/* IAM User Guide, "Condition operators": "You can add IfExists to the end of any condition operator name except the
 * Null condition"; "Set operators for multivalued context keys": ForAnyValue is false of an absent key. Which of the
 * two holds for both together no page says, so that it is refused. */
static bool read_operator(policy_source *source, key_policy_condition *condition) {
    grille_bytes name = condition->written;
    if (take_prefix(&name, "ForAnyValue:")) {
        condition->set = KEY_POLICY_FOR_ANY_VALUE;
    } else if (take_prefix(&name, "ForAllValues:")) {
        condition->set = KEY_POLICY_FOR_ALL_VALUES;
    }
    condition->if_exists = take_suffix(&name, "IfExists");
    if (!find_operator(name, &condition->comparison)) {
        return policy_wrong(source,
                            "no operator that is supported: \"%.*s\"; those are StringEquals, StringNotEquals, "
                            "StringEqualsIgnoreCase, StringNotEqualsIgnoreCase, StringLike, StringNotLike and Null",
                            policy_shown(condition->written.len), (const char *)condition->written.data);
    }
    if (condition->comparison == KEY_POLICY_NULL && (condition->if_exists || condition->set != KEY_POLICY_NO_SET)) {
        return policy_wrong(source, "Null stands alone: it asks whether the key is there");
    }
    if (condition->if_exists && condition->set == KEY_POLICY_FOR_ANY_VALUE) {
        return policy_wrong(source, "ForAnyValue with IfExists: IAM does not say what that means for an absent key");
    }
    return true;
}

/* Writes without what makes '*', '?' and '$' stand for themselves: "${*}", "${?}", "${$}" (IAM User Guide, "Policy
 * variables"). Other variables are refused: taken for text they would never match. */
static bool resolve_value(policy_source *source, uint8_t *text, size_t *len, bool pattern) {
    size_t out = 0;
    for (size_t i = 0; i < *len; i++) {
        const bool variable = text[i] == '$' && i + 1 < *len && text[i + 1] == '{';
        if (variable && i + 3 < *len && strchr("*?$", text[i + 2]) != NULL && text[i + 3] == '}') {
            text[out++] = text[i + 2];
            i += 3;
        } else if (variable) {
            return policy_wrong(source, "policy variables are not supported, but for ${*}, ${?} and ${$}");
        } else {
            text[out] = text[i];
            if (pattern) key_policy_make_pattern(&text[out], 1);
            out++;
        }
    }
    *len = out;
    return true;
}

static bool read_value(policy_source *source, void *context) {
    reading *now = context;
    const bool pattern =
        now->condition.comparison == KEY_POLICY_STRING_LIKE || now->condition.comparison == KEY_POLICY_STRING_NOT_LIKE;
    uint8_t *text = NULL;
    size_t len = 0;
    if (source->token.kind != GRILLE_JSON_TEXT) return policy_wrong(source, "a value to compare with is a text");
    if (!policy_text(source, true, &text, &len) || !resolve_value(source, text, &len, pattern)) return false;
    now->condition.values.count++;
    return policy_add_text(source, grille_bytes_of(text, len));
}

/* Quotation marks are optional for booleans (IAM User Guide, "Grammar of the IAM JSON policy language"). Both at once
 * would hold always. */
static bool read_null(policy_source *source, void *context) {
    reading *now = context;
    const bool yes = source->token.kind == GRILLE_JSON_TRUE || grille_json_is(source->token, "true");
    if (!yes && source->token.kind != GRILLE_JSON_FALSE && !grille_json_is(source->token, "false")) {
        return policy_wrong(source, "the value of Null is true, the key is absent, or false, it is there");
    }
    if (now->condition.values.count++ > 0) return policy_wrong(source, "Null has one value");
    now->condition.wants_absent = yes;
    return true;
}

/* A name of a service, a colon, and more. "Multivalued context keys require a condition set operator" (IAM User Guide,
 * "Single-valued vs. multivalued context keys"); of the keys of AWS KMS that is kms:EncryptionContextKeys. */
static bool check_key(policy_source *source, const key_policy_condition *condition) {
    const grille_bytes multivalued = grille_bytes_of_text("kms:EncryptionContextKeys");
    size_t colon = 0;
    while (colon < condition->key.len && condition->key.data[colon] != ':')
        colon++;
    if (colon == 0 || colon + 1 >= condition->key.len) {
        return policy_wrong(source, "a condition key is a service, a colon and a name: \"%.*s\"",
                            policy_shown(condition->key.len), (const char *)condition->key.data);
    }
    if (condition->comparison != KEY_POLICY_NULL && condition->set == KEY_POLICY_NO_SET &&
        key_policy_equal(condition->key, multivalued, KEY_POLICY_IGNORE_CASE)) {
        return policy_wrong(source,
                            "kms:EncryptionContextKeys has many values: ForAnyValue: or ForAllValues: is needed");
    }
    return true;
}

/* Names of condition keys ignore case (IAM User Guide, "Condition"). */
static bool check_new(policy_source *source, const key_policy_condition *condition, size_t first) {
    for (size_t i = first; i < source->policy->condition_count; i++) {
        if (key_policy_equal(source->policy->conditions[i].key, condition->key, KEY_POLICY_IGNORE_CASE)) {
            return policy_wrong(source, "the condition key stands twice under %.*s",
                                policy_shown(condition->written.len), (const char *)condition->written.data);
        }
    }
    return true;
}

static bool add_condition(policy_source *source, reading *now) {
    key_policy *policy = source->policy;
    if (policy->condition_count == KEY_POLICY_CONDITIONS) {
        return policy_wrong(source, "more than %d conditions", KEY_POLICY_CONDITIONS);
    }
    policy->conditions[policy->condition_count++] = now->condition;
    now->statement->conditions.count++;
    return true;
}

/* The condition keys under one operator, after its opening. */
static bool read_keys(policy_source *source, reading *now) {
    const size_t first = source->policy->condition_count;
    for (;;) {
        uint8_t *text = NULL;
        size_t len = 0;
        if (!policy_next(source)) return false;
        if (source->token.kind == GRILLE_JSON_OBJECT_END) break;
        if (!policy_text(source, false, &text, &len)) return false;
        now->condition.key = grille_bytes_of(text, len);
        now->condition.values = (key_policy_range){.first = source->policy->text_count};
        if (!check_key(source, &now->condition) || !check_new(source, &now->condition, first) ||
            !policy_each(source, now->condition.comparison == KEY_POLICY_NULL ? read_null : read_value, now) ||
            !add_condition(source, now)) {
            return false;
        }
    }
    return source->policy->condition_count > first || policy_wrong(source, "an operator without condition keys");
}

static bool check_new_operator(policy_source *source, const reading *now) {
    const key_policy_range *conditions = &now->statement->conditions;
    for (size_t i = conditions->first; i < conditions->first + conditions->count; i++) {
        if (grille_bytes_equal(source->policy->conditions[i].written, now->condition.written)) {
            return policy_wrong(source, "the operator stands twice in a Condition");
        }
    }
    return true;
}

bool policy_read_conditions(policy_source *source, void *context) {
    reading now = {.statement = context};
    now.statement->conditions.first = source->policy->condition_count;
    if (!policy_expect(source, GRILLE_JSON_OBJECT, "a Condition is an object")) return false;
    for (;;) {
        uint8_t *text = NULL;
        size_t len = 0;
        if (!policy_next(source)) return false;
        if (source->token.kind == GRILLE_JSON_OBJECT_END) break;
        if (!policy_text(source, false, &text, &len)) return false;
        now.condition = (key_policy_condition){.written = grille_bytes_of(text, len)};
        if (!read_operator(source, &now.condition) || !check_new_operator(source, &now) ||
            !policy_expect(source, GRILLE_JSON_OBJECT, "an operator has an object of condition keys") ||
            !read_keys(source, &now)) {
            return false;
        }
    }
    return now.statement->conditions.count > 0 || policy_wrong(source, "an empty Condition");
}
