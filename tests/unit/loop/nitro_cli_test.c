/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/nitro_cli.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/loop/failing_watch.h"
#include "tests/unit/loop/support.h"

#define RUNS "[{\"EnclaveName\":\"app\",\"EnclaveCID\":16,\"State\":\"RUNNING\"}]"

/* A folder with a program nitro-cli, the only one on PATH. */
typedef struct world {
    char folder[32], program[64], seen[64];
    grille_loop loop;
    bool done;
    unsigned times;
    uint32_t cid;
    grille_error error;
} world;

static void make_world(world *w, const char *script) {
    memset(w, 0, sizeof *w);
    make_folder(w->folder);
    (void)snprintf(w->program, sizeof w->program, "%s/nitro-cli", w->folder);
    (void)snprintf(w->seen, sizeof w->seen, "%s/seen", w->folder);
    assert_int_equal(setenv("PATH", w->folder, 1), 0);
    open_loop(&w->loop, 0);
    if (script == NULL) return;
    FILE *file = fopen(w->program, "we");
    assert_non_null(file);
    (void)fprintf(file, "#!/bin/sh\nPATH=/bin:/usr/bin\nseen=%s\n%s\n", w->seen, script);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(w->program, 0700), 0);
}

static void end_world(world *w) {
    grille_loop_deinit(&w->loop);
    (void)unlink(w->program);
    (void)unlink(w->seen);
    assert_int_equal(rmdir(w->folder), 0);
    /* Nothing is left behind. */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void on_answer(void *user, uint32_t cid, const grille_error *error) {
    world *w = user;
    w->done = true;
    w->times++;
    w->cid = cid;
    w->error = *error;
}

static grille_nitro_cli *start(world *w) {
    grille_nitro_cli *question = NULL;
    w->done = false;
    if (grille_nitro_cli_start(&w->loop, grille_bytes_of_text("app"), on_answer, w, &question, &w->error) !=
        GRILLE_REASON_OK) {
        fail_msg("%s", w->error.text);
    }
    assert_false(w->done);
    return question;
}

static void ask(const char *script, uint32_t cid, const char *name, const char *says) {
    world w;
    make_world(&w, script);
    (void)start(&w);
    turn_until(&w.loop, &w.done);
    assert_int_equal(w.times, 1);
    assert_int_equal(w.cid, cid);
    assert_string_equal(w.error.name, name);
    if (strstr(w.error.text, says) == NULL) fail_msg("\"%s\" does not say \"%s\"", w.error.text, says);
    end_world(&w);
}

static void test_asks(void **state) {
    (void)state;
    ask("[ \"$*\" = describe-enclaves ] && echo '" RUNS "'", 16, "", "");
    /* In pieces, with talk on standard error, and open for a while after it has said all. */
    ask("echo warning >&2; printf '[{\"EnclaveName\":\"app\",'; printf '\"EnclaveCID\":16,\"State\":\"RUNNING\"}]'; "
        "exec >&-; exec sleep 0.05",
        16, "", "");
    ask("echo '[]'", 0, "LOOP-ENCLAVE-UNKNOWN", "no enclave \"app\" runs here");
    ask("echo oops", 0, "LOOP-NITRO-CLI", "printed 5 bytes that are no list");
    ask("cat >/dev/null; echo '" RUNS "'", 16, "", ""); /* nothing to wait for on standard input */
}

static void test_failures_are_told(void **state) {
    (void)state;
    ask("echo '[ E19 ] File operation failure' >&2; echo more >&2; exit 3", 0, "LOOP-NITRO-CLI",
        "`nitro-cli describe-enclaves` ended with status 3: [ E19 ] File operation failure");
    ask("exit 1", 0, "LOOP-NITRO-CLI", "ended with status 1");
    ask("kill -9 $$", 0, "LOOP-NITRO-CLI", "ended with signal 9");
}

static void test_too_much_output(void **state) {
    (void)state;
    char script[64], says[64];
    (void)snprintf(script, sizeof script, "exec head -c %d /dev/zero", GRILLE_LIMIT_NITRO_CLI_ANSWER_BYTES - 1);
    (void)snprintf(says, sizeof says, "printed %d bytes that are no list", GRILLE_LIMIT_NITRO_CLI_ANSWER_BYTES - 1);
    ask(script, 0, "LOOP-NITRO-CLI", says);
    ask("exec cat /dev/zero", 0, "LOOP-NITRO-CLI", "printed more than it can have to say");
}

static void test_there_is_none(void **state) {
    world w;
    grille_nitro_cli *question = NULL;
    (void)state;
    make_world(&w, NULL);
    assert_int_equal(grille_nitro_cli_start(&w.loop, grille_bytes_of_text("app"), on_answer, &w, &question, &w.error),
                     GRILLE_REASON_LOOP_ENCLAVE_UNKNOWN);
    assert_non_null(strstr(w.error.text, "no nitro-cli on PATH"));
    FILE *file = fopen(w.program, "we"); /* not for running */
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(grille_nitro_cli_start(&w.loop, grille_bytes_of_text("app"), on_answer, &w, &question, &w.error),
                     GRILLE_REASON_LOOP_NITRO_CLI);
    assert_non_null(strstr(w.error.text, "can't be run: Permission denied"));
    assert_null(question);
    end_world(&w);
}

static void test_output_that_cannot_be_watched(void **state) {
    (void)state;
    atomic_store(&watches_refused, 1);
    ask("exec sleep 1000", 0, "LOOP-NITRO-CLI", "can't be watched: its output belongs to another handle");
}

static void test_cancelled(void **state) {
    world w;
    (void)state;
    make_world(&w, "echo $$ >$seen; exec sleep 1000");
    grille_nitro_cli *question = start(&w);
    for (struct stat status = {0}; stat(w.seen, &status) != 0 || status.st_size == 0;)
        grille_loop_turn(&w.loop, false);
    grille_nitro_cli_cancel(question);
    for (int i = 0; i < 10; i++)
        grille_loop_turn(&w.loop, false);
    assert_int_equal(w.times, 0);
    end_world(&w);
}

/* An application that has its own way with its children. */
static void test_children_that_nobody_waits_for(void **state) {
    (void)state;
    assert_true(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    ask("echo '" RUNS "'", 16, "", "");
    ask("exit 1", 0, "LOOP-NITRO-CLI", "printed 0 bytes");
    assert_true(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asks),
        cmocka_unit_test(test_failures_are_told),
        cmocka_unit_test(test_too_much_output),
        cmocka_unit_test(test_there_is_none),
        cmocka_unit_test(test_output_that_cannot_be_watched),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_children_that_nobody_waits_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
