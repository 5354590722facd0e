/* SPDX-License-Identifier: Apache-2.0
 * loopback SERVER… -- PARENT… [-- SERVER… -- PARENT…]…: in a virtual machine, starts each server and runs its parent to
 * the end; each command's program is its first word, by its path. Ends with 0 when all parents did. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
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

/* The word after the next "--", whose place ends the command before it; NULL at the end. */
static char **next_command(char **word) {
    for (; *word != NULL; word++) {
        if (strcmp(*word, "--") != 0) continue;
        *word = NULL;
        return word + 1;
    }
    return NULL;
}

int main(int argc, char **argv) {
    int failed = argc < 2;
    for (char **server = argv + 1; server != NULL && *server != NULL;) {
        char **parent = next_command(server);
        if (parent == NULL) return 2;
        char **next = next_command(parent);
        const int status = start(server) < 0 ? 125 : run(parent);
        (void)printf("loopback: %s: status %d\n", parent[0], status);
        (void)fflush(stdout);
        failed |= status != 0;
        server = next;
    }
    return failed;
}
