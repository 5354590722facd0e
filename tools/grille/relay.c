/* SPDX-License-Identifier: Apache-2.0
 * grille relay: the command line. */
#include "relay/relay.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "command.h"
#include "grille/log.h"
#include "options.h"
#include "relay/limits.h"

static const char usage[] =
    "usage: grille relay --listen ADDRESS --to ADDRESS [--listen ADDRESS --to ADDRESS]… [OPTION]…\n"
    "         forwards each connection that comes to --listen to the --to behind it: bytes only\n"
    "       ADDRESS: tcp:HOST:PORT, vsock:CID:PORT, unix:PATH, unix-abstract:NAME, hybrid:PATH:PORT or fd:N\n"
    "                of --to also tcp:NAME:PORT: its addresses are found and tried for each connection\n"
    "       --allow FILE           who may connect, and where to; without it whoever reaches the address\n"
    "       --max-connections N    at once; default 1024\n"
    "       --rate N               new connections a second; default 500\n"
    "       --connect-timeout TIME default 10s\n"
    "       --idle-timeout TIME    without a byte in either direction; default 15m\n"
    "       --drain-timeout TIME   for what runs after SIGTERM or SIGINT; default 10s; a second signal cuts at once\n"
    "       --no-spin              sleep at once when there is nothing to forward\n"
    "       --quiet                warnings and errors only\n"
    "       TIME: a number and ms, s, m or h\n";

enum { DESCRIPTORS_PER_CONNECTION = 2, DESCRIPTORS_PER_PAIR = 2, OTHER_DESCRIPTORS = 32 };

/* What the command line asked for. */
typedef struct request {
    const char *listen[RELAY_LIMIT_PAIRS];
    const char *to[RELAY_LIMIT_PAIRS];
    size_t pairs;
    bool half; /* a --listen waits for its --to */
    const char *allow;
    const char *max_connections, *rate, *connect_timeout, *idle_timeout, *drain_timeout;
    relay_options options;
    bool no_spin;
    bool quiet;
} request;

/* ---- Options ---- */

static bool parse_number(const char *text, uint32_t most, uint32_t *number, const char **rest) {
    uint64_t value = 0;
    const char *at = text;
    for (; isdigit((unsigned char)*at) && at - text < 10; at++)
        value = value * 10 + (uint64_t)(*at - '0');
    *rest = at;
    *number = value > most ? most : (uint32_t)value;
    return at != text && value <= most;
}

/* NULL as value: the default stays. */
static int parse_count(const char *option, const char *value, uint32_t most, uint32_t *count) {
    const char *rest = NULL;
    if (value == NULL || (parse_number(value, most, count, &rest) && *rest == '\0' && *count > 0)) return EXIT_DONE;
    return usage_error(usage, "relay: %s is a number from 1 to %u, not \"%s\"", option, most, value);
}

static int parse_time(const char *option, const char *value, uint32_t least_ms, uint32_t *time_ms) {
    static const struct {
        const char *name;
        uint32_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    const char *rest = NULL;
    uint32_t number = 0;
    if (value == NULL) return EXIT_DONE;
    if (parse_number(value, RELAY_LIMIT_TIMEOUT_MS, &number, &rest)) {
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
            const uint64_t ms = (uint64_t)number * units[i].ms;
            if (strcmp(rest, units[i].name) != 0 || ms < least_ms || ms > RELAY_LIMIT_TIMEOUT_MS) continue;
            *time_ms = (uint32_t)ms;
            return EXIT_DONE;
        }
    }
    return usage_error(usage, "relay: %s is a time from %ums to 24h, as 500ms, 10s, 15m or 1h, not \"%s\"", option,
                       least_ms, value);
}

static int parse_values(request *asked) {
    relay_options *options = &asked->options;
    int status =
        parse_count("--max-connections", asked->max_connections, RELAY_LIMIT_CONNECTIONS, &options->max_connections);
    if (status == EXIT_DONE) status = parse_count("--rate", asked->rate, RELAY_LIMIT_RATE, &options->rate);
    if (status == EXIT_DONE) {
        status = parse_time("--connect-timeout", asked->connect_timeout, 1, &options->connect_timeout_ms);
    }
    if (status == EXIT_DONE) status = parse_time("--idle-timeout", asked->idle_timeout, 1, &options->idle_timeout_ms);
    if (status == EXIT_DONE) {
        status = parse_time("--drain-timeout", asked->drain_timeout, 0, &options->drain_timeout_ms);
    }
    return status;
}

static int take_listen(request *asked, const char *value) {
    if (asked->half) return usage_error(usage, "relay: --listen %s has no --to", asked->listen[asked->pairs]);
    if (asked->pairs == RELAY_LIMIT_PAIRS) return usage_error(usage, "relay: more than %d pairs", RELAY_LIMIT_PAIRS);
    asked->listen[asked->pairs] = value;
    asked->half = true;
    return EXIT_DONE;
}

static int take_to(request *asked, const char *value) {
    if (!asked->half) return usage_error(usage, "relay: --to %s has no --listen before it", value);
    asked->to[asked->pairs++] = value;
    asked->half = false;
    return EXIT_DONE;
}

/* The value of an option that may come again, and whether it is the next argument. */
static bool is_option(const char *name, int argc, char **argv, int at, const char **value, bool *is_next) {
    const size_t len = strlen(name);
    if (strncmp(argv[at], name, len) != 0 || (argv[at][len] != '\0' && argv[at][len] != '=')) return false;
    *is_next = argv[at][len] == '\0';
    *value = !*is_next ? &argv[at][len + 1] : at + 1 < argc ? argv[at + 1] : "";
    return true;
}

/* Takes the pairs out of the arguments, in their order, and leaves the rest in front. */
static int take_pairs(request *asked, int *argc, char **argv) {
    int status = EXIT_DONE, kept = 0;
    for (int at = 0; at < *argc && status == EXIT_DONE; at++) {
        const char *value = NULL;
        bool is_next = false;
        const bool listen = is_option("--listen", *argc, argv, at, &value, &is_next);
        if (!listen && !is_option("--to", *argc, argv, at, &value, &is_next)) {
            argv[kept++] = argv[at];
            continue;
        }
        if (value[0] == '\0') return usage_error(usage, "relay: %s needs a value", listen ? "--listen" : "--to");
        status = listen ? take_listen(asked, value) : take_to(asked, value);
        if (is_next) at++;
    }
    *argc = kept;
    return status;
}

/* False: *status is what the process ends with. */
static bool parse(int argc, char **argv, request *asked, int *status) {
    const char *pairs = NULL; /* taken before; for the nearest option */
    const command_option options[] = {
        {"--listen", NULL, &pairs},
        {"--to", NULL, &pairs},
        {"--allow", NULL, &asked->allow},
        {"--max-connections", NULL, &asked->max_connections},
        {"--rate", NULL, &asked->rate},
        {"--connect-timeout", NULL, &asked->connect_timeout},
        {"--idle-timeout", NULL, &asked->idle_timeout},
        {"--drain-timeout", NULL, &asked->drain_timeout},
        {"--no-spin", &asked->no_spin, NULL},
        {"--quiet", &asked->quiet, NULL},
    };
    const command_line line = {
        .command = "relay", .usage = usage, .options = options, .option_count = sizeof options / sizeof options[0]};
    *status = take_pairs(asked, &argc, argv);
    if (*status != EXIT_DONE || !command_line_parse(&line, argc, argv, status)) return false;
    *status = parse_values(asked);
    if (*status == EXIT_DONE && asked->half) {
        *status = usage_error(usage, "relay: --listen %s has no --to", asked->listen[asked->pairs]);
    }
    if (*status == EXIT_DONE && asked->pairs == 0) {
        *status = usage_error(usage, "relay: from where to where? --listen ADDRESS --to ADDRESS");
    }
    return *status == EXIT_DONE;
}

/* ---- Work ---- */

static void write_line(grille_log_level level, const char *module, const char *line, void *user) {
    (void)module;
    (void)user;
    (void)fprintf(stderr, "grille: relay: %s%s\n", level <= GRILLE_LOG_WARNING ? "warning: " : "", line);
}

static int complain(const grille_error *error) {
    (void)fprintf(stderr, "grille: relay: %s: %s\n", error->name, error->text);
    const bool usage_is_wrong = error->code == GRILLE_INVALID_ARGUMENT || error->code == GRILLE_UNIMPLEMENTED ||
                                error->code == GRILLE_FAILED_PRECONDITION;
    return usage_is_wrong ? EXIT_USAGE : EXIT_FAILED;
}

/* As many descriptors as the connections need, where this process may have them. */
static void want_descriptors(const request *asked) {
    struct rlimit files;
    const rlim_t wanted = (rlim_t)asked->options.max_connections * DESCRIPTORS_PER_CONNECTION +
                          asked->pairs * DESCRIPTORS_PER_PAIR + OTHER_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= wanted) return;
    files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur >= wanted) return;
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_APPLICATION,
               "%llu files may be open, but %u connections need %llu: raise the limit (ulimit -Hn) or lower "
               "--max-connections",
               (unsigned long long)files.rlim_cur, asked->options.max_connections, (unsigned long long)wanted);
}

/* Everybody can reach an address of tcp and vsock. */
static void warn_of_open_doors(const request *asked) {
    const grille_allow *allow = asked->options.allow;
    for (size_t i = 0; i < asked->pairs && (allow == NULL || grille_allow_takes_any_peer(allow)); i++) {
        const char *at = asked->listen[i];
        if (strncmp(at, "tcp:", 4) != 0 || strncmp(at, "tcp:127.", 8) == 0 || strncmp(at, "tcp:[::1]", 9) == 0 ||
            strncmp(at, "tcp:localhost:", 14) == 0) {
            continue;
        }
        grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_APPLICATION,
                   "whoever reaches %s may connect: say who with --allow FILE, or with a firewall", at);
    }
}

static int serve(const request *asked, relay *relay) {
    grille_error error;
    for (size_t i = 0; i < asked->pairs; i++) {
        if (relay_add(relay, asked->listen[i], asked->to[i], &error) != GRILLE_REASON_OK) return complain(&error);
    }
    for (size_t i = 0; i < asked->pairs; i++)
        (void)printf("ready %s to %s\n", relay_listen_address(relay, i), relay_target_address(relay, i));
    (void)fflush(stdout);
    return relay_run(relay, &error) == GRILLE_REASON_OK ? EXIT_DONE : complain(&error);
}

int command_relay(int argc, char **argv) {
    request asked = {.options = relay_options_default()};
    grille_allow *allow = NULL;
    relay *relay = NULL;
    grille_error error;
    int status = EXIT_DONE;
    if (!parse(argc - 1, argv + 1, &asked, &status)) return status;
    grille_log_set(write_line, NULL, asked.quiet ? GRILLE_LOG_WARNING : GRILLE_LOG_INFO);
    if (asked.allow != NULL &&
        grille_allow_load(asked.allow, GRILLE_ALLOW_FOR_PEERS, &allow, &error) != GRILLE_REASON_OK) {
        return complain(&error);
    }
    asked.options.allow = allow;
    /* Who reads the log may go away; connections stay. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (asked.no_spin) asked.options.spin_us = 0;
    warn_of_open_doors(&asked);
    want_descriptors(&asked);
    if (relay_new(&asked.options, &relay, &error) == GRILLE_REASON_OK) {
        status = serve(&asked, relay);
    } else {
        status = complain(&error);
    }
    relay_free(relay);
    grille_allow_free(allow);
    return status;
}
