/* SPDX-License-Identifier: Apache-2.0 */
#include "grille/boot.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "boot/check.h"
#include "wire/limits.h"

static const struct {
    const char *name;
    grille_boot_check_fn *check;
} checks[] = {
    {"nsm", grille_boot_check_nsm},
    {"randomness", grille_boot_check_randomness},
    {"clock", grille_boot_check_clock},
    {"vsock", grille_boot_check_vsock},
};

grille_boot_outcome grille_boot_say(grille_error *said, grille_boot_outcome outcome, const char *format, ...) {
    va_list arguments;
    grille_error_clear(said);
    va_start(arguments, format);
    (void)vsnprintf(said->text, sizeof said->text, format, arguments);
    va_end(arguments);
    return outcome;
}

const char *grille_boot_without_nsm(const grille_boot_run *run) {
    return run->ground->has_device ? "no NSM" : "simulated NSM";
}

grille_boot_options grille_boot_options_default(void) {
    return (grille_boot_options){
        .size = sizeof(grille_boot_options),
        .clock_sources = GRILLE_BOOT_CLOCK_SOURCES,
        .wall_clock_tolerance_ms = GRILLE_DEFAULT_BOOT_WALL_CLOCK_TOLERANCE_MS,
    };
}

static void report(const grille_boot_options *options, const char *check, grille_boot_outcome outcome,
                   const grille_error *said) {
    const grille_boot_finding finding = {check, outcome, outcome == GRILLE_BOOT_FAILED ? said->name : "", said->text};
    if (options->on_finding != NULL) options->on_finding(&finding, options->on_finding_user);
}

grille_code grille_boot_check_on(const grille_boot_ground *ground, const grille_boot_options *options,
                                 grille_error *error) {
    grille_boot_run run = {.ground = ground, .options = options};
    grille_code code = GRILLE_OK;
    grille_error_clear(error);
    if (options->size != sizeof *options || options->clock_sources == NULL)
        return grille_reason_code(grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                                   "options of the boot guard are made by "
                                                   "grille_boot_options_default()"));
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        grille_error said = {.code = GRILLE_OK};
        const grille_boot_outcome outcome = checks[i].check(&run, &said);
        report(options, checks[i].name, outcome, &said);
        if (outcome != GRILLE_BOOT_FAILED || code != GRILLE_OK) continue;
        code = said.code;
        if (error != NULL) *error = said;
        if (!options->all_checks) break;
    }
    if (run.nsm != NULL) run.nsm->functions->close(run.nsm);
    return code;
}

grille_code grille_boot_check(const grille_boot_options *options, grille_error *error) {
    const grille_boot_options defaults = grille_boot_options_default();
    const grille_boot_ground ground = grille_boot_ground_linux();
    return grille_boot_check_on(&ground, options == NULL ? &defaults : options, error);
}
