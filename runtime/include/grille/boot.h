/* SPDX-License-Identifier: Apache-2.0
 * The boot guard: whether the ground that an enclave process stands on is there, looked at before anything is served.
 * docs/enclave-programs.md says what each check proves and what not. */
#ifndef GRILLE_BOOT_H
#define GRILLE_BOOT_H

#include <stdbool.h>

#include "grille/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What grille_boot_main ends the process with when a check fails. */
#define GRILLE_BOOT_EXIT_STATUS 5

/* Clock sources of Linux that are taken by default: Nitro's hypervisor keeps the first, CPUs the next three, and what
 * emulates a virtual machine the last two. tsc-early is what Linux calls tsc in its first second, until it has measured
 * it well. */
#define GRILLE_BOOT_CLOCK_SOURCES "kvm-clock,tsc,tsc-early,arch_sys_counter,hpet,acpi_pm"

typedef enum grille_boot_outcome {
    GRILLE_BOOT_PASSED,
    GRILLE_BOOT_FAILED,
    GRILLE_BOOT_NOT_CHECKED /* it, or a part of it, could not be: the text says what and why */
} grille_boot_outcome;

/* What one check found. All of it lives until the function that was given it returns. */
typedef struct grille_boot_finding {
    const char *check; /* "nsm", "randomness", "clock", "vsock": in this order */
    grille_boot_outcome outcome;
    const char *reason; /* of a failure its stable name ("BOOT-NO-NSM"), else "" */
    const char *text;   /* of a failure why, else what was seen */
} grille_boot_finding;

/* Made by grille_boot_options_default(). */
typedef struct grille_boot_options {
    size_t size;
    const char *nsm_path;             /* the device; NULL: /dev/nsm */
    const char *clock_sources;        /* names that are taken, between commas; default GRILLE_BOOT_CLOCK_SOURCES */
    uint32_t wall_clock_tolerance_ms; /* the wall clock against a document's time; 0: not compared; default 60,000 */
    bool vsock_loopback;              /* a vsock that reaches only this machine itself is enough: both ends are in it */
    bool all_checks;                  /* go on after a failure, which stays the answer */
    /* Gets what each check found, on the caller's thread. May be NULL. */
    void (*on_finding)(const grille_boot_finding *finding, void *user);
    void *on_finding_user;
} grille_boot_options;

grille_boot_options grille_boot_options_default(void);

/* Looks whether the NSM answers, gives the kernel randomness of it, looks whether the kernel has enough of that, at the
 * clocks, and at the vsock. NULL: the defaults. Blocks for a document of the NSM; keeps nothing open. Where a program
 * links //runtime/nsm:linked_simulated, what only an enclave has is not checked, and on_finding is told so. The first
 * failure is the answer: FAILED_PRECONDITION with BOOT-NO-NSM, BOOT-NO-RANDOM, BOOT-CLOCK or BOOT-NO-VSOCK and why;
 * INVALID_ARGUMENT for options that were not made by the default. Any thread. */
GRILLE_MUST_USE grille_code grille_boot_check(const grille_boot_options *options, grille_error *error);

/* The first line of an enclave's main: grille_boot_check with the defaults. It returns when the ground is good; else it
 * writes the named error to standard error and ends the process (exit) with GRILLE_BOOT_EXIT_STATUS. What was seen goes
 * to the log, and that checks were left out, as a warning. Takes these arguments, when they are the first, out of *argc
 * and argv:
 *     --check-only      run all checks, print a line for each, and end: status 0, or GRILLE_BOOT_EXIT_STATUS
 *     --vsock-loopback  sets vsock_loopback
 * Before other threads run. */
void grille_boot_main(int *argc, char **argv);

/* The same with options, of which the log or --check-only takes on_finding's place. NULL: the defaults. */
void grille_boot_main_with(const grille_boot_options *options, int *argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif
