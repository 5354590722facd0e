/* SPDX-License-Identifier: Apache-2.0
 * Two ramdisks out of what an enclave is to run, in the layout of nitro-cli: the first has /init and the modules that
 * it loads, the second /rootfs, /cmd and /env (aws-nitro-enclaves-sdk-bootstrap, init/init.c). */
#ifndef GRILLE_TOOLS_IMAGE_BUILD_H
#define GRILLE_TOOLS_IMAGE_BUILD_H

#include "image/tree.h"

/* Where the init finds what is in the ramdisks. */
#define IMAGE_INIT_PATH    "init"
#define IMAGE_MODULES_PATH "modules"
#define IMAGE_ROOT_PATH    "rootfs"
#define IMAGE_CMD_PATH     "cmd"
#define IMAGE_ENV_PATH     "env"

/* Texts that become one line each. */
typedef struct image_lines {
    const char *const *text;
    size_t count;
} image_lines;

/* The first ramdisk: the host's file `init` as /init, and each module as /modules/NN-NAME, so that the order of names
 * is the order of loading. */
GRILLE_MUST_USE bool image_boot_tree(image_tree *tree, const char *init, image_lines modules, grille_error *error);

/* Adds /cmd and /env to the second. BAD_ARGUMENT: no command, a line break in a line, an entry of `env` without "=". */
GRILLE_MUST_USE bool image_add_command(image_tree *tree, image_lines cmd, image_lines env, grille_error *error);

#endif
