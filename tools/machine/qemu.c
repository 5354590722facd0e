/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/qemu.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "machine/runs.h"

GRILLE_PRINTF(2, 3)
static void add(machine_arguments *a, const char *format, ...) {
    const size_t room = sizeof a->text - a->used;
    va_list arguments;
    int len = 0;
    va_start(arguments, format);
    len = vsnprintf(&a->text[a->used], room, format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len >= room || a->count == MACHINE_ARGUMENTS_MAX) {
        a->full = true;
        return;
    }
    a->argument[a->count++] = &a->text[a->used];
    a->argument[a->count] = NULL;
    a->used += (size_t)len + 1;
}

static void add_pair(machine_arguments *a, const char *option, const char *value) {
    add(a, "%s", option);
    add(a, "%s", value);
}

/* In a list of QEMU's a comma is written twice. */
static void escape(const char *path, char escaped[2 * GRILLE_RUN_PATH_BYTES]) {
    size_t at = 0;
    for (; *path != '\0'; path++) {
        if (*path == ',') escaped[at++] = ',';
        escaped[at++] = *path;
    }
    escaped[at] = '\0';
}

static void add_machine(machine_arguments *a, const machine_request *request) {
    add(a, "-machine");
    add(a, "q35,accel=%s,memory-backend=memory", machine_accelerator_name(request->accelerator));
    add(a, "-object");
    add(a, "memory-backend-memfd,id=memory,size=%uM,share=on", request->memory_mib);
    add_pair(a, "-cpu", request->accelerator == MACHINE_KVM ? "host" : "max");
    add(a, "-m");
    add(a, "%u", request->memory_mib);
    add(a, "-smp");
    add(a, "%u", request->cpus);
}

void machine_qemu_arguments(const machine_request *request, const char *folder, const char *cmdline,
                            machine_arguments *a) {
    char escaped[2 * GRILLE_RUN_PATH_BYTES];
    *a = (machine_arguments){.count = 0};
    add(a, "%s", request->qemu);
    add(a, "-no-user-config");
    add(a, "-nodefaults");
    add(a, "-no-reboot");
    add_pair(a, "-display", "none");
    add_pair(a, "-nic", "none");
    add_pair(a, "-serial", request->debug ? "file:/dev/stdout" : "none");
    add_machine(a, request);
    add(a, "-kernel");
    add(a, "%s/" MACHINE_KERNEL_FILE, folder);
    add(a, "-initrd");
    add(a, "%s/" MACHINE_INITRD_FILE, folder);
    add_pair(a, "-append", cmdline);
    escape(folder, escaped);
    add(a, "-chardev");
    add(a, "socket,id=vsock,path=%s/" MACHINE_VHOST_SOCKET, escaped);
    add_pair(a, "-device", "vhost-user-vsock-pci,chardev=vsock");
}

void machine_vhost_arguments(const char *program, const char *folder, uint32_t cid, machine_arguments *a) {
    *a = (machine_arguments){.count = 0};
    add(a, "%s", program);
    add(a, "--guest-cid=%u", cid);
    add(a, "--socket=%s/" MACHINE_VHOST_SOCKET, folder);
    add(a, "--uds-path=%s/" MACHINE_HYBRID_SOCKET, folder);
}
