/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/nitro_cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "loop/nitro_answer.h"

#define PROGRAM "nitro-cli"
/* After the end of its output a process is about to end: ask this often. */
#define REAP_MS 2

extern char **environ;

struct grille_nitro_cli {
    grille_loop *loop;
    grille_nitro_cli_fn *done;
    void *user;
    char name[GRILLE_LIMIT_ENCLAVE_NAME_BYTES];
    size_t name_len;
    pid_t process;
    int output, complaints; /* a pipe's reading end; a file in memory for what it says on standard error */
    uv_poll_t poll;
    uv_timer_t timer;
    unsigned open_handles;
    size_t len;
    uint8_t answer[GRILLE_LIMIT_NITRO_CLI_ANSWER_BYTES];
};

static void on_closed(uv_handle_t *handle) {
    grille_nitro_cli *question = handle->data;
    if (--question->open_handles == 0) free(question);
}

static void close_descriptor(int *fd) {
    if (*fd >= 0) (void)close(*fd);
    *fd = -1;
}

static void release(grille_nitro_cli *question) {
    uv_close((uv_handle_t *)&question->poll, on_closed);
    uv_close((uv_handle_t *)&question->timer, on_closed);
    close_descriptor(&question->output);
    close_descriptor(&question->complaints);
}

static void tell(grille_nitro_cli *question, uint32_t cid, const grille_error *error) {
    grille_nitro_cli_fn *done = question->done;
    void *user = question->user;
    release(question);
    done(user, cid, error);
}

static void tell_failure(grille_nitro_cli *question, const char *what, const char *detail) {
    grille_error error = {.code = GRILLE_OK};
    (void)grille_error_set(&error, GRILLE_REASON_LOOP_NITRO_CLI, "`" PROGRAM " describe-enclaves` %s%s%s", what,
                           detail[0] == '\0' ? "" : ": ", detail);
    tell(question, 0, &error);
}

/* The first line of its complaints, printable. */
static void read_complaint(const grille_nitro_cli *question, char line[161]) {
    const ssize_t got = pread(question->complaints, line, 160, 0);
    size_t len = 0;
    while (got > 0 && len < (size_t)got && line[len] >= ' ')
        len++;
    line[len] = '\0';
}

static void evaluate(grille_nitro_cli *question, int status) {
    char what[48], complaint[161];
    uint32_t cid = 0;
    grille_error error = {.code = GRILLE_OK};
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        const bool exited = WIFEXITED(status);
        (void)snprintf(what, sizeof what, "ended with %s %d", exited ? "status" : "signal",
                       exited ? WEXITSTATUS(status) : WTERMSIG(status));
        read_complaint(question, complaint);
        tell_failure(question, what, complaint);
        return;
    }
    if (grille_nitro_answer_find(grille_bytes_of(question->answer, question->len),
                                 grille_bytes_of(question->name, question->name_len), &cid,
                                 &error) == GRILLE_REASON_OK) {
        error.code = GRILLE_OK;
    }
    tell(question, cid, &error);
}

static void on_reap(uv_timer_t *timer) {
    grille_nitro_cli *question = timer->data;
    int status = 0;
    grille_loop_active(question->loop);
    const pid_t ended = waitpid(question->process, &status, WNOHANG);
    if (ended == 0) {
        (void)uv_timer_start(&question->timer, on_reap, REAP_MS, 0);
        return;
    }
    /* An application that waits for any child may have taken it: then its output has to do. */
    question->process = -1;
    evaluate(question, ended < 0 ? 0 : status);
}

static void end_process(grille_nitro_cli *question) {
    if (question->process > 0 && waitpid(question->process, NULL, WNOHANG) == 0) {
        (void)kill(question->process, SIGKILL);
        (void)waitpid(question->process, NULL, 0);
    }
    question->process = -1;
}

static void on_output(uv_poll_t *poll, int status, int events) {
    grille_nitro_cli *question = poll->data;
    (void)status;
    (void)events;
    grille_loop_active(question->loop);
    const size_t room = sizeof question->answer - question->len;
    const ssize_t got = read(question->output, question->answer + question->len, room);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got > 0 && (size_t)got == room) {
        end_process(question);
        tell_failure(question, "printed more than it can have to say", "");
        return;
    }
    if (got > 0) {
        question->len += (size_t)got;
        return;
    }
    (void)uv_poll_stop(&question->poll);
    on_reap(&question->timer);
}

static void on_unwatched(uv_timer_t *timer) {
    grille_nitro_cli *question = timer->data;
    grille_loop_active(question->loop);
    end_process(question);
    tell_failure(question, "can't be watched", "its output belongs to another handle of this loop");
}

static int prepare(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int output, int complaints) {
    sigset_t none, changed;
    int result = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (result == 0) result = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
    if (result == 0) result = posix_spawn_file_actions_adddup2(actions, complaints, STDERR_FILENO);
    /* It is no concern of its what this thread blocks, or that the application ignores broken pipes. */
    (void)sigemptyset(&none);
    (void)sigemptyset(&changed);
    (void)sigaddset(&changed, SIGPIPE);
    if (result == 0) result = posix_spawnattr_setsigmask(attributes, &none);
    if (result == 0) result = posix_spawnattr_setsigdefault(attributes, &changed);
    if (result == 0) result = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return result;
}

static int spawn(int output, int complaints, pid_t *process) {
    char *const arguments[] = {(char[]){PROGRAM}, (char[]){"describe-enclaves"}, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int result = posix_spawn_file_actions_init(&actions);
    if (result != 0) return result;
    result = posix_spawnattr_init(&attributes);
    if (result == 0) {
        result = prepare(&actions, &attributes, output, complaints);
        if (result == 0) result = posix_spawnp(process, PROGRAM, &actions, &attributes, arguments, environ);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return result;
}

/* The process and our ends of its output; an errno value. */
static int start_process(grille_nitro_cli *question) {
    int ends[2] = {-1, -1};
    int result = 0;
    question->complaints = memfd_create(PROGRAM, MFD_CLOEXEC);
    if (question->complaints < 0 || pipe2(ends, O_CLOEXEC) != 0) return errno;
    question->output = ends[0];
    /* Ours only: a program expects to wait until its output is taken. */
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
        result = errno;
    } else {
        result = spawn(ends[1], question->complaints, &question->process);
    }
    (void)close(ends[1]);
    return result;
}

static grille_reason watch(grille_nitro_cli *question, grille_error *error) {
    uv_loop_t *uv = &question->loop->uv;
    int result = uv_poll_init(uv, &question->poll, question->output);
    if (result != 0) {
        end_process(question);
        return grille_error_set(error, GRILLE_REASON_LOOP_NITRO_CLI, PROGRAM "'s output can't be watched: %s",
                                uv_strerror(result));
    }
    (void)uv_timer_init(uv, &question->timer);
    question->poll.data = question;
    question->timer.data = question;
    question->open_handles = 2;
    result = uv_poll_start(&question->poll, UV_READABLE, on_output);
    /* Its handles are open: they end it. What was not watched is told in a turn of its own. */
    if (result != 0) (void)uv_timer_start(&question->timer, on_unwatched, 0, 0);
    return GRILLE_REASON_OK;
}

grille_reason grille_nitro_cli_start(grille_loop *loop, grille_bytes name, grille_nitro_cli_fn *done, void *user,
                                     grille_nitro_cli **question, grille_error *error) {
    grille_nitro_cli *made = calloc(1, sizeof *made);
    grille_reason reason = GRILLE_REASON_OK;
    if (made == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    *made = (grille_nitro_cli){.loop = loop, .done = done, .user = user, .process = -1, .output = -1, .complaints = -1};
    made->name_len = name.len;
    memcpy(made->name, name.data, name.len);
    const int result = start_process(made);
    if (result == ENOENT) {
        reason = grille_error_set(error, GRILLE_REASON_LOOP_ENCLAVE_UNKNOWN, "there is no " PROGRAM " on PATH");
    } else if (result != 0) {
        reason = grille_error_set(error, GRILLE_REASON_LOOP_NITRO_CLI, PROGRAM " can't be run: %s", strerror(result));
    } else {
        reason = watch(made, error);
    }
    if (reason == GRILLE_REASON_OK) {
        *question = made;
        return reason;
    }
    close_descriptor(&made->output);
    close_descriptor(&made->complaints);
    free(made);
    return reason;
}

void grille_nitro_cli_cancel(grille_nitro_cli *question) {
    end_process(question);
    release(question);
}
