/* SPDX-License-Identifier: Apache-2.0
 * grille enclave terminate. */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "enclave.h"
#include "enclave_running.h"
#include "json.h"
#include "machine/machine.h"
#include "options.h"

static const char usage[] =
    "usage: grille enclave terminate [--on nitro|qemu] NAME\n"
    "       grille enclave terminate [--on nitro|qemu] --all\n"
    "         ends an enclave and waits until nothing of it is left; of one that has ended, its console goes\n"
    "         exit status: 0 gone, 1 it does not end, 2 usage or no such enclave\n";

static const char command[] = "enclave terminate";

/* As nitro-cli says it. */
static void print_end(const char *name) {
    (void)fputs("{\"EnclaveName\": ", stdout);
    json_text(stdout, name);
    (void)puts(", \"Terminated\": true}");
}

/* Somebody may have run another of that name meanwhile: that one stays. The lock is held. */
static bool clear(const enclave_runs *all, const machine_found *ended, grille_error *error) {
    static enclave_runs now;
    const machine_found *found = NULL;
    now.runs = all->runs;
    if (!machine_runs_look_locked(&all->runs, now.found, &now.count, error)) return false;
    found = enclave_runs_find(&now, ended->name);
    if (found != NULL && (!found->readable || found->state.phase == MACHINE_ENDED))
        machine_runs_clear(&all->runs, ended->name, false);
    return true;
}

static int end_one(const enclave_runs *all, const machine_found *found) {
    grille_error error = {.code = GRILLE_OK};
    bool good = true;
    if (found->readable && found->state.phase != MACHINE_ENDED) good = machine_stop(&found->state, &error);
    good = good && machine_runs_lock(&all->runs, &error);
    if (!good) return enclave_failed(command, &error, EXIT_FAILED);
    good = clear(all, found, &error);
    machine_runs_unlock(&all->runs);
    if (!good) return enclave_failed(command, &error, EXIT_FAILED);
    print_end(found->name);
    return EXIT_DONE;
}

/* `name` NULL: all. */
static int end_on_nitro(const char *name) {
    char *const by_name[] = {(char[]){"nitro-cli"}, (char[]){"terminate-enclave"}, (char[]){"--enclave-name"},
                             (char *)(uintptr_t)name, NULL};
    char *const all[] = {(char[]){"nitro-cli"}, (char[]){"terminate-enclave"}, (char[]){"--all"}, NULL};
    char *output = NULL;
    if (!enclave_nitro(command, name == NULL ? all : by_name, &output)) return EXIT_FAILED;
    (void)fputs(output, stdout);
    free(output);
    return EXIT_DONE;
}

static int end_all(const enclave_runs *all, enclave_place place) {
    int status = EXIT_DONE;
    for (size_t i = 0; i < all->count; i++)
        if (end_one(all, &all->found[i]) != EXIT_DONE) status = EXIT_FAILED;
    if (place == PLACE_NITRO && end_on_nitro(NULL) != EXIT_DONE) status = EXIT_FAILED;
    return status;
}

static int end_named(const enclave_runs *all, const char *name, enclave_place place) {
    const machine_found *found = enclave_runs_find(all, name);
    if (found != NULL) return end_one(all, found);
    if (place == PLACE_NITRO) return end_on_nitro(name);
    (void)fprintf(stderr, "grille: %s: no enclave \"%s\": looked in %s. Next: grille enclave list\n", command, name,
                  all->runs.path);
    return EXIT_USAGE;
}

int enclave_terminate(int argc, char **argv) {
    static enclave_runs all;
    bool every = false;
    const char *name = NULL, *on = NULL;
    const command_option options[] = {{.name = "--all", .flag = &every}, {.name = "--on", .value = &on}};
    const command_line line = {.command = command,
                               .usage = usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0],
                               .operands = &name,
                               .most = 1,
                               .operand_name = "NAME"};
    enclave_place place = PLACE_QEMU;
    grille_error error = {.code = GRILLE_OK};
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    if (every == (name != NULL)) return usage_error(usage, "%s: either NAME or --all", command);
    if (!enclave_place_parse(on, command, usage, &place, &status)) return status;
    if (!enclave_runs_open(&all, &error)) return enclave_failed(command, &error, EXIT_FAILED);
    status = every ? end_all(&all, place) : end_named(&all, name, place);
    machine_runs_close(&all.runs);
    return fflush(stdout) == 0 ? status : EXIT_FAILED;
}
