/* SPDX-License-Identifier: Apache-2.0
 * grille bench serve: the server's end alone, for a load from elsewhere. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "bench/agent/recorder.h"
#include "bench/driver/process.h"
#include "bench_folder.h"
#include "command.h"
#include "options.h"

static const char usage[] =
    "usage: grille bench serve --listen ADDRESS --identity PREFIX --policy FILE [--loops N] [--spin-us N]\n"
    "         serves what grille bench --target ADDRESS calls, until SIGINT or SIGTERM; prints \"ready ADDRESS\"\n"
    "         --identity PREFIX  PREFIX.pem and PREFIX.key; or the file of a shared key; or /dev/nsm, in an enclave\n"
    "         --policy FILE      its callers may_call /grille.bench.v1.Echo/*\n"
    "         --loops N          loop threads; default 1\n"
    "         --spin-us N        polling before sleep; default 50\n";

#define READY_NS    UINT64_C(20000000000)
#define FOR_EVER_NS UINT64_MAX

enum { STOP_MS = 5000 };

/* What the command line says. */
typedef struct request {
    const char *listen, *identity, *policy, *loops, *spin_us;
} request;

static int ended(bench_process *agent, bench_wait wait) {
    char text[256];
    if (wait == BENCH_WAIT_INTERRUPTED) return EXIT_DONE;
    bench_process_tell(agent, text);
    (void)fprintf(stderr, "grille: bench serve: %s\n", text);
    return EXIT_FAILED;
}

/* The agent is a process of its own, so that its standard input is ours to hold. */
static int serve(const request *asked, const char *folder) {
    char self[64], target[160], bench[] = "bench", agent_word[] = "agent", verb[] = "serve", row[] = "rpc-attested",
                                to[] = "--to", where[256], folder_option[] = "--folder", loops_option[] = "--loops",
                                loops[24], spin_option[] = "--spin-us", spin[24];
    char *argv[16] = {self, bench, agent_word, verb, row, to, where, folder_option, target};
    size_t count = 9;
    bench_process agent;
    bench_wait wait;
    char why[256];
    int status;
    (void)snprintf(self, sizeof self, "/proc/%d/exe", getpid());
    (void)snprintf(target, sizeof target, "%s/target", folder);
    (void)snprintf(where, sizeof where, "%s", asked->listen);
    if (asked->loops != NULL) {
        (void)snprintf(loops, sizeof loops, "%s", asked->loops);
        argv[count++] = loops_option;
        argv[count++] = loops;
    }
    if (asked->spin_us != NULL) {
        (void)snprintf(spin, sizeof spin, "%s", asked->spin_us);
        argv[count++] = spin_option;
        argv[count++] = spin;
    }
    argv[count] = NULL;
    if (!bench_process_start(&agent, argv, BENCH_CPU_ANY, false, why)) {
        (void)fprintf(stderr, "grille: bench serve: %s\n", why);
        bench_process_stop(&agent, 0);
        return EXIT_FAILED;
    }
    wait = bench_process_line(&agent, bench_now_ns() + READY_NS);
    if (wait == BENCH_WAIT_DONE) {
        (void)fputs(agent.answer, stdout);
        (void)fflush(stdout);
        wait = bench_process_end(&agent, FOR_EVER_NS);
    }
    status = ended(&agent, wait);
    bench_process_stop(&agent, STOP_MS);
    return status;
}

static bool is_number(const char *text) {
    return text == NULL || (text[0] != '\0' && strlen(text) < 10 && text[strspn(text, "0123456789")] == '\0');
}

int bench_serve(int argc, char **argv) {
    request asked = {.listen = NULL};
    const command_option options[] = {{"--listen", NULL, &asked.listen},
                                      {"--identity", NULL, &asked.identity},
                                      {"--policy", NULL, &asked.policy},
                                      {"--loops", NULL, &asked.loops},
                                      {"--spin-us", NULL, &asked.spin_us}};
    const command_line line = {.command = "bench serve",
                               .usage = usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0]};
    bench_folder folder = {.path = ""};
    grille_error error;
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    if (asked.listen == NULL || asked.identity == NULL || asked.policy == NULL) {
        return usage_error(usage, "bench serve: --listen, --identity and --policy are all needed");
    }
    if (strlen(asked.listen) > 255) return usage_error(usage, "bench serve: --listen is too long for an address");
    if (!is_number(asked.loops) || !is_number(asked.spin_us)) {
        return usage_error(usage, "bench serve: --loops and --spin-us are numbers");
    }
    bench_catch_signals();
    if (!bench_folder_make(&folder, &error) ||
        !bench_folder_link(&folder, "server", asked.identity, asked.policy, &error)) {
        (void)fprintf(stderr, "grille: bench serve: %s: %s\n", error.name, error.text);
        status = EXIT_USAGE;
    } else {
        status = serve(&asked, folder.path);
    }
    bench_folder_remove(&folder);
    return status;
}
