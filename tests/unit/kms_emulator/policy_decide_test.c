/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/policy_decide.h"

#include <stdio.h>

#include "base/reader.h"
#include "kms_emulator/policy_condition.h"
#include "kms_emulator/policy_principal.h"
#include "policy_decide_rows.h"
#include "policy_tests.h"
#include "policy_text.h"

#define ROW_COUNT (sizeof rows / sizeof rows[0])

static key_policy_facts facts;

/* One "name=value". */
static void add_fact(const char *name, size_t name_len, const char *value, size_t value_len) {
    static const char context[] = "context:";
    const size_t prefix = sizeof context - 1;
    uint8_t pcr[64];
    size_t pcr_len = 0;
    if (strncmp(name, "pcr", 3) == 0) {
        assert_true(grille_hex_decode(value, value_len, pcr, sizeof pcr, &pcr_len));
        assert_true(key_policy_facts_add_pcr(&facts, (unsigned)(name[3] - '0'), grille_bytes_of(pcr, pcr_len)));
    } else if (strncmp(name, context, prefix) == 0) {
        assert_true(key_policy_facts_add_context(&facts, grille_bytes_of(&name[prefix], name_len - prefix),
                                                 grille_bytes_of(value, value_len)));
    } else {
        assert_true(key_policy_facts_add(&facts, grille_bytes_of(name, name_len), grille_bytes_of(value, value_len)));
    }
}

static void set_facts(const decide_row *row) {
    const char *arn = strstr(row->caller, "::");
    const char *at = row->facts;
    assert_non_null(arn);
    key_policy_facts_init(&facts);
    facts.caller_arn = grille_bytes_of_text(row->caller);
    facts.caller_account = grille_bytes_of(&arn[2], 12);
    facts.action = grille_bytes_of_text(row->action);
    facts.key_arn = grille_bytes_of_text("arn:aws:kms:eu-central-1:" ACCOUNT ":key/0f0e0d0c");
    facts.identity_policy_allows = row->identity_policy_allows;
    while (*at != '\0') {
        const size_t len = strcspn(at, "|"), name = strcspn(at, "=");
        assert_true(name < len);
        add_fact(at, name, &at[name + 1], len - name - 1);
        at += len + (at[len] == '|');
    }
}

static key_policy *read(const char *text) {
    grille_error error;
    key_policy *policy = parse(text, &error);
    if (policy == NULL) fail_msg("%s", error.text);
    return policy;
}

static void is_decided(void **state) {
    const decide_row *row = *state;
    key_policy *policy = read(row->policy);
    key_policy_decision decision;
    set_facts(row);
    key_policy_decide(policy, &facts, &decision);
    key_policy_free(policy);
    if (strstr(decision.reason, row->says) == NULL) fail_msg("expected: %s\nobserved: %s", row->says, decision.reason);
    assert_int_equal(row->verdict, decision.verdict);
    assert_int_equal(row->statement, decision.statement);
    for (const char *at = decision.reason; *at != '\0'; at++)
        assert_in_range(*at, ' ', '~');
}

/* A line of the log stays one, whatever the request holds, and says that it is cut. */
static void a_reason_is_one_printable_line(void **state) {
    key_policy *policy = read(ALLOW_IF(APP("StringEquals", "'x'")));
    decide_row row = {.caller = SESSION, .action = DECRYPT, .facts = ""};
    char value[300];
    key_policy_decision decision;
    (void)state;
    memset(value, 'v', sizeof value);
    memcpy(value, "a\nb\x1b\x7f\xff\x01\x02", 8);
    set_facts(&row);
    assert_true(
        key_policy_facts_add_context(&facts, grille_bytes_of_text("App"), grille_bytes_of(value, sizeof value)));
    key_policy_decide(policy, &facts, &decision);
    key_policy_free(policy);
    assert_int_equal(KEY_POLICY_DEFAULT_DENY, decision.verdict);
    assert_non_null(strstr(decision.reason, "has \"a.b..."));
    assert_non_null(strstr(decision.reason, "vvv...\""));
    for (const char *at = decision.reason; *at != '\0'; at++)
        assert_in_range(*at, ' ', '~');
}

/* The longest texts that a reason can hold end it early, not its memory. */
static void a_reason_has_a_limit(void **state) {
    char names[2049], policy_text[8192];
    decide_row row = {.caller = SESSION, .action = DECRYPT, .facts = ""};
    key_policy_decision decision;
    (void)state;
    memset(names, 'n', sizeof names - 1);
    names[sizeof names - 1] = '\0';
    (void)snprintf(policy_text, sizeof policy_text,
                   POLICY(STATEMENT("Allow", "'*'", "'*'", ",'Sid':'%s','Condition':{'StringEquals':{'a:%s':'%s'}}")),
                   names, &names[100], &names[200]);
    key_policy *policy = read(policy_text);
    set_facts(&row);
    names[98] = ':';
    names[97] = 'a';
    assert_true(key_policy_facts_add(&facts, grille_bytes_of_text(&names[97]), grille_bytes_of_text(names)));
    key_policy_decide(policy, &facts, &decision);
    key_policy_free(policy);
    assert_in_range(strlen(decision.reason), 400, sizeof decision.reason - 1);
}

static void the_table_is_large_and_each_row_has_its_name(void **state) {
    (void)state;
    assert_true(ROW_COUNT >= 120);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(rows[i].name, rows[j].name);
    }
}

int policy_decide_tests(void) {
    static struct CMUnitTest tests[ROW_COUNT + 3] = {
        cmocka_unit_test(the_table_is_large_and_each_row_has_its_name),
        cmocka_unit_test(a_reason_is_one_printable_line),
        cmocka_unit_test(a_reason_has_a_limit),
    };
    for (size_t i = 0; i < ROW_COUNT; i++) {
        tests[3 + i] = (struct CMUnitTest){
            .name = rows[i].name, .test_func = is_decided, .initial_state = (void *)(uintptr_t)&rows[i]};
    }
    return cmocka_run_group_tests_name("policy_decide", tests, NULL, NULL);
}
