/* SPDX-License-Identifier: Apache-2.0
 * grille enclave list. */
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "command.h"
#include "enclave.h"
#include "enclave_running.h"
#include "options.h"

static const char usage[] =
    "usage: grille enclave list [--json] [--on nitro|qemu]\n"
    "         enclaves that were started here: state, CID, processors, memory, where to dial them, and what they "
    "attest\n"
    "         --json                    an array, with the keys of nitro-cli describe-enclaves and Address\n"
    "         --on nitro|qemu           nitro: also what nitro-cli says; default where it is\n"
    "         exit status: 0 printed, 1 something could not be read, 2 usage\n";

static const char command[] = "enclave list";

enum { NITRO_MAX = 64 };

static void print_pcr(const char *name, const uint8_t pcr[GRILLE_NSM_PCR_BYTES]) {
    char hex[2 * GRILLE_NSM_PCR_BYTES + 1];
    grille_hex_encode(grille_bytes_of(pcr, GRILLE_NSM_PCR_BYTES), hex);
    (void)printf("  %s  %s\n", name, hex);
}

static void print_row(const machine_state *state) {
    (void)printf("%-20s %-9s %5u %5u %7u  %-5s  %s\n", state->name[0] == '\0' ? "(no name)" : state->name,
                 machine_phase_name(state->phase), state->cid, state->cpus, state->memory_mib,
                 state->debug ? "yes" : "no", state->address[0] == '\0' ? "-" : state->address);
    print_pcr("PCR0", state->attested.pcr0);
    print_pcr("PCR1", state->attested.pcr1);
    print_pcr("PCR2", state->attested.pcr2);
    if (state->attested.is_signed) print_pcr("PCR8", state->attested.pcr8);
}

/* One of the list; `before` counts those printed already. */
static bool print_one(const machine_state *state, bool json, size_t *before) {
    char *text = NULL;
    if (!json) {
        if ((*before)++ == 0) {
            (void)printf("%-20s %-9s %5s %5s %7s  %-5s  %s\n", "NAME", "STATE", "CID", "CPUS", "MIB", "DEBUG",
                         "ADDRESS");
        }
        print_row(state);
        return true;
    }
    text = machine_state_write(state);
    if (text == NULL) return false;
    (void)printf("%s%s", (*before)++ == 0 ? "[\n" : ",\n", text);
    free(text);
    return true;
}

static bool print_own(bool json, size_t *before) {
    static enclave_runs all;
    grille_error error = {.code = GRILLE_OK};
    bool good = true;
    if (!enclave_runs_open(&all, &error)) {
        (void)enclave_failed(command, &error, EXIT_FAILED);
        return false;
    }
    for (size_t i = 0; i < all.count; i++) {
        if (all.found[i].readable) {
            good = print_one(&all.found[i].state, json, before) && good;
            continue;
        }
        (void)fprintf(stderr, "grille: %s: %s/%s is not understood: %s. Next: grille enclave terminate %s\n", command,
                      all.runs.path, all.found[i].name, all.found[i].problem, all.found[i].name);
        good = false;
    }
    machine_runs_close(&all.runs);
    return good;
}

static bool print_nitro(bool json, size_t *before) {
    static machine_state states[NITRO_MAX];
    char *const arguments[] = {(char[]){"nitro-cli"}, (char[]){"describe-enclaves"}, NULL};
    grille_error error = {.code = GRILLE_OK};
    char *output = NULL;
    size_t count = 0;
    bool good = false;
    if (!enclave_nitro(command, arguments, &output)) return false;
    good = machine_states_of_nitro(grille_bytes_of_text(output), states, NITRO_MAX, &count, &error);
    free(output);
    if (!good) (void)enclave_failed(command, &error, EXIT_FAILED);
    for (size_t i = 0; i < count; i++)
        good = print_one(&states[i], json, before) && good;
    return good;
}

int enclave_list(int argc, char **argv) {
    bool json = false;
    const char *on = NULL;
    const command_option options[] = {{.name = "--json", .flag = &json}, {.name = "--on", .value = &on}};
    const command_line line = {.command = command,
                               .usage = usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0],
                               .operand_name = "OPERAND"};
    enclave_place place = PLACE_QEMU;
    size_t printed = 0;
    int status = EXIT_DONE;
    bool good = false;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    if (!enclave_place_parse(on, command, usage, &place, &status)) return status;
    good = print_own(json, &printed);
    if (place == PLACE_NITRO) good = print_nitro(json, &printed) && good;
    if (json) (void)puts(printed == 0 ? "[]" : "\n]");
    if (!json && printed == 0 && good) (void)puts("no enclave runs here");
    return good && fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}
