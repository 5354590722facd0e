/* SPDX-License-Identifier: Apache-2.0
 * An NSM for development: it keeps PCRs and signs documents of the real shape under a root of its own, so that the same
 * verifier and the same policy run on a laptop. It proves nothing about the machine: whoever can read the root key can
 * attest anything. Not part of a release. */
#ifndef GRILLE_NSM_SIMULATED_H
#define GRILLE_NSM_SIMULATED_H

#include "base/time.h"
#include "crypto/crypto.h"
#include "nsm/nsm.h"

/* A PCR's value from the start. 16 to 31 stay unlocked and may be extended further. */
typedef struct grille_nsm_simulated_pcr {
    uint16_t index;
    uint8_t value[GRILLE_NSM_PCR_BYTES];
} grille_nsm_simulated_pcr;

/* All is copied when the NSM is opened. */
typedef struct grille_nsm_simulated_options {
    const char *root_folder; /* made by grille_sim_init_insecure; NULL: a root at random that ends with the NSM */
    const char *executable;  /* measured into PCR0 and PCR1; NULL: this program (/proc/self/exe) */
    const char *region;      /* in the certificates' names; at most 20 characters of a-z, 0-9 and - */
    const char *instance_id; /* "i-" and 17 hex digits, measured into PCR4; NULL: at random */
    const char *role_arn;    /* measured into PCR3; NULL: no role, PCR3 is zero */
    bool debug_mode;         /* PCR0, 1, 2 and 8 are zero, as in an enclave with a console */
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

#define GRILLE_SIM_ROOT_KEY_FILE         "insecure-root-key.pem"
#define GRILLE_SIM_ROOT_CERTIFICATE_FILE "insecure-root.pem"

/* Makes `folder` (0700, or takes one of this user that nobody else can enter) with a fresh root: its key (0600) and its
 * certificate. Refuses to replace files. Logs a warning. */
GRILLE_MUST_USE grille_reason grille_sim_init_insecure(const char *folder, grille_error *error);

#endif
