/* SPDX-License-Identifier: Apache-2.0
 * The ground of the boot guard's tests: played, with what it does and what it was asked, and the checks run on it. */
#ifndef GRILLE_TESTS_PLAYED_GROUND_H
#define GRILLE_TESTS_PLAYED_GROUND_H

#include "boot/check.h"
#include "forge_document.h"
#include "grille/boot.h"

enum { NOW_MS = 1000000, RANDOM_CALLS = 3, FINDINGS = 4 };
enum { NSM, RANDOMNESS, CLOCK, VSOCK }; /* findings, in their order */

/* What the ground does; all zero but for what `setup` says. */
struct played_ground {
    grille_reason open_fails, describe_fails, attest_fails;
    grille_reason random_fails[RANDOM_CALLS]; /* of each call */
    bool random_repeats, random_is_zero;
    grille_nsm_description description;
    forge_document document;
    const char *source, *device; /* contents of the files; NULL: there is none */
    int read_problem, draw_problem, credit_problem, mix_problem, vsock_problem, cid_problem;
    uint32_t cid;
    grille_time_us time_us;
    int64_t step_us;
    int still_for; /* reads of the clock */
    int64_t wall_ms, wall_step_ms;
    /* What it was asked. */
    const char *path;
    int opened, random_calls, documents, clock_reads, vsocks;
    size_t credited, mixed;
};
extern struct played_ground ground;
extern grille_boot_ground seam;
extern forge_chain chain;

/* In place of the linked NSM, for what asks the real ground. */
extern bool linked_device;
extern int linked_opens;

/* What the last run told. */
struct played_finding {
    char check[16], reason[48], text[512];
    grille_boot_outcome outcome;
};
extern struct played_finding found[FINDINGS];
extern int found_count;

/* Of a group: the chain that signs the ground's documents. */
int played_make_chain(void **state);
int played_free_chain(void **state);
/* Of a test: a ground on which all is well. */
int played_setup(void **state);

grille_boot_options all_told(void);
/* Runs all checks, and looks whether the NSM was closed again. */
grille_code run(const grille_boot_options *options, grille_error *error);
void expect_passed(const grille_boot_options *options, int check, const char *text);
/* This check alone fails, with these texts in its text, beside what each such text has. */
void expect_failed_by(const grille_boot_options *options, int check, const char *name, const char *observed,
                      const char *expected);
void expect_failed(int check, const char *name, const char *observed, const char *expected);

#endif
