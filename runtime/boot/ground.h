/* SPDX-License-Identifier: Apache-2.0
 * The seam between the boot guard and what it looks at: the kernel's files and calls, and the NSM. */
#ifndef GRILLE_BOOT_GROUND_H
#define GRILLE_BOOT_GROUND_H

#include <stdbool.h>

#include "base/time.h"
#include "nsm/nsm.h"

/* Functions answer 0, or an errno where they are of type int. Each gets `user`. */
typedef struct grille_boot_ground {
    void *user;
    bool has_device; /* the NSM that is linked is the device's: we should be in an enclave */
    grille_reason (*open_nsm)(void *user, const char *path, grille_nsm **nsm, grille_error *error);
    /* At most `capacity` bytes from the start of a file. */
    int (*read_file)(void *user, const char *path, char *text, size_t capacity, size_t *len);
    /* Of the kernel's generator, without waiting for it: EAGAIN while it is not seeded (getrandom(2)). */
    int (*draw_random)(void *user, uint8_t *out, size_t len);
    /* Into the kernel's pool: counted as entropy, which needs CAP_SYS_ADMIN; and not counted (random(4)). */
    int (*credit_random)(void *user, grille_bytes bytes);
    int (*mix_random)(void *user, grille_bytes bytes);
    grille_time_us (*monotonic_us)(void *user);
    grille_wall_ms (*wall_ms)(void *user);
    /* Makes a stream socket of AF_VSOCK, and closes it. */
    int (*make_vsock)(void *user);
    /* The CID of this machine (vsock(7), IOCTL_VM_SOCKETS_GET_LOCAL_CID). */
    int (*local_cid)(void *user, uint32_t *cid);
} grille_boot_ground;

/* Linux, and the NSM that the program links. */
grille_boot_ground grille_boot_ground_linux(void);

#endif
