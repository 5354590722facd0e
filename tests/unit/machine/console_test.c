/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/console.h"

#include <pthread.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "machine_tests.h"
#include "support.h"

typedef struct world {
    char path[32];
    int folder;
    machine_console console;
} world;

static void make_world(world *w) {
    grille_error error;
    make_folder(w->path, &w->folder);
    assert_true(machine_console_open(&w->console, w->folder, &error));
    /* There is one already: another supervisor's. */
    assert_false(machine_console_open(&(machine_console){.file = -1}, w->folder, &error));
}

static void remove_world(world *w) {
    machine_console_close(&w->console);
    remove_folder(w->path, w->folder);
}

static void say(world *w, const char *text) {
    machine_console_put(&w->console, grille_bytes_of_text(text));
}

static off_t size_of(const world *w, const char *name) {
    struct stat status;
    return fstatat(w->folder, name, &status, 0) == 0 ? status.st_size : -1;
}

static void the_newest_stays(void **state) {
    static uint8_t block[MACHINE_CONSOLE_BYTES / 2 + 7];
    world w;
    (void)state;
    make_world(&w);
    for (unsigned i = 0; i < 7; i++) {
        const off_t before = size_of(&w, MACHINE_CONSOLE_FILE);
        machine_console_put(&w.console, grille_bytes_of(block, sizeof block));
        assert_true(size_of(&w, MACHINE_CONSOLE_FILE) <= MACHINE_CONSOLE_BYTES);
        assert_true(size_of(&w, MACHINE_CONSOLE_OLD_FILE) <= MACHINE_CONSOLE_BYTES);
        if (size_of(&w, MACHINE_CONSOLE_FILE) < before)
            assert_int_equal(MACHINE_CONSOLE_BYTES, size_of(&w, MACHINE_CONSOLE_OLD_FILE));
    }
    assert_int_equal(7 * sizeof block % MACHINE_CONSOLE_BYTES, size_of(&w, MACHINE_CONSOLE_FILE));
    remove_world(&w);
}

static void last_lines_are_whole_and_printable(void **state) {
    world w;
    char text[32];
    (void)state;
    make_world(&w);
    machine_console_last_lines(w.folder, text, sizeof text);
    assert_string_equal("", text);
    say(&w, "short\r\n\x1b[2Jline\x7f\t.\n");
    machine_console_last_lines(w.folder, text, sizeof text);
    assert_string_equal("short\n.[2Jline.\t.\n", text);
    say(&w, "a line that is longer\nend");
    machine_console_last_lines(w.folder, text, sizeof text);
    assert_string_equal("a line that is longer\nend", text);
    machine_console_last_lines(w.folder, text, 12);
    assert_string_equal("end", text);
    remove_world(&w);
    machine_console_last_lines(-1, text, sizeof text);
    assert_string_equal("", text);
}

/* ---- Following ---- */

typedef struct follower {
    world *w;
    int pidfd, out;
    bool good;
} follower;

static void *follow(void *context) {
    follower *f = context;
    grille_error error;
    f->good = machine_console_follow(f->w->folder, f->w->path, f->pidfd, f->out, &error);
    (void)close(f->out);
    return NULL;
}

static void read_exactly(int from, const char *expected) {
    char text[64] = "";
    size_t got = 0;
    while (got < strlen(expected)) {
        const ssize_t more = read(from, &text[got], strlen(expected) - got);
        assert_true(more > 0);
        got += (size_t)more;
    }
    assert_string_equal(expected, text);
}

static void it_is_followed_over_the_turn_until_the_process_ends(void **state) {
    static uint8_t block[MACHINE_CONSOLE_BYTES - 9];
    world w;
    int ends[2];
    pthread_t thread;
    follower f = {.w = &w};
    const pid_t child = fork();
    (void)state;
    if (child == 0) {
        (void)pause();
        _exit(0);
    }
    make_world(&w);
    assert_int_equal(0, pipe2(ends, O_CLOEXEC));
    f.pidfd = pidfd_open(child, 0);
    f.out = ends[1];
    say(&w, "before\n");
    assert_int_equal(0, pthread_create(&thread, NULL, follow, &f));
    read_exactly(ends[0], "before\n");
    say(&w, "x\n");
    read_exactly(ends[0], "x\n");
    /* One byte over the turn. */
    memset(block, 'y', sizeof block);
    machine_console_put(&w.console, grille_bytes_of(block, sizeof block));
    for (size_t left = sizeof block; left > 0;) {
        uint8_t taken[4096];
        const ssize_t got = read(ends[0], taken, left < sizeof taken ? left : sizeof taken);
        assert_true(got > 0);
        left -= (size_t)got;
    }
    assert_int_equal(MACHINE_CONSOLE_BYTES, size_of(&w, MACHINE_CONSOLE_OLD_FILE));
    say(&w, "after\n");
    read_exactly(ends[0], "after\n");
    assert_int_equal(0, kill(child, SIGKILL));
    assert_int_equal(0, pthread_join(thread, NULL));
    assert_true(f.good);
    assert_int_equal(0, read(ends[0], block, 1));
    assert_int_equal(child, waitpid(child, NULL, 0));
    (void)close(ends[0]);
    (void)close(f.pidfd);
    remove_world(&w);
}

static void of_one_that_has_ended_all_is_there(void **state) {
    world w;
    int ends[2];
    grille_error error = {.code = GRILLE_OK};
    (void)state;
    make_world(&w);
    put_file(w.folder, MACHINE_CONSOLE_OLD_FILE, "old\n");
    say(&w, "new\n");
    assert_int_equal(0, pipe2(ends, O_CLOEXEC));
    assert_true(machine_console_follow(w.folder, w.path, -1, ends[1], &error));
    read_exactly(ends[0], "old\nnew\n");
    assert_false(machine_console_follow(w.folder, "/nowhere", -1, ends[1], &error));
    assert_false(machine_console_follow(w.folder, w.path, -1, -1, &error));
    (void)close(ends[0]);
    (void)close(ends[1]);
    remove_world(&w);
}

int console_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_stays),
        cmocka_unit_test(last_lines_are_whole_and_printable),
        cmocka_unit_test(it_is_followed_over_the_turn_until_the_process_ends),
        cmocka_unit_test(of_one_that_has_ended_all_is_there),
    };
    return cmocka_run_group_tests_name("machine/console", tests, NULL, NULL);
}
