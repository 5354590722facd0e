/* SPDX-License-Identifier: Apache-2.0
 * A call is tried again when it never ran, or when its method, its error, the peer, the other calls and its deadline
 * all allow it; under virtual time. */
#include "rpc/retry.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"

/* The draw in the middle: no jitter. */
static const uint32_t middle = 0x80000000;

typedef struct bed {
    grille_retry_options options;
    grille_retry_throttle throttle;
    grille_retry retry;
    grille_time_us now_us, deadline_us, at_us;
} bed;

static bed make_bed(void) {
    bed b = {.options = {.max_attempts = 5,
                         .first_backoff_ms = 20,
                         .longest_backoff_ms = 100,
                         .codes = 1u << GRILLE_UNAVAILABLE,
                         .throttle_tokens = 100,
                         .throttle_ratio_permille = 100},
             .now_us = 1000,
             .deadline_us = GRILLE_TIME_NEVER};
    assert_null(grille_retry_options_fault(&b.options));
    grille_retry_throttle_init(&b.throttle, &b.options);
    grille_retry_init(&b.retry);
    return b;
}

static grille_retry_verdict judge(bed *b, grille_retry_facts end) {
    return grille_retry_judge(&b->retry, &b->throttle, &b->options, &end, b->now_us, b->deadline_us, middle, &b->at_us);
}

static const grille_retry_facts failed = {.code = GRILLE_UNAVAILABLE, .idempotent = true};

static grille_retry_facts pushed_back(const char *value) {
    grille_retry_facts end = failed;
    end.has_pushback = true;
    end.pushback = grille_bytes_of_text(value);
    return end;
}

/* ---- what never ran ---- */

static void test_what_was_never_sent_goes_again_always(void **state) {
    const grille_retry_facts end = {.code = GRILLE_UNAVAILABLE, .never_sent = true, .never_processed = true};
    bed b = make_bed();
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(judge(&b, end), GRILLE_RETRY_AT_ONCE);
    assert_int_equal(grille_retry_previous_attempts(&b.retry), 0);
    assert_int_equal(b.throttle.tokens, b.throttle.most);
    b.now_us = b.deadline_us = 5000;
    assert_int_equal(judge(&b, end), GRILLE_RETRY_OVER);
}

static void test_what_never_ran_goes_again_once_at_once(void **state) {
    const grille_retry_facts end = {.code = GRILLE_UNAVAILABLE, .never_processed = true};
    bed b = make_bed();
    (void)state;
    assert_int_equal(judge(&b, end), GRILLE_RETRY_AT_ONCE);
    assert_int_equal(grille_retry_previous_attempts(&b.retry), 0);
    /* And then by the policy, although the method is not idempotent: nothing ran. */
    assert_int_equal(judge(&b, end), GRILLE_RETRY_LATER);
    assert_int_equal(b.at_us, b.now_us + 20000);
    assert_int_equal(grille_retry_previous_attempts(&b.retry), 1);
}

static void test_any_code_will_do_for_what_never_ran(void **state) {
    const grille_retry_facts end = {.code = GRILLE_RESOURCE_EXHAUSTED, .never_processed = true};
    bed b = make_bed();
    (void)state;
    assert_int_equal(judge(&b, end), GRILLE_RETRY_AT_ONCE);
    assert_int_equal(judge(&b, end), GRILLE_RETRY_OVER);
}

static void test_the_caller_wants_one_attempt(void **state) {
    bed b = make_bed();
    (void)state;
    assert_int_equal(judge(&b, (grille_retry_facts){.code = GRILLE_UNAVAILABLE, .idempotent = true, .no_retry = true}),
                     GRILLE_RETRY_OVER);
    assert_int_equal(
        judge(&b, (grille_retry_facts){.code = GRILLE_UNAVAILABLE, .never_processed = true, .no_retry = true}),
        GRILLE_RETRY_OVER);
    assert_int_equal(judge(&b, (grille_retry_facts){.code = GRILLE_UNAVAILABLE, .never_sent = true, .no_retry = true}),
                     GRILLE_RETRY_OVER);
}

/* ---- policy ---- */

static void test_only_what_is_idempotent(void **state) {
    bed b = make_bed();
    (void)state;
    assert_int_equal(judge(&b, (grille_retry_facts){.code = GRILLE_UNAVAILABLE}), GRILLE_RETRY_OVER);
    assert_int_equal(judge(&b, failed), GRILLE_RETRY_LATER);
}

static void test_only_the_codes_of_the_policy(void **state) {
    (void)state;
    for (int code = GRILLE_CANCELLED; code <= GRILLE_UNAUTHENTICATED + 1; code++) {
        bed b = make_bed();
        b.options.codes = 1u << GRILLE_UNAVAILABLE | 1u << GRILLE_ABORTED;
        const bool listed = code == GRILLE_UNAVAILABLE || code == GRILLE_ABORTED;
        assert_int_equal(judge(&b, (grille_retry_facts){.code = (grille_code)code, .idempotent = true}),
                         listed ? GRILLE_RETRY_LATER : GRILLE_RETRY_OVER);
    }
    bed b = make_bed();
    assert_int_equal(judge(&b, (grille_retry_facts){.code = GRILLE_AGAIN, .idempotent = true}), GRILLE_RETRY_OVER);
}

static void test_nothing_after_an_answer(void **state) {
    bed b = make_bed();
    grille_retry_facts end = failed;
    (void)state;
    end.answered = true;
    assert_int_equal(judge(&b, end), GRILLE_RETRY_OVER);
    end.never_processed = true;
    assert_int_equal(judge(&b, end), GRILLE_RETRY_OVER);
}

static void test_so_many_attempts_and_pauses(void **state) {
    static const grille_time_us pauses_us[] = {20000, 40000, 80000, 100000};
    bed b = make_bed();
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(judge(&b, failed), GRILLE_RETRY_LATER);
        assert_int_equal(b.at_us, b.now_us + pauses_us[i]);
        assert_int_equal(grille_retry_previous_attempts(&b.retry), i + 1);
        b.now_us = b.at_us + 500;
    }
    assert_int_equal(judge(&b, failed), GRILLE_RETRY_OVER);
}

static void test_one_attempt_is_the_last(void **state) {
    bed b = make_bed();
    (void)state;
    b.options.max_attempts = 1;
    assert_int_equal(judge(&b, failed), GRILLE_RETRY_OVER);
}

static void test_pauses_are_spread(void **state) {
    static const uint32_t draws[] = {0, 0x80000000, UINT32_MAX};
    static const grille_time_us least_us[] = {16000, 20000, 23999}, most_us[] = {16000, 20000, 24000};
    (void)state;
    for (int i = 0; i < 3; i++) {
        bed b = make_bed();
        assert_int_equal(
            grille_retry_judge(&b.retry, &b.throttle, &b.options, &failed, 0, b.deadline_us, draws[i], &b.at_us),
            GRILLE_RETRY_LATER);
        assert_in_range(b.at_us, least_us[i], most_us[i]);
    }
}

/* ---- the deadline ---- */

static void test_no_pause_beyond_the_deadline(void **state) {
    bed b = make_bed();
    (void)state;
    b.deadline_us = b.now_us + 20000;
    assert_int_equal(judge(&b, failed), GRILLE_RETRY_OVER);
    assert_int_equal(grille_retry_previous_attempts(&b.retry), 0);
    b = make_bed();
    b.deadline_us = b.now_us + 20001;
    assert_int_equal(judge(&b, failed), GRILLE_RETRY_LATER);
    b.now_us = b.at_us;
    assert_int_equal(judge(&b, failed), GRILLE_RETRY_OVER);
}

/* ---- what the peer wants ---- */

static void test_the_peer_says_when(void **state) {
    bed b = make_bed();
    (void)state;
    assert_int_equal(judge(&b, failed), GRILLE_RETRY_LATER);
    assert_int_equal(judge(&b, pushed_back("1234")), GRILLE_RETRY_LATER);
    assert_int_equal(b.at_us, b.now_us + 1234000);
    assert_int_equal(judge(&b, pushed_back("0")), GRILLE_RETRY_LATER);
    assert_int_equal(b.at_us, b.now_us);
    /* Pauses of our own start again afterwards. */
    assert_int_equal(judge(&b, failed), GRILLE_RETRY_LATER);
    assert_int_equal(b.at_us, b.now_us + 20000);
    /* The number of attempts holds whatever it says. */
    assert_int_equal(judge(&b, pushed_back("0")), GRILLE_RETRY_OVER);
}

static void test_the_peer_forbids(void **state) {
    static const char *const values[] = {"-1", "", "x", "1 ", " 1", "01", "+1", "1.0", "2147483648", "99999999999"};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        bed b = make_bed();
        assert_int_equal(judge(&b, pushed_back(values[i])), GRILLE_RETRY_OVER);
        assert_int_equal(b.throttle.tokens, b.throttle.most - 1000);
    }
    bed b = make_bed();
    assert_int_equal(judge(&b, pushed_back("2147483647")), GRILLE_RETRY_LATER);
}

static void test_a_wish_does_not_widen_the_policy(void **state) {
    bed b = make_bed();
    grille_retry_facts end = pushed_back("5");
    (void)state;
    end.code = GRILLE_INTERNAL;
    assert_int_equal(judge(&b, end), GRILLE_RETRY_OVER);
    end = pushed_back("5");
    end.idempotent = false;
    assert_int_equal(judge(&b, end), GRILLE_RETRY_OVER);
    b.deadline_us = b.now_us + 5000;
    assert_int_equal(judge(&b, pushed_back("5")), GRILLE_RETRY_OVER);
}

/* ---- the throttle ---- */

/* As many calls at once as there are failures: each is on its first attempt. */
static grille_retry_verdict judge_fresh(bed *b, grille_retry_facts end) {
    grille_retry_init(&b->retry);
    return judge(b, end);
}

static void test_many_failures_stop_all_retries(void **state) {
    bed b = make_bed();
    (void)state;
    b.options.throttle_tokens = 10;
    grille_retry_throttle_init(&b.throttle, &b.options);
    for (int i = 0; i < 4; i++)
        assert_int_equal(judge_fresh(&b, failed), GRILLE_RETRY_LATER);
    for (int i = 0; i < 20; i++)
        assert_int_equal(judge_fresh(&b, failed), GRILLE_RETRY_OVER);
    assert_int_equal(b.throttle.tokens, 0);
    /* 6 tokens and a tenth: one failure leaves 5.1. */
    for (int i = 0; i < 61; i++)
        assert_int_equal(judge_fresh(&b, (grille_retry_facts){.code = GRILLE_OK}), GRILLE_RETRY_OVER);
    assert_int_equal(judge_fresh(&b, failed), GRILLE_RETRY_LATER);
    assert_int_equal(judge_fresh(&b, failed), GRILLE_RETRY_OVER);
}

static void test_successes_fill_up_to_the_brim_only(void **state) {
    bed b = make_bed();
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(judge_fresh(&b, (grille_retry_facts){.code = GRILLE_OK}), GRILLE_RETRY_OVER);
    assert_int_equal(b.throttle.tokens, 100000);
    assert_int_equal(judge_fresh(&b, failed), GRILLE_RETRY_LATER);
    assert_int_equal(judge_fresh(&b, (grille_retry_facts){.code = GRILLE_OK}), GRILLE_RETRY_OVER);
    assert_int_equal(b.throttle.tokens, 99100);
}

static void test_other_errors_take_no_token(void **state) {
    bed b = make_bed();
    (void)state;
    assert_int_equal(judge_fresh(&b, (grille_retry_facts){.code = GRILLE_NOT_FOUND, .idempotent = true}),
                     GRILLE_RETRY_OVER);
    assert_int_equal(b.throttle.tokens, b.throttle.most);
}

static void test_no_tokens_no_throttle(void **state) {
    bed b = make_bed();
    (void)state;
    b.options.throttle_tokens = 0;
    grille_retry_throttle_init(&b.throttle, &b.options);
    for (int i = 0; i < 100; i++)
        assert_int_equal(judge_fresh(&b, failed), GRILLE_RETRY_LATER);
}

/* ---- options ---- */

static void test_options(void **state) {
    const bed b = make_bed();
    grille_retry_options options = b.options;
    (void)state;
    options.max_attempts = 0;
    assert_non_null(strstr(grille_retry_options_fault(&options), "max_attempts"));
    options.max_attempts = 6;
    assert_non_null(strstr(grille_retry_options_fault(&options), "max_attempts"));
    options = b.options;
    options.first_backoff_ms = 0;
    assert_non_null(strstr(grille_retry_options_fault(&options), "first_backoff_ms"));
    options = b.options;
    options.longest_backoff_ms = options.first_backoff_ms - 1;
    assert_non_null(strstr(grille_retry_options_fault(&options), "longest_backoff_ms"));
    options = b.options;
    options.codes |= 1;
    assert_non_null(strstr(grille_retry_options_fault(&options), "codes"));
    options.codes = 1u << 17;
    assert_non_null(strstr(grille_retry_options_fault(&options), "codes"));
    options.codes = 0x1fffe;
    assert_null(grille_retry_options_fault(&options));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_never_sent_goes_again_always),
        cmocka_unit_test(test_what_never_ran_goes_again_once_at_once),
        cmocka_unit_test(test_any_code_will_do_for_what_never_ran),
        cmocka_unit_test(test_the_caller_wants_one_attempt),
        cmocka_unit_test(test_only_what_is_idempotent),
        cmocka_unit_test(test_only_the_codes_of_the_policy),
        cmocka_unit_test(test_nothing_after_an_answer),
        cmocka_unit_test(test_so_many_attempts_and_pauses),
        cmocka_unit_test(test_one_attempt_is_the_last),
        cmocka_unit_test(test_pauses_are_spread),
        cmocka_unit_test(test_no_pause_beyond_the_deadline),
        cmocka_unit_test(test_the_peer_says_when),
        cmocka_unit_test(test_the_peer_forbids),
        cmocka_unit_test(test_a_wish_does_not_widen_the_policy),
        cmocka_unit_test(test_many_failures_stop_all_retries),
        cmocka_unit_test(test_successes_fill_up_to_the_brim_only),
        cmocka_unit_test(test_other_errors_take_no_token),
        cmocka_unit_test(test_no_tokens_no_throttle),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
