/* SPDX-License-Identifier: Apache-2.0 */
#include "enclave_running.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "command.h"

bool enclave_place_parse(const char *text, const char *command, const char *usage, enclave_place *place, int *status) {
    *status = EXIT_DONE;
    if (text == NULL) {
        *place = machine_on_nitro() ? PLACE_NITRO : PLACE_QEMU;
    } else if (strcmp(text, "nitro") == 0) {
        *place = PLACE_NITRO;
    } else if (strcmp(text, "qemu") == 0) {
        *place = PLACE_QEMU;
    } else {
        *status = usage_error(usage, "%s: --on is nitro or qemu, not \"%s\"", command, text);
    }
    return *status == EXIT_DONE;
}

int enclave_failed(const char *command, const grille_error *error, int status) {
    (void)fprintf(stderr, "grille: %s: %s\n", command, error->text);
    return status;
}

bool enclave_nitro(const char *command, char *const *arguments, char **output) {
    enum { first_code = 1, last_code = 60 }; /* E01 to E60: its status is the number */
    char program[PATH_MAX];
    grille_error error = {.code = GRILLE_OK};
    int status = 0;
    *output = NULL;
    if (!machine_program_find("nitro-cli", program)) {
        (void)fprintf(stderr,
                      "grille: %s: no nitro-cli: looked in the folders of PATH. Likely this is no parent of Nitro "
                      "enclaves. Next: install aws-nitro-enclaves-cli, or --on qemu\n",
                      command);
        return false;
    }
    if (!machine_program_run(program, arguments, output, &status, &error)) {
        (void)enclave_failed(command, &error, EXIT_FAILED);
        return false;
    }
    if (status == 0) return true;
    (void)fprintf(stderr, "grille: %s: nitro-cli %s ended with status %d, and said why above.", command, arguments[1],
                  status);
    if (status >= first_code && status <= last_code) {
        (void)fprintf(stderr, " Next: nitro-cli explain --error-code E%02d", status);
    }
    (void)fputc('\n', stderr);
    free(*output);
    *output = NULL;
    return false;
}

bool enclave_runs_open(enclave_runs *all, grille_error *error) {
    all->count = 0;
    if (!machine_runs_open(&all->runs, false, error)) return false;
    if (machine_runs_look(&all->runs, all->found, &all->count, error)) return true;
    machine_runs_close(&all->runs);
    return false;
}

const machine_found *enclave_runs_find(const enclave_runs *all, const char *name) {
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->found[i].name, name) == 0) return &all->found[i];
    return NULL;
}
