/* SPDX-License-Identifier: Apache-2.0 */
#include "nsm/simulated_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

grille_reason grille_nsm_simulated_folder_open(const char *path, int *descriptor, grille_error *error) {
    struct stat found = {.st_mode = 0};
    int opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) {
        return grille_error_set(error, GRILLE_REASON_SYSTEM,
                                "simulated NSM in %s: cannot open the folder (`grille sim init` makes it): %s", path,
                                strerror(errno));
    }
    if (fstat(opened, &found) == 0 && found.st_uid == geteuid() && (found.st_mode & (S_IRWXG | S_IRWXO)) == 0) {
        *descriptor = opened;
        return GRILLE_REASON_OK;
    }
    (void)close(opened);
    return grille_error_set(
        error, GRILLE_REASON_SYSTEM,
        "simulated NSM in %s: the folder has mode %03o of user %u, and holds a key that only its own user may reach; "
        "try: chmod 700 %s",
        path, (unsigned)found.st_mode & 0777u, (unsigned)found.st_uid, path);
}

static bool write_all(int file, grille_bytes content) {
    size_t done = 0;
    while (done < content.len) {
        ssize_t count = write(file, content.data + done, content.len - done);
        if (count < 0 && errno != EINTR) return false;
        if (count > 0) done += (size_t)count;
    }
    return fsync(file) == 0;
}

grille_reason grille_nsm_simulated_file_write(int folder, const char *name, mode_t mode, grille_bytes content) {
    int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    bool written = file >= 0 && write_all(file, content);
    if (file >= 0 && (close(file) != 0 || !written)) {
        int cause = errno;
        (void)unlinkat(folder, name, 0);
        errno = cause;
        written = false;
    }
    return written ? GRILLE_REASON_OK : GRILLE_REASON_SYSTEM;
}

static grille_reason check(const struct stat *found, const char *path, const char *name, mode_t forbidden,
                           size_t capacity, grille_error *error) {
    if (!S_ISREG(found->st_mode) || found->st_uid != geteuid() || (found->st_mode & forbidden) != 0) {
        return grille_error_set(error, GRILLE_REASON_SYSTEM,
                                "simulated NSM in %s: %s has mode %03o of user %u, and only its own user may reach it; "
                                "try: chmod 600 %s/%s",
                                path, name, (unsigned)found->st_mode & 0777u, (unsigned)found->st_uid, path, name);
    }
    if (found->st_size <= (off_t)capacity) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_SYSTEM,
                            "simulated NSM in %s: %s has %lld bytes, expected at most %zu; make a new one with `grille "
                            "sim init`",
                            path, name, (long long)found->st_size, capacity);
}

grille_reason grille_nsm_simulated_file_read(int folder, const char *path, const char *name, mode_t forbidden,
                                             char *content, size_t capacity, size_t *len, grille_error *error) {
    struct stat found = {.st_mode = 0};
    grille_reason reason = GRILLE_REASON_OK;
    ssize_t count = -1;
    int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    *len = 0;
    if (file >= 0 && fstat(file, &found) == 0) {
        reason = check(&found, path, name, forbidden, capacity, error);
        if (reason == GRILLE_REASON_OK) count = read(file, content, capacity);
    }
    if (reason == GRILLE_REASON_OK && count < 0) {
        reason = grille_error_set(error, GRILLE_REASON_SYSTEM,
                                  "simulated NSM in %s: cannot read %s: %s; make a new one with `grille sim init`",
                                  path, name, strerror(errno));
    }
    if (file >= 0) (void)close(file);
    if (reason == GRILLE_REASON_OK) *len = (size_t)count;
    return reason;
}
