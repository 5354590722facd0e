/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/hybrid.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/limits.h"

#include <cmocka.h>

static grille_hybrid_result take_line(const char *line) {
    grille_hybrid_answer answer = {.len = 0};
    for (size_t i = 0; line[i] != '\0'; i++) {
        grille_hybrid_result result = grille_hybrid_take_byte(&answer, (uint8_t)line[i]);
        if (result == GRILLE_HYBRID_MORE) continue;
        assert_int_equal(line[i + 1], '\0');
        return result;
    }
    return GRILLE_HYBRID_MORE;
}

static void test_answer_lines(void **state) {
    (void)state;
    assert_int_equal(take_line("OK 1073741824\n"), GRILLE_HYBRID_CONNECTED);
    assert_int_equal(take_line("OK 0\n"), GRILLE_HYBRID_CONNECTED);
    assert_int_equal(take_line("OK 10737"), GRILLE_HYBRID_MORE);
    assert_int_equal(take_line("\n"), GRILLE_HYBRID_BAD);
    assert_int_equal(take_line("OK\n"), GRILLE_HYBRID_BAD);
    assert_int_equal(take_line("OK \n"), GRILLE_HYBRID_BAD);
    assert_int_equal(take_line("ok 5\n"), GRILLE_HYBRID_BAD);
    assert_int_equal(take_line("OK 5 \n"), GRILLE_HYBRID_BAD);
    assert_int_equal(take_line("OK 5\r\n"), GRILLE_HYBRID_BAD);
    assert_int_equal(take_line("ERR 5\n"), GRILLE_HYBRID_BAD);
}

/* With its newline it is as long as may be; one byte more is not taken, newline or not. */
static void test_line_ends_at_the_limit(void **state) {
    char line[GRILLE_LIMIT_HYBRID_ANSWER_BYTES + 2] = "OK ";
    (void)state;
    memset(line + 3, '7', GRILLE_LIMIT_HYBRID_ANSWER_BYTES - 3);
    line[GRILLE_LIMIT_HYBRID_ANSWER_BYTES - 1] = '\n';
    assert_int_equal(take_line(line), GRILLE_HYBRID_CONNECTED);
    line[GRILLE_LIMIT_HYBRID_ANSWER_BYTES - 1] = '7';
    assert_int_equal(take_line(line), GRILLE_HYBRID_BAD);
}

static void make_pair(int ends[2]) {
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
}

/* What stands behind the newline belongs to the guest and stays in the socket, however the answer is cut. */
static void test_reads_not_beyond_the_newline(void **state) {
    static const char answer_text[] = "OK 1024\nguest";
    char rest[16] = {0};
    (void)state;
    for (size_t cut = 1; cut < strlen("OK 1024\n"); cut++) {
        int ends[2];
        grille_hybrid_answer answer = {.len = 0};
        make_pair(ends);
        assert_int_equal(write(ends[1], answer_text, cut), cut);
        assert_int_equal(grille_hybrid_read_answer(&answer, ends[0]), GRILLE_HYBRID_MORE);
        assert_int_equal(write(ends[1], answer_text + cut, strlen(answer_text) - cut), strlen(answer_text) - cut);
        assert_int_equal(grille_hybrid_read_answer(&answer, ends[0]), GRILLE_HYBRID_CONNECTED);
        assert_int_equal(read(ends[0], rest, sizeof rest), 5);
        assert_memory_equal(rest, "guest", 5);
        close(ends[0]);
        close(ends[1]);
    }
}

static void test_end_of_stream_is_no_answer(void **state) {
    int ends[2];
    grille_hybrid_answer answer = {.len = 0};
    (void)state;
    make_pair(ends);
    assert_int_equal(write(ends[1], "OK 1", 4), 4);
    close(ends[1]);
    assert_int_equal(grille_hybrid_read_answer(&answer, ends[0]), GRILLE_HYBRID_CLOSED);
    close(ends[0]);
}

static void test_connect_line(void **state) {
    int ends[2];
    char line[64] = {0};
    (void)state;
    make_pair(ends);
    assert_true(grille_hybrid_send_connect(ends[0], 4294967294u));
    assert_int_equal(read(ends[1], line, sizeof line), strlen("CONNECT 4294967294\n"));
    assert_string_equal(line, "CONNECT 4294967294\n");
    close(ends[1]);
    assert_false(grille_hybrid_send_connect(ends[0], 1));
    close(ends[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer_lines),
        cmocka_unit_test(test_line_ends_at_the_limit),
        cmocka_unit_test(test_reads_not_beyond_the_newline),
        cmocka_unit_test(test_end_of_stream_is_no_answer),
        cmocka_unit_test(test_connect_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
