/* SPDX-License-Identifier: Apache-2.0
 * What a virtual machine gets beside the image's own ramdisks, unmeasured: the image's init under another name, and a
 * development root with the PCRs that the stand-in for /dev/nsm is to attest (tools/nsm_device). Files by path: no
 * simulated NSM is in the command. */
#ifndef GRILLE_TOOLS_MACHINE_STAND_IN_H
#define GRILLE_TOOLS_MACHINE_STAND_IN_H

#include "image/eif_measure.h"
#include "image/tree.h"

/* Longer ones are no files of a development root. */
#define MACHINE_ROOT_FILE_MAX 16384

/* A folder of `grille sim init`. */
typedef struct machine_root {
    uint8_t key[MACHINE_ROOT_FILE_MAX];
    uint8_t certificate[MACHINE_ROOT_FILE_MAX];
    uint8_t settings[MACHINE_ROOT_FILE_MAX];
    size_t key_len, certificate_len, settings_len;
} machine_root;

/* BAD_ARGUMENT: it is no such folder. Wipe *root after use. */
GRILLE_MUST_USE bool machine_root_read(const char *folder, machine_root *root, grille_error *error);

/* The settings for the machine: as they are, but for what it attests: with `debug` PCR0, 1, 2 and 8 are zero, as on
 * Nitro, else those of `measured`. NO_SPACE. */
GRILLE_MUST_USE grille_reason machine_settings_write(grille_bytes settings, const eif_measurements *measured,
                                                     bool debug, char *text, size_t capacity, size_t *len);

/* Finds what a kernel runs as first process: the last /init of these ramdisks, in archives of form newc, plain or
 * compressed with gzip. A copy goes into `tree` as `path`. BAD_ARGUMENT: there is none, or in no form that can be read.
 */
GRILLE_MUST_USE bool machine_init_put(const grille_bytes *ramdisks, size_t count, image_tree *tree, const char *path,
                                      grille_error *error);

/* The archive of both, in memory of its own: wipe it and free(3) by the caller. */
GRILLE_MUST_USE bool machine_stand_in_make(const grille_bytes *ramdisks, size_t count, const machine_root *root,
                                           const eif_measurements *measured, bool debug, uint8_t **archive, size_t *len,
                                           grille_error *error);

#endif
