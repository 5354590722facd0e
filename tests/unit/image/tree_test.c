/* SPDX-License-Identifier: Apache-2.0 */
#include "image/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "image_tests.h"

static bool put(image_tree *tree, const char *path, mode_t mode, const char *content, grille_error *error) {
    return image_tree_put(tree, &(image_entry){.path = path, .mode = mode, .content = grille_bytes_of_text(content)},
                          error);
}

static void put_good(image_tree *tree, const char *path, mode_t mode, const char *content) {
    grille_error error = {.code = GRILLE_OK};
    if (!put(tree, path, mode, content, &error)) fail_msg("%s: %s", path, error.text);
}

static void add_line(const image_entry *entry, void *context) {
    char *text = context;
    char line[256];
    (void)snprintf(line, sizeof line, "%o %s=%.*s\n", entry->mode, entry->path, (int)entry->content.len,
                   (const char *)entry->content.data);
    assert_true(strlen(text) + strlen(line) < 4096);
    strcat(text, line);
}

static void assert_tree(const image_tree *tree, const char *expected) {
    static char text[4096];
    text[0] = '\0';
    image_tree_walk(tree, add_line, text);
    assert_string_equal(expected, text);
}

static void entries_are_sorted_and_parents_made(void **state) {
    image_tree *tree = image_tree_new();
    (void)state;
    put_good(tree, "/usr/bin/z", S_IFREG | 0755, "zz");
    put_good(tree, "./b", S_IFLNK | 0777, "usr");
    put_good(tree, "usr//bin/./a", S_IFREG | 0644, "");
    put_good(tree, "usr-x", S_IFREG | 0600, "x");
    assert_tree(tree, "120777 b=usr\n40755 usr=\n100600 usr-x=x\n40755 usr/bin=\n100644 usr/bin/a=\n"
                      "100755 usr/bin/z=zz\n");
    assert_int_equal(6, image_tree_count(tree));
    assert_non_null(image_tree_find(tree, "usr/bin"));
    assert_null(image_tree_find(tree, "usr/bi"));
    image_tree_free(tree);
}

static void the_last_one_counts(void **state) {
    image_tree *tree = image_tree_new();
    (void)state;
    put_good(tree, "a/b/c", S_IFREG | 0644, "1");
    put_good(tree, "a/b/c", S_IFREG | 0755, "22");
    put_good(tree, "a", S_IFDIR | 0700, "");
    assert_tree(tree, "40700 a=\n40755 a/b=\n100755 a/b/c=22\n");
    /* A file in a folder's place: what was in it is gone. */
    put_good(tree, "a/b", S_IFREG | 0644, "file");
    assert_tree(tree, "40700 a=\n100644 a/b=file\n");
    image_tree_free(tree);
}

static void whole_folders_go(void **state) {
    image_tree *tree = image_tree_new();
    char path[32];
    (void)state;
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(path, sizeof path, "many/%d/x", i);
        put_good(tree, path, S_IFREG | 0644, "x");
    }
    put_good(tree, "many-more", S_IFREG | 0644, "y");
    put_good(tree, "kept", S_IFREG | 0644, "k");
    assert_int_equal(2003, image_tree_count(tree));
    image_tree_empty(tree, "many");
    assert_tree(tree, "100644 kept=k\n40755 many=\n100644 many-more=y\n");
    image_tree_remove(tree, "/many");
    image_tree_remove(tree, "never");
    assert_tree(tree, "100644 kept=k\n100644 many-more=y\n");
    image_tree_empty(tree, "/");
    assert_int_equal(0, image_tree_count(tree));
    image_tree_free(tree);
}

static void what_no_image_holds_is_refused(void **state) {
    static char long_path[IMAGE_PATH_MAX + 2];
    static const struct {
        const char *path;
        mode_t mode;
        const char *why;
    } cases[] = {{"../etc/passwd", S_IFREG | 0644, "\"..\""},
                 {"a/../../b", S_IFREG | 0644, "\"..\""},
                 {"/", S_IFREG | 0644, "the root"},
                 {"", S_IFREG | 0644, "the root"},
                 {"file/below", S_IFREG | 0644, "no folder"},
                 {"link/below", S_IFREG | 0644, "no folder"},
                 {"socket", S_IFSOCK | 0644, "no file"},
                 {"none", 0644, "no file"},
                 {long_path, S_IFREG | 0644, "path is too long"}};
    image_tree *tree = image_tree_new();
    (void)state;
    memset(long_path, 'a', sizeof long_path - 1);
    put_good(tree, "file", S_IFREG | 0644, "f");
    put_good(tree, "link", S_IFLNK | 0777, "elsewhere");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        grille_error error = {.code = GRILLE_OK};
        assert_false(put(tree, cases[i].path, cases[i].mode, "", &error));
        if (strstr(error.text, cases[i].why) == NULL) fail_msg("%s: %s", cases[i].path, error.text);
    }
    assert_tree(tree, "100644 file=f\n120777 link=elsewhere\n");
    image_tree_free(tree);
}

/* ---- From the host ---- */

static char folder[64];

static const char *in_folder(const char *name) {
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state) {
    FILE *file = NULL;
    (void)state;
    strcpy(folder, "/tmp/image.XXXXXX");
    if (mkdtemp(folder) == NULL || mkdir(in_folder("d"), 0700) != 0) return -1;
    file = fopen(in_folder("d/run"), "w");
    if (file == NULL || fputs("#!", file) < 0 || fclose(file) != 0) return -1;
    file = fopen(in_folder("empty"), "w");
    if (file == NULL || fclose(file) != 0) return -1;
    return chmod(in_folder("d/run"), 0700) + chmod(in_folder("empty"), 0604) + symlink("d/run", in_folder("link"));
}

static int remove_folder(void **state) {
    (void)state;
    return unlink(in_folder("d/run")) + rmdir(in_folder("d")) + unlink(in_folder("empty")) + unlink(in_folder("link")) +
           rmdir(folder);
}

static void folders_of_the_host_lose_what_is_the_hosts(void **state) {
    image_tree *tree = image_tree_new();
    grille_error error = {.code = GRILLE_OK};
    (void)state;
    assert_true(image_tree_put_folder(tree, "", folder, &error));
    assert_tree(tree, "40755 d=\n100755 d/run=#!\n100644 empty=\n120777 link=d/run\n");
    assert_int_equal(0, image_tree_find(tree, "d/run")->owner);
    assert_true(image_tree_put_file(tree, "sbin/init", in_folder("d/run"), &error));
    assert_non_null(image_tree_find(tree, "sbin/init"));
    image_tree_free(tree);
}

static void what_cannot_be_read_is_told(void **state) {
    image_tree *tree = image_tree_new();
    grille_error error = {.code = GRILLE_OK};
    (void)state;
    assert_false(image_tree_put_file(tree, "x", in_folder("missing"), &error));
    assert_non_null(strstr(error.text, "missing: No such file"));
    assert_false(image_tree_put_file(tree, "x", in_folder("d"), &error));
    assert_non_null(strstr(error.text, "is no file"));
    assert_false(image_tree_put_folder(tree, "x", in_folder("empty"), &error));
    assert_non_null(strstr(error.text, "Not a directory"));
    assert_int_equal(0, mkfifo(in_folder("pipe"), 0600));
    assert_false(image_tree_put_folder(tree, "x", folder, &error));
    assert_non_null(strstr(error.text, "pipe is no file, folder or link"));
    assert_int_equal(0, unlink(in_folder("pipe")));
    image_tree_free(tree);
}

int tree_tests(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_sorted_and_parents_made),
        cmocka_unit_test(the_last_one_counts),
        cmocka_unit_test(whole_folders_go),
        cmocka_unit_test(what_no_image_holds_is_refused),
        cmocka_unit_test_setup_teardown(folders_of_the_host_lose_what_is_the_hosts, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_told, make_folder, remove_folder),
    };
    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
