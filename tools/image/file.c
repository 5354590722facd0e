/* SPDX-License-Identifier: Apache-2.0 */
#include "image/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"

static const uint8_t nothing[1];

static bool failed(grille_error *error, const char *what, const char *path) {
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "can't %s %.200s: %s", what, path, strerror(errno));
    return false;
}

static bool map(int fd, const char *path, grille_bytes *content, grille_error *error) {
    struct stat status;
    void *mapped = MAP_FAILED;
    if (fstat(fd, &status) != 0) return failed(error, "look at", path);
    if (!S_ISREG(status.st_mode)) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%.200s is no file", path);
        return false;
    }
    if (status.st_size == 0) {
        *content = grille_bytes_of(nothing, 0);
        return true;
    }
    mapped = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapped == MAP_FAILED) return failed(error, "read", path);
    *content = grille_bytes_of(mapped, (size_t)status.st_size);
    return true;
}

bool image_file_map(const char *path, grille_bytes *content, grille_error *error) {
    /* Not to wait for the other end of a pipe. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool good = false;
    if (fd < 0) return failed(error, "open", path);
    good = map(fd, path, content, error);
    (void)close(fd);
    return good;
}

void image_file_unmap(grille_bytes content) {
    if (content.len > 0) (void)munmap((void *)(uintptr_t)content.data, content.len);
}
