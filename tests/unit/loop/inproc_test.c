/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/inproc.h"

#include <errno.h>

#include "base/bytes.h"
#include "tests/unit/loop/support.h"

enum { BACKLOG = 1024 }; /* as in inproc.c */

typedef struct arrivals {
    grille_pipe_end *ends[4];
    unsigned count;
} arrivals;

static void on_accepted(void *user, grille_pipe_end *end) {
    arrivals *own = user;
    assert_true(own->count < 4);
    own->ends[own->count++] = end;
}

static grille_bytes name_of(const char *text) {
    return grille_bytes_of_text(text);
}

static grille_inproc_listener *listen_on(const char *name) {
    grille_inproc_listener *listener = NULL;
    assert_int_equal(grille_inproc_listen(name_of(name), &listener), 0);
    return listener;
}

static grille_pipe_end *reach(const char *name) {
    grille_pipe_end *end = NULL;
    assert_int_equal(grille_inproc_connect(name_of(name), &end), 0);
    return end;
}

static void names_are_taken_and_given_back(void **state) {
    grille_pipe_end *end = NULL;
    grille_inproc_listener *second = NULL;
    (void)state;
    assert_int_equal(grille_inproc_connect(name_of("a"), &end), -ECONNREFUSED);
    assert_null(end);
    grille_inproc_listener *first = listen_on("a");
    assert_int_equal(grille_inproc_listen(name_of("a"), &second), -EADDRINUSE);
    grille_inproc_listener *other = listen_on("ab");
    grille_inproc_close(first);
    assert_int_equal(grille_inproc_connect(name_of("a"), &end), -ECONNREFUSED);
    grille_pipe_close(reach("ab"));
    grille_inproc_close(listen_on("a"));
    grille_inproc_close(other);
    grille_inproc_close(NULL);
}

/* Who came before the start is served after it, one in a turn. */
static void those_who_came_are_handed_out(void **state) {
    grille_loop loop;
    arrivals came = {.count = 0};
    char text[4];
    (void)state;
    open_loop(&loop, 0);
    grille_inproc_listener *listener = listen_on("a");
    grille_pipe_end *near[3];
    near[0] = reach("a");
    near[1] = reach("a");
    grille_inproc_start(listener, &loop, on_accepted, &came);
    near[2] = reach("a");
    for (int i = 0; i < 3; i++)
        grille_loop_turn(&loop, false);
    assert_int_equal(came.count, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(grille_pipe_write(near[i], &"abc"[i], 1), 1);
        assert_int_equal(grille_pipe_read(came.ends[i], text, sizeof text), 1);
        assert_int_equal(text[0], 'a' + i);
        grille_pipe_close(near[i]);
        grille_pipe_close(came.ends[i]);
    }
    /* One that waits when the listener goes sees the end of the stream. */
    near[0] = reach("a");
    grille_inproc_close(listener);
    assert_int_equal(grille_pipe_read(near[0], text, sizeof text), 0);
    grille_pipe_close(near[0]);
    grille_loop_turn(&loop, false);
    assert_int_equal(came.count, 3);
    grille_loop_deinit(&loop);
}

static void only_so_many_wait(void **state) {
    static grille_pipe_end *near[BACKLOG];
    grille_pipe_end *one_more = NULL;
    (void)state;
    grille_inproc_listener *listener = listen_on("a");
    for (int i = 0; i < BACKLOG; i++)
        near[i] = reach("a");
    assert_int_equal(grille_inproc_connect(name_of("a"), &one_more), -EAGAIN);
    assert_null(one_more);
    grille_inproc_close(listener);
    for (int i = 0; i < BACKLOG; i++)
        grille_pipe_close(near[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_taken_and_given_back),
        cmocka_unit_test(those_who_came_are_handed_out),
        cmocka_unit_test(only_so_many_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
