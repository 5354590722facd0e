/* SPDX-License-Identifier: Apache-2.0
 * Goal: the words that the init starts a program with are the lines of a file, no more and no fewer; what is no text,
 * or too long, gives none. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "tools/init/init.h"

static char folder[] = "/tmp/lines.XXXXXX";
static char path[64];

static int make_folder(void **state) {
    (void)state;
    if (mkdtemp(folder) == NULL) return -1;
    (void)snprintf(path, sizeof path, "%s/cmd", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

static char **lines_of(const char *bytes, size_t len) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(len, write(fd, bytes, len));
    assert_int_equal(0, close(fd));
    return init_read_lines(path);
}

static void forget(char **lines) {
    free(lines[0]);
    free(lines);
}

/* `expected` ends in NULL. */
static void expect_lines(const char *text, const char *const *expected) {
    char **lines = lines_of(text, strlen(text));
    assert_non_null(lines);
    for (size_t i = 0; lines[i] != NULL || expected[i] != NULL; i++) {
        if (lines[i] == NULL || expected[i] == NULL) fail_msg("\"%s\": line %zu", text, i);
        assert_string_equal(expected[i], lines[i]);
    }
    forget(lines);
}

#define LINES(...) ((const char *const[]){__VA_ARGS__})

static void each_line_is_a_word(void **state) {
    (void)state;
    expect_lines("/app/server\nvsock:any:5000\n", LINES("/app/server", "vsock:any:5000", NULL));
    expect_lines("one\n", LINES("one", NULL));
    expect_lines(" two words \tin one\r\n'$HOME' \"\\\n", LINES(" two words \tin one\r", "'$HOME' \"\\", NULL));
    expect_lines("\xff\xc3\xbc\n", LINES("\xff\xc3\xbc", NULL));
}

static void a_last_line_needs_no_line_break(void **state) {
    (void)state;
    expect_lines("one", LINES("one", NULL));
    expect_lines("one\ntwo", LINES("one", "two", NULL));
}

static void an_empty_line_is_an_empty_word(void **state) {
    (void)state;
    expect_lines("--name\n\n--next\n", LINES("--name", "", "--next", NULL));
    expect_lines("--name\n\n", LINES("--name", "", NULL));
    expect_lines("\n", LINES("", NULL));
    expect_lines("\n\nthree", LINES("", "", "three", NULL));
}

static void an_empty_file_has_no_line(void **state) {
    (void)state;
    expect_lines("", LINES(NULL));
}

static void what_is_no_text_is_refused(void **state) {
    (void)state;
    assert_null(lines_of("one\0two\n", 8));
    assert_null(lines_of("\0", 1));
    assert_null(lines_of("one\n\0", 5));
}

static void what_can_not_be_read_is_refused(void **state) {
    (void)state;
    assert_null(init_read_lines("/tmp/lines.nowhere/cmd"));
    assert_null(init_read_lines(folder));
}

static void one_byte_too_long_is_refused(void **state) {
    char *text = malloc(INIT_LINES_BYTES_MAX + 1);
    char **lines = NULL;
    (void)state;
    assert_non_null(text);
    memset(text, 'x', INIT_LINES_BYTES_MAX + 1);
    lines = lines_of(text, INIT_LINES_BYTES_MAX);
    assert_non_null(lines);
    assert_int_equal(INIT_LINES_BYTES_MAX, strlen(lines[0]));
    assert_null(lines[1]);
    forget(lines);
    assert_null(lines_of(text, INIT_LINES_BYTES_MAX + 1));
    free(text);
}

static void as_many_lines_as_fit(void **state) {
    char *text = malloc(INIT_LINES_BYTES_MAX);
    char **lines = NULL;
    (void)state;
    assert_non_null(text);
    for (int i = 0; i < INIT_LINES_BYTES_MAX; i++)
        text[i] = i % 2 == 0 ? (char)('a' + i / 2 % 26) : '\n';
    lines = lines_of(text, INIT_LINES_BYTES_MAX);
    assert_non_null(lines);
    for (int i = 0; i < INIT_LINES_BYTES_MAX / 2; i++)
        assert_true(lines[i][0] == 'a' + i % 26 && lines[i][1] == '\0');
    assert_null(lines[INIT_LINES_BYTES_MAX / 2]);
    forget(lines);
    free(text);
}

/* Joined again they are the file, whatever its bytes: each text of up to five of these three. */
static void lines_are_the_file(void **state) {
    static const char bytes[] = {'a', '\n', '\0'};
    enum { MOST = 5 };
    (void)state;
    for (int len = 0, texts = 1; len <= MOST; len++, texts *= 3) {
        for (int number = 0; number < texts; number++) {
            char text[MOST + 1] = {0}, joined[2 * MOST + 2] = {0};
            char **lines = NULL;
            for (int i = 0, rest = number; i < len; i++, rest /= 3)
                text[i] = bytes[rest % 3];
            lines = lines_of(text, (size_t)len);
            assert_int_equal(memchr(text, '\0', (size_t)len) != NULL, lines == NULL);
            if (lines == NULL) continue;
            for (int i = 0; lines[i] != NULL; i++) {
                (void)strcat(joined, lines[i]);
                (void)strcat(joined, "\n");
            }
            if (len > 0 && text[len - 1] != '\n') text[len] = '\n';
            assert_memory_equal(text, joined, sizeof text);
            forget(lines);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_is_a_word),
        cmocka_unit_test(a_last_line_needs_no_line_break),
        cmocka_unit_test(an_empty_line_is_an_empty_word),
        cmocka_unit_test(an_empty_file_has_no_line),
        cmocka_unit_test(what_is_no_text_is_refused),
        cmocka_unit_test(what_can_not_be_read_is_refused),
        cmocka_unit_test(one_byte_too_long_is_refused),
        cmocka_unit_test(as_many_lines_as_fit),
        cmocka_unit_test(lines_are_the_file),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
