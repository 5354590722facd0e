/* SPDX-License-Identifier: Apache-2.0
 * Key policies of any bytes, asked about requests whose facts come from the same bytes. What is refused is told with a
 * place; what is read decides alike each time, only by a statement that is there, and never allows against a Deny. And
 * what begins as a signature's header does, as one. */
#include <string.h>

#include "base/bytes.h"
#include "kms_emulator/authorization.h"
#include "kms_emulator/policy_condition.h"
#include "kms_emulator/policy_decide.h"
#include "tests/fuzz/crypto/fuzz_check.h"

static key_policy_facts facts;

static void set_facts(const char *caller, const char *account, bool identity_policy_allows) {
    key_policy_facts_init(&facts);
    facts.caller_arn = grille_bytes_of_text(caller);
    facts.caller_account = grille_bytes_of_text(account);
    facts.action = grille_bytes_of_text("kms:Decrypt");
    facts.key_arn = grille_bytes_of_text("arn:aws:kms:eu-central-1:111122223333:key/1");
    facts.identity_policy_allows = identity_policy_allows;
}

static void check_reason(const key_policy_decision *decision) {
    FUZZ_CHECK(strnlen(decision->reason, sizeof decision->reason) < sizeof decision->reason);
    FUZZ_CHECK(decision->reason[0] != '\0');
    for (const char *at = decision->reason; *at != '\0'; at++)
        FUZZ_CHECK(*at >= ' ' && *at <= '~');
}

static void check_decision(const key_policy *policy) {
    key_policy_decision decision, again;
    key_policy_decide(policy, &facts, &decision);
    key_policy_decide(policy, &facts, &again);
    FUZZ_CHECK(decision.verdict == again.verdict && strcmp(decision.reason, again.reason) == 0);
    FUZZ_CHECK(decision.statement == again.statement && decision.statement <= policy->statement_count);
    check_reason(&decision);
    if (decision.verdict == KEY_POLICY_DEFAULT_DENY) return;
    FUZZ_CHECK(decision.statement > 0);
    FUZZ_CHECK(policy->statements[decision.statement - 1].denies == (decision.verdict == KEY_POLICY_EXPLICIT_DENY));
    if (decision.verdict != KEY_POLICY_ALLOW) return;
    const key_policy_range *conditions = &policy->statements[decision.statement - 1].conditions;
    for (size_t i = conditions->first; i < conditions->first + conditions->count; i++)
        FUZZ_CHECK(key_policy_condition_holds(policy, &policy->conditions[i], &facts) == KEY_POLICY_HOLDS);
}

/* Each condition key with its first value, so that conditions that ask for them hold; then the same with others. */
static void add_what_is_asked_for(const key_policy *policy, bool twice) {
    for (size_t i = 0; i < policy->condition_count; i++) {
        const key_policy_condition *condition = &policy->conditions[i];
        if (condition->comparison == KEY_POLICY_NULL) continue;
        if (!key_policy_facts_add(&facts, condition->key, policy->texts[condition->values.first])) return;
        if (twice && !key_policy_facts_add(&facts, condition->key, condition->key)) return;
    }
}

static void check_policy(const key_policy *policy) {
    static const char session[] = "arn:aws:sts::111122223333:assumed-role/Enclave/i-1";
    set_facts(session, "111122223333", false);
    check_decision(policy);
    add_what_is_asked_for(policy, false);
    check_decision(policy);
    add_what_is_asked_for(policy, true);
    check_decision(policy);
    set_facts("arn:aws:iam::444455556666:user/ann", "444455556666", true);
    check_decision(policy);
}

/* What is taken is whole, its names ascend; what is refused is said. */
static void check_authorization(grille_bytes value) {
    char problem[KMS_AUTHORIZATION_PROBLEM_BYTES] = "";
    kms_authorization read;
    grille_bytes names, name, before = {.len = 0};
    if (!kms_authorization_read(value, &read, problem)) {
        FUZZ_CHECK(strnlen(problem, sizeof problem) > 0 && strnlen(problem, sizeof problem) < sizeof problem);
        return;
    }
    FUZZ_CHECK(read.access_key_id.len > 0 && read.day.len > 0 && read.region.len > 0 && read.service.len > 0);
    FUZZ_CHECK(read.terminator.len > 0 && read.signature.len == KMS_SIGNATURE_CHARACTERS);
    names = read.signed_headers;
    for (size_t count = 0; kms_signed_header_next(&names, &name); count++) {
        const size_t common = before.len < name.len ? before.len : name.len;
        const int order = common == 0 ? 0 : memcmp(before.data, name.data, common);
        FUZZ_CHECK(name.len > 0 && (order < 0 || (order == 0 && before.len < name.len)));
        before = name;
    }
    FUZZ_CHECK(before.len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    grille_error error = {.code = GRILLE_OK};
    key_policy *policy = NULL;
    if (size >= 4 && memcmp(data, "AWS4", 4) == 0) {
        check_authorization(grille_bytes_of(data, size));
        return 0;
    }
    policy = key_policy_parse(grille_bytes_of(data, size), &error);
    if (policy == NULL) {
        FUZZ_CHECK(strncmp(error.text, "line ", 5) == 0);
        return 0;
    }
    FUZZ_CHECK(error.code == GRILLE_OK && policy->statement_count > 0);
    check_policy(policy);
    key_policy_free(policy);
    return 0;
}
