/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "init.h"

/* A file system of the kernel's own making. */
typedef struct mount_point {
    const char *type, *path, *options;
    unsigned long flags;
} mount_point;

static bool mount_at(const mount_point *point) {
    if (mkdir(point->path, 0755) != 0 && errno != EEXIST) return false;
    return mount(point->type, point->path, point->type, point->flags, point->options) == 0 || errno == EBUSY;
}

bool init_mount_root(void) {
    static const mount_point points[] = {
        {"devtmpfs", INIT_ROOT "/dev", "mode=0755", MS_NOSUID | MS_NOEXEC},
        {"devpts", INIT_ROOT "/dev/pts", "mode=0620", MS_NOSUID | MS_NOEXEC},
        {"tmpfs", INIT_ROOT "/dev/shm", "mode=1777", MS_NOSUID | MS_NOEXEC | MS_NODEV},
        {"proc", INIT_ROOT "/proc", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV},
        {"sysfs", INIT_ROOT "/sys", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY},
        {"tmpfs", INIT_ROOT "/run", "mode=0755", MS_NOSUID | MS_NODEV},
        {"tmpfs", INIT_ROOT "/tmp", "mode=1777", MS_NOSUID | MS_NODEV},
    };
    struct stat status;
    if (stat(INIT_ROOT, &status) != 0 || !S_ISDIR(status.st_mode)) {
        init_say("no folder %s in the ramdisks", INIT_ROOT);
        return false;
    }
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++)
        if (!mount_at(&points[i])) init_say_failed("no %s at %s", points[i].type, points[i].path);
    return true;
}
