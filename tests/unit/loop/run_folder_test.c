/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/run_folder.h"

#include <sys/stat.h>

#include "tests/unit/loop/support.h"
#include "wire/limits.h"

/* A user's own runtime folder with an enclave "app" in it. */
typedef struct world {
    char root[32];
    char enclaves[64];
    char app[96];
    char file[128];
} world;

static void write_address(const world *w, const char *line) {
    FILE *file = fopen(w->file, "we");
    assert_non_null(file);
    assert_true(fputs(line, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make_world(world *w) {
    char grille[48];
    make_folder(w->root);
    (void)snprintf(grille, sizeof grille, "%s/grille", w->root);
    (void)snprintf(w->enclaves, sizeof w->enclaves, "%s/enclaves", grille);
    (void)snprintf(w->app, sizeof w->app, "%s/app", w->enclaves);
    (void)snprintf(w->file, sizeof w->file, "%s/address", w->app);
    assert_int_equal(mkdir(grille, 0700), 0);
    assert_int_equal(mkdir(w->enclaves, 0700), 0);
    assert_int_equal(mkdir(w->app, 0700), 0);
    assert_int_equal(setenv("XDG_RUNTIME_DIR", w->root, 1), 0);
    write_address(w, "hybrid:/run/app/v\n");
}

static void end_world(const world *w) {
    char grille[48];
    (void)snprintf(grille, sizeof grille, "%s/grille", w->root);
    (void)unlink(w->file);
    (void)rmdir(w->app);
    assert_int_equal(rmdir(w->enclaves), 0);
    assert_int_equal(rmdir(grille), 0);
    assert_int_equal(rmdir(w->root), 0);
    (void)unsetenv("XDG_RUNTIME_DIR");
}

static void expect(const char *name, const char *address) {
    char text[GRILLE_ADDRESS_TEXT_BYTES];
    grille_address found;
    grille_error error = {.code = GRILLE_OK};
    assert_int_equal(grille_run_address(grille_bytes_of_text(name), 5000, &found, &error), GRILLE_REASON_OK);
    grille_address_format(&found, text);
    assert_string_equal(text, address);
}

static void refuse(const char *name, grille_reason reason, const char *says) {
    grille_address found;
    grille_error error = {.code = GRILLE_OK};
    assert_int_equal(grille_run_address(grille_bytes_of_text(name), 5000, &found, &error), reason);
    if (strstr(error.text, says) == NULL) fail_msg("\"%s\" does not say \"%s\"", error.text, says);
}

static void test_names(void **state) {
    char longest[GRILLE_LIMIT_ENCLAVE_NAME_BYTES + 2];
    (void)state;
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_false(grille_run_name_is_valid(grille_bytes_of_text(longest)));
    assert_true(grille_run_name_is_valid(grille_bytes_of(longest, GRILLE_LIMIT_ENCLAVE_NAME_BYTES)));
    assert_true(grille_run_name_is_valid(grille_bytes_of_text("Zz09._-")));
    static const char *const bad[] = {"",    ".",   "..",       ".a", "-a", "a/b", "a b",
                                      "a:b", "a\n", "\xc3\xa4", "@",  "[",  "`",   "{"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(grille_run_name_is_valid(grille_bytes_of_text(bad[i])));
}

static void test_the_folders_place(void **state) {
    char path[GRILLE_RUN_PATH_BYTES], expected[64], much[GRILLE_RUN_PATH_BYTES + 1];
    grille_error error = {.code = GRILLE_OK};
    (void)state;
    assert_int_equal(setenv("XDG_RUNTIME_DIR", "/run/user/7", 1), 0);
    assert_int_equal(grille_run_folder(path, &error), GRILLE_REASON_OK);
    assert_string_equal(path, "/run/user/7/grille/enclaves");
    assert_int_equal(setenv("XDG_RUNTIME_DIR", "run", 1), 0);
    assert_int_equal(grille_run_folder(path, &error), GRILLE_REASON_LOOP_RUN_FOLDER);
    assert_non_null(strstr(error.text, "\"run\", expected an absolute path"));
    memset(much, '/', sizeof much - 1);
    much[sizeof much - 1] = '\0';
    assert_int_equal(setenv("XDG_RUNTIME_DIR", much, 1), 0);
    assert_int_equal(grille_run_folder(path, &error), GRILLE_REASON_LOOP_RUN_FOLDER);
    assert_non_null(strstr(error.text, "expected less than 256"));
    (void)snprintf(expected, sizeof expected, "/tmp/enclaves-%u", (unsigned)geteuid());
    if (geteuid() == 0) (void)strcpy(expected, "/run/grille/enclaves");
    for (int set = 0; set < 2; set++) {
        assert_int_equal(set ? setenv("XDG_RUNTIME_DIR", "", 1) : unsetenv("XDG_RUNTIME_DIR"), 0);
        assert_int_equal(grille_run_folder(path, &error), GRILLE_REASON_OK);
        assert_string_equal(path, expected);
    }
    (void)unsetenv("XDG_RUNTIME_DIR");
}

static void test_finds_what_runs(void **state) {
    world w;
    (void)state;
    make_world(&w);
    expect("app", "hybrid:/run/app/v:5000");
    write_address(&w, "vsock:16\n");
    expect("app", "vsock:16:5000");
    refuse("other", GRILLE_REASON_LOOP_ENCLAVE_UNKNOWN, "no enclave \"other\" runs here (looked in ");
    assert_int_equal(unlink(w.file), 0); /* it has ended */
    refuse("app", GRILLE_REASON_LOOP_ENCLAVE_UNKNOWN, "no enclave \"app\" runs here");
    end_world(&w);
    assert_int_equal(setenv("XDG_RUNTIME_DIR", w.root, 1), 0); /* no folder at all */
    refuse("app", GRILLE_REASON_LOOP_ENCLAVE_UNKNOWN, w.enclaves);
    (void)unsetenv("XDG_RUNTIME_DIR");
}

static void test_bad_lines(void **state) {
    static const struct {
        const char *line, *says;
        grille_reason reason;
    } rows[] = {
        {"", "no line of at most", GRILLE_REASON_LOOP_RUN_FOLDER},
        {"vsock:16", "no line of at most", GRILLE_REASON_LOOP_RUN_FOLDER},
        {"\n", "says \"\", expected hybrid:/PATH or vsock:CID", GRILLE_REASON_LOOP_RUN_FOLDER},
        {"fd:3\n", "says \"fd:3\"", GRILLE_REASON_LOOP_RUN_FOLDER},
        {"inproc:a\n", "says \"inproc:a\"", GRILLE_REASON_LOOP_RUN_FOLDER},
        {"hybrid:v\n", "says \"hybrid:v\"", GRILLE_REASON_LOOP_RUN_FOLDER},
        {"vsock:16\nvsock:17\n", "the CID is not a number", GRILLE_REASON_LOOP_BAD_ADDRESS},
        {"vsock:x\n", "the CID is not a number", GRILLE_REASON_LOOP_BAD_ADDRESS},
    };
    char line[256];
    world w;
    (void)state;
    make_world(&w);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_address(&w, rows[i].line);
        refuse("app", rows[i].reason, rows[i].says);
    }
    (void)snprintf(line, sizeof line, "hybrid:/%0200d\n", 0);
    write_address(&w, line);
    refuse("app", GRILLE_REASON_LOOP_RUN_FOLDER, "no line of at most");
    assert_int_equal(unlink(w.file), 0);
    assert_int_equal(symlink("/etc/hostname", w.file), 0);
    refuse("app", GRILLE_REASON_LOOP_RUN_FOLDER, "its file address: ");
    end_world(&w);
}

static void test_folders_of_others(void **state) {
    char moved[96];
    world w;
    (void)state;
    make_world(&w);
    assert_int_equal(chmod(w.app, 0770), 0);
    refuse("app", GRILLE_REASON_LOOP_RUN_FOLDER, "app can be written to by others");
    assert_int_equal(chmod(w.app, 0700), 0);
    assert_int_equal(chmod(w.enclaves, 0702), 0);
    refuse("app", GRILLE_REASON_LOOP_RUN_FOLDER,
           "enclaves can be written to by others; expected a folder of this user");
    assert_int_equal(chmod(w.enclaves, 0700), 0);
    /* Only root can give folders away, and only where there is somebody else: a sandbox may have one user. */
    if (chown(w.enclaves, 12345, 12345) == 0) {
        refuse("app", GRILLE_REASON_LOOP_RUN_FOLDER, "belongs to somebody else");
        assert_int_equal(chown(w.enclaves, 0, 0), 0);
    }
    (void)snprintf(moved, sizeof moved, "%s/moved", w.root);
    assert_int_equal(rename(w.app, moved), 0);
    assert_int_equal(symlink(moved, w.app), 0);
    refuse("app", GRILLE_REASON_LOOP_RUN_FOLDER, "app Not a directory");
    assert_int_equal(unlink(w.app), 0);
    assert_int_equal(rename(moved, w.app), 0);
    expect("app", "hybrid:/run/app/v:5000");
    end_world(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_the_folders_place),
        cmocka_unit_test(test_finds_what_runs),
        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_folders_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
