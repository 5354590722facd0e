/* SPDX-License-Identifier: Apache-2.0
 * grille bench: which verb. */
#include "bench.h"

#include <signal.h>
#include <string.h>

#include "bench/agent/row.h"
#include "bench/driver/process.h"
#include "command.h"

static void interrupt(int signal_no) {
    (void)signal_no;
    bench_interrupted = 1;
}

void bench_catch_signals(void) {
    const struct sigaction action = {.sa_handler = interrupt};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

/* One end of a measurement: what this command starts itself as. */
static int agent(int argc, char **argv) {
    static const bench_row *const rows[] = {&bench_row_raw, &bench_row_tls, &bench_row_rpc_attested, NULL};
    return bench_agent_main(rows, argc, argv);
}

int command_bench(int argc, char **argv) {
    if (argc >= 2 && strcmp(argv[1], "agent") == 0) return agent(argc - 2, argv + 2);
    if (argc >= 2 && strcmp(argv[1], "serve") == 0) return bench_serve(argc - 2, argv + 2);
    if (argc >= 2 && strcmp(argv[1], "compare") == 0) return bench_compare(argc - 2, argv + 2);
    return bench_run(argc, argv);
}
