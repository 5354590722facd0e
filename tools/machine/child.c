/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

enum { CANNOT_RUN = 127 };

/* As a program expects to find them. */
static void reset_signals(void) {
    sigset_t none;
    (void)sigemptyset(&none);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void become(const machine_arguments *arguments, pid_t parent, int out, int err) {
    const int nothing = open("/dev/null", O_RDONLY);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* It may have ended before that was said. */
    if (getppid() != parent) _exit(CANNOT_RUN);
    reset_signals();
    (void)dup2(nothing, STDIN_FILENO);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(err, STDERR_FILENO);
    if (nothing > STDERR_FILENO) (void)close(nothing);
    (void)execv(arguments->argument[0], arguments->argument);
    (void)dprintf(STDERR_FILENO, "can't run %s: %s\n", arguments->argument[0], strerror(errno));
    _exit(CANNOT_RUN);
}

bool machine_child_start(machine_child *child, const machine_arguments *arguments, int out, int err,
                         grille_error *error) {
    const pid_t parent = getpid();
    const pid_t pid = arguments->full ? -1 : fork();
    if (pid == 0) become(arguments, parent, out, err);
    child->pid = pid < 0 ? 0 : pid;
    child->ended = false;
    if (pid > 0) return true;
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "can't start %s: %s", child->what,
                           arguments->full ? "its command line is too long" : strerror(errno));
    return false;
}

void machine_child_look(machine_child *child) {
    if (child->pid == 0 || waitpid(child->pid, &child->status, WNOHANG) != child->pid) return;
    child->pid = 0;
    child->ended = true;
}

void machine_child_end(machine_child *child) {
    if (child->pid == 0) return;
    (void)kill(child->pid, SIGKILL);
    while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR) {
    }
    child->pid = 0;
    child->ended = true;
}

void machine_child_tell(const machine_child *child, char *text, size_t capacity) {
    if (WIFSIGNALED(child->status)) {
        (void)snprintf(text, capacity, "was killed by signal %d", WTERMSIG(child->status));
    } else {
        (void)snprintf(text, capacity, "ended with status %d", WEXITSTATUS(child->status));
    }
}
