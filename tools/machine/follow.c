/* SPDX-License-Identifier: Apache-2.0
 * Following a console while its files turn over. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "machine/console.h"
#include "machine/files.h"
#include "machine/runs.h"

static bool failed(grille_error *error, const char *what) {
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "can't %s the console: %s", what, strerror(errno));
    return false;
}

/* Copies up to the end that the file has now. */
static bool copy(int file, int out, grille_error *error) {
    uint8_t text[16384];
    for (;;) {
        const ssize_t got = read(file, text, sizeof text);
        if (got < 0) return failed(error, "read");
        if (got == 0) return true;
        if (!machine_write_all(out, grille_bytes_of(text, (size_t)got))) return failed(error, "print");
    }
}

static int open_file(int folder, const char *name) {
    return openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

static bool is_same(int a, int b) {
    struct stat left, right;
    return fstat(a, &left) == 0 && fstat(b, &right) == 0 && left.st_ino == right.st_ino;
}

/* Takes the newest file in place of *file when there is one; the old one was copied to its end first. False: error. */
static bool go_over(int folder, int *file, int out, bool *went, grille_error *error) {
    const int newest = open_file(folder, MACHINE_CONSOLE_FILE);
    *went = false;
    if (newest < 0) return errno == ENOENT || failed(error, "open");
    if (*file >= 0 && is_same(newest, *file)) {
        (void)close(newest);
        return true;
    }
    /* Nobody writes to the old one any more: what is missing of it comes now. */
    if (*file >= 0) {
        const bool good = copy(*file, out, error);
        (void)close(*file);
        if (!good) {
            (void)close(newest);
            *file = -1;
            return false;
        }
    }
    *file = newest;
    *went = true;
    return true;
}

static bool copy_all(int folder, int *file, int out, grille_error *error) {
    bool went = false;
    do {
        if (*file >= 0 && !copy(*file, out, error)) return false;
        if (!go_over(folder, file, out, &went, error)) return false;
    } while (went);
    return true;
}

/* Until something happens in the folder; *ended when the process has, or nobody reads any more. */
static bool wait_for_more(int watch, int pidfd, int out, bool *ended, grille_error *error) {
    char events[4096];
    struct pollfd ends[] = {{.fd = watch, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}, {.fd = out}};
    while (poll(ends, 3, -1) < 0)
        if (errno != EINTR) return failed(error, "wait for");
    if (ends[0].revents != 0 && read(watch, events, sizeof events) < 0 && errno != EAGAIN)
        return failed(error, "watch");
    *ended = ends[1].revents != 0 || ends[2].revents != 0;
    return true;
}

static bool follow(int folder, int watch, int pidfd, int out, grille_error *error) {
    int file = open_file(folder, MACHINE_CONSOLE_OLD_FILE);
    bool ended = pidfd < 0;
    bool good = copy_all(folder, &file, out, error);
    while (good && !ended) {
        good = wait_for_more(watch, pidfd, out, &ended, error) && copy_all(folder, &file, out, error);
    }
    if (file >= 0) (void)close(file);
    return good;
}

bool machine_console_follow(int folder, const char *path, int pidfd, int out, grille_error *error) {
    /* Before the first reading, so that nothing is missed between the two. */
    const int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    bool good = false;
    if (watch < 0 || inotify_add_watch(watch, path, IN_MODIFY | IN_CREATE | IN_MOVE) < 0) {
        (void)failed(error, "watch");
    } else {
        good = follow(folder, watch, pidfd, out, error);
    }
    if (watch >= 0) (void)close(watch);
    return good;
}
