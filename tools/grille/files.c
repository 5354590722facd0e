/* SPDX-License-Identifier: Apache-2.0 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

static bool join(char path[PATH_MAX], const char *folder, const char *name, grille_error *error) {
    int len = snprintf(path, PATH_MAX, "%s/%s", folder, name);
    if (len > 0 && len < PATH_MAX) return true;
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "the path %.64s… is too long", folder);
    return false;
}

static bool failed(const char *what, const char *path, grille_error *error) {
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "%s %s: %s", what, path, strerror(errno));
    return false;
}

static bool write_all(int fd, grille_bytes content) {
    size_t at = 0;
    while (at < content.len) {
        ssize_t wrote = write(fd, content.data + at, content.len - at);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        at += (size_t)wrote;
    }
    return fsync(fd) == 0;
}

bool file_write_new(const char *folder, const char *name, grille_bytes content, bool is_public, grille_error *error) {
    char path[PATH_MAX];
    int fd = -1;
    bool written = false;
    if (!join(path, folder, name, error)) return false;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) return failed("can't make the folder", folder, error);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, is_public ? 0644 : 0600);
    if (fd < 0) return failed("can't make the new file", path, error);
    written = write_all(fd, content);
    if (close(fd) != 0) written = false;
    if (written) return true;
    (void)unlink(path);
    return failed("can't write", path, error);
}

/* A new file like `status` says; its content is on the disk when this succeeds. */
static bool write_beside(int fd, const struct stat *status, grille_bytes content) {
    bool owned = fchown(fd, status->st_uid, status->st_gid) == 0 || status->st_uid == geteuid();
    return owned && fchmod(fd, status->st_mode & 07777) == 0 && write_all(fd, content);
}

bool file_replace(const char *path, grille_bytes content, grille_error *error) {
    char target[PATH_MAX], beside[PATH_MAX + 8];
    struct stat status;
    bool written = false;
    int fd = -1;
    if (realpath(path, target) == NULL || stat(target, &status) != 0) return failed("can't find", path, error);
    (void)snprintf(beside, sizeof beside, "%s.XXXXXX", target);
    fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0) return failed("can't write beside", path, error);
    written = write_beside(fd, &status, content);
    if (close(fd) != 0) written = false;
    if (written && rename(beside, target) == 0) return true;
    (void)failed("can't replace", path, error);
    (void)unlink(beside);
    return false;
}

void file_remove(const char *folder, const char *name) {
    char path[PATH_MAX];
    grille_error error;
    if (join(path, folder, name, &error)) (void)unlink(path);
}

bool file_read(const char *folder, const char *name, uint8_t *content, size_t capacity, size_t *len,
               grille_error *error) {
    char path[PATH_MAX];
    ssize_t got = 0;
    int fd = -1;
    *len = 0;
    if (!join(path, folder, name, error)) return false;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return failed("can't open", path, error);
    while (*len < capacity && (got = read(fd, content + *len, capacity - *len)) > 0)
        *len += (size_t)got;
    if (got < 0) (void)failed("can't read", path, error);
    (void)close(fd);
    if (got < 0) return false;
    if (*len < capacity) return true;
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s has %zu bytes or more; that is no certificate or key",
                           path, capacity);
    return false;
}
