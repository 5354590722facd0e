/* SPDX-License-Identifier: Apache-2.0
 * What the folder of all enclaves holds. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "machine/runs.h"

/* Reads the state file of one; false: found->problem says why. */
static bool read_state(int folder, machine_found *found) {
    static uint8_t text[MACHINE_STATE_MAX + 1];
    grille_error error = {.code = GRILLE_OK};
    const int file = openat(folder, MACHINE_STATE_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = -1;
    if (file < 0) {
        (void)snprintf(found->problem, sizeof found->problem, "%s: %s", MACHINE_STATE_FILE, strerror(errno));
        return false;
    }
    got = read(file, text, sizeof text);
    (void)close(file);
    if (got < 0 || (size_t)got > MACHINE_STATE_MAX) {
        (void)snprintf(found->problem, sizeof found->problem, "%s: no file of at most %d bytes", MACHINE_STATE_FILE,
                       MACHINE_STATE_MAX);
        return false;
    }
    if (!machine_state_read(grille_bytes_of(text, (size_t)got), &found->state, &error)) {
        (void)snprintf(found->problem, sizeof found->problem, "%s: %.130s", MACHINE_STATE_FILE, error.text);
        return false;
    }
    if (strcmp(found->state.name, found->name) == 0) return true;
    (void)snprintf(found->problem, sizeof found->problem, "%s: it is that of \"%s\"", MACHINE_STATE_FILE,
                   found->state.name);
    return false;
}

/* Nobody lives to do it: what a supervisor does at its end. */
static void clear_up(const machine_runs *runs, int folder, machine_found *found) {
    grille_error ignored;
    const bool keep = found->state.debug || found->state.phase == MACHINE_RUNNING;
    found->state.phase = MACHINE_ENDED;
    found->state.address[0] = '\0';
    /* A state that can't be written goes with the rest. */
    machine_runs_clear(runs, found->name, keep && machine_state_put(folder, &found->state, &ignored));
}

/* False: there is nothing (any more). */
static bool look_at(const machine_runs *runs, const char *name, machine_found *found) {
    int folder = -1;
    bool there = true;
    if (!grille_run_name_is_valid(grille_bytes_of_text(name))) return false;
    folder = machine_runs_enter(runs, name);
    if (folder < 0) return false;
    *found = (machine_found){.readable = false};
    (void)snprintf(found->name, sizeof found->name, "%.*s", (int)sizeof found->name - 1, name);
    found->readable = read_state(folder, found);
    if (found->readable && found->state.phase != MACHINE_ENDED && !machine_process_lives(&found->state.supervisor)) {
        clear_up(runs, folder, found);
        there = faccessat(folder, MACHINE_STATE_FILE, F_OK, 0) == 0;
    }
    (void)close(folder);
    return there;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const machine_found *)a)->name, ((const machine_found *)b)->name);
}

bool machine_runs_look_locked(const machine_runs *runs, machine_found found[MACHINE_RUNS_MAX], size_t *count,
                              grille_error *error) {
    const int folder = openat(runs->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = folder < 0 ? NULL : fdopendir(folder);
    size_t n = 0;
    *count = 0;
    if (entries == NULL) {
        (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "can't read %s: %s", runs->path, strerror(errno));
        if (folder >= 0) (void)close(folder);
        return false;
    }
    for (const struct dirent *entry = readdir(entries); entry != NULL && n < MACHINE_RUNS_MAX; entry = readdir(entries))
        n += look_at(runs, entry->d_name, &found[n]);
    (void)closedir(entries);
    qsort(found, n, sizeof found[0], by_name);
    *count = n;
    return true;
}

bool machine_runs_look(const machine_runs *runs, machine_found found[MACHINE_RUNS_MAX], size_t *count,
                       grille_error *error) {
    bool good = false;
    *count = 0;
    if (runs->folder < 0) return true;
    if (!machine_runs_lock(runs, error)) return false;
    good = machine_runs_look_locked(runs, found, count, error);
    machine_runs_unlock(runs);
    return good;
}

/* ---- CIDs ---- */

static const machine_found *holder_of(const machine_found *found, size_t count, uint32_t cid) {
    for (size_t i = 0; i < count; i++)
        if (found[i].readable && found[i].state.phase != MACHINE_ENDED && found[i].state.cid == cid) return &found[i];
    return NULL;
}

bool machine_choose_cid(const machine_found *found, size_t count, uint32_t wanted, uint32_t *cid, grille_error *error) {
    const machine_found *holder = NULL;
    if (wanted == 0) {
        *cid = MACHINE_FIRST_CID;
        while (holder_of(found, count, *cid) != NULL)
            (*cid)++;
        return true;
    }
    if (wanted < MACHINE_FIRST_CID || wanted > MACHINE_LAST_CID) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "a CID is %u to %u, not %u", MACHINE_FIRST_CID,
                               MACHINE_LAST_CID, wanted);
        return false;
    }
    holder = holder_of(found, count, wanted);
    if (holder != NULL) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                               "CID %u is in use: observed enclave \"%s\" with it, expected nobody. Next: leave out "
                               "--cid, or grille enclave terminate %s",
                               wanted, holder->name, holder->name);
        return false;
    }
    *cid = wanted;
    return true;
}
