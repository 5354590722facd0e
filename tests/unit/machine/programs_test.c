/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/programs.h"

#include "machine_tests.h"
#include "support.h"

static void programs_are_found_as_a_shell_finds_them(void **state) {
    char path[32], folders[128], found[PATH_MAX], expected[64];
    int folder = -1;
    const char *before = getenv("PATH");
    char *kept = strdup(before == NULL ? "" : before);
    (void)state;
    make_folder(path, &folder);
    put_file(folder, "tool", "#!/bin/sh\n");
    assert_int_equal(0, mkdirat(folder, "folder", 0755));
    (void)snprintf(expected, sizeof expected, "%s/tool", path);
    (void)snprintf(folders, sizeof folders, "/nowhere::%s:/bin", path);
    assert_int_equal(0, setenv("PATH", folders, 1));
    /* Not executable. */
    assert_false(machine_program_find("tool", found));
    assert_int_equal(0, fchmodat(folder, "tool", 0755, 0));
    assert_true(machine_program_find("tool", found));
    assert_string_equal(expected, found);
    assert_true(machine_program_find(expected, found));
    assert_false(machine_program_find("folder", found));
    assert_false(machine_program_find("no-tool", found));
    assert_false(machine_program_find("./tool", found));
    assert_int_equal(0, setenv("PATH", "", 1));
    assert_false(machine_program_find("tool", found));
    assert_int_equal(0, unsetenv("PATH"));
    assert_false(machine_program_find("tool", found));
    assert_int_equal(0, setenv("PATH", kept, 1));
    free(kept);
    remove_folder(path, folder);
}

static void what_a_program_prints_comes_back(void **state) {
    char *const good[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"printf 'a\\nb'; exit 7"}, NULL};
    char *const killed[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"kill -9 $$"}, NULL};
    char *const much[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"yes | head -c 1048577"}, NULL};
    char *output = NULL;
    int status = 0;
    grille_error error = {.code = GRILLE_OK};
    (void)state;
    assert_true(machine_program_run("/bin/sh", good, &output, &status, &error));
    assert_string_equal("a\nb", output);
    assert_int_equal(7, status);
    free(output);
    assert_true(machine_program_run("/bin/sh", killed, &output, &status, &error));
    assert_int_equal(128 + 9, status);
    free(output);
    assert_true(machine_program_run("/nowhere", killed, &output, &status, &error));
    assert_int_equal(127, status);
    free(output);
    assert_false(machine_program_run("/bin/sh", much, &output, &status, &error));
    assert_null(output);
    assert_non_null(strstr(error.text, "more than 1 MiB"));
}

int programs_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_are_found_as_a_shell_finds_them),
        cmocka_unit_test(what_a_program_prints_comes_back),
    };
    return cmocka_run_group_tests_name("machine/programs", tests, NULL, NULL);
}
