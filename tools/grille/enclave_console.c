/* SPDX-License-Identifier: Apache-2.0
 * grille enclave console. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "command.h"
#include "enclave.h"
#include "enclave_running.h"
#include "machine/console.h"
#include "options.h"

static const char usage[] =
    "usage: grille enclave console [--on nitro|qemu] NAME\n"
    "         what a debug enclave prints: what is there, and what comes until it ends. Of one that has ended, until\n"
    "         `terminate` or the next of that name; of much, the newest MiB\n"
    "         exit status: 0 it has ended, 1 it can't be read, 2 usage, no such enclave, or one that has no console\n";

static const char command[] = "enclave console";

/* nitro-cli in our place: the terminal is its own. */
static int become_nitro(const char *name) {
    char program[PATH_MAX];
    char *const arguments[] = {(char[]){"nitro-cli"}, (char[]){"console"}, (char[]){"--enclave-name"},
                               (char *)(uintptr_t)name, NULL};
    if (machine_program_find("nitro-cli", program)) (void)execv(program, arguments);
    (void)fprintf(stderr, "grille: %s: can't run nitro-cli: %s\n", command, strerror(errno));
    return EXIT_FAILED;
}

static int refuse(const enclave_runs *all, const machine_found *found, const char *name) {
    if (found == NULL) {
        (void)fprintf(stderr, "grille: %s: no enclave \"%s\": looked in %s. Next: grille enclave list\n", command, name,
                      all->runs.path);
    } else if (!found->readable) {
        (void)fprintf(stderr, "grille: %s: %s is not understood: %s. Next: grille enclave terminate %s\n", command,
                      name, found->problem, name);
    } else {
        (void)fprintf(stderr,
                      "grille: %s: enclave \"%s\" has no console: it runs without --debug. Next: terminate it, and run "
                      "it with --debug\n",
                      command, name);
    }
    return EXIT_USAGE;
}

static int follow(const enclave_runs *all, const machine_state *state) {
    const int folder = machine_runs_enter(&all->runs, state->name);
    const int pidfd = state->phase == MACHINE_ENDED ? -1 : machine_process_open(&state->supervisor);
    char path[2 * GRILLE_RUN_PATH_BYTES];
    grille_error error = {.code = GRILLE_OK};
    bool good = false;
    (void)snprintf(path, sizeof path, "%s/%s", all->runs.path, state->name);
    if (folder < 0) {
        (void)grille_error_set(&error, GRILLE_REASON_SYSTEM, "can't open %.200s: %s", path, strerror(errno));
    } else {
        good = machine_console_follow(folder, path, pidfd, STDOUT_FILENO, &error);
        (void)close(folder);
    }
    if (pidfd >= 0) (void)close(pidfd);
    return good ? EXIT_DONE : enclave_failed(command, &error, EXIT_FAILED);
}

int enclave_console(int argc, char **argv) {
    static enclave_runs all;
    const char *name = NULL, *on = NULL;
    const command_option options[] = {{.name = "--on", .value = &on}};
    const command_line line = {.command = command,
                               .usage = usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0],
                               .operands = &name,
                               .least = 1,
                               .most = 1,
                               .operand_name = "NAME"};
    const machine_found *found = NULL;
    enclave_place place = PLACE_QEMU;
    grille_error error = {.code = GRILLE_OK};
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    if (!enclave_place_parse(on, command, usage, &place, &status)) return status;
    if (!enclave_runs_open(&all, &error)) return enclave_failed(command, &error, EXIT_FAILED);
    found = enclave_runs_find(&all, name);
    if (found == NULL && place == PLACE_NITRO) {
        status = become_nitro(name);
    } else if (found == NULL || !found->readable || !found->state.debug) {
        status = refuse(&all, found, name);
    } else {
        status = follow(&all, &found->state);
    }
    machine_runs_close(&all.runs);
    return status;
}
