/* SPDX-License-Identifier: Apache-2.0
 * The vsock: sockets can be made, and this machine is a guest. */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "boot/check.h"

/* linux/vm_sockets.h: CIDs that no guest has. */
enum { CID_HYPERVISOR = 0, CID_LOCAL = 1, CID_HOST = 2, GUEST_LEAST = 3 };
#define CID_ANY UINT32_MAX

static const char *who_has(uint32_t cid) {
    switch (cid) {
    case CID_HYPERVISOR:
        return "the hypervisor's";
    case CID_LOCAL:
        return "the loopback's: the machine has no vsock device, or no driver for it";
    case CID_HOST:
        return "a host's: this machine runs guests and is none";
    default:
        return "nobody's: no driver is loaded";
    }
}

static grille_boot_outcome fail(grille_error *said, const char *what, int problem, const char *cause) {
    (void)grille_error_set(said, GRILLE_REASON_BOOT_NO_VSOCK, "%s; observed: %s; expected: no error. Likely %s", what,
                           strerror(problem), cause);
    return GRILLE_BOOT_FAILED;
}

grille_boot_outcome grille_boot_check_vsock(grille_boot_run *run, grille_error *said) {
    uint32_t cid = CID_ANY;
    int problem = 0;
    if (!run->ground->has_device)
        return grille_boot_say(said, GRILLE_BOOT_NOT_CHECKED, "%s", grille_boot_without_nsm(run));
    problem = run->ground->make_vsock(run->ground->user);
    if (problem != 0) return fail(said, "no socket of AF_VSOCK", problem, "the kernel has no vsock, or not its module");
    problem = run->ground->local_cid(run->ground->user, &cid);
    if (problem != 0) return fail(said, "/dev/vsock does not tell our CID", problem, "the image's /dev lacks it");
    if (cid == CID_LOCAL && run->options->vsock_loopback)
        return grille_boot_say(said, GRILLE_BOOT_PASSED, "CID 1, the loopback's, which is enough here");
    if (cid >= GUEST_LEAST && cid != CID_ANY) return grille_boot_say(said, GRILLE_BOOT_PASSED, "CID %u", cid);
    (void)grille_error_set(said, GRILLE_REASON_BOOT_NO_VSOCK,
                           "this machine has no CID of a guest; observed: CID %u, %s; expected: %d or more", cid,
                           who_has(cid), GUEST_LEAST);
    return GRILLE_BOOT_FAILED;
}
