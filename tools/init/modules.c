/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ground.h"

static int is_file(const struct dirent *member) {
    return member->d_name[0] != '.';
}

static void load(const char *folder, const char *name) {
    char path[PATH_MAX];
    int fd = -1;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST)) {
        init_say_failed("module %s is not loaded", name);
    }
    if (fd >= 0) (void)close(fd);
}

void init_load_modules(const char *folder) {
    struct dirent **members = NULL;
    const int count = scandir(folder, &members, is_file, alphasort);
    for (int i = 0; i < count; i++) {
        load(folder, members[i]->d_name);
        free(members[i]);
    }
    free(members);
}
