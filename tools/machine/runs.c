/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/runs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "machine/files.h"

static bool failed(grille_error *error, const char *what, const char *path) {
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "can't %s %.200s: %s", what, path, strerror(errno));
    return false;
}

/* ---- The folder of all ---- */

static bool refuse(grille_error *error, const char *path, const char *observed) {
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                           "%s %s; expected a folder of this user or root that nobody else can write to. Next: remove "
                           "it, or set XDG_RUNTIME_DIR to a folder of your own",
                           path, observed);
    return false;
}

static bool check_owner(int folder, const char *path, grille_error *error) {
    struct stat status;
    if (fstat(folder, &status) != 0) return failed(error, "look at", path);
    if (status.st_uid != geteuid() && status.st_uid != 0) return refuse(error, path, "belongs to somebody else");
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) return refuse(error, path, "can be written to by others");
    return true;
}

/* The folder and the one above it; what is further above belongs to the system. */
static bool make_folders(const char *path, grille_error *error) {
    char above[GRILLE_RUN_PATH_BYTES];
    char *slash = NULL;
    (void)snprintf(above, sizeof above, "%s", path);
    slash = strrchr(above, '/');
    if (slash != NULL && slash != above) {
        *slash = '\0';
        if (mkdir(above, 0700) != 0 && errno != EEXIST) return failed(error, "make the folder", above);
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST) return failed(error, "make the folder", path);
    return true;
}

bool machine_runs_open(machine_runs *runs, bool make, grille_error *error) {
    *runs = (machine_runs){.folder = -1};
    if (grille_run_folder(runs->path, error) != GRILLE_REASON_OK) return false;
    if (make && !make_folders(runs->path, error)) return false;
    runs->folder = open(runs->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (runs->folder < 0) {
        if (errno == ENOENT && !make) return true;
        return errno == ENOTDIR || errno == ELOOP ? refuse(error, runs->path, "is no folder")
                                                  : failed(error, "open", runs->path);
    }
    if (check_owner(runs->folder, runs->path, error)) return true;
    machine_runs_close(runs);
    return false;
}

void machine_runs_close(machine_runs *runs) {
    if (runs->folder >= 0) (void)close(runs->folder);
    runs->folder = -1;
}

bool machine_runs_lock(const machine_runs *runs, grille_error *error) {
    while (flock(runs->folder, LOCK_EX) != 0)
        if (errno != EINTR) return failed(error, "lock", runs->path);
    return true;
}

void machine_runs_unlock(const machine_runs *runs) {
    (void)flock(runs->folder, LOCK_UN);
}

/* ---- That of one ---- */

bool machine_runs_make(const machine_runs *runs, const char *name, grille_error *error) {
    machine_runs_clear(runs, name, false);
    return mkdirat(runs->folder, name, 0700) == 0 || failed(error, "make the folder", name);
}

int machine_runs_enter(const machine_runs *runs, const char *name) {
    return runs->folder < 0 ? -1 : openat(runs->folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool is_kept(const char *file) {
    return strcmp(file, MACHINE_STATE_FILE) == 0 || strcmp(file, MACHINE_CONSOLE_FILE) == 0 ||
           strcmp(file, MACHINE_CONSOLE_OLD_FILE) == 0;
}

void machine_runs_clear(const machine_runs *runs, const char *name, bool keep) {
    const int folder = machine_runs_enter(runs, name);
    DIR *entries = folder < 0 ? NULL : fdopendir(folder);
    if (entries == NULL) {
        if (folder >= 0) (void)close(folder);
        return;
    }
    for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries))
        if (!keep || !is_kept(entry->d_name)) (void)unlinkat(folder, entry->d_name, 0);
    (void)closedir(entries);
    if (!keep) (void)unlinkat(runs->folder, name, AT_REMOVEDIR);
}

bool machine_state_put(int folder, const machine_state *state, grille_error *error) {
    char *text = machine_state_write(state);
    bool good = false;
    if (text == NULL) {
        (void)grille_error_set(error, GRILLE_REASON_OUT_OF_MEMORY, "no memory for a state");
        return false;
    }
    good = machine_file_put(folder, MACHINE_STATE_FILE, grille_bytes_of_text(text), error);
    free(text);
    return good;
}
