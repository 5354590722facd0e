/* SPDX-License-Identifier: Apache-2.0
 * What can be told before a machine is started. */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "base/bytes.h"
#include "base/error.h"
#include "machine/machine.h"

bool machine_check_memory(uint32_t memory_mib, size_t image_bytes, grille_error *error) {
    const uint64_t mib = UINT64_C(1) << 20;
    const uint64_t needed = ((uint64_t)image_bytes * MACHINE_MEMORY_RATIO + mib - 1) / mib;
    if (memory_mib >= needed) return true;
    (void)grille_error_set(
        error, GRILLE_REASON_BAD_ARGUMENT,
        "too little memory: observed %u MiB, expected at least %llu MiB, which is %u times the image "
        "(%zu bytes), as on Nitro. Next: --memory %llu",
        memory_mib, (unsigned long long)needed, MACHINE_MEMORY_RATIO, image_bytes, (unsigned long long)needed);
    return false;
}

/* Whether one of the words of the command line begins with `start`. */
static bool has_word(grille_bytes cmdline, const char *start) {
    const size_t len = strlen(start);
    for (size_t at = 0; at + len <= cmdline.len; at++) {
        const bool is_start = at == 0 || cmdline.data[at - 1] == ' ';
        if (is_start && memcmp(&cmdline.data[at], start, len) == 0) return true;
    }
    return false;
}

bool machine_check_image(const eif *image, grille_error *error) {
    const grille_bytes cmdline = eif_section_of(image, EIF_CMDLINE);
    const char *wrong = NULL;
    if ((image->flags & EIF_FLAG_AARCH64) != 0) {
        wrong = "it is of aarch64, expected x86_64. Next: build one with --arch x86_64";
    } else if (memchr(cmdline.data, 0, cmdline.len) != NULL) {
        wrong = "its command line holds a zero byte, behind which QEMU would not read";
    } else if (has_word(cmdline, "rdinit=")) {
        wrong = "its command line names another first process (rdinit=), expected /init, before which the stand-in for "
                "/dev/nsm starts";
    } else if (has_word(cmdline, "pci=off")) {
        wrong = "its command line says pci=off, expected a kernel that finds its vsock on PCI. Likely it was built for "
                "Nitro. Next: build one with a kernel for virtual machines (docs/enclave-images.md)";
    }
    if (wrong == NULL) return true;
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "the image can't come up in a virtual machine: %s",
                           wrong);
    return false;
}

machine_accelerator machine_accelerator_here(void) {
    const int device = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    const bool works = device >= 0 && ioctl(device, KVM_GET_API_VERSION, 0) == KVM_API_VERSION;
    if (device >= 0) (void)close(device);
    return works ? MACHINE_KVM : MACHINE_TCG;
}

const char *machine_accelerator_name(machine_accelerator accelerator) {
    return accelerator == MACHINE_KVM ? "kvm" : "tcg";
}
