/* SPDX-License-Identifier: Apache-2.0
 * The files that QEMU boots. */
#ifndef GRILLE_TOOLS_MACHINE_BOOT_FILES_H
#define GRILLE_TOOLS_MACHINE_BOOT_FILES_H

#include "machine/machine.h"

/* Writes MACHINE_KERNEL_FILE and MACHINE_INITRD_FILE into the folder: the image's parts, and behind its ramdisks the
 * stand-in's. What is attested is measured of what these files hold once they are written, and of `cmdline`, which is
 * the text that QEMU gets. */
GRILLE_MUST_USE bool machine_boot_files_write(int folder, const machine_request *request, const char *cmdline,
                                              eif_measurements *attested, grille_error *error);

#endif
