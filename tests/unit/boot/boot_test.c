/* SPDX-License-Identifier: Apache-2.0
 * Goal: each check of the boot guard fails in every way in which its part of the ground can be bad, by its name and
 * with what was observed, and passes on a good one. The test is the ground. Here: all checks together. */
#include <errno.h>
#include <string.h>

#include "cmocka_all.h"
#include "groups.h"
#include "played_ground.h"

static void a_good_ground(void **state) {
    static const char *const names[] = {"nsm", "randomness", "clock", "vsock"};
    static const char *const texts[] = {
        "i-1-enc2, version 1.0.0, 32 PCRs, locked ones 0xffff",
        "the kernel has 64 bytes of the NSM's; its generator runs, its device is nsm-hwrng",
        "kvm-clock is the source; the wall clock is 0 ms off the NSM's", "CID 16"};
    grille_boot_options options = all_told();
    grille_error error;
    (void)state;
    assert_int_equal(GRILLE_OK, run(&options, &error));
    assert_int_equal(FINDINGS, found_count);
    for (int i = 0; i < FINDINGS; i++) {
        assert_string_equal(names[i], found[i].check);
        assert_int_equal(GRILLE_BOOT_PASSED, found[i].outcome);
        assert_string_equal(texts[i], found[i].text);
    }
    assert_null(ground.path);
    assert_int_equal(1, ground.documents);
    assert_int_equal(64, ground.credited);
    options.nsm_path = "/dev/other";
    assert_int_equal(GRILLE_OK, run(&options, &error));
    assert_string_equal("/dev/other", ground.path);
}

static void the_first_failure_is_the_last_check(void **state) {
    grille_boot_options options = all_told();
    grille_error error;
    (void)state;
    options.all_checks = false;
    ground.draw_problem = EAGAIN;
    ground.cid = 2;
    assert_int_equal(GRILLE_FAILED_PRECONDITION, run(&options, &error));
    assert_string_equal("BOOT-NO-RANDOM", error.name);
    assert_int_equal(2, found_count);
    assert_int_equal(0, ground.documents + ground.vsocks);
    /* Without anybody who listens it is the same. */
    options.on_finding = NULL;
    assert_int_equal(GRILLE_FAILED_PRECONDITION, run(&options, &error));
    assert_string_equal("BOOT-NO-RANDOM", error.name);
    ground.random_calls = 0;
    assert_int_equal(GRILLE_FAILED_PRECONDITION, grille_boot_check_on(&seam, &options, NULL));
}

static void all_failures_are_told_and_the_first_is_the_answer(void **state) {
    const grille_boot_options options = all_told();
    grille_error error;
    (void)state;
    ground.open_fails = GRILLE_REASON_SYSTEM;
    ground.draw_problem = EAGAIN;
    ground.source = "jiffies\n";
    ground.vsock_problem = EAFNOSUPPORT;
    assert_int_equal(GRILLE_FAILED_PRECONDITION, run(&options, &error));
    assert_string_equal("BOOT-NO-NSM", error.name);
    assert_int_equal(FINDINGS, found_count);
    assert_string_equal("BOOT-NO-NSM", found[NSM].reason);
    assert_string_equal("BOOT-NO-RANDOM", found[RANDOMNESS].reason);
    assert_string_equal("BOOT-CLOCK", found[CLOCK].reason);
    assert_string_equal("BOOT-NO-VSOCK", found[VSOCK].reason);
    assert_int_equal(0, ground.random_calls + ground.documents);
}

static void options_are_made_by_the_default(void **state) {
    grille_boot_options options = {0};
    grille_error error;
    (void)state;
    assert_int_equal(GRILLE_INVALID_ARGUMENT, run(&options, &error));
    assert_non_null(strstr(error.text, "grille_boot_options_default()"));
    options = grille_boot_options_default();
    assert_int_equal(sizeof options, options.size);
    assert_string_equal(GRILLE_BOOT_CLOCK_SOURCES, options.clock_sources);
    assert_false(options.all_checks || options.vsock_loopback);
    options.clock_sources = NULL;
    assert_int_equal(GRILLE_INVALID_ARGUMENT, run(&options, &error));
    assert_int_equal(GRILLE_INVALID_ARGUMENT, grille_boot_check(&options, &error));
}

static void what_only_an_enclave_has_is_told_as_not_checked(void **state) {
    static const char *const texts[] = {
        "simulated NSM", "simulated NSM: no bytes to seed from; the kernel's generator runs, its device is none",
        "simulated NSM; the monotonic clock goes on", "simulated NSM"};
    const grille_boot_options options = all_told();
    grille_error error;
    (void)state;
    seam.has_device = false;
    ground.open_fails = GRILLE_REASON_SYSTEM;
    ground.source = "jiffies\n";
    ground.device = NULL;
    ground.vsock_problem = EAFNOSUPPORT;
    assert_int_equal(GRILLE_OK, run(&options, &error));
    assert_int_equal(FINDINGS, found_count);
    for (int i = 0; i < FINDINGS; i++) {
        assert_int_equal(GRILLE_BOOT_NOT_CHECKED, found[i].outcome);
        assert_string_equal(texts[i], found[i].text);
    }
    assert_int_equal(0, ground.documents + ground.vsocks + (int)ground.credited + (int)ground.mixed);
    /* What any machine has is. */
    ground.draw_problem = EAGAIN;
    expect_failed(RANDOMNESS, "BOOT-NO-RANDOM", "not seeded yet", "32 bytes at once");
    ground.draw_problem = 0;
    ground.step_us = 0;
    expect_failed(CLOCK, "BOOT-CLOCK", "observed: ", "a later time");
}

static int boot_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_good_ground, played_setup),
        cmocka_unit_test_setup(the_first_failure_is_the_last_check, played_setup),
        cmocka_unit_test_setup(all_failures_are_told_and_the_first_is_the_answer, played_setup),
        cmocka_unit_test_setup(options_are_made_by_the_default, played_setup),
        cmocka_unit_test_setup(what_only_an_enclave_has_is_told_as_not_checked, played_setup),
    };
    return cmocka_run_group_tests_name("boot/boot", tests, played_make_chain, played_free_chain);
}

int main(void) {
    return boot_group() + boot_check_group() + boot_main_group();
}
