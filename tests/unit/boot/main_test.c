/* SPDX-License-Identifier: Apache-2.0
 * Goal: a program that begins with the boot guard goes on, prints or ends as it must. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "grille/log.h"
#include "groups.h"
#include "played_ground.h"

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

int boot_main_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_good_start_is_silent, played_setup),
        cmocka_unit_test_setup(a_bad_start_ends_with_5, played_setup),
        cmocka_unit_test_setup(check_only_prints_all, played_setup),
        cmocka_unit_test_setup(loopback_is_an_argument, played_setup),
        cmocka_unit_test_setup(what_was_seen_is_logged, played_setup),
        cmocka_unit_test(a_process_ends_with_5),
        cmocka_unit_test(a_process_on_a_laptop_goes_on),
        cmocka_unit_test(linux_is_the_ground),
    };
    return cmocka_run_group_tests_name("boot/main", tests, played_make_chain, played_free_chain);
}
