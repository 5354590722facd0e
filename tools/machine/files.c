/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

bool machine_write_all(int file, grille_bytes content) {
    for (size_t at = 0; at < content.len;) {
        const ssize_t wrote = write(file, &content.data[at], content.len - at);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        at += (size_t)wrote;
    }
    return true;
}

static bool failed(grille_error *error, const char *name) {
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "can't write %.100s: %s", name, strerror(errno));
    return false;
}

bool machine_file_put(int folder, const char *name, grille_bytes content, grille_error *error) {
    static const char beside[] = ".new";
    const int file = openat(folder, beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool good = file >= 0 && machine_write_all(file, content);
    if (file >= 0 && close(file) != 0) good = false;
    return (good && renameat(folder, beside, folder, name) == 0) || failed(error, name);
}
