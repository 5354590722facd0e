/* SPDX-License-Identifier: Apache-2.0
 * grille bench: measures, and shows what came of it. */
#include <stdio.h>
#include <unistd.h>

#include "bench.h"
#include "bench/driver/labels.h"
#include "bench/driver/placement.h"
#include "bench/driver/progress.h"
#include "bench/driver/rounds.h"
#include "bench/driver/syscalls.h"
#include "bench_folder.h"
#include "bench_outputs.h"
#include "bench_request.h"
#include "command.h"
#include "grille/log.h"

static int complain(const grille_error *error, int status) {
    (void)fprintf(stderr, "grille: bench: %s: %s\n", error->name, error->text);
    return status;
}

static bench_outcome measure(void *user, const bench_plan_row *row, bench_result *result, char why[256]) {
    return bench_measure(user, row, result, why);
}

/* False: interrupted. What can't be counted stays unknown, and is said once. */
static bool count_calls(bench_rounds *rounds, bench_bed *bed, bench_progress *progress) {
    bool told = false;
    for (size_t i = 0; i < rounds->plan->row_count; i++) {
        const bench_plan_row *row = &rounds->plan->rows[i];
        bench_per_call per_call = {0};
        bench_outcome outcome;
        char why[256];
        if (rounds->tallies[i].outcome != BENCH_MEASURED || !bench_syscalls_fit(row)) continue;
        bench_progress_show(progress, row, 0, i, rounds->plan->row_count);
        outcome = bench_syscalls_measure(bed, row, &per_call, why);
        if (outcome == BENCH_INTERRUPTED) return false;
        if (outcome == BENCH_MEASURED) {
            bench_rounds_note(rounds, i, BENCH_SYSTEM_CALLS, per_call.system_calls);
            bench_rounds_note(rounds, i, BENCH_WIRE_BYTES, per_call.wire_bytes);
        } else if (!told) {
            bench_progress_end(progress);
            (void)fprintf(stderr, "grille: bench: system calls were not counted: %s\n", why);
            told = true;
        }
    }
    return true;
}

/* Rows without a figure, each with its reason. False: one failed. */
static bool tell_of_rows(const bench_rounds *rounds) {
    bool all = true;
    for (size_t i = 0; i < rounds->plan->row_count; i++) {
        const bench_tally *tally = &rounds->tallies[i];
        char name[160];
        if (tally->outcome == BENCH_MEASURED) continue;
        bench_plan_row_name(&rounds->plan->rows[i], name);
        (void)fprintf(stderr, "grille: bench: %s %s: %s\n", name,
                      tally->outcome == BENCH_UNSUPPORTED ? "left out" : "FAILED", tally->why);
        if (tally->outcome == BENCH_FAILED) all = false;
    }
    if (rounds->plan->left_out_split) {
        (void)fprintf(stderr, "grille: bench: split left out: both sides need a CPU of their own here\n");
    }
    return all;
}

static int show(const bench_request *asked, bench_rounds *rounds, bench_labels *labels) {
    bench_report report = {.labels = *labels};
    grille_error error;
    int status = EXIT_DONE;
    if (!tell_of_rows(rounds)) status = EXIT_FAILED;
    if (!bench_rounds_report(rounds, &report)) {
        (void)fprintf(stderr, "grille: bench: no memory\n");
        status = EXIT_FAILED;
    } else if (report.row_count == 0) {
        (void)fprintf(stderr, "grille: bench: nothing was measured\n");
        status = EXIT_FAILED;
    } else {
        if (!bench_report_table(&report, stdout) || fflush(stdout) != 0) status = EXIT_FAILED;
        if (!bench_outputs_write(&asked->outputs, &report, &error)) status = complain(&error, EXIT_FAILED);
    }
    bench_report_deinit(&report);
    return status;
}

static int run_rounds(const bench_request *asked, const bench_plan *plan, const bench_folder *folder,
                      bench_labels *labels) {
    char self[64];
    bench_bed bed = {.self = self, .folder = folder->path, .vsock_cid = plan->vsock_cid, .port = plan->port};
    bench_progress progress = bench_progress_begin(asked->quiet, plan->rounds);
    const double others_s = bench_labels_others_cpu_s("");
    const uint64_t begin_ns = bench_now_ns();
    bench_rounds rounds;
    bool whole = false;
    int status = EXIT_FAILED;
    /* This very file, whatever stands at its path by now. */
    (void)snprintf(self, sizeof self, "/proc/%d/exe", getpid());
    if (bench_rounds_init(&rounds, plan)) {
        rounds.seed = asked->seed;
        rounds.measure = measure;
        rounds.measure_user = &bed;
        rounds.progress = bench_progress_show;
        rounds.progress_user = &progress;
        whole = bench_rounds_run(&rounds) && (asked->no_counts || count_calls(&rounds, &bed, &progress));
        bench_progress_end(&progress);
        if (whole) {
            if (others_s >= 0) {
                bench_labels_disturbed(labels, (bench_labels_others_cpu_s("") - others_s) * 1e9 /
                                                   (double)(bench_now_ns() - begin_ns));
            }
            status = show(asked, &rounds, labels);
        } else {
            (void)fprintf(stderr, "grille: bench: interrupted\n");
            status = EXIT_INTERRUPTED;
        }
    } else {
        (void)fprintf(stderr, "grille: bench: no memory for that many rounds\n");
    }
    bench_rounds_deinit(&rounds);
    return status;
}

static void ignore_line(grille_log_level level, const char *module, const char *line, void *user) {
    (void)level;
    (void)module;
    (void)line;
    (void)user;
}

static int run_plan(const bench_request *asked, const bench_plan *plan, bench_labels *labels) {
    bench_folder folder = {.path = ""};
    grille_error error;
    int status;
    if (!bench_outputs_check(&asked->outputs, &error)) return complain(&error, EXIT_USAGE);
    grille_log_set(ignore_line, NULL, GRILLE_LOG_ERROR); /* a simulated NSM says that it is one */
    bench_catch_signals();
    if (!bench_folder_make(&folder, &error)) return complain(&error, EXIT_FAILED);
    if (asked->wishes.target != NULL) {
        status = bench_folder_link(&folder, "client", asked->identity, asked->policy, &error)
                     ? EXIT_DONE
                     : complain(&error, EXIT_USAGE);
    } else {
        status = bench_folder_fill(&folder, plan, &error) ? EXIT_DONE : complain(&error, EXIT_FAILED);
    }
    if (status == EXIT_DONE) status = run_rounds(asked, plan, &folder, labels);
    bench_folder_remove(&folder);
    return status;
}

int bench_run(int argc, char **argv) {
    static bench_request asked;
    static bench_labels labels;
    bench_plan plan;
    bench_wrong wrong;
    int status = EXIT_DONE;
    if (!bench_request_parse(argc, argv, bench_labels_optimised(), &asked, &status)) return status;
    bench_labels_read("", &labels);
    bench_labels_warn(&labels, bench_cpus(), asked.wishes.target != NULL);
    bench_labels_command(&labels, argc, argv);
    status = bench_plan_make(&asked.wishes, bench_cpus(), &plan, &wrong) ? run_plan(&asked, &plan, &labels)
                                                                         : bench_request_complain(&wrong);
    bench_plan_deinit(&plan);
    return status;
}
