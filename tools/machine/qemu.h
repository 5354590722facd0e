/* SPDX-License-Identifier: Apache-2.0
 * Command lines of the two programs that make a machine. */
#ifndef GRILLE_TOOLS_MACHINE_QEMU_H
#define GRILLE_TOOLS_MACHINE_QEMU_H

#include "machine/machine.h"

enum { MACHINE_ARGUMENTS_MAX = 40, MACHINE_ARGUMENT_TEXT = 8192 };

/* Arguments for execv, the texts in storage of their own. Not to be copied. */
typedef struct machine_arguments {
    char *argument[MACHINE_ARGUMENTS_MAX + 1]; /* NULL behind the last */
    size_t count;
    char text[MACHINE_ARGUMENT_TEXT];
    size_t used;
    bool full; /* something did not fit: nothing of it is to be used */
} machine_arguments;

/* QEMU (qemu-system-x86_64(1)): q35, memory that vhost-device-vsock shares, no device that was not asked for. The
 * console of a debug enclave goes to its standard output. `folder` is the enclave's. */
void machine_qemu_arguments(const machine_request *request, const char *folder, const char *cmdline,
                            machine_arguments *arguments);

/* vhost-device-vsock (its --help). */
void machine_vhost_arguments(const char *program, const char *folder, uint32_t cid, machine_arguments *arguments);

#endif
