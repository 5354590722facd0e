/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
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
    "         --idle-connections LIST  connections that stand beside those of the calls; default 0\n"
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
    "         --warmup S           before it; default 0.1, more for many connections\n"
    "         --rounds N           default 3; medians of them are shown\n"
    "         --seed N             of the order within a round; default: by the clock\n"
    "         --no-counts          don't count system calls and bytes on the wire\n"
    "       what comes of it, beside a table on standard output\n"
    "         --json FILE, --csv FILE, --html FILE, --hgrm DIR  not from an unoptimised build\n"
    "         --quiet              no progress line\n"
    "       exit status: 0 all was measured, 1 some was not, 2 usage, 130 interrupted\n";

static int parse_seed(bench_request *asked) {
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

static int check(const bench_request *asked, bool optimised) {
    const bool target = asked->wishes.target != NULL;
    if (target && (asked->identity == NULL || asked->policy == NULL)) {
        return usage_error(usage, "bench: --target needs --identity (who we are) and --policy (whom we trust)");
    }
    if (!target && (asked->identity != NULL || asked->policy != NULL)) {
        return usage_error(usage, "bench: --identity and --policy go with --target; our own server gets its own");
    }
    if (!optimised && bench_outputs_any(&asked->outputs)) {
        return usage_error(usage,
                           "bench: this is an unoptimised build: its numbers say nothing, and no file is written "
                           "of them; build with --config=opt, as ./run bench does");
    }
    return EXIT_DONE;
}

bool bench_request_parse(int argc, char **argv, bool optimised, bench_request *asked, int *status) {
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
        {"--idle-connections", NULL, &w->idle_connections},
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
                               .list_options = &peers,
                               .list_option_count = 1};
    if (argc >= 2 && argv[1][0] != '-') {
        static const char *const verbs[] = {"serve", "compare"};
        *status = unknown_word(usage, "bench", "", argv[1], verbs, 2);
        return false;
    }
    if (!command_line_parse(&line, argc - 1, argv + 1, status)) return false;
    *status = parse_seed(asked);
    if (*status == EXIT_DONE) *status = check(asked, optimised);
    return *status == EXIT_DONE;
}

int bench_request_complain(const bench_wrong *wrong) {
    char what[80];
    if (wrong->known == NULL) return usage_error(usage, "bench: %s", wrong->text);
    (void)snprintf(what, sizeof what, "%s ", wrong->option);
    return unknown_word(usage, "bench", what, wrong->word, wrong->known, wrong->known_count);
}
