/* SPDX-License-Identifier: Apache-2.0
 * Goal: each check of the boot guard fails in every way in which its part of the ground can be bad, by its name and
 * with what was observed, and passes on a good one. The test is the ground. */
#include "grille/boot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "boot/check.h"
#include "cmocka_all.h"
#include "forge_document.h"
#include "grille/log.h"
#include "wire/limits.h"

enum { NOW_MS = 1000000, RANDOM_CALLS = 3, FINDINGS = 4 };

/* What the ground does; all zero but for what `setup` says. */
static struct {
    grille_reason open_fails, describe_fails, attest_fails;
    grille_reason random_fails[RANDOM_CALLS]; /* of each call */
    bool random_repeats, random_is_zero;
    grille_nsm_description description;
    forge_document document;
    const char *source, *device; /* contents of the files; NULL: there is none */
    int read_problem, draw_problem, credit_problem, mix_problem, vsock_problem, cid_problem;
    uint32_t cid;
    grille_time_us time_us;
    int64_t step_us;
    int still_for; /* reads of the clock */
    int64_t wall_ms, wall_step_ms;
    /* What it was asked. */
    const char *path;
    int opened, random_calls, documents, clock_reads, vsocks;
    size_t credited, mixed;
} ground;

static forge_chain chain;
static grille_nsm nsm;

static grille_reason play(grille_reason reason, const char *what, grille_error *error) {
    return reason == GRILLE_REASON_OK ? reason : grille_error_set(error, reason, "%s: InternalError", what);
}

static grille_reason attest(grille_nsm *self, const grille_nsm_request *request, uint8_t *document, size_t capacity,
                            size_t *len, grille_error *error) {
    const grille_bytes made = forge_document_sign(&ground.document, &chain);
    assert_ptr_equal(&nsm, self);
    assert_int_equal(0, request->nonce.len + request->user_data.len + request->public_key.len);
    ground.documents++;
    if (ground.attest_fails != GRILLE_REASON_OK) return play(ground.attest_fails, "Attestation", error);
    assert_true(made.len <= capacity);
    memcpy(document, made.data, made.len);
    *len = made.len;
    return GRILLE_REASON_OK;
}

static grille_reason get_random(grille_nsm *self, uint8_t *out, size_t len, grille_error *error) {
    const int call = ground.random_calls++;
    assert_ptr_equal(&nsm, self);
    assert_true(call < RANDOM_CALLS);
    memset(out, ground.random_is_zero ? 0 : ground.random_repeats ? 7 : 7 + call, len);
    return play(ground.random_fails[call], "GetRandom", error);
}

static grille_reason describe(grille_nsm *self, grille_nsm_description *description, grille_error *error) {
    assert_ptr_equal(&nsm, self);
    *description = ground.description;
    return play(ground.describe_fails, "DescribeNSM", error);
}

static void close_nsm(grille_nsm *self) {
    assert_ptr_equal(&nsm, self);
    ground.opened--;
}

static const grille_nsm_functions functions = {
    .attest = attest, .random = get_random, .describe = describe, .close = close_nsm};
static grille_nsm nsm = {.functions = &functions};

static grille_reason open_nsm(void *user, const char *path, grille_nsm **opened, grille_error *error) {
    assert_ptr_equal(&ground, user);
    ground.path = path;
    *opened = &nsm;
    if (ground.open_fails == GRILLE_REASON_OK) ground.opened++;
    return play(ground.open_fails, "open", error);
}

static int read_file(void *user, const char *path, char *text, size_t capacity, size_t *len) {
    const bool is_source = strcmp(path, "/sys/devices/system/clocksource/clocksource0/current_clocksource") == 0;
    const char *content = is_source ? ground.source : ground.device;
    assert_ptr_equal(&ground, user);
    if (!is_source) assert_string_equal("/sys/class/misc/hw_random/rng_current", path);
    if (content == NULL) return ENOENT;
    *len = strlen(content) < capacity ? strlen(content) : capacity;
    memcpy(text, content, *len);
    return is_source ? ground.read_problem : 0;
}

static int draw_random(void *user, uint8_t *out, size_t len) {
    assert_ptr_equal(&ground, user);
    memset(out, 9, len);
    return ground.draw_problem;
}

static void check_seed(grille_bytes seed) {
    assert_int_equal(64, seed.len);
    for (size_t i = 0; i < seed.len; i++)
        assert_int_equal(ground.random_calls + (i < 32 ? 5 : 6), seed.data[i]); /* the last two answers */
}

static int credit_random(void *user, grille_bytes seed) {
    assert_ptr_equal(&ground, user);
    check_seed(seed);
    if (ground.credit_problem == 0) ground.credited += seed.len;
    return ground.credit_problem;
}

static int mix_random(void *user, grille_bytes seed) {
    assert_ptr_equal(&ground, user);
    check_seed(seed);
    if (ground.mix_problem == 0) ground.mixed += seed.len;
    return ground.mix_problem;
}

static grille_time_us monotonic_us(void *user) {
    assert_ptr_equal(&ground, user);
    if (ground.clock_reads++ >= ground.still_for) ground.time_us += (grille_time_us)ground.step_us;
    return ground.time_us;
}

static grille_wall_ms wall_ms(void *user) {
    assert_ptr_equal(&ground, user);
    ground.wall_ms += ground.wall_step_ms;
    return ground.wall_ms;
}

static int make_vsock(void *user) {
    assert_ptr_equal(&ground, user);
    ground.vsocks++;
    return ground.vsock_problem;
}

static int local_cid(void *user, uint32_t *cid) {
    assert_ptr_equal(&ground, user);
    *cid = ground.cid;
    return ground.cid_problem;
}

static grille_boot_ground seam = {.user = &ground,
                                  .open_nsm = open_nsm,
                                  .read_file = read_file,
                                  .draw_random = draw_random,
                                  .credit_random = credit_random,
                                  .mix_random = mix_random,
                                  .monotonic_us = monotonic_us,
                                  .wall_ms = wall_ms,
                                  .make_vsock = make_vsock,
                                  .local_cid = local_cid};

/* In place of the linked NSM, for what asks the real ground. */
static bool linked_device;
static int linked_opens;

bool grille_nsm_is_device(void) {
    return linked_device;
}

grille_reason grille_nsm_open(const char *path, grille_nsm **opened, grille_error *error) {
    linked_opens++;
    *opened = NULL;
    return grille_error_set(error, GRILLE_REASON_SYSTEM, "cannot open %s", path == NULL ? "the default" : path);
}

static int make_chain(void **state) {
    forge_template templates[FORGE_CHAIN];
    (void)state;
    forge_chain_templates(templates);
    forge_chain_make(templates, &chain);
    return 0;
}

static int free_chain(void **state) {
    (void)state;
    forge_chain_free(&chain);
    return 0;
}

/* A ground on which all is well. */
static int setup(void **state) {
    (void)state;
    memset(&ground, 0, sizeof ground);
    seam.has_device = true;
    ground.description =
        (grille_nsm_description){.version_major = 1, .module_id = "i-1-enc2", .max_pcrs = 32, .locked_pcrs = 0xffff};
    ground.source = "kvm-clock\n";
    ground.device = "nsm-hwrng\n";
    ground.cid = 16;
    ground.step_us = 1;
    ground.wall_ms = NOW_MS;
    forge_document_init(&ground.document, &chain);
    ground.document.timestamp_ms = NOW_MS;
    return 0;
}

/* ---- Findings ---- */

static struct {
    char check[16], reason[48], text[512];
    grille_boot_outcome outcome;
} found[FINDINGS];
static int found_count;

static void keep(const grille_boot_finding *finding, void *user) {
    assert_ptr_equal(found, user);
    assert_true(found_count < FINDINGS);
    (void)snprintf(found[found_count].check, sizeof found[0].check, "%s", finding->check);
    (void)snprintf(found[found_count].reason, sizeof found[0].reason, "%s", finding->reason);
    (void)snprintf(found[found_count].text, sizeof found[0].text, "%s", finding->text);
    found[found_count++].outcome = finding->outcome;
}

static grille_boot_options all_told(void) {
    grille_boot_options options = grille_boot_options_default();
    options.all_checks = true;
    options.on_finding = keep;
    options.on_finding_user = found;
    return options;
}

/* Runs all checks, and looks whether the NSM was closed again. */
static grille_code run(const grille_boot_options *options, grille_error *error) {
    grille_code code;
    found_count = ground.random_calls = ground.clock_reads = 0;
    memset(error, 'x', sizeof *error);
    code = grille_boot_check_on(&seam, options, error);
    assert_int_equal(0, ground.opened);
    assert_int_equal(code, error->code);
    return code;
}

static void expect_passed(const grille_boot_options *options, int check, const char *text) {
    grille_error error;
    assert_int_equal(GRILLE_OK, run(options, &error));
    assert_string_equal("", error.text);
    assert_int_equal(FINDINGS, found_count);
    assert_int_equal(GRILLE_BOOT_PASSED, found[check].outcome);
    assert_string_equal("", found[check].reason);
    assert_string_equal(text, found[check].text);
}

/* This check alone fails, with these texts in its text, beside what each such text has. */
static void expect_failed_by(const grille_boot_options *options, int check, const char *name, const char *observed,
                             const char *expected) {
    grille_error error;
    assert_int_equal(GRILLE_FAILED_PRECONDITION, run(options, &error));
    assert_string_equal(name, error.name);
    assert_int_equal(FINDINGS, found_count);
    for (int i = 0; i < FINDINGS; i++)
        assert_int_equal(i == check, found[i].outcome == GRILLE_BOOT_FAILED);
    assert_string_equal(name, found[check].reason);
    assert_string_equal(error.text, found[check].text);
    if (strstr(error.text, observed) == NULL || strstr(error.text, expected) == NULL ||
        strstr(error.text, "observed: ") == NULL || strstr(error.text, "expected: ") == NULL ||
        strstr(error.text, "Likely ") == NULL || strstr(error.text, ". Next: ") == NULL ||
        strlen(error.text) + 1 >= sizeof error.text) {
        fail_msg("the text is: %s", error.text);
    }
}

enum { NSM, RANDOMNESS, CLOCK, VSOCK };

static void expect_failed(int check, const char *name, const char *observed, const char *expected) {
    const grille_boot_options options = all_told();
    expect_failed_by(&options, check, name, observed, expected);
}

/* ---- All of them ---- */

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

/* ---- A simulated NSM ---- */

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

/* ---- The start of a program ---- */

static struct {
    char out[4096], err[1024];
    int argc;
    char *argv[6];
} program;

static int start(const grille_boot_options *options, const char *const words[5]) {
    FILE *out = fmemopen(program.out, sizeof program.out, "w"), *err = fmemopen(program.err, sizeof program.err, "w");
    const grille_boot_options defaults = grille_boot_options_default();
    int status = 0;
    program.out[0] = program.err[0] = '\0';
    program.argv[0] = (char *)(uintptr_t) "program";
    for (program.argc = 1; program.argc < 6 && words[program.argc - 1] != NULL; program.argc++)
        program.argv[program.argc] = (char *)(uintptr_t)words[program.argc - 1];
    program.argv[program.argc] = NULL;
    ground.random_calls = ground.clock_reads = 0;
    status = grille_boot_main_on(&seam, options == NULL ? &defaults : options, &program.argc, program.argv, out, err);
    assert_int_equal(0, fclose(out) + fclose(err));
    assert_null(program.argv[program.argc]);
    return status;
}

#define WORDS(...) ((const char *const[5]){__VA_ARGS__})

static void a_good_start_is_silent(void **state) {
    (void)state;
    assert_int_equal(GRILLE_BOOT_GO_ON, start(NULL, WORDS("vsock:any:5000", "--check-only", "--vsock-loopback")));
    assert_string_equal("", program.out);
    assert_string_equal("", program.err);
    /* Only at the front are they ours. */
    assert_int_equal(4, program.argc);
    assert_string_equal("--check-only", program.argv[2]);
    assert_int_equal(GRILLE_BOOT_GO_ON, start(NULL, WORDS(NULL)));
    assert_int_equal(1, program.argc);
}

static void a_bad_start_ends_with_5(void **state) {
    char expected[64];
    (void)state;
    ground.draw_problem = EAGAIN;
    ground.cid = 2;
    assert_int_equal(5, start(NULL, WORDS("vsock:any:5000")));
    assert_string_equal("", program.out);
    (void)snprintf(expected, sizeof expected, "%s: boot guard: BOOT-NO-RANDOM: the kernel's generator",
                   program_invocation_short_name);
    assert_memory_equal(expected, program.err, strlen(expected));
    assert_null(strstr(program.err, "BOOT-NO-VSOCK"));
    assert_int_equal('\n', program.err[strlen(program.err) - 1]);
}

static void check_only_prints_all(void **state) {
    (void)state;
    assert_int_equal(0, start(NULL, WORDS("--check-only", "vsock:any:5000")));
    assert_string_equal("boot guard: nsm: ok: i-1-enc2, version 1.0.0, 32 PCRs, locked ones 0xffff\n"
                        "boot guard: randomness: ok: the kernel has 64 bytes of the NSM's; its generator runs, its "
                        "device is nsm-hwrng\n"
                        "boot guard: clock: ok: kvm-clock is the source; the wall clock is 0 ms off the NSM's\n"
                        "boot guard: vsock: ok: CID 16\n",
                        program.out);
    ground.draw_problem = EAGAIN;
    ground.cid = 2;
    assert_int_equal(5, start(NULL, WORDS("--check-only")));
    assert_non_null(strstr(program.out, "boot guard: nsm: ok: "));
    assert_non_null(strstr(program.out, "boot guard: randomness: FAILED: BOOT-NO-RANDOM: the kernel's generator "));
    assert_non_null(strstr(program.out, "boot guard: clock: ok: "));
    assert_non_null(strstr(program.out, "boot guard: vsock: FAILED: BOOT-NO-VSOCK: this machine "));
    assert_string_equal("", program.err);
    seam.has_device = false;
    ground.draw_problem = 0;
    assert_int_equal(0, start(NULL, WORDS("--check-only")));
    assert_non_null(strstr(program.out, "boot guard: nsm: not checked: simulated NSM\n"));
    assert_non_null(strstr(program.out, "boot guard: vsock: not checked: simulated NSM\n"));
}

static void loopback_is_an_argument(void **state) {
    grille_boot_options options = grille_boot_options_default();
    (void)state;
    ground.cid = 1;
    assert_int_equal(5, start(NULL, WORDS("a")));
    assert_int_equal(GRILLE_BOOT_GO_ON, start(NULL, WORDS("--vsock-loopback", "a", "b")));
    assert_int_equal(3, program.argc);
    assert_string_equal("program", program.argv[0]);
    assert_string_equal("a", program.argv[1]);
    assert_int_equal(0, start(NULL, WORDS("--vsock-loopback", "--check-only", "a")));
    assert_int_equal(0, start(NULL, WORDS("--check-only", "--vsock-loopback", "--check-only")));
    options.vsock_loopback = true;
    assert_int_equal(GRILLE_BOOT_GO_ON, start(&options, WORDS(NULL)));
}

static struct {
    int lines[GRILLE_LOG_DEBUG + 1];
    char first[256];
} logged;

static void log_line(grille_log_level level, const char *module, const char *line, void *user) {
    (void)user;
    assert_string_equal("nsm", module);
    if (logged.first[0] == '\0') (void)snprintf(logged.first, sizeof logged.first, "%s", line);
    logged.lines[level]++;
}

static void what_was_seen_is_logged(void **state) {
    (void)state;
    memset(&logged, 0, sizeof logged);
    grille_log_set(log_line, NULL, GRILLE_LOG_INFO);
    assert_int_equal(GRILLE_BOOT_GO_ON, start(NULL, WORDS(NULL)));
    assert_int_equal(4, logged.lines[GRILLE_LOG_INFO]);
    assert_int_equal(0, logged.lines[GRILLE_LOG_WARNING]);
    assert_string_equal("boot guard: nsm: i-1-enc2, version 1.0.0, 32 PCRs, locked ones 0xffff", logged.first);
    /* What a laptop leaves out is one warning. */
    memset(&logged, 0, sizeof logged);
    seam.has_device = false;
    assert_int_equal(GRILLE_BOOT_GO_ON, start(NULL, WORDS(NULL)));
    assert_int_equal(1, logged.lines[GRILLE_LOG_WARNING]);
    assert_int_equal(3, logged.lines[GRILLE_LOG_INFO]);
    assert_string_equal("boot guard: nsm: not checked: simulated NSM", logged.first);
    grille_log_set(NULL, NULL, GRILLE_LOG_WARNING);
}

/* ---- Processes, on the real ground ---- */

/* What a process says that begins so, and what it ends with; 7 when it comes through. */
static int starts(const grille_boot_options *options, const char *argument, char *said, size_t size) {
    char *argv[] = {(char *)(uintptr_t) "program", (char *)(uintptr_t)argument, NULL};
    int ends[2], status = 0, argc = 2;
    size_t len = 0;
    assert_int_equal(pipe(ends), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)dup2(ends[1], STDERR_FILENO);
        if (options == NULL)
            grille_boot_main(&argc, argv);
        else
            grille_boot_main_with(options, &argc, argv);
        _exit(7);
    }
    (void)close(ends[1]);
    for (ssize_t got = 1; got > 0; len += (size_t)got) {
        got = read(ends[0], &said[len], size - 1 - len);
        assert_true(got >= 0);
    }
    said[len] = '\0';
    (void)close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_process_ends_with_5(void **state) {
    grille_boot_options options = grille_boot_options_default();
    char said[4096];
    (void)state;
    linked_device = true;
    assert_int_equal(5, starts(NULL, "vsock:any:5000", said, sizeof said));
    assert_non_null(
        strstr(said, "boot guard: BOOT-NO-NSM: the NSM can't be opened; observed: SYSTEM: cannot open the "));
    options.nsm_path = "/dev/other";
    assert_int_equal(5, starts(&options, "vsock:any:5000", said, sizeof said));
    assert_non_null(strstr(said, "SYSTEM: cannot open /dev/other"));
}

static void a_process_on_a_laptop_goes_on(void **state) {
    grille_error error;
    char said[4096];
    (void)state;
    linked_device = false;
    linked_opens = 0;
    assert_int_equal(7, starts(NULL, "unix:/s", said, sizeof said));
    assert_non_null(strstr(said, "warning: nsm: boot guard: nsm: not checked: simulated NSM\n"));
    assert_int_equal(0, starts(NULL, "--check-only", said, sizeof said));
    assert_non_null(strstr(said, "boot guard: clock: not checked: simulated NSM; the monotonic clock goes on\n"));
    assert_int_equal(GRILLE_OK, grille_boot_check(NULL, &error));
    assert_int_equal(0, linked_opens);
}

/* What needs no machine of one's own: nothing here asks for a vsock. */
static void linux_is_the_ground(void **state) {
    const grille_boot_ground real = grille_boot_ground_linux();
    char text[8];
    uint8_t drawn[2][32] = {{0}};
    size_t len = 0;
    (void)state;
    assert_int_equal(0, real.read_file(NULL, "/proc/self/comm", text, 4, &len));
    assert_int_equal(4, len);
    assert_int_equal(ENOENT, real.read_file(NULL, "/nowhere/to/be/found", text, sizeof text, &len));
    assert_int_equal(EISDIR, real.read_file(NULL, "/", text, sizeof text, &len));
    assert_int_equal(0, len);
    assert_int_equal(0, real.draw_random(NULL, drawn[0], sizeof drawn[0]));
    assert_int_equal(0, real.draw_random(NULL, drawn[1], sizeof drawn[1]));
    assert_memory_not_equal(drawn[0], drawn[1], sizeof drawn[0]);
    assert_int_equal(0, real.mix_random(NULL, grille_bytes_of(drawn, sizeof drawn)));
    assert_true(real.monotonic_us(NULL) > 0);
    assert_true(real.wall_ms(NULL) > INT64_C(1700000000000));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_good_ground, setup),
        cmocka_unit_test_setup(the_first_failure_is_the_last_check, setup),
        cmocka_unit_test_setup(all_failures_are_told_and_the_first_is_the_answer, setup),
        cmocka_unit_test_setup(options_are_made_by_the_default, setup),
        cmocka_unit_test_setup(without_an_nsm, setup),
        cmocka_unit_test_setup(an_nsm_that_does_not_answer, setup),
        cmocka_unit_test_setup(an_nsm_that_describes_itself_as_none_does, setup),
        cmocka_unit_test_setup(an_nsm_that_gives_no_seed, setup),
        cmocka_unit_test_setup(bytes_that_are_not_random, setup),
        cmocka_unit_test_setup(a_kernel_that_takes_no_seed, setup),
        cmocka_unit_test_setup(a_generator_that_is_not_seeded, setup),
        cmocka_unit_test_setup(the_kernels_own_device_is_told, setup),
        cmocka_unit_test_setup(clock_sources_are_taken_by_name, setup),
        cmocka_unit_test_setup(a_clock_source_that_nobody_tells, setup),
        cmocka_unit_test_setup(the_monotonic_clock_goes_on, setup),
        cmocka_unit_test_setup(the_wall_clock_is_the_nsms, setup),
        cmocka_unit_test_setup(a_slow_nsm_does_not_make_the_clock_wrong, setup),
        cmocka_unit_test_setup(an_nsm_that_does_not_tell_the_time, setup),
        cmocka_unit_test_setup(without_a_vsock, setup),
        cmocka_unit_test_setup(a_cid_of_no_guest, setup),
        cmocka_unit_test_setup(a_loopback_is_enough_when_the_options_say_so, setup),
        cmocka_unit_test_setup(what_only_an_enclave_has_is_told_as_not_checked, setup),
        cmocka_unit_test_setup(a_good_start_is_silent, setup),
        cmocka_unit_test_setup(a_bad_start_ends_with_5, setup),
        cmocka_unit_test_setup(check_only_prints_all, setup),
        cmocka_unit_test_setup(loopback_is_an_argument, setup),
        cmocka_unit_test_setup(what_was_seen_is_logged, setup),
        cmocka_unit_test(a_process_ends_with_5),
        cmocka_unit_test(a_process_on_a_laptop_goes_on),
        cmocka_unit_test(linux_is_the_ground),
    };
    return cmocka_run_group_tests(tests, make_chain, free_chain);
}
