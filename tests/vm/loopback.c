/* SPDX-License-Identifier: Apache-2.0
 * loopback PARENT_ARGUMENTS… -- SERVER_ARGUMENTS…: in a virtual machine, starts the server (its path first), then the
 * parent until it gets through (20 times at most); ends with the parent's status. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t start(char **command) {
    const pid_t pid = fork();
    if (pid == 0) {
        (void)execv(command[0], command);
        _exit(127);
    }
    return pid;
}

static int run(char **command) {
    int status = -1;
    const pid_t pid = start(command);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) return 126;
    return WEXITSTATUS(status);
}

int main(int argc, char **argv) {
    enum { tries = 20, step_ms = 250 };
    const struct timespec step = {.tv_nsec = step_ms * 1000000};
    int status = 125;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") != 0) continue;
        argv[i] = NULL;
        if (start(&argv[i + 1]) < 0) return 124;
        for (int tried = 0; tried < tries && status != 0; tried++) {
            (void)nanosleep(&step, NULL);
            status = run(&argv[1]);
        }
    }
    (void)printf("loopback: status %d\n", status);
    return status;
}
