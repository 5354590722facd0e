/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/stand_in.h"

#include "image/cpio.h"
#include "machine_tests.h"
#include "nsm/simulated_files.h"
#include "support.h"

static char *settings_of(const char *from, bool debug, bool is_signed) {
    static char text[4096];
    machine_state some = some_state("a", 16);
    size_t len = 0;
    some.attested.is_signed = is_signed;
    memset(some.attested.pcr8, 0xa8, sizeof some.attested.pcr8);
    assert_int_equal(GRILLE_REASON_OK, machine_settings_write(grille_bytes_of_text(from), &some.attested, debug, text,
                                                              sizeof text - 1, &len));
    text[len] = '\0';
    return text;
}

static size_t count_of(const char *text, const char *word) {
    size_t count = 0;
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
        count++;
    return count;
}

static void settings_say_what_was_measured(void **state) {
    static const char from[] =
        "# text\nregion: r\nexecutable: /x\ndebug: true\npcr0: 00\npcr3: 33\npcr8: 88\n\npcr20: 20";
    const char *text = settings_of(from, false, false);
    (void)state;
    assert_int_equal(0, strncmp(text, "# text\nregion: r\npcr3: 33\n\npcr20: 20\ndebug: false\npcr0: a0a0", 60));
    assert_int_equal(1, count_of(text, "\npcr1: a1a1"));
    assert_int_equal(1, count_of(text, "\npcr2: a2a2"));
    assert_int_equal(0, count_of(text, "pcr8"));
    text = settings_of(from, false, true);
    assert_int_equal(1, count_of(text, "\npcr8: a8a8"));
    assert_int_equal(1, count_of(text, "pcr0: "));
}

static void a_debug_enclaves_settings_say_zero(void **state) {
    (void)state;
    assert_string_equal(
        "region: r\npcr4: 44\ndebug: true\n",
        settings_of("region: r\npcr0: 00\npcr1: 11\npcr2: 22\npcr4: 44\npcr8: 88\ndebug: false\n", true, true));
    assert_string_equal("debug: true\n", settings_of("", true, false));
}

static void settings_that_do_not_fit_are_told(void **state) {
    const machine_state some = some_state("a", 16);
    char text[64];
    size_t len = 99;
    (void)state;
    for (size_t capacity = 0; capacity <= sizeof text; capacity++) {
        assert_int_equal(GRILLE_REASON_NO_SPACE, machine_settings_write(grille_bytes_of_text("a: b\n"), &some.attested,
                                                                        false, text, capacity, &len));
    }
    assert_int_equal(99, len);
}

/* ---- Folders of a root ---- */

static machine_root root;

static void put_root(int folder) {
    put_file(folder, GRILLE_SIM_ROOT_KEY_FILE, "key");
    put_file(folder, GRILLE_SIM_ROOT_CERTIFICATE_FILE, "certificate");
    put_file(folder, GRILLE_SIM_SETTINGS_FILE, "region: r\n");
}

static void a_root_is_three_files(void **state) {
    static const char *const names[] = {GRILLE_SIM_ROOT_KEY_FILE, GRILLE_SIM_ROOT_CERTIFICATE_FILE,
                                        GRILLE_SIM_SETTINGS_FILE};
    static char much[MACHINE_ROOT_FILE_MAX + 1];
    char path[32];
    int folder = -1;
    grille_error error = {.code = GRILLE_OK};
    (void)state;
    memset(much, 'x', sizeof much - 1);
    make_folder(path, &folder);
    put_root(folder);
    assert_true(machine_root_read(path, &root, &error));
    assert_int_equal(strlen("certificate"), root.certificate_len);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(0, unlinkat(folder, names[i], 0));
        assert_false(machine_root_read(path, &root, &error));
        assert_non_null(strstr(error.text, "No such file"));
        assert_non_null(strstr(error.text, "Next: grille sim init /tmp/"));
        put_file(folder, names[i], "");
        assert_false(machine_root_read(path, &root, &error));
        assert_non_null(strstr(error.text, "empty"));
        put_file(folder, names[i], much);
        assert_false(machine_root_read(path, &root, &error));
        assert_non_null(strstr(error.text, "longer"));
        put_root(folder);
    }
    assert_false(machine_root_read("/nowhere", &root, &error));
    remove_folder(path, folder);
}

static const char *const places[] = {"insecure-nsm",
                                     "insecure-nsm/init",
                                     "insecure-nsm/sim",
                                     "insecure-nsm/sim/" GRILLE_SIM_SETTINGS_FILE,
                                     "insecure-nsm/sim/" GRILLE_SIM_ROOT_KEY_FILE,
                                     "insecure-nsm/sim/" GRILLE_SIM_ROOT_CERTIFICATE_FILE};

static void the_archive_holds_the_init_and_the_root(void **state) {
    const machine_state some = some_state("a", 16);
    image_tree *tree = image_tree_new();
    const image_entry init = {.path = "init", .mode = S_IFREG | 0755, .content = grille_bytes_of_text("the init")};
    uint8_t *ramdisk = NULL, *archive = NULL;
    size_t ramdisk_len = 0, len = 0, at = 0;
    image_entry entry;
    grille_error error = {.code = GRILLE_OK};
    grille_bytes view;
    (void)state;
    memcpy(root.key, "key", root.key_len = 3);
    memcpy(root.certificate, "cert", root.certificate_len = 4);
    memcpy(root.settings, "region: r\n", root.settings_len = 10);
    assert_true(image_tree_put(tree, &init, &error) && cpio_write(tree, &ramdisk, &ramdisk_len, &error));
    image_tree_free(tree);
    view = grille_bytes_of(ramdisk, ramdisk_len);
    assert_true(machine_stand_in_make(&view, 1, &root, &some.attested, false, &archive, &len, &error));
    for (size_t seen = 0; cpio_next(grille_bytes_of(archive, len), &at, &entry, &error) == CPIO_ENTRY; seen++) {
        size_t i = 0;
        while (i < 6 && strcmp(entry.path, places[i]) != 0)
            i++;
        assert_true(i < 6 && seen < 6);
        if (i == 1) assert_true(grille_bytes_equal(entry.content, grille_bytes_of_text("the init")));
        if (i == 2) assert_int_equal(S_IFDIR | 0700, entry.mode);
        if (i >= 3) assert_int_equal(S_IFREG | 0600, entry.mode);
        if (i == 4) assert_true(grille_bytes_equal(entry.content, grille_bytes_of_text("key")));
    }
    assert_int_equal(len, at);
    free(archive);
    assert_false(machine_stand_in_make(&view, 0, &root, &some.attested, false, &archive, &len, &error));
    free(ramdisk);
}

int stand_in_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_say_what_was_measured),          cmocka_unit_test(a_debug_enclaves_settings_say_zero),
        cmocka_unit_test(settings_that_do_not_fit_are_told),       cmocka_unit_test(a_root_is_three_files),
        cmocka_unit_test(the_archive_holds_the_init_and_the_root),
    };
    return cmocka_run_group_tests_name("machine/stand_in", tests, NULL, NULL);
}
