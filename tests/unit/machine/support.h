/* SPDX-License-Identifier: Apache-2.0
 * Folders and images for the tests of machines. */
#ifndef GRILLE_TESTS_MACHINE_SUPPORT_H
#define GRILLE_TESTS_MACHINE_SUPPORT_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "machine/files.h"
#include "machine/machine.h"
#include "machine/runs.h"

/* A new folder below /tmp, short enough for sockets; *opened is a descriptor of it. */
static inline void make_folder(char path[32], int *opened) {
    (void)snprintf(path, 32, "/tmp/machine.XXXXXX");
    assert_non_null(mkdtemp(path));
    *opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(*opened >= 0);
}

static inline void remove_folder(const char *path, int opened) {
    char command[64];
    (void)close(opened);
    (void)snprintf(command, sizeof command, "rm -r %s", path);
    assert_int_equal(0, system(command));
}

static inline void put_file(int folder, const char *name, const char *content) {
    grille_error error;
    assert_true(machine_file_put(folder, name, grille_bytes_of_text(content), &error));
}

/* The run folder of a user of its own. */
typedef struct runs_world {
    char path[32];
    int folder;
    machine_runs runs;
} runs_world;

static inline void make_runs(runs_world *w) {
    grille_error error = {.code = GRILLE_OK};
    make_folder(w->path, &w->folder);
    assert_int_equal(0, setenv("XDG_RUNTIME_DIR", w->path, 1));
    if (!machine_runs_open(&w->runs, true, &error)) fail_msg("%s", error.text);
}

static inline void remove_runs(runs_world *w) {
    machine_runs_close(&w->runs);
    remove_folder(w->path, w->folder);
    assert_int_equal(0, unsetenv("XDG_RUNTIME_DIR"));
}

/* An enclave with the folder and state of one that this process keeps. */
static inline machine_state some_state(const char *name, uint32_t cid) {
    machine_state state = {
        .phase = MACHINE_RUNNING, .cid = cid, .cpus = 2, .memory_mib = 256, .address = "hybrid:/x/v"};
    (void)snprintf(state.name, sizeof state.name, "%s", name);
    memset(state.attested.pcr0, 0xa0, sizeof state.attested.pcr0);
    memset(state.attested.pcr1, 0xa1, sizeof state.attested.pcr1);
    memset(state.attested.pcr2, 0xa2, sizeof state.attested.pcr2);
    assert_true(machine_process_of(getpid(), &state.supervisor));
    return state;
}

static inline void put_enclave(const runs_world *w, const machine_state *state) {
    grille_error error = {.code = GRILLE_OK};
    int folder = -1;
    assert_true(machine_runs_make(&w->runs, state->name, &error));
    folder = machine_runs_enter(&w->runs, state->name);
    assert_true(folder >= 0 && machine_state_put(folder, state, &error));
    put_file(folder, MACHINE_ADDRESS_FILE, "hybrid:/x/v\n");
    put_file(folder, MACHINE_CONSOLE_FILE, "text\n");
    (void)close(folder);
}

static inline bool is_there(const runs_world *w, const char *name) {
    return faccessat(w->runs.folder, name, F_OK, 0) == 0;
}

#endif
