/* SPDX-License-Identifier: Apache-2.0
 * Goal: each check alone, on grounds that are bad for it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "groups.h"
#include "played_ground.h"
#include "wire/limits.h"

/* ---- NSM ---- */

static void without_an_nsm(void **state) {
    (void)state;
    ground.open_fails = GRILLE_REASON_SYSTEM;
    expect_failed(NSM, "BOOT-NO-NSM", "observed: SYSTEM: open: InternalError", "expected: an answer");
    assert_int_equal(GRILLE_BOOT_NOT_CHECKED, found[RANDOMNESS].outcome);
    assert_string_equal("no NSM: no bytes to seed from; the kernel's generator runs, its device is nsm-hwrng",
                        found[RANDOMNESS].text);
    assert_int_equal(GRILLE_BOOT_NOT_CHECKED, found[CLOCK].outcome);
    assert_string_equal("kvm-clock is the source; the wall clock is not compared: no NSM", found[CLOCK].text);
    assert_int_equal(GRILLE_BOOT_PASSED, found[VSOCK].outcome);
}

static void an_nsm_that_does_not_answer(void **state) {
    (void)state;
    ground.describe_fails = GRILLE_REASON_NSM_FAILED;
    expect_failed(NSM, "BOOT-NO-NSM", "does not describe itself; observed: NSM-FAILED: DescribeNSM: InternalError",
                  "expected: an answer");
    ground.describe_fails = GRILLE_REASON_OK;
    ground.random_fails[0] = GRILLE_REASON_NSM_MALFORMED;
    expect_failed(NSM, "BOOT-NO-NSM", "gives no randomness; observed: NSM-MALFORMED: GetRandom: InternalError",
                  "expected: an answer");
}

static void an_nsm_that_describes_itself_as_none_does(void **state) {
    const grille_nsm_description good = ground.description;
    (void)state;
    ground.description.module_id[0] = '\0';
    expect_failed(NSM, "BOOT-NO-NSM", "module \"\", version 1.0.0, 32 PCRs, locked ones 0xffff", "expected: a name");
    ground.description = good;
    ground.description.version_major = 0;
    ground.description.version_minor = 9;
    expect_failed(NSM, "BOOT-NO-NSM", "version 0.9.0", "version 1 or later");
    ground.description = good;
    ground.description.max_pcrs = 15;
    expect_failed(NSM, "BOOT-NO-NSM", "15 PCRs", "16 PCRs or more");
    ground.description = good;
    for (uint32_t index = 0; index < 3; index++) {
        ground.description.locked_pcrs = 0xffffu & ~(1u << index);
        expect_failed(NSM, "BOOT-NO-NSM", "locked ones 0xfff", "0 to 2 locked. Likely the device is not a real NSM");
    }
    ground.description = (grille_nsm_description){
        .version_major = 2, .version_patch = 3, .module_id = "m", .max_pcrs = 16, .locked_pcrs = 7};
    {
        const grille_boot_options options = all_told();
        expect_passed(&options, NSM, "m, version 2.0.3, 16 PCRs, locked ones 0x7");
    }
}

/* ---- Randomness ---- */

static void an_nsm_that_gives_no_seed(void **state) {
    (void)state;
    ground.random_fails[1] = GRILLE_REASON_NSM_FAILED;
    expect_failed(RANDOMNESS, "BOOT-NO-RANDOM", "observed: NSM-FAILED: GetRandom", "expected: 32 bytes");
    ground.random_fails[1] = GRILLE_REASON_OK;
    ground.random_fails[2] = GRILLE_REASON_NSM_FAILED;
    expect_failed(RANDOMNESS, "BOOT-NO-RANDOM", "observed: NSM-FAILED: GetRandom", "expected: 32 bytes");
    ground.random_fails[2] = GRILLE_REASON_OK;
    assert_int_equal(0, ground.credited + ground.mixed);
}

static void bytes_that_are_not_random(void **state) {
    (void)state;
    ground.random_repeats = true;
    expect_failed(RANDOMNESS, "BOOT-NO-RANDOM", "two answers of 32 bytes that are the same", "two that differ");
    ground.random_is_zero = true;
    expect_failed(RANDOMNESS, "BOOT-NO-RANDOM", "or one of zeros", "two that differ");
    assert_int_equal(0, ground.credited + ground.mixed);
}

static void a_kernel_that_takes_no_seed(void **state) {
    const grille_boot_options options = all_told();
    (void)state;
    ground.credit_problem = EPERM;
    expect_passed(&options, RANDOMNESS,
                  "the kernel has 64 bytes of the NSM's (not counted as entropy: that needs CAP_SYS_ADMIN); its "
                  "generator runs, its device is nsm-hwrng");
    assert_int_equal(64, ground.mixed);
    ground.mix_problem = EACCES;
    expect_failed(RANDOMNESS, "BOOT-NO-RANDOM", "/dev/urandom: Permission denied", "a device that can be written");
}

static void a_generator_that_is_not_seeded(void **state) {
    (void)state;
    ground.draw_problem = EAGAIN;
    expect_failed(RANDOMNESS, "BOOT-NO-RANDOM", "getrandom: not seeded yet", "32 bytes at once");
    ground.draw_problem = ENOSYS;
    expect_failed(RANDOMNESS, "BOOT-NO-RANDOM", "getrandom: Function not implemented", "32 bytes at once");
    /* The seed goes in first: it is what may end the wait. */
    assert_int_equal(128, ground.credited);
}

static void the_kernels_own_device_is_told(void **state) {
    const grille_boot_options options = all_told();
    (void)state;
    ground.device = NULL;
    expect_passed(&options, RANDOMNESS, "the kernel has 64 bytes of the NSM's; its generator runs, its device is none");
    ground.device = "";
    expect_passed(&options, RANDOMNESS, "the kernel has 64 bytes of the NSM's; its generator runs, its device is none");
    /* As long as the room for it, and longer. */
    ground.device = "0123456789012345678901234567890123456789012345678901234567890123456789";
    expect_passed(&options, RANDOMNESS,
                  "the kernel has 64 bytes of the NSM's; its generator runs, its device is "
                  "012345678901234567890123456789012345678901234567890123456789012");
}

/* ---- Clock ---- */

static void clock_sources_are_taken_by_name(void **state) {
    static const char *const taken[] = {"kvm-clock\n", "tsc\n",     "tsc-early\n", "arch_sys_counter\n",
                                        "hpet\n",      "acpi_pm\n", "tsc"};
    static const char *const refused[] = {
        "jiffies\n", "xen\n", "hyperv_clocksource_tsc_page\n", "kvm\n", "ts\n", "tscs\n", "tsc-late\n", ","};
    grille_boot_options options = all_told();
    (void)state;
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        char text[96];
        ground.source = taken[i];
        (void)snprintf(text, sizeof text, "%.*s is the source; the wall clock is 0 ms off the NSM's",
                       (int)strcspn(taken[i], "\n"), taken[i]);
        expect_passed(&options, CLOCK, text);
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        ground.source = refused[i];
        expect_failed(CLOCK, "BOOT-CLOCK", "not one that is trusted here; observed: ", "one of kvm-clock,tsc,");
    }
    options.clock_sources = "kvm-clock,,xen";
    ground.source = "xen\n";
    expect_passed(&options, CLOCK, "xen is the source; the wall clock is 0 ms off the NSM's");
    ground.source = "hpet\n";
    expect_failed_by(&options, CLOCK, "BOOT-CLOCK", "observed: hpet", "one of kvm-clock,,xen");
    options.clock_sources = "";
    expect_failed_by(&options, CLOCK, "BOOT-CLOCK", "observed: hpet", "one of .");
}

static void a_clock_source_that_nobody_tells(void **state) {
    (void)state;
    ground.source = NULL;
    expect_failed(CLOCK, "BOOT-CLOCK", "current_clocksource: No such file or directory", "/sys is not mounted");
    ground.source = "tsc\n";
    ground.read_problem = EIO;
    expect_failed(CLOCK, "BOOT-CLOCK", "current_clocksource: Input/output error", "a name");
    ground.read_problem = 0;
    ground.source = "\n";
    expect_failed(CLOCK, "BOOT-CLOCK", "current_clocksource: empty", "a name");
    ground.source = "";
    expect_failed(CLOCK, "BOOT-CLOCK", "current_clocksource: empty", "a name");
}

static void the_monotonic_clock_goes_on(void **state) {
    const grille_boot_options options = all_told();
    (void)state;
    ground.time_us = 500;
    ground.still_for = GRILLE_LIMIT_BOOT_CLOCK_READS;
    expect_passed(&options, CLOCK, "kvm-clock is the source; the wall clock is 0 ms off the NSM's");
    ground.time_us = 500;
    ground.still_for = GRILLE_LIMIT_BOOT_CLOCK_READS + 1;
    expect_failed(CLOCK, "BOOT-CLOCK", "observed: 500 us, then 500 us", "a later time");
    assert_int_equal(GRILLE_LIMIT_BOOT_CLOCK_READS + 1, ground.clock_reads);
    ground.still_for = 0;
    ground.step_us = -20;
    expect_failed(CLOCK, "BOOT-CLOCK", "observed: 480 us, then 460 us", "a later time");
}

static void the_wall_clock_is_the_nsms(void **state) {
    grille_boot_options options = all_told();
    const int most = GRILLE_DEFAULT_BOOT_WALL_CLOCK_TOLERANCE_MS;
    grille_error error;
    (void)state;
    ground.wall_ms = NOW_MS + most;
    expect_passed(&options, CLOCK, "kvm-clock is the source; the wall clock is 60000 ms off the NSM's");
    ground.wall_ms++;
    expect_failed(CLOCK, "BOOT-CLOCK", "observed: 1060001 ms, 60001 ms off the document's 1000000", "at most 60000 ms");
    ground.wall_ms = NOW_MS - most;
    expect_passed(&options, CLOCK, "kvm-clock is the source; the wall clock is -60000 ms off the NSM's");
    ground.wall_ms--;
    expect_failed(CLOCK, "BOOT-CLOCK", "observed: 939999 ms, -60001 ms off the document's 1000000", "at most 60000 ms");
    options.wall_clock_tolerance_ms = 60001;
    expect_passed(&options, CLOCK, "kvm-clock is the source; the wall clock is -60001 ms off the NSM's");
    options.wall_clock_tolerance_ms = 0;
    assert_int_equal(GRILLE_OK, run(&options, &error));
    assert_int_equal(GRILLE_BOOT_NOT_CHECKED, found[CLOCK].outcome);
    assert_string_equal("kvm-clock is the source; the wall clock is not compared: the options say so",
                        found[CLOCK].text);
}

/* A document that took long was made at any time in between. */
static void a_slow_nsm_does_not_make_the_clock_wrong(void **state) {
    const grille_boot_options options = all_told();
    (void)state;
    ground.wall_step_ms = 300000;
    ground.wall_ms = NOW_MS - 400000;
    expect_passed(&options, CLOCK, "kvm-clock is the source; the wall clock is 0 ms off the NSM's");
}

static void an_nsm_that_does_not_tell_the_time(void **state) {
    (void)state;
    ground.attest_fails = GRILLE_REASON_NSM_FAILED;
    expect_failed(CLOCK, "BOOT-CLOCK", "does not tell the time; observed: NSM-FAILED: Attestation", "a document");
    ground.attest_fails = GRILLE_REASON_OK;
    ground.document.nonce = grille_bytes_of_text("of another one");
    expect_failed(CLOCK, "BOOT-CLOCK", "observed: NSM-NO-TIME: the NSM's document has a nonce", "a document");
    forge_document_init(&ground.document, &chain);
    ground.document.omitted = "timestamp";
    expect_failed(CLOCK, "BOOT-CLOCK", "observed: NSM-NO-TIME: the NSM's document of ", "not a real NSM. Next: ");
}

/* ---- vsock ---- */

static void without_a_vsock(void **state) {
    (void)state;
    ground.vsock_problem = EAFNOSUPPORT;
    expect_failed(VSOCK, "BOOT-NO-VSOCK", "Address family not supported", "Likely the kernel has no vsock");
    ground.vsock_problem = 0;
    ground.cid_problem = ENOENT;
    expect_failed(VSOCK, "BOOT-NO-VSOCK", "/dev/vsock does not tell our CID; observed: No such file", "no error");
}

static void a_cid_of_no_guest(void **state) {
    static const struct {
        uint32_t cid;
        const char *observed;
    } rows[] = {{0, "CID 0, the hypervisor's"},
                {1, "CID 1, the loopback's"},
                {2, "CID 2, a host's"},
                {UINT32_MAX, "CID 4294967295, nobody's"}};
    const grille_boot_options options = all_told();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ground.cid = rows[i].cid;
        expect_failed(VSOCK, "BOOT-NO-VSOCK", rows[i].observed, "expected: 3 or more");
    }
    ground.cid = 3;
    expect_passed(&options, VSOCK, "CID 3");
    ground.cid = UINT32_MAX - 1;
    expect_passed(&options, VSOCK, "CID 4294967294");
}

static void a_loopback_is_enough_when_the_options_say_so(void **state) {
    grille_boot_options options = all_told();
    (void)state;
    options.vsock_loopback = true;
    ground.cid = 1;
    expect_passed(&options, VSOCK, "CID 1, the loopback's, which is enough here");
    ground.cid = 2;
    expect_failed_by(&options, VSOCK, "BOOT-NO-VSOCK", "CID 2, a host's", "3 or more");
    ground.cid = 16;
    expect_passed(&options, VSOCK, "CID 16");
}

int boot_check_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_an_nsm, played_setup),
        cmocka_unit_test_setup(an_nsm_that_does_not_answer, played_setup),
        cmocka_unit_test_setup(an_nsm_that_describes_itself_as_none_does, played_setup),
        cmocka_unit_test_setup(an_nsm_that_gives_no_seed, played_setup),
        cmocka_unit_test_setup(bytes_that_are_not_random, played_setup),
        cmocka_unit_test_setup(a_kernel_that_takes_no_seed, played_setup),
        cmocka_unit_test_setup(a_generator_that_is_not_seeded, played_setup),
        cmocka_unit_test_setup(the_kernels_own_device_is_told, played_setup),
        cmocka_unit_test_setup(clock_sources_are_taken_by_name, played_setup),
        cmocka_unit_test_setup(a_clock_source_that_nobody_tells, played_setup),
        cmocka_unit_test_setup(the_monotonic_clock_goes_on, played_setup),
        cmocka_unit_test_setup(the_wall_clock_is_the_nsms, played_setup),
        cmocka_unit_test_setup(a_slow_nsm_does_not_make_the_clock_wrong, played_setup),
        cmocka_unit_test_setup(an_nsm_that_does_not_tell_the_time, played_setup),
        cmocka_unit_test_setup(without_a_vsock, played_setup),
        cmocka_unit_test_setup(a_cid_of_no_guest, played_setup),
        cmocka_unit_test_setup(a_loopback_is_enough_when_the_options_say_so, played_setup),
    };
    return cmocka_run_group_tests_name("boot/check", tests, played_make_chain, played_free_chain);
}
