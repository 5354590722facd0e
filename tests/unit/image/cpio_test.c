/* SPDX-License-Identifier: Apache-2.0 */
#include "image/cpio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "image_tests.h"

/* Linux Documentation/driver-api/early-userspace/buffer-format.rst, by hand: ino mode uid gid nlink mtime size, device
 * and rdevice numbers, name length, check. */
static const char expected[] =
    "070701"
    "00000001000041ED0000000000000000000000020000000000000000000000000000000000000000000000000000000400000000"
    "dev\0\0\0"
    "070701"
    "00000002000021B600000000000000000000000100000000000000000000000000000000000000010000000300000009"
    "00000000"
    "dev/null\0\0"
    "070701"
    "00000003000081A4000003E80000000500000001000000000000000500000000000000000000000000000000"
    "00000002"
    "00000000"
    "f\0hello\0\0\0"
    "070701"
    "000000040000A1FF00000000000000000000000100000000000000010000000000000000000000000000000000000002"
    "00000000"
    "l\0f\0\0\0"
    "070701"
    "00000000000000000000000000000000000000010000000000000000000000000000000000000000000000000000000B00000000"
    "TRAILER!!!\0\0\0\0";

static image_tree *sample(bool reversed) {
    static const image_entry entries[] = {
        {.path = "dev", .mode = S_IFDIR | 0755},
        {.path = "dev/null", .mode = S_IFCHR | 0666, .device_major = 1, .device_minor = 3},
        {.path = "f", .mode = S_IFREG | 0644, .owner = 1000, .group = 5},
        {.path = "l", .mode = S_IFLNK | 0777}};
    static const char *const contents[] = {"", "", "hello", "f"};
    image_tree *tree = image_tree_new();
    grille_error error = {.code = GRILLE_OK};
    for (size_t i = 0; i < 4; i++) {
        image_entry entry = entries[reversed ? 3 - i : i];
        entry.content = grille_bytes_of_text(contents[reversed ? 3 - i : i]);
        assert_true(image_tree_put(tree, &entry, &error));
    }
    return tree;
}

static grille_bytes archive_of(image_tree *tree) {
    grille_error error = {.code = GRILLE_OK};
    uint8_t *archive = NULL;
    size_t len = 0;
    assert_true(cpio_write(tree, &archive, &len, &error));
    image_tree_free(tree);
    return grille_bytes_of(archive, len);
}

static void drop(grille_bytes archive) {
    free((void *)(uintptr_t)archive.data);
}

static void each_byte_is_the_formats(void **state) {
    const grille_bytes archive = archive_of(sample(false)), reversed = archive_of(sample(true));
    (void)state;
    assert_int_equal(sizeof expected - 1, archive.len);
    assert_memory_equal(expected, archive.data, archive.len);
    assert_int_equal(0, archive.len % 4);
    assert_true(grille_bytes_equal(archive, reversed));
    drop(archive);
    drop(reversed);
}

static void what_was_written_is_read(void **state) {
    image_tree *tree = sample(false), *copy = image_tree_new();
    const grille_bytes archive = archive_of(tree);
    grille_bytes again;
    grille_error error = {.code = GRILLE_OK};
    image_entry entry;
    size_t at = 0;
    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(CPIO_ENTRY, cpio_next(archive, &at, &entry, &error));
        assert_true(image_tree_put(copy, &entry, &error));
    }
    assert_int_equal(CPIO_END, cpio_next(archive, &at, &entry, &error));
    assert_int_equal(archive.len, at);
    again = archive_of(copy);
    assert_true(grille_bytes_equal(archive, again));
    drop(archive);
    drop(again);
}

/* Reads all; what ended it. */
static cpio_step read_all(grille_bytes archive, size_t *entries) {
    grille_error error = {.code = GRILLE_OK};
    image_entry entry;
    size_t at = 0;
    cpio_step step = CPIO_ENTRY;
    *entries = 0;
    while ((step = cpio_next(archive, &at, &entry, &error)) == CPIO_ENTRY)
        ++*entries;
    if (step == CPIO_BAD) assert_non_null(strstr(error.text, "at byte "));
    return step;
}

static void every_prefix_is_malformed_or_ends_between_two(void **state) {
    const size_t starts[] = {0, 116, 236, 356, 472};
    size_t next = 0, entries = 0;
    (void)state;
    for (size_t len = 0; len < sizeof expected - 1; len++) {
        uint8_t *exact = malloc(len + 1);
        const bool between = next < 5 && len == starts[next];
        memcpy(exact, expected, len);
        assert_int_equal(between ? CPIO_END : CPIO_BAD, read_all(grille_bytes_of(exact, len), &entries));
        if (between) assert_int_equal(next++, entries);
        free(exact);
    }
    assert_int_equal(5, next);
}

static void hostile_archives_are_refused(void **state) {
    static const struct {
        size_t at;
        const char *text;
    } cases[] = {{0, "070702"},     /* with checksums */
                 {6, "0000000g"},   /* no number */
                 {54, "FFFFFFFF"},  /* a size that no file has */
                 {94, "00000000"},  /* a name of nothing */
                 {94, "00000001"},  /* an empty one */
                 {94, "00000003"},  /* one without its end */
                 {94, "FFFFFFFF"}}; /* one longer than everything */
    uint8_t *bytes = malloc(sizeof expected + 3);
    size_t entries = 0;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memcpy(bytes, expected, sizeof expected - 1);
        memcpy(&bytes[cases[i].at], cases[i].text, strlen(cases[i].text));
        if (read_all(grille_bytes_of(bytes, sizeof expected - 1), &entries) != CPIO_BAD) fail_msg("case %zu", i);
        assert_int_equal(0, entries);
    }
    /* Zeros to a block's end are no harm, anything else is. */
    memcpy(bytes, expected, sizeof expected - 1);
    memset(&bytes[sizeof expected - 1], 0, 4);
    assert_int_equal(CPIO_END, read_all(grille_bytes_of(bytes, sizeof expected + 3), &entries));
    assert_int_equal(4, entries);
    bytes[sizeof expected + 1] = 'x';
    assert_int_equal(CPIO_BAD, read_all(grille_bytes_of(bytes, sizeof expected + 3), &entries));
    free(bytes);
}

int cpio_tests(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_byte_is_the_formats),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(every_prefix_is_malformed_or_ends_between_two),
        cmocka_unit_test(hostile_archives_are_refused),
    };
    return cmocka_run_group_tests_name("cpio", tests, NULL, NULL);
}
