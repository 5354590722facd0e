/* SPDX-License-Identifier: Apache-2.0
 * grille sim init. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "command.h"
#include "nsm/measure.h"
#include "nsm/simulated.h"
#include "options.h"
#include "sim.h"

static const char usage[] =
    "usage: grille sim init DIR [--debug] [--pcr N=HEX]… [--role ARN] [--instance ID]\n"
    "                           [--executable FILE] [--region R]\n"
    "         DIR is made, or is a folder without a simulated NSM that nobody else may read\n"
    "         --debug            as an enclave with a console: PCR0, 1, 2 and 8 are zero\n"
    "         --pcr N=HEX        PCR N (0 to 31) is these 96 hex digits from the start\n"
    "         --role ARN         PCR3 is that of a parent with this IAM role; default: no role, zero\n"
    "         --instance ID      PCR4 is that of this instance (i- and 17 hex digits); default: at random\n"
    "         --executable FILE  PCR0 and PCR1 are those of FILE; default: of the program that opens DIR\n"
    "         --region R         in the names of certificates\n"
    "         exit status: 0 made, 1 not made, 2 usage or an unreadable file\n";

/* What the command line says. */
typedef struct wishes {
    bool debug;
    const char *pcr_texts[GRILLE_NSM_PCR_COUNT];
    size_t pcr_count;
    const char *role, *instance, *executable, *region;
    grille_nsm_simulated_pcr pcrs[GRILLE_NSM_PCR_COUNT];
    char executable_path[PATH_MAX];
} wishes;

/* "N=HEX". */
static bool parse_pcr(const char *text, grille_nsm_simulated_pcr *pcr) {
    const char *equals = strchr(text, '=');
    char index[4];
    size_t len = 0;
    if (equals == NULL) return false;
    for (pcr->index = 0; pcr->index < GRILLE_NSM_PCR_COUNT; pcr->index++) {
        (void)snprintf(index, sizeof index, "%u", pcr->index);
        if (strlen(index) == (size_t)(equals - text) && strncmp(index, text, strlen(index)) == 0) break;
    }
    return pcr->index < GRILLE_NSM_PCR_COUNT &&
           grille_hex_decode(equals + 1, strlen(equals + 1), pcr->value, sizeof pcr->value, &len) &&
           len == sizeof pcr->value;
}

static int parse_pcrs(wishes *wanted) {
    for (size_t i = 0; i < wanted->pcr_count; i++) {
        grille_nsm_simulated_pcr *pcr = &wanted->pcrs[i];
        if (!parse_pcr(wanted->pcr_texts[i], pcr)) {
            return usage_error(usage, "sim init: --pcr is N=HEX, with N from 0 to 31 and %d hex digits, not \"%.120s\"",
                               2 * GRILLE_NSM_PCR_BYTES, wanted->pcr_texts[i]);
        }
        if (wanted->debug && (pcr->index <= 2 || pcr->index == 8)) {
            return usage_error(usage, "sim init: with --debug PCR%u is zero: leave out one of the two", pcr->index);
        }
    }
    return EXIT_DONE;
}

/* The file's absolute path, when it can be measured. */
static int find_executable(wishes *wanted) {
    uint8_t pcr0[GRILLE_NSM_PCR_BYTES], pcr2[GRILLE_NSM_PCR_BYTES];
    grille_error error = {0};
    if (wanted->executable == NULL) return EXIT_DONE;
    if (realpath(wanted->executable, wanted->executable_path) == NULL) {
        return usage_error(usage, "sim init: there is no --executable \"%s\"", wanted->executable);
    }
    if (grille_measure_executable(wanted->executable_path, pcr0, pcr2, &error) == GRILLE_REASON_OK) return EXIT_DONE;
    return usage_error(usage, "sim init: --executable can't be measured: %s", error.text);
}

static int make(const char *folder, const wishes *wanted) {
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    grille_error error = {0};
    grille_reason reason;
    options.debug_mode = wanted->debug;
    options.role_arn = wanted->role;
    options.instance_id = wanted->instance;
    options.executable = wanted->executable != NULL ? wanted->executable_path : NULL;
    options.region = wanted->region;
    options.pcrs = wanted->pcrs;
    options.pcr_count = wanted->pcr_count;
    reason = grille_sim_init_insecure(folder, &options, &error);
    if (reason == GRILLE_REASON_BAD_ARGUMENT) return usage_error(usage, "sim init: %s", error.text);
    if (reason != GRILLE_REASON_OK) {
        (void)fprintf(stderr, "grille: sim init: %s: %s\n", error.name, error.text);
        return EXIT_FAILED;
    }
    (void)printf("simulated NSM in %s: its root certificate is %s/%s, for\n"
                 "`insecure_development_root` of a policy. "
                 "It proves nothing: whoever reads the folder can sign as any enclave.\n",
                 folder, folder, GRILLE_SIM_ROOT_CERTIFICATE_FILE);
    return EXIT_DONE;
}

int sim_init(int argc, char **argv) {
    static wishes wanted;
    const char *folder = NULL;
    const command_option options[] = {{"--debug", &wanted.debug, NULL},
                                      {"--role", NULL, &wanted.role},
                                      {"--instance", NULL, &wanted.instance},
                                      {"--executable", NULL, &wanted.executable},
                                      {"--region", NULL, &wanted.region}};
    const command_list_option pcrs = {"--pcr", wanted.pcr_texts, &wanted.pcr_count, GRILLE_NSM_PCR_COUNT};
    const command_line line = {.command = "sim init",
                               .usage = usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0],
                               .list_options = &pcrs,
                               .list_option_count = 1,
                               .operands = &folder,
                               .least = 1,
                               .most = 1,
                               .operand_name = "DIR"};
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    status = parse_pcrs(&wanted);
    if (status == EXIT_DONE) status = find_executable(&wanted);
    return status == EXIT_DONE ? make(folder, &wanted) : status;
}
