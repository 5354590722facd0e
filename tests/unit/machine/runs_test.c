/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/runs.h"

#include "machine_tests.h"
#include "support.h"

static void the_folder_is_made_for_its_user_alone(void **state) {
    runs_world w;
    struct stat status;
    (void)state;
    make_runs(&w);
    assert_int_equal(0, fstat(w.runs.folder, &status));
    assert_int_equal(0700, status.st_mode & 0777);
    assert_int_equal(0, fstatat(w.folder, "grille", &status, 0));
    assert_int_equal(0700, status.st_mode & 0777);
    remove_runs(&w);
}

static bool opens(bool make, grille_error *error) {
    machine_runs runs;
    bool good = false;
    *error = (grille_error){.code = GRILLE_OK};
    good = machine_runs_open(&runs, make, error);
    if (good) machine_runs_close(&runs);
    return good;
}

static void a_folder_that_others_can_write_to_is_refused(void **state) {
    runs_world w;
    grille_error error;
    (void)state;
    make_runs(&w);
    for (unsigned bit = 0; bit < 9; bit++) {
        const mode_t mode = 0700 | 1u << bit;
        assert_int_equal(0, fchmod(w.runs.folder, mode));
        assert_int_equal((mode & 022) == 0, opens(bit % 2 == 0, &error));
        if ((mode & 022) != 0) assert_non_null(strstr(error.text, "can be written to by others"));
    }
    /* Somebody else's: where the test may make one. */
    assert_int_equal(0, fchmod(w.runs.folder, 0700));
    if (fchown(w.runs.folder, 12345, 12345) == 0) {
        assert_false(opens(true, &error));
        assert_non_null(strstr(error.text, "belongs to somebody else"));
    }
    remove_runs(&w);
}

static void what_is_no_folder_is_refused(void **state) {
    char path[32];
    int folder = -1;
    grille_error error;
    (void)state;
    make_folder(path, &folder);
    assert_int_equal(0, setenv("XDG_RUNTIME_DIR", path, 1));
    assert_true(opens(false, &error)); /* nothing runs */
    assert_int_equal(0, mkdirat(folder, "grille", 0700));
    put_file(folder, "grille/enclaves", "");
    assert_false(opens(true, &error));
    assert_int_equal(0, unlinkat(folder, "grille/enclaves", 0));
    assert_int_equal(0, symlinkat("/tmp", folder, "grille/enclaves"));
    assert_false(opens(true, &error));
    assert_false(opens(false, &error));
    assert_int_equal(0, setenv("XDG_RUNTIME_DIR", "relative", 1));
    assert_false(opens(true, &error));
    assert_int_equal(0, unsetenv("XDG_RUNTIME_DIR"));
    remove_folder(path, folder);
}

static void what_is_kept_of_one_is_state_and_console(void **state) {
    runs_world w;
    const machine_state a = some_state("a", 16);
    int folder = -1;
    grille_error error;
    (void)state;
    make_runs(&w);
    put_enclave(&w, &a);
    folder = machine_runs_enter(&w.runs, "a");
    put_file(folder, MACHINE_CONSOLE_OLD_FILE, "");
    put_file(folder, MACHINE_KERNEL_FILE, "");
    put_file(folder, "v_7000", "");
    (void)close(folder);
    machine_runs_clear(&w.runs, "a", true);
    assert_true(is_there(&w, "a/state.json") && is_there(&w, "a/console") && is_there(&w, "a/console.1"));
    assert_false(is_there(&w, "a/address") || is_there(&w, "a/kernel") || is_there(&w, "a/v_7000"));
    /* The next of that name begins with nothing. */
    assert_true(machine_runs_make(&w.runs, "a", &error));
    assert_true(is_there(&w, "a") && !is_there(&w, "a/state.json"));
    machine_runs_clear(&w.runs, "a", false);
    assert_false(is_there(&w, "a"));
    machine_runs_clear(&w.runs, "a", false); /* nothing to do */
    remove_runs(&w);
}

static void a_file_that_is_put_takes_the_place_of_the_old_one(void **state) {
    char path[32], read[16] = "";
    int folder = -1, old = -1;
    (void)state;
    make_folder(path, &folder);
    put_file(folder, "f", "old");
    old = openat(folder, "f", O_RDONLY | O_CLOEXEC);
    put_file(folder, "f", "newer");
    assert_int_equal(3, pread(old, read, sizeof read, 0));
    assert_string_equal("old", read);
    assert_int_equal(0, faccessat(folder, "f", F_OK, 0));
    assert_int_not_equal(0, faccessat(folder, ".new", F_OK, 0));
    (void)close(old);
    remove_folder(path, folder);
}

int runs_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_folder_is_made_for_its_user_alone),
        cmocka_unit_test(a_folder_that_others_can_write_to_is_refused),
        cmocka_unit_test(what_is_no_folder_is_refused),
        cmocka_unit_test(what_is_kept_of_one_is_state_and_console),
        cmocka_unit_test(a_file_that_is_put_takes_the_place_of_the_old_one),
    };
    return cmocka_run_group_tests_name("machine/runs", tests, NULL, NULL);
}
