/* SPDX-License-Identifier: Apache-2.0
 * Names of the files in a folder of `grille sim init`. */
#ifndef GRILLE_NSM_SIMULATED_FILES_H
#define GRILLE_NSM_SIMULATED_FILES_H

#define GRILLE_SIM_ROOT_KEY_FILE         "insecure-root-key.pem"
#define GRILLE_SIM_ROOT_CERTIFICATE_FILE "insecure-root.pem"
#define GRILLE_SIM_SETTINGS_FILE         "insecure-module.yaml"

#endif
