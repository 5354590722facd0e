/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

enum { cannot_run = 127 };

/* What a parent may send by the console, a hypervisor by its power button, and what children cause. */
static sigset_t all_signals(void) {
    sigset_t signals;
    (void)sigfillset(&signals);
    return signals;
}

static void become(char **cmd, char **env) {
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (setsid() < 0 || chdir(INIT_ROOT) != 0 || chroot(".") != 0) {
        init_say_failed("can't go to %s", INIT_ROOT);
    } else {
        (void)execve(cmd[0], cmd, env);
        init_say_failed("can't run %s", cmd[0]);
    }
    _exit(cannot_run);
}

/* Takes in all who ended; true when `child` was among them. */
static bool reap(pid_t child, int *status) {
    bool ended = false;
    for (;;) {
        int one = 0;
        const pid_t pid = waitpid(-1, &one, WNOHANG);
        if (pid <= 0) return ended;
        if (pid != child) continue;
        *status = WIFEXITED(one) ? WEXITSTATUS(one) : 128 + WTERMSIG(one);
        ended = true;
    }
}

int init_supervise(char **cmd, char **env) {
    const sigset_t signals = all_signals();
    int status = cannot_run;
    pid_t child = -1;
    (void)sigprocmask(SIG_SETMASK, &signals, NULL);
    child = fork();
    if (child < 0) {
        init_say_failed("can't make a process");
        return cannot_run;
    }
    if (child == 0) become(cmd, env);
    for (;;) {
        const int signal_number = sigwaitinfo(&signals, NULL);
        if (signal_number == SIGCHLD) {
            if (reap(child, &status)) return status;
        } else if (signal_number > 0) {
            (void)kill(child, signal_number);
        }
    }
}
