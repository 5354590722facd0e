/* SPDX-License-Identifier: Apache-2.0
 * An NSM for development: it keeps PCRs and signs documents of the real shape under a root of its own, so that the same
 * verifier and the same policy run on a laptop. It proves nothing about the machine: whoever can read the root key can
 * attest anything. Not part of a release. */
#ifndef GRILLE_NSM_SIMULATED_H
#define GRILLE_NSM_SIMULATED_H

#include "base/time.h"
#include "crypto/certificate.h"
#include "crypto/crypto.h"
#include "nsm/nsm.h"
#include "nsm/simulated_files.h"

/* A PCR's value from the start. 16 to 31 stay unlocked and may be extended further. */
typedef struct grille_nsm_simulated_pcr {
    uint16_t index;
    uint8_t value[GRILLE_NSM_PCR_BYTES];
} grille_nsm_simulated_pcr;

/* All is copied when the NSM is opened. What is left open comes from the folder's settings, when there is a folder. */
typedef struct grille_nsm_simulated_options {
    const char *root_folder; /* made by grille_sim_init_insecure; NULL: a root at random that ends with the NSM */
    const char *executable;  /* measured into PCR0 and PCR1; NULL: this program (/proc/self/exe) */
    const char *region; /* in the certificates' names; at most 20 characters of a-z, 0-9 and -; NULL: one of ours */
    const char *instance_id;              /* "i-" and 17 hex digits, measured into PCR4; NULL: at random */
    const char *role_arn;                 /* measured into PCR3; NULL: no role, PCR3 is zero */
    bool debug_mode;                      /* PCR0, 1, 2 and 8 are zero, as in an enclave with a console */
    const grille_nsm_simulated_pcr *pcrs; /* values that replace all of the above */
    size_t pcr_count;
    grille_wall_ms (*now)(void *now_user); /* NULL: the system's clock */
    void *now_user;
    const grille_crypto *crypto; /* NULL: wolfCrypt's */
} grille_nsm_simulated_options;

grille_nsm_simulated_options grille_nsm_simulated_options_default(void);

/* Opens one; close by nsm->functions->close. NULL options are the default's. Logs a warning. BAD_ARGUMENT, SYSTEM and
 * the reasons of crypto/. */
GRILLE_MUST_USE grille_reason grille_nsm_open_simulated_insecure(const grille_nsm_simulated_options *options,
                                                                 grille_nsm **nsm, grille_error *error);

/* DER of the root certificate that this NSM's documents end at; a view that lives as long as the NSM. */
grille_bytes grille_nsm_simulated_root(grille_nsm *nsm);

/* The module behind it alone, for something else that carries bytes (a device in a virtual machine). */
typedef struct grille_nsm_simulated_module grille_nsm_simulated_module;

GRILLE_MUST_USE grille_reason grille_nsm_simulated_module_open_insecure(const grille_nsm_simulated_options *options,
                                                                        grille_nsm_simulated_module **module,
                                                                        grille_error *error);
void grille_nsm_simulated_module_close(grille_nsm_simulated_module *module);
/* Answers one request of any bytes: at most GRILLE_NSM_RESPONSE_MAX bytes, always a well-formed answer. One thread at a
 * time. */
size_t grille_nsm_simulated_module_process(grille_nsm_simulated_module *module, grille_bytes request,
                                           uint8_t response[GRILLE_NSM_RESPONSE_MAX]);

/* Makes `folder` (0700, or takes one of this user that nobody else can enter) with a fresh root, its key (0600) and its
 * certificate, and the settings that every opening of the folder then starts from (0600): region, instance (at random
 * when it is not chosen), role, executable (an absolute path, measured at each opening), debug mode and chosen PCRs of
 * the options; NULL: none. Refuses to replace files. Logs a warning. BAD_ARGUMENT, SYSTEM. */
GRILLE_MUST_USE grille_reason grille_sim_init_insecure(const char *folder, const grille_nsm_simulated_options *options,
                                                       grille_error *error);

/* What a folder opens as. */
typedef struct grille_sim_view {
    uint8_t root[GRILLE_CERTIFICATE_MAX]; /* DER */
    size_t root_len;
    char region[21], instance_id[20];
    char role_arn[2049], executable[4096]; /* empty: none */
    bool debug_mode;
    uint32_t of_program; /* bit n: PCR n is measured of the program that opens it, and zero here */
    uint8_t pcrs[GRILLE_NSM_PCR_COUNT][GRILLE_NSM_PCR_BYTES];
} grille_sim_view;

/* Reads a folder as an opening does, with the same refusals. Logs a warning. */
GRILLE_MUST_USE grille_reason grille_sim_read_insecure(const char *folder, grille_sim_view *view, grille_error *error);

#endif
