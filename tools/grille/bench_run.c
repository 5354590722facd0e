/* SPDX-License-Identifier: Apache-2.0
 * grille bench: measures, and shows what came of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "bench/driver/labels.h"
#include "bench/driver/placement.h"
#include "bench/driver/progress.h"
#include "bench/driver/rounds.h"
#include "bench/driver/syscalls.h"
#include "bench_folder.h"
#include "bench_outputs.h"
#include "command.h"
#include "grille/log.h"
#include "options.h"

static const char usage[] =
    "usage: grille bench [OPTION]…                measures, between two processes of this command\n"
    "       grille bench serve --listen ADDRESS …  a server for --target\n"
    "       grille bench compare BEFORE AFTER …    two files of --json\n"
    "       what is measured (lists with commas; sizes as 64, 16Ki, 1Mi)\n"
    "         --plan short|standard|full  where nothing else says; default short, under a minute\n"
    "         --rows LIST          raw, tls, rpc-insecure, rpc-attested\n"
    "         --patterns LIST      ping-pong, in-flight, open-loop, bulk, stream, stream-up, stream-down, "
    "stream-both,\n"
    "                              connect, idle\n"
    "         --direction LIST     of stream: up, down, both; default up,down\n"
    "         --bytes LIST         of a message; default 64, for bulk 1Mi\n"
    "         --in-flight LIST     calls at once of in-flight (default 100), bulk (1) and connect (4)\n"
    "         --streams LIST       streams at once of stream patterns; default 1\n"
    "         --connections LIST   default 1, for idle 1000\n"
    "         --idle-streams LIST  streams that stand open beside the calls; default 0\n"
    "         --rate N             calls per second of open-loop\n"
    "       where\n"
    "         --transport LIST     unix, unix-abstract, tcp, vsock, hybrid, inproc; default unix\n"
    "         --cid N, --port N    of vsock; default 1 (loopback) and 5000\n"
    "         --placement LIST     same: both on one CPU; split: one each; free; default same,free\n"
    "         --loops N            loop threads of the server; default 1\n"
    "         --server-kind LIST, --client-kind LIST  what they prove: x509, nitro (simulated), psk; default x509\n"
    "         --spin-us N          polling before sleep; default 50, 0: none\n"
    "         --target ADDRESS --identity PREFIX --policy FILE  a server elsewhere (grille bench serve)\n"
    "         --insecure-agent PATH  the program of the row rpc-insecure\n"
    "         --peer NAME=PATH     another program that is measured beside; may be given again\n"
    "       how long\n"
    "         --seconds S          of each measurement; default 0.5\n"
    "         --warmup S           before it; default 0.1\n"
    "         --rounds N           default 3; medians of them are shown\n"
    "         --seed N             of the order within a round; default: by the clock\n"
    "         --no-counts          don't count system calls and bytes on the wire\n"
    "       what comes of it, beside a table on standard output\n"
    "         --json FILE, --csv FILE, --html FILE, --hgrm DIR  not from an unoptimised build\n"
    "         --quiet              no progress line\n"
    "       exit status: 0 all was measured, 1 some was not, 2 usage, 130 interrupted\n";

/* What the command line says. */
typedef struct request {
    bench_wishes wishes;
    bench_outputs outputs;
    const char *identity, *policy, *seed_text;
    uint64_t seed;
    bool no_counts, quiet;
} request;

/* ---- Options ---- */

static int parse_seed(request *asked) {
    char *end = NULL;
    if (asked->seed_text == NULL) {
        asked->seed = (uint64_t)time(NULL);
        return EXIT_DONE;
    }
    if (asked->seed_text[strspn(asked->seed_text, "0123456789")] == '\0' && strlen(asked->seed_text) < 19) {
        asked->seed = strtoull(asked->seed_text, &end, 10);
        return EXIT_DONE;
    }
    return usage_error(usage, "bench: --seed is a number, not \"%.60s\"", asked->seed_text);
}

static int check(const request *asked, const bench_labels *labels) {
    const bool target = asked->wishes.target != NULL;
    if (target && (asked->identity == NULL || asked->policy == NULL)) {
        return usage_error(usage, "bench: --target needs --identity (who we are) and --policy (whom we trust)");
    }
    if (!target && (asked->identity != NULL || asked->policy != NULL)) {
        return usage_error(usage, "bench: --identity and --policy go with --target; our own server gets its own");
    }
    if (!labels->optimised && bench_outputs_any(&asked->outputs)) {
        return usage_error(usage,
                           "bench: this is an unoptimised build: its numbers say nothing, and no file is written "
                           "of them; build with --config=opt, as ./run bench does");
    }
    return EXIT_DONE;
}

/* False: *status is what the process ends with. */
static bool parse(int argc, char **argv, request *asked, const bench_labels *labels, int *status) {
    bench_wishes *w = &asked->wishes;
    const command_option options[] = {
        {"--plan", NULL, &w->plan},
        {"--rows", NULL, &w->rows},
        {"--patterns", NULL, &w->patterns},
        {"--direction", NULL, &w->directions},
        {"--bytes", NULL, &w->bytes},
        {"--in-flight", NULL, &w->in_flight},
        {"--streams", NULL, &w->streams},
        {"--connections", NULL, &w->connections},
        {"--idle-streams", NULL, &w->idle_streams},
        {"--rate", NULL, &w->rate},
        {"--transport", NULL, &w->transports},
        {"--cid", NULL, &w->cid},
        {"--port", NULL, &w->port},
        {"--placement", NULL, &w->placements},
        {"--loops", NULL, &w->loops},
        {"--server-kind", NULL, &w->server_kinds},
        {"--client-kind", NULL, &w->client_kinds},
        {"--spin-us", NULL, &w->spin_us},
        {"--target", NULL, &w->target},
        {"--identity", NULL, &asked->identity},
        {"--policy", NULL, &asked->policy},
        {"--insecure-agent", NULL, &w->insecure_agent},
        {"--seconds", NULL, &w->seconds},
        {"--warmup", NULL, &w->warm_up},
        {"--rounds", NULL, &w->rounds},
        {"--seed", NULL, &asked->seed_text},
        {"--no-counts", &asked->no_counts, NULL},
        {"--json", NULL, &asked->outputs.json},
        {"--csv", NULL, &asked->outputs.csv},
        {"--html", NULL, &asked->outputs.html},
        {"--hgrm", NULL, &asked->outputs.hgrm},
        {"--quiet", &asked->quiet, NULL},
    };
    const command_list_option peers = {"--peer", w->peers, &w->peer_count, BENCH_PEERS_MAX};
    const command_line line = {.command = "bench",
                               .usage = usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0],
                               .list_option = &peers};
    if (argc >= 2 && argv[1][0] != '-') {
        static const char *const verbs[] = {"serve", "compare"};
        *status = unknown_word(usage, "bench", "", argv[1], verbs, 2);
        return false;
    }
    if (!command_line_parse(&line, argc - 1, argv + 1, status)) return false;
    *status = parse_seed(asked);
    if (*status == EXIT_DONE) *status = check(asked, labels);
    return *status == EXIT_DONE;
}

static int complain_of_plan(const bench_wrong *wrong) {
    char what[80];
    if (wrong->known == NULL) return usage_error(usage, "bench: %s", wrong->text);
    (void)snprintf(what, sizeof what, "%s ", wrong->option);
    return unknown_word(usage, "bench", what, wrong->word, wrong->known, wrong->known_count);
}

static int complain(const grille_error *error, int status) {
    (void)fprintf(stderr, "grille: bench: %s: %s\n", error->name, error->text);
    return status;
}

/* ---- Work ---- */

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

static int show(const request *asked, bench_rounds *rounds, bench_labels *labels) {
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

static int run_rounds(const request *asked, const bench_plan *plan, const bench_folder *folder, bench_labels *labels) {
    char self[64];
    bench_bed bed = {.self = self, .folder = folder->path, .vsock_cid = plan->vsock_cid, .port = plan->port};
    bench_progress progress = bench_progress_begin(asked->quiet, plan->rounds);
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

static int run_plan(const request *asked, const bench_plan *plan, bench_labels *labels) {
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
    static request asked;
    static bench_labels labels;
    bench_plan plan;
    bench_wrong wrong;
    int status = EXIT_DONE;
    bench_labels_read("", &labels);
    bench_labels_warn(&labels, bench_cpus(), false);
    bench_labels_command(&labels, argc, argv);
    if (!parse(argc, argv, &asked, &labels, &status)) return status;
    if (asked.wishes.target != NULL) bench_labels_warn(&labels, bench_cpus(), true);
    status = bench_plan_make(&asked.wishes, bench_cpus(), &plan, &wrong) ? run_plan(&asked, &plan, &labels)
                                                                         : complain_of_plan(&wrong);
    bench_plan_deinit(&plan);
    return status;
}
