/* SPDX-License-Identifier: Apache-2.0
 * Goal: a feeder reads, puts and watches when it should, with virtual time. */
#include "kms/feed.h"

#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "parent_tests.h"

enum { second_us = 1000000, minute_ms = 60000, middle = 1u << 31 }; /* of jitter: none */

static grille_feed feed;
static grille_time_us now_us, until_us;
static grille_wall_ms wall_ms;

static const grille_bytes first_client = {(const uint8_t *)"client number 01", 16};
static const grille_bytes second_client = {(const uint8_t *)"client number 02", 16};

static int begin(void **state) {
    const grille_feed_options options = {
        .renew_ahead_ms = 5 * minute_ms, .first_backoff_us = second_us, .longest_backoff_us = 8 * second_us};
    (void)state;
    now_us = 1000 * (grille_time_us)second_us;
    wall_ms = INT64_C(1767268800000);
    grille_feed_init(&feed, &options);
    return 0;
}

static void pass(uint64_t ms) {
    now_us += ms * 1000;
    wall_ms += (grille_wall_ms)ms;
}

#define EXPECT(step) assert_int_equal(grille_feed_next(&feed, now_us, wall_ms, &until_us), GRILLE_FEED_##step)

/* And for so long. */
static void expect_wait(uint64_t ms) {
    EXPECT(WAIT);
    if (ms == UINT64_MAX)
        assert_true(until_us == GRILLE_TIME_NEVER);
    else
        assert_int_equal(until_us - now_us, ms * 1000);
}

static void read_with(int64_t lives_ms) {
    grille_feed_read_done(&feed, true, lives_ms != 0 ? wall_ms + lives_ms : 0, now_us, wall_ms, middle);
}

/* Credentials of an hour are put and watched. */
static void feed_once(void) {
    EXPECT(READ);
    read_with(60 * minute_ms);
    EXPECT(PUT);
    grille_feed_put_done(&feed, first_client);
    EXPECT(WATCH);
    grille_feed_told(&feed, first_client, true, now_us, middle);
}

static void they_are_read_put_and_watched(void **state) {
    (void)state;
    feed_once();
    expect_wait(55 * minute_ms);
}

static void they_are_renewed_ahead_of_their_end(void **state) {
    (void)state;
    feed_once();
    pass(55 * minute_ms - 1);
    expect_wait(1);
    pass(1);
    EXPECT(READ);
    read_with(60 * minute_ms);
    EXPECT(PUT);
    grille_feed_put_done(&feed, first_client);
    expect_wait(55 * minute_ms);
}

/* The source has nothing newer yet: asked again at half of what is left, and nothing is put again. */
static void a_source_without_newer_ones_is_asked_again(void **state) {
    const int64_t end_ms = INT64_C(1767268800000) + 60 * minute_ms;
    (void)state;
    feed_once();
    pass(55 * minute_ms);
    for (uint64_t left_ms = 5 * minute_ms; left_ms > 2000; left_ms -= left_ms / 2) {
        EXPECT(READ);
        grille_feed_read_done(&feed, false, end_ms, now_us, wall_ms, middle);
        expect_wait(left_ms / 2);
        pass(left_ms / 2);
    }
    EXPECT(READ);
    grille_feed_read_done(&feed, false, end_ms, now_us, wall_ms, middle);
    expect_wait(1000);
}

static void those_that_end_soon_are_put_and_renewed_soon(void **state) {
    (void)state;
    EXPECT(READ);
    read_with(4000);
    EXPECT(PUT);
    grille_feed_put_done(&feed, first_client);
    EXPECT(WATCH);
    expect_wait(2000);
}

static void those_that_never_end_are_read_once(void **state) {
    (void)state;
    EXPECT(READ);
    read_with(0);
    EXPECT(PUT);
    grille_feed_put_done(&feed, first_client);
    EXPECT(WATCH);
    expect_wait(UINT64_MAX);
    pass(365 * UINT64_C(24) * 60 * minute_ms);
    expect_wait(UINT64_MAX);
}

static void those_that_have_ended_are_not_put(void **state) {
    (void)state;
    EXPECT(READ);
    read_with(-1);
    assert_false(feed.has_credentials);
    expect_wait(1000);
    pass(1000);
    EXPECT(READ);
}

/* To the millisecond, whatever pause is under way. */
static void they_end_at_their_end(void **state) {
    (void)state;
    feed_once();
    pass(60 * minute_ms - 1);
    EXPECT(READ);
    grille_feed_read_failed(&feed, now_us, middle);
    expect_wait(1);
    assert_true(feed.is_taken);
    pass(1);
    expect_wait(999);
    assert_false(feed.has_credentials);
    assert_false(feed.is_taken);
    pass(999);
    EXPECT(READ);
    grille_feed_read_done(&feed, true, wall_ms, now_us, wall_ms, middle);
    assert_false(feed.has_credentials);
    pass(2000);
    EXPECT(READ);
    grille_feed_read_done(&feed, true, wall_ms + 1, now_us, wall_ms, middle);
    EXPECT(PUT);
}

/* What works makes the next pause short again. */
static void pauses_begin_anew_after_a_success(void **state) {
    (void)state;
    EXPECT(READ);
    read_with(60 * minute_ms);
    for (uint64_t pause_ms = 1000; pause_ms <= 2000; pause_ms *= 2) {
        EXPECT(PUT);
        grille_feed_put_failed(&feed, false, now_us, middle);
        pass(pause_ms);
    }
    EXPECT(PUT);
    grille_feed_put_done(&feed, first_client);
    for (uint64_t pause_ms = 1000; pause_ms <= 2000; pause_ms *= 2) {
        EXPECT(WATCH);
        grille_feed_watch_ended(&feed, false, now_us, middle);
        expect_wait(pause_ms);
        pass(pause_ms);
    }
    EXPECT(WATCH);
    grille_feed_told(&feed, first_client, true, now_us, middle);
    grille_feed_watch_ended(&feed, false, now_us, middle);
    expect_wait(1000);
}

/* The source fails while they are good: they stay, and are forgotten when they end. */
static void a_source_that_fails_is_asked_with_growing_pauses(void **state) {
    static const uint64_t pauses_ms[] = {1000, 2000, 4000, 8000, 8000};
    (void)state;
    feed_once();
    pass(55 * minute_ms);
    for (size_t i = 0; i < sizeof pauses_ms / sizeof *pauses_ms; i++) {
        EXPECT(READ);
        grille_feed_read_failed(&feed, now_us, middle);
        assert_true(feed.is_taken);
        expect_wait(pauses_ms[i]);
        pass(pauses_ms[i]);
    }
    pass(5 * minute_ms);
    EXPECT(READ);
    assert_false(feed.is_taken);
    assert_false(feed.has_credentials);
    grille_feed_read_failed(&feed, now_us, middle);
    expect_wait(8000);
    pass(8000);
    EXPECT(READ);
    read_with(60 * minute_ms);
    EXPECT(PUT);
    /* And the pauses begin anew. */
    grille_feed_renew(&feed);
    EXPECT(READ);
    grille_feed_read_failed(&feed, now_us, middle);
    assert_int_equal(feed.read_at_us - now_us, second_us);
}

static void a_put_that_fails_is_tried_again(void **state) {
    (void)state;
    EXPECT(READ);
    read_with(60 * minute_ms);
    for (uint64_t pause_ms = 1000; pause_ms <= 8000; pause_ms *= 2) {
        EXPECT(PUT);
        grille_feed_put_failed(&feed, false, now_us, middle);
        expect_wait(pause_ms);
        pass(pause_ms);
    }
    EXPECT(PUT);
    grille_feed_put_done(&feed, first_client);
    EXPECT(WATCH);
}

/* What the enclave refuses is read anew before it is put again. */
static void refused_ones_are_read_anew(void **state) {
    (void)state;
    EXPECT(READ);
    read_with(60 * minute_ms);
    EXPECT(PUT);
    grille_feed_put_failed(&feed, true, now_us, middle);
    expect_wait(1000);
    pass(1000);
    EXPECT(READ);
    read_with(60 * minute_ms);
    EXPECT(PUT);
}

static void another_enclave_gets_them(void **state) {
    (void)state;
    feed_once();
    grille_feed_watch_ended(&feed, false, now_us, middle);
    expect_wait(1000);
    pass(1000);
    EXPECT(WATCH);
    grille_feed_told(&feed, second_client, false, now_us, middle);
    EXPECT(PUT);
    grille_feed_put_done(&feed, second_client);
    grille_feed_told(&feed, second_client, true, now_us, middle);
    expect_wait(55 * minute_ms - 1000);
}

/* One that already has some, from whomever, is another one all the same. */
static void another_enclave_with_credentials_gets_ours(void **state) {
    (void)state;
    feed_once();
    grille_feed_told(&feed, second_client, true, now_us, middle);
    EXPECT(PUT);
}

static void a_watch_that_ends_in_order_begins_at_once(void **state) {
    (void)state;
    feed_once();
    for (int i = 0; i < 3; i++) {
        grille_feed_watch_ended(&feed, true, now_us, middle);
        EXPECT(WATCH);
        grille_feed_told(&feed, first_client, true, now_us, middle);
        expect_wait(55 * minute_ms);
    }
}

/* The service said that they are no good: fresh ones are read, and this goes on slower and slower. */
static void lost_ones_are_read_anew(void **state) {
    (void)state;
    feed_once();
    for (uint64_t pause_ms = 1000; pause_ms <= 4000; pause_ms *= 2) {
        grille_feed_told(&feed, first_client, false, now_us, middle);
        assert_false(feed.is_taken);
        expect_wait(pause_ms);
        pass(pause_ms);
        EXPECT(READ);
        grille_feed_read_done(&feed, false, wall_ms + 60 * minute_ms, now_us, wall_ms, middle);
        EXPECT(PUT);
        grille_feed_put_done(&feed, first_client);
        grille_feed_told(&feed, first_client, true, now_us, middle);
    }
}

/* Nothing is put twice because it was said twice. */
static void a_late_word_of_before_the_put_changes_nothing(void **state) {
    (void)state;
    EXPECT(READ);
    read_with(60 * minute_ms);
    EXPECT(PUT);
    grille_feed_told(&feed, second_client, false, now_us, middle);
    grille_feed_put_done(&feed, first_client);
    EXPECT(WATCH);
    expect_wait(55 * minute_ms);
}

static void a_renewal_reads_and_puts(void **state) {
    (void)state;
    feed_once();
    grille_feed_renew(&feed);
    EXPECT(READ);
    grille_feed_read_done(&feed, false, wall_ms + 60 * minute_ms, now_us, wall_ms, middle);
    EXPECT(PUT);
    grille_feed_put_done(&feed, first_client);
    expect_wait(55 * minute_ms);
}

static void clients_of_another_length_are_unknown(void **state) {
    (void)state;
    EXPECT(READ);
    read_with(60 * minute_ms);
    EXPECT(PUT);
    grille_feed_put_done(&feed, grille_bytes_of("short", 5));
    EXPECT(WATCH);
    grille_feed_told(&feed, grille_bytes_of("short", 5), true, now_us, middle);
    EXPECT(PUT);
}

int feed_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(they_are_read_put_and_watched, begin),
        cmocka_unit_test_setup(they_are_renewed_ahead_of_their_end, begin),
        cmocka_unit_test_setup(a_source_without_newer_ones_is_asked_again, begin),
        cmocka_unit_test_setup(those_that_end_soon_are_put_and_renewed_soon, begin),
        cmocka_unit_test_setup(those_that_never_end_are_read_once, begin),
        cmocka_unit_test_setup(those_that_have_ended_are_not_put, begin),
        cmocka_unit_test_setup(they_end_at_their_end, begin),
        cmocka_unit_test_setup(pauses_begin_anew_after_a_success, begin),
        cmocka_unit_test_setup(a_source_that_fails_is_asked_with_growing_pauses, begin),
        cmocka_unit_test_setup(a_put_that_fails_is_tried_again, begin),
        cmocka_unit_test_setup(refused_ones_are_read_anew, begin),
        cmocka_unit_test_setup(another_enclave_gets_them, begin),
        cmocka_unit_test_setup(another_enclave_with_credentials_gets_ours, begin),
        cmocka_unit_test_setup(a_watch_that_ends_in_order_begins_at_once, begin),
        cmocka_unit_test_setup(lost_ones_are_read_anew, begin),
        cmocka_unit_test_setup(a_late_word_of_before_the_put_changes_nothing, begin),
        cmocka_unit_test_setup(a_renewal_reads_and_puts, begin),
        cmocka_unit_test_setup(clients_of_another_length_are_unknown, begin),
    };
    return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
