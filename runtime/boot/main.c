/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot/check.h"
#include "grille/log.h"

static void print(const grille_boot_finding *finding, void *user) {
    static const char *const words[] = {
        [GRILLE_BOOT_PASSED] = "ok", [GRILLE_BOOT_FAILED] = "FAILED", [GRILLE_BOOT_NOT_CHECKED] = "not checked"};
    (void)fprintf(user, "boot guard: %s: %s: %s%s%s\n", finding->check, words[finding->outcome], finding->reason,
                  finding->reason[0] == '\0' ? "" : ": ", finding->text);
}

/* Of all that a simulated NSM leaves out one line is enough. */
static void log_finding(const grille_boot_finding *finding, void *user) {
    bool *told = user;
    const grille_log_level level =
        finding->outcome == GRILLE_BOOT_NOT_CHECKED && !*told ? GRILLE_LOG_WARNING : GRILLE_LOG_INFO;
    if (finding->outcome == GRILLE_BOOT_FAILED) return; /* standard error has it */
    grille_log(level, GRILLE_LOG_NSM, "boot guard: %s: %s%s", finding->check,
               finding->outcome == GRILLE_BOOT_PASSED ? "" : "not checked: ", finding->text);
    *told = *told || level == GRILLE_LOG_WARNING;
}

typedef struct settings {
    bool check_only, loopback;
} settings;

/* Takes out arguments from the front as long as they are ours. */
static settings take_arguments(int *argc, char **argv) {
    settings found = {false, false};
    while (*argc > 1) {
        if (strcmp(argv[1], "--check-only") == 0)
            found.check_only = true;
        else if (strcmp(argv[1], "--vsock-loopback") == 0)
            found.loopback = true;
        else
            break;
        memmove(&argv[1], &argv[2], (size_t)(*argc - 1) * sizeof argv[0]); /* argv[*argc] is NULL */
        (*argc)--;
    }
    return found;
}

int grille_boot_main_on(const grille_boot_ground *ground, const grille_boot_options *options, int *argc, char **argv,
                        FILE *out, FILE *err) {
    grille_boot_options own = *options;
    grille_error error = {.code = GRILLE_OK};
    const settings found = take_arguments(argc, argv);
    grille_code code = GRILLE_OK;
    bool told = false;
    own.vsock_loopback = own.vsock_loopback || found.loopback;
    own.on_finding = found.check_only ? print : log_finding;
    own.on_finding_user = found.check_only ? (void *)out : &told;
    own.all_checks = found.check_only;
    code = grille_boot_check_on(ground, &own, &error);
    if (code != GRILLE_OK && !found.check_only)
        (void)fprintf(err, "%s: boot guard: %s: %s\n", program_invocation_short_name, error.name, error.text);
    (void)fflush(out);
    if (code != GRILLE_OK) return GRILLE_BOOT_EXIT_STATUS;
    return found.check_only ? 0 : GRILLE_BOOT_GO_ON;
}

void grille_boot_main_with(const grille_boot_options *options, int *argc, char **argv) {
    const grille_boot_options defaults = grille_boot_options_default();
    const grille_boot_ground ground = grille_boot_ground_linux();
    const int status = grille_boot_main_on(&ground, options == NULL ? &defaults : options, argc, argv, stdout, stderr);
    if (status != GRILLE_BOOT_GO_ON) exit(status);
}

void grille_boot_main(int *argc, char **argv) {
    grille_boot_main_with(NULL, argc, argv);
}
