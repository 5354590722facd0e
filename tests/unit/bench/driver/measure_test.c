/* SPDX-License-Identifier: Apache-2.0
 * Goal: whatever an agent does, its row comes to a figure or to a reason in words, in time, and nothing is left
 * running. System calls are counted as a program makes them. */
#include "bench/driver/measure.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/driver/answer.h"
#include "bench/driver/labels.h"
#include "bench/driver/placement.h"
#include "bench/driver/progress.h"
#include "bench/driver/syscalls.h"
#include "cmocka_all.h"
#include "tests/unit/bench/driver/fake_agent.h"

static char folder[64];

static int make_folder(void **state) {
    (void)state;
    /* A leak check can't run under ptrace. */
    (void)setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    (void)snprintf(folder, sizeof folder, "/tmp/bench-test.XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : 1;
}

static int remove_folder(void **state) {
    (void)state;
    return rmdir(folder); /* empty: nothing is left */
}

static bench_bed bed_of(void) {
    return (bench_bed){.self = "/nowhere", .folder = folder, .patience_ms = 15000};
}

static bench_plan_row row_of(const char *name) {
    bench_plan_row row = {.program = "tests/unit/bench/driver/fake_agent", .spec = bench_spec_default()};
    row.spec.seconds = 0.01;
    row.spec.warm_up_ms = 0;
    (void)snprintf(row.mode, sizeof row.mode, "fake");
    (void)snprintf(row.agent_row, sizeof row.agent_row, "%s", name);
    (void)snprintf(row.transport, sizeof row.transport, "unix");
    (void)snprintf(row.placement, sizeof row.placement, "same");
    (void)snprintf(row.server_kind, sizeof row.server_kind, "x509");
    (void)snprintf(row.client_kind, sizeof row.client_kind, "x509");
    return row;
}

static void assert_no_child(void) {
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void an_answer_becomes_a_result(void **state) {
    const bench_plan_row row = row_of("good");
    bench_bed bed = bed_of();
    bench_result result;
    char why[256];
    (void)state;
    assert_int_equal(bench_measure(&bed, &row, &result, why), BENCH_MEASURED);
    assert_int_equal(result.calls, 100);
    assert_int_equal(result.errors, 2);
    assert_int_equal(result.message_bytes, 12800);
    assert_int_equal(result.wall_ns, 1000000);
    assert_int_equal(result.client_cpu_ns, 200000);
    assert_int_equal(result.server_cpu_ns, -1);
    assert_int_equal(result.server_heap_calls, 50);
    assert_int_equal(result.server_rss_kib, 4096);
    assert_string_equal(result.cipher, "FAKE");
    assert_int_equal(bench_histogram_count(result.latency_ns), 100);
    assert_int_equal(bench_histogram_most(result.latency_ns), 9000);
    bench_histogram_free(result.latency_ns);
    assert_no_child();
}

static void each_failure_has_its_words(void **state) {
    static const struct {
        const char *row;
        uint32_t patience_ms; /* short only where the wait is sure to be in vain */
        bench_outcome outcome;
        const char *why;
    } cases[] = {
        {"server-dies", 15000, BENCH_FAILED, "server: no such luck"},
        {"server-can-not", 15000, BENCH_UNSUPPORTED, "server: not for me"},
        {"server-babbles", 15000, BENCH_FAILED, "the server said \"hello\" and not \"ready ADDRESS\""},
        {"hangs", 300, BENCH_FAILED, "load: no answer in time; last words: "},
        {"fails", 15000, BENCH_FAILED, "load: wrong with  [31mcolour"},
        {"dies", 15000, BENCH_FAILED, "load: it said nothing and ended by signal 9"},
        {"can-not", 15000, BENCH_UNSUPPORTED, "load: no such pattern"},
        {"talks-for-ever", 15000, BENCH_FAILED, "load: an endless answer; last words: it said nothing"},
        {"speaks-otherwise", 15000, BENCH_FAILED, "the agent's answer is no JSON: "},
        {"half", 15000, BENCH_FAILED, "the agent's answer is no JSON: "},
        {"negative", 15000, BENCH_FAILED, "the agent's answer: \"calls\" is no count"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const bench_plan_row row = row_of(cases[i].row);
        bench_bed bed = bed_of();
        bench_result result;
        char why[256] = "";
        bed.patience_ms = cases[i].patience_ms;
        assert_int_equal(bench_measure(&bed, &row, &result, why), cases[i].outcome);
        if (strstr(why, cases[i].why) != why) fail_msg("%s: %s", cases[i].row, why);
        assert_no_child();
    }
}

static void a_program_that_is_not_there(void **state) {
    bench_plan_row row = row_of("good");
    bench_bed bed = bed_of();
    bench_result result;
    char why[256] = "";
    (void)state;
    row.program = "/nowhere/agent";
    assert_int_equal(bench_measure(&bed, &row, &result, why), BENCH_FAILED);
    assert_string_equal(why, "can't start /nowhere/agent: No such file or directory");
    row.program = NULL; /* this command itself, which is nowhere, too */
    assert_int_equal(bench_measure(&bed, &row, &result, why), BENCH_FAILED);
    assert_string_equal(why, "can't start /nowhere: No such file or directory");
    assert_no_child();
}

static void an_interrupt_ends_a_measurement(void **state) {
    const bench_plan_row row = row_of("hangs");
    bench_bed bed = bed_of();
    bench_result result;
    char why[256];
    (void)state;
    bench_interrupted = 1;
    assert_int_equal(bench_measure(&bed, &row, &result, why), BENCH_INTERRUPTED);
    bench_interrupted = 0;
    assert_no_child();
}

/* An agent does not outlive whoever started it, not even a killed one. */
static void agents_end_with_their_parent(void **state) {
    char *const argv[] = {(char[]){"tests/unit/bench/driver/fake_agent"}, (char[]){"load"}, (char[]){"hangs"}, NULL};
    int pipes[2];
    char byte;
    pid_t driver;
    (void)state;
    assert_int_equal(pipe(pipes), 0);
    driver = fork();
    if (driver == 0) {
        bench_process agent;
        char why[256];
        const bool started = bench_process_start(&agent, argv, BENCH_CPU_ANY, false, why);
        (void)raise(started ? SIGKILL : SIGABRT);
    }
    (void)close(pipes[1]);
    /* The agent has the pipe's other end, too: its end is that of the pipe. */
    assert_int_equal(read(pipes[0], &byte, 1), 0);
    (void)close(pipes[0]);
    assert_int_equal(waitpid(driver, NULL, 0), driver);
    assert_no_child();
}

static void system_calls_are_counted(void **state) {
    bench_plan_row row = row_of("counted");
    bench_bed bed = bed_of();
    bench_per_call per_call;
    char why[256] = "";
    (void)state;
    assert_true(bench_syscalls_fit(&row));
    if (bench_syscalls_measure(&bed, &row, &per_call, why) != BENCH_MEASURED) fail_msg("%s", why);
    assert_true(per_call.system_calls > FAKE_AGENT_SYSTEM_CALLS - 0.02);
    assert_true(per_call.system_calls < FAKE_AGENT_SYSTEM_CALLS + 0.02);
    assert_true(per_call.wire_bytes > FAKE_AGENT_WIRE_BYTES - 0.01);
    assert_true(per_call.wire_bytes < FAKE_AGENT_WIRE_BYTES + 0.01);
    assert_no_child();
}

static void what_can_not_be_counted_says_so(void **state) {
    static const struct {
        const char *row, *why;
    } cases[] = {{"server-dies", "server, traced: no such luck"},
                 {"fails", "load: wrong with  [31mcolour"},
                 {"miscounts", "the load made another number of calls"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const bench_plan_row row = row_of(cases[i].row);
        bench_bed bed = bed_of();
        bench_per_call per_call;
        char why[256] = "";
        assert_int_equal(bench_syscalls_measure(&bed, &row, &per_call, why), BENCH_FAILED);
        assert_string_equal(why, cases[i].why);
        assert_no_child();
    }
}

static void only_calls_between_two_processes_are_counted(void **state) {
    bench_plan_row row = row_of("good");
    (void)state;
    (void)snprintf(row.transport, sizeof row.transport, "inproc");
    assert_false(bench_syscalls_fit(&row));
    row = row_of("good");
    row.spec.pattern = BENCH_CONNECT;
    assert_false(bench_syscalls_fit(&row));
    row.spec.pattern = BENCH_STREAM_UP;
    assert_true(bench_syscalls_fit(&row));
    row.spec.bytes = 1 << 20;
    assert_int_equal(bench_syscalls_count(&row.spec), 32);
    row.spec.bytes = 64 << 20;
    assert_int_equal(bench_syscalls_count(&row.spec), 16);
    row.spec.bytes = 0;
    assert_int_equal(bench_syscalls_count(&row.spec), 1000);
}

/* ---- Labels ---- */

static void write_file(const char *path, const char *text) {
    char whole[160];
    FILE *file;
    (void)snprintf(whole, sizeof whole, "%s%s", folder, path);
    for (char *at = whole + strlen(folder) + 1; *at != '\0'; at++) {
        if (*at != '/') continue;
        *at = '\0';
        (void)mkdir(whole, 0700);
        *at = '/';
    }
    file = fopen(whole, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void drop(const char *path) {
    char whole[160];
    (void)snprintf(whole, sizeof whole, "%s%s", folder, path);
    assert_int_equal(remove(whole), 0);
}

/* Nitro hardware is EC2's firmware and a device of enclaves, both. */
static void only_nitro_is_nitro(void **state) {
    bench_labels labels;
    (void)state;
    write_file("/proc/cpuinfo", "processor\t: 0\nmodel name\t: Fast CPU\nflags\t\t: fpu aes hypervisor\n");
    bench_labels_read(folder, &labels);
    assert_non_null(strstr(labels.machine, "Fast CPU, "));
    assert_string_equal(labels.system, "no DMI name, virtual machine");
    assert_false(labels.nitro);
    write_file("/sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
    write_file("/sys/class/dmi/id/product_name", "c6i.2xlarge\n");
    bench_labels_read(folder, &labels);
    assert_string_equal(labels.system, "Amazon EC2 c6i.2xlarge, virtual machine");
    assert_false(labels.nitro);
    write_file("/dev/nitro_enclaves", "");
    bench_labels_read(folder, &labels);
    assert_true(labels.nitro);
    write_file("/sys/class/dmi/id/sys_vendor", "Amazon EC2 lookalike\n");
    bench_labels_read(folder, &labels);
    assert_false(labels.nitro);
    assert_int_equal(strlen(labels.date_utc), strlen("2026-01-01T00:00:00Z"));
    assert_true(labels.compiler[0] != '\0' && labels.flags[0] != '\0' && labels.kernel[0] != '\0');
    bench_labels_warn(&labels, 2, false);
    assert_non_null(strstr(labels.note, "on one machine"));
    assert_non_null(strstr(labels.note, "shared its cores"));
    bench_labels_warn(&labels, 2, true);
    assert_null(strstr(labels.note, "on one machine"));
    for (size_t i = 0; i < 10; i++) {
        static const char *const made[] = {"/proc/cpuinfo",
                                           "/proc",
                                           "/sys/class/dmi/id/sys_vendor",
                                           "/sys/class/dmi/id/product_name",
                                           "/sys/class/dmi/id",
                                           "/sys/class/dmi",
                                           "/sys/class",
                                           "/sys",
                                           "/dev/nitro_enclaves",
                                           "/dev"};
        drop(made[i]);
    }
}

/* What others use is what all use without us: of 100 ticks a second, or as many as the machine has. */
static void others_are_told_of(void **state) {
    bench_labels labels = {.note = "alone"};
    double before, after;
    char line[96];
    (void)state;
    assert_true(bench_labels_others_cpu_s(folder) < 0);
    write_file("/proc/stat", "cpu  1000 0 0 77777 0 0 0 0 0 0\n");
    before = bench_labels_others_cpu_s(folder);
    (void)snprintf(line, sizeof line, "cpu  %ld 0 %ld 99999 5 0 0 0 0 0\n", 1000 + 3 * sysconf(_SC_CLK_TCK),
                   4 * sysconf(_SC_CLK_TCK));
    write_file("/proc/stat", line);
    after = bench_labels_others_cpu_s(folder);
    assert_true(after - before <= 7 && after - before > 1); /* we used some ourselves meanwhile */
    bench_labels_disturbed(&labels, 0.05);
    assert_string_equal(labels.note, "alone");
    bench_labels_disturbed(&labels, 1.26);
    assert_string_equal(labels.note, "alone; other processes used 1.3 CPUs meanwhile");
    drop("/proc/stat");
    drop("/proc");
}

static void a_build_for_tests_is_not_optimised(void **state) {
    bench_labels labels;
    (void)state;
    bench_labels_read("", &labels);
    assert_int_equal(labels.optimised, GRILLE_TEST_OPTIMISED);
}

/* ---- Small things ---- */

static void placements(void **state) {
    (void)state;
    assert_true(bench_cpus() >= 1);
    assert_int_equal(bench_cpu_of("free", true), BENCH_CPU_ANY);
    assert_true(bench_cpu_of("same", true) >= 0);
    assert_int_equal(bench_cpu_of("same", true), bench_cpu_of("same", false));
    if (bench_cpus() >= 2) assert_true(bench_cpu_of("split", true) > bench_cpu_of("split", false));
}

static void progress_says_how_long(void **state) {
    const bench_plan_row row = row_of("good");
    const bench_progress progress = {.rounds = 3, .begin_ns = 1000000000};
    char text[256];
    (void)state;
    bench_progress_text(&progress, &row, 1, 0, 12, 1000000000, text);
    assert_string_equal(text, "1/12 fake unix same ping-pong 64 B, round 1 of 3");
    bench_progress_text(&progress, &row, 2, 4, 12, 5000000000, text);
    assert_string_equal(text, "5/12 fake unix same ping-pong 64 B, round 2 of 3, about 8 s left");
    bench_progress_text(&progress, &row, 0, 4, 12, 5000000000, text);
    assert_string_equal(text, "5/12 fake unix same ping-pong 64 B, counting system calls");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_becomes_a_result),
        cmocka_unit_test(each_failure_has_its_words),
        cmocka_unit_test(a_program_that_is_not_there),
        cmocka_unit_test(an_interrupt_ends_a_measurement),
        cmocka_unit_test(agents_end_with_their_parent),
        cmocka_unit_test(system_calls_are_counted),
        cmocka_unit_test(what_can_not_be_counted_says_so),
        cmocka_unit_test(only_calls_between_two_processes_are_counted),
        cmocka_unit_test(only_nitro_is_nitro),
        cmocka_unit_test(others_are_told_of),
        cmocka_unit_test(a_build_for_tests_is_not_optimised),
        cmocka_unit_test(placements),
        cmocka_unit_test(progress_says_how_long),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
