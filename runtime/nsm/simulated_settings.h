/* SPDX-License-Identifier: Apache-2.0
 * What a simulated NSM says of itself, in a file of its folder: lines "key: value" of YAML and nothing else of it. */
#ifndef GRILLE_NSM_SIMULATED_SETTINGS_H
#define GRILLE_NSM_SIMULATED_SETTINGS_H

#include <limits.h>

#include "nsm/simulated.h"
#include "nsm/simulated_chain.h"

#define GRILLE_NSM_SIMULATED_ROLE_BYTES     2049
#define GRILLE_NSM_SIMULATED_SETTINGS_BYTES 16384

/* Caller's storage; an empty text is not set. */
typedef struct grille_nsm_simulated_settings {
    char region[GRILLE_NSM_SIMULATED_REGION_BYTES];
    char instance_id[GRILLE_NSM_SIMULATED_INSTANCE_ID_BYTES];
    char role_arn[GRILLE_NSM_SIMULATED_ROLE_BYTES];
    char executable[PATH_MAX]; /* absolute */
    bool debug_mode;
    grille_nsm_simulated_pcr pcrs[GRILLE_NSM_PCR_COUNT];
    size_t pcr_count;
} grille_nsm_simulated_settings;

/* Takes what the options say; BAD_ARGUMENT for what no NSM says. What they leave open stays unset. */
GRILLE_MUST_USE grille_reason grille_nsm_simulated_settings_of(const grille_nsm_simulated_options *options,
                                                               grille_nsm_simulated_settings *settings,
                                                               grille_error *error);

/* NO_SPACE when it does not fit. */
GRILLE_MUST_USE grille_reason grille_nsm_simulated_settings_write(const grille_nsm_simulated_settings *settings,
                                                                  char *text, size_t capacity, size_t *len);

/* Reads the whole text: comments and empty lines, and each key once. BAD_ARGUMENT with `name`, line and what is wrong.
 */
GRILLE_MUST_USE grille_reason grille_nsm_simulated_settings_read(grille_bytes text, const char *name,
                                                                 grille_nsm_simulated_settings *settings,
                                                                 grille_error *error);

/* The settings of an open folder, `path` of which is for error texts. SYSTEM too. */
GRILLE_MUST_USE grille_reason grille_nsm_simulated_settings_load(int folder, const char *path,
                                                                 grille_nsm_simulated_settings *settings,
                                                                 grille_error *error);

/* Fills what the options leave open from the settings, which they borrow then; not the PCRs. */
void grille_nsm_simulated_settings_complete(const grille_nsm_simulated_settings *settings,
                                            grille_nsm_simulated_options *options);

/* An instance id at random. */
GRILLE_MUST_USE grille_reason grille_nsm_simulated_random_instance(const grille_crypto *crypto,
                                                                   char id[GRILLE_NSM_SIMULATED_INSTANCE_ID_BYTES]);

/* 1 to 20 characters of a-z, 0-9 and -. */
bool grille_nsm_simulated_is_region(const char *region);
/* "i-" and 17 lower-case hex digits. */
bool grille_nsm_simulated_is_instance_id(const char *id);

#endif
