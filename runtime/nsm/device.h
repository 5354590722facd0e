/* SPDX-License-Identifier: Apache-2.0
 * The NSM of a Nitro Enclave: Linux's /dev/nsm (drivers/misc/nsm.c). */
#ifndef GRILLE_NSM_DEVICE_H
#define GRILLE_NSM_DEVICE_H

#include "nsm/nsm.h"

#define GRILLE_NSM_DEVICE_PATH "/dev/nsm"

/* include/uapi/linux/nsm.h; Debian 12's kernel headers are older than that file. */
#define GRILLE_NSM_IOCTL_RAW 0xC0200A00ul

typedef struct grille_nsm_iovec {
    uint64_t addr;
    uint64_t len;
} grille_nsm_iovec;

typedef struct grille_nsm_raw {
    grille_nsm_iovec request;
    grille_nsm_iovec response; /* len: room on entry, length of the answer on return */
} grille_nsm_raw;

/* ioctl(2) on the device: 0, or -1 and errno. */
typedef int grille_nsm_ioctl_fn(int descriptor, unsigned long request, grille_nsm_raw *raw);

/* Opens the device; close by nsm->functions->close. SYSTEM when it can't be opened. `path` is used during the call. */
GRILLE_MUST_USE grille_reason grille_nsm_open_device(const char *path, grille_nsm **nsm, grille_error *error);

/* The same over a descriptor, which the NSM then owns (on failure it stays the caller's), with another ioctl. */
GRILLE_MUST_USE grille_reason grille_nsm_open_device_with(int descriptor, grille_nsm_ioctl_fn *device_ioctl,
                                                          grille_nsm **nsm, grille_error *error);

#endif
