/* SPDX-License-Identifier: Apache-2.0 */
#include <zlib.h>

#include "image/cpio.h"
#include "machine_tests.h"
#include "support.h"

typedef struct ramdisk {
    uint8_t *bytes;
    size_t len;
} ramdisk;

/* An archive with one entry. */
static ramdisk archive_of(const char *path, mode_t mode, const char *content) {
    const image_entry entry = {.path = path, .mode = mode, .content = grille_bytes_of_text(content)};
    image_tree *tree = image_tree_new();
    ramdisk made = {.len = 0};
    grille_error error;
    assert_true(image_tree_put(tree, &entry, &error) && cpio_write(tree, &made.bytes, &made.len, &error));
    image_tree_free(tree);
    return made;
}

static ramdisk compressed(ramdisk plain) {
    ramdisk made = {.bytes = malloc(plain.len + 256)};
    z_stream stream = {.next_in = plain.bytes,
                       .avail_in = (uInt)plain.len,
                       .next_out = made.bytes,
                       .avail_out = (uInt)plain.len + 256};
    assert_int_equal(Z_OK, deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY));
    assert_int_equal(Z_STREAM_END, deflate(&stream, Z_FINISH));
    made.len = stream.total_out;
    (void)deflateEnd(&stream);
    free(plain.bytes);
    return made;
}

/* What becomes of these ramdisks' init: an entry of *tree, or NULL with the error. They are given up. */
static const image_entry *init_of(image_tree *tree, ramdisk *ramdisks, size_t count, grille_error *error) {
    grille_bytes views[4] = {{.data = NULL}};
    bool good = false;
    for (size_t i = 0; i < count; i++)
        views[i] = grille_bytes_of(ramdisks[i].bytes, ramdisks[i].len);
    *error = (grille_error){.code = GRILLE_OK};
    good = machine_init_put(views, count, tree, "kept/init", error);
    for (size_t i = 0; i < count; i++)
        free(ramdisks[i].bytes);
    return good ? image_tree_find(tree, "kept/init") : NULL;
}

static void assert_init(ramdisk *ramdisks, size_t count, mode_t mode, const char *content) {
    image_tree *tree = image_tree_new();
    grille_error error;
    const image_entry *entry = init_of(tree, ramdisks, count, &error);
    if (entry == NULL) fail_msg("%s", error.text);
    assert_int_equal(mode, entry->mode);
    assert_true(grille_bytes_equal(grille_bytes_of_text(content), entry->content));
    image_tree_free(tree);
}

static void assert_refused(ramdisk *ramdisks, size_t count, const char *text) {
    image_tree *tree = image_tree_new();
    grille_error error;
    assert_null(init_of(tree, ramdisks, count, &error));
    if (strstr(error.text, text) == NULL) fail_msg("%s", error.text);
    image_tree_free(tree);
}

static void the_last_init_is_the_kernels(void **state) {
    (void)state;
    assert_init((ramdisk[]){archive_of("init", S_IFREG | 0700, "one")}, 1, S_IFREG | 0755, "one");
    assert_init((ramdisk[]){archive_of("init", S_IFREG | 0700, "one"), archive_of("rootfs/init", S_IFREG | 0700, "no"),
                            archive_of("init", S_IFREG | 0700, "two")},
                3, S_IFREG | 0755, "two");
}

static void compressed_ramdisks_are_read(void **state) {
    static char large[3 << 20];
    (void)state;
    memset(large, 'x', sizeof large - 1);
    assert_init((ramdisk[]){compressed(archive_of("init", S_IFREG | 0755, "one"))}, 1, S_IFREG | 0755, "one");
    assert_init((ramdisk[]){compressed(archive_of("init", S_IFREG | 0755, large)), archive_of("a", S_IFREG, "b")}, 2,
                S_IFREG | 0755, large);
}

static void a_link_leads_from_the_root(void **state) {
    (void)state;
    assert_init((ramdisk[]){archive_of("init", S_IFLNK | 0777, "sbin/init")}, 1, S_IFLNK | 0777, "/sbin/init");
    assert_init((ramdisk[]){archive_of("init", S_IFLNK | 0777, "/sbin/init")}, 1, S_IFLNK | 0777, "/sbin/init");
}

static void what_has_no_init_is_refused(void **state) {
    ramdisk cut = compressed(archive_of("init", S_IFREG | 0755, "one"));
    ramdisk malformed = archive_of("init", S_IFREG | 0755, "one");
    ramdisk other = archive_of("init", S_IFREG | 0755, "one");
    (void)state;
    cut.len -= 9;
    malformed.len -= 130;
    memcpy(other.bytes,
           "\xfd"
           "7zXZ",
           5);
    assert_refused((ramdisk[]){archive_of("rootfs/init", S_IFREG | 0755, "x")}, 1, "has an /init, observed 1 ramdisks");
    assert_refused((ramdisk[]){archive_of("init", S_IFDIR | 0755, "")}, 1, "no file with content");
    assert_refused((ramdisk[]){archive_of("init", S_IFREG | 0755, "")}, 1, "no file with content");
    assert_refused((ramdisk[]){cut}, 1, "ramdisk 0 of the image: gzip can't unpack it");
    assert_refused((ramdisk[]){archive_of("a", S_IFREG, "b"), malformed}, 2, "ramdisk 1 of the image: ");
    assert_refused((ramdisk[]){other}, 1, "no header of form newc");
}

int init_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_init_is_the_kernels),
        cmocka_unit_test(compressed_ramdisks_are_read),
        cmocka_unit_test(a_link_leads_from_the_root),
        cmocka_unit_test(what_has_no_init_is_refused),
    };
    return cmocka_run_group_tests_name("machine/init", tests, NULL, NULL);
}
