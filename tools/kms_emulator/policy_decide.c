/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/policy_decide.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/bytes.h"
#include "kms_emulator/policy_condition.h"
#include "kms_emulator/policy_match.h"
#include "kms_emulator/policy_principal.h"

/* How far a request came in a statement; later is closer. */
typedef enum progress { WRONG_PRINCIPAL, WRONG_ACTION, NO_IDENTITY_POLICY, WRONG_CONDITION, APPLIES } progress;

typedef struct outcome {
    progress progress;
    const char *needs;                     /* NO_IDENTITY_POLICY: why */
    const key_policy_condition *condition; /* WRONG_CONDITION: the first that does not hold */
    bool undefined;                        /* APPLIES of a Deny and WRONG_CONDITION: several values, no set operator */
} outcome;

/* An Allow takes the principal that needs least; a Deny needs nothing more. */
static progress find_principal(const key_policy *policy, const key_policy_statement *statement,
                               const key_policy_facts *facts, const char **needs) {
    progress best = WRONG_PRINCIPAL;
    for (size_t i = 0; i < statement->principals.count; i++) {
        const key_policy_principal *principal = &policy->principals[statement->principals.first + i];
        if (!key_policy_is_caller(principal, facts)) continue;
        const char *why = statement->denies || facts->identity_policy_allows
                              ? NULL
                              : key_policy_needs_identity_policy(principal, facts);
        if (why == NULL) return APPLIES;
        *needs = why;
        best = NO_IDENTITY_POLICY;
    }
    return best;
}

static bool has_action(const key_policy *policy, const key_policy_statement *statement, grille_bytes action) {
    for (size_t i = 0; i < statement->actions.count; i++) {
        if (key_policy_match(policy->texts[statement->actions.first + i], action, KEY_POLICY_IGNORE_CASE)) return true;
    }
    return false;
}

static void check_conditions(const key_policy *policy, const key_policy_statement *statement,
                             const key_policy_facts *facts, outcome *found) {
    for (size_t i = 0; i < statement->conditions.count; i++) {
        const key_policy_condition *condition = &policy->conditions[statement->conditions.first + i];
        const key_policy_answer answer = key_policy_condition_holds(policy, condition, facts);
        if (answer == KEY_POLICY_HOLDS) continue;
        found->condition = condition;
        found->undefined = answer == KEY_POLICY_UNDEFINED;
        if (found->undefined && statement->denies) continue;
        found->progress = WRONG_CONDITION;
        return;
    }
}

static outcome try_statement(const key_policy *policy, const key_policy_statement *statement,
                             const key_policy_facts *facts) {
    outcome found = {.progress = APPLIES};
    found.progress = find_principal(policy, statement, facts, &found.needs);
    if (found.progress == WRONG_PRINCIPAL) return found;
    if (!has_action(policy, statement, facts->action)) {
        found.progress = WRONG_ACTION;
    } else if (found.progress == APPLIES) {
        check_conditions(policy, statement, facts, &found);
    }
    return found;
}

static void say(key_policy_decision *decision, const char *format, ...) GRILLE_PRINTF(2, 3);

static void say(key_policy_decision *decision, const char *format, ...) {
    const size_t used = strlen(decision->reason);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(&decision->reason[used], sizeof decision->reason - used, format, arguments);
    va_end(arguments);
}

/* In quotes, wildcards as they were written, what is not printable ASCII as '.'. */
static void say_text(key_policy_decision *decision, grille_bytes text) {
    char shown[KEY_POLICY_SHOWN_BYTES + 1];
    size_t len = 0;
    for (; len < text.len && len < KEY_POLICY_SHOWN_BYTES; len++) {
        const uint8_t byte = text.data[len];
        shown[len] = byte == KEY_POLICY_ANY_RUN ? '*' : byte == KEY_POLICY_ANY_CHARACTER ? '?' : (char)byte;
        if (shown[len] < ' ' || shown[len] > '~') shown[len] = '.';
    }
    shown[len] = '\0';
    say(decision, "\"%s%s\"", shown, len < text.len ? "..." : "");
}

static void say_statement(const key_policy *policy, key_policy_decision *decision) {
    const key_policy_statement *statement = &policy->statements[decision->statement - 1];
    say(decision, "statement %zu", decision->statement);
    if (statement->sid.len > 0) {
        say(decision, " ");
        say_text(decision, statement->sid);
    }
    say(decision, " (line %zu)", statement->line);
}

/* What was asked and what the request had. */
static void say_condition(const key_policy *policy, const key_policy_condition *condition, bool undefined,
                          const key_policy_facts *facts, key_policy_decision *decision) {
    size_t at = 0;
    grille_bytes value = {.len = 0};
    say(decision, "%.*s ", (int)condition->written.len, (const char *)condition->written.data);
    say_text(decision, condition->key);
    if (condition->comparison == KEY_POLICY_NULL) {
        say(decision, " %s", condition->wants_absent ? "true" : "false");
    } else {
        say(decision, " ");
        say_text(decision, policy->texts[condition->values.first]);
        if (condition->values.count > 1) say(decision, " and %zu more", condition->values.count - 1);
    }
    if (!key_policy_facts_next(facts, condition->key, &at, &value)) {
        say(decision, ": the request has no such key");
        return;
    }
    say(decision, ": the request has ");
    say_text(decision, value);
    if (undefined) {
        say(decision, " and more; several values need ForAnyValue: or ForAllValues:");
    } else if (key_policy_facts_next(facts, condition->key, &at, &value)) {
        say(decision, " and more");
    }
}

static void say_why_not(const key_policy *policy, const outcome *found, const key_policy_facts *facts,
                        key_policy_decision *decision) {
    switch (found->progress) {
    case WRONG_PRINCIPAL:
        say(decision, "it is not for the caller ");
        say_text(decision, facts->caller_arn);
        break;
    case WRONG_ACTION:
        say(decision, "it is not for ");
        say_text(decision, facts->action);
        break;
    case NO_IDENTITY_POLICY:
        say(decision, "%s", found->needs);
        break;
    case WRONG_CONDITION:
        say_condition(policy, found->condition, found->undefined, facts, decision);
        break;
    case APPLIES:
        break;
    }
}

static void say_why(const key_policy *policy, const outcome *closest, const key_policy_facts *facts,
                    key_policy_decision *decision) {
    decision->reason[0] = '\0';
    if (decision->statement == 0) {
        say(decision, "no statement of the policy allows anything");
        return;
    }
    if (decision->verdict == KEY_POLICY_DEFAULT_DENY) {
        say(decision, "no statement allows it; closest is ");
        say_statement(policy, decision);
        say(decision, ": ");
        say_why_not(policy, closest, facts, decision);
        return;
    }
    say_statement(policy, decision);
    say(decision, decision->verdict == KEY_POLICY_ALLOW ? " allows " : " denies ");
    say_text(decision, facts->action);
    say(decision, " to ");
    say_text(decision, facts->caller_arn);
    if (closest->undefined) {
        say(decision, ": ");
        say_condition(policy, closest->condition, true, facts, decision);
    } else {
        const size_t conditions = policy->statements[decision->statement - 1].conditions.count;
        say(decision, conditions == 0 ? ": it has no conditions" : ": each of its %zu conditions holds", conditions);
    }
}

void key_policy_decide(const key_policy *policy, const key_policy_facts *facts, key_policy_decision *decision) {
    outcome closest = {.progress = WRONG_PRINCIPAL};
    *decision = (key_policy_decision){.verdict = KEY_POLICY_DEFAULT_DENY};
    for (size_t i = 0; i < policy->statement_count; i++) {
        const bool denies = policy->statements[i].denies;
        const outcome found = try_statement(policy, &policy->statements[i], facts);
        if (denies && found.progress == APPLIES) {
            decision->verdict = KEY_POLICY_EXPLICIT_DENY;
            decision->statement = i + 1;
            closest = found;
            break;
        }
        if (!denies && (decision->statement == 0 || found.progress > closest.progress)) {
            decision->verdict = found.progress == APPLIES ? KEY_POLICY_ALLOW : KEY_POLICY_DEFAULT_DENY;
            decision->statement = i + 1;
            closest = found;
        }
    }
    say_why(policy, &closest, facts, decision);
}
