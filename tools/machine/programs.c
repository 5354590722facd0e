/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

static bool is_program(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

bool machine_program_find(const char *name, char path[PATH_MAX]) {
    const char *folders = getenv("PATH");
    char tried[PATH_MAX];
    if (strchr(name, '/') != NULL) return is_program(name) && realpath(name, path) != NULL;
    for (const char *at = folders; at != NULL && *at != '\0';) {
        const size_t len = strcspn(at, ":");
        const int wrote = snprintf(tried, sizeof tried, "%.*s/%s", (int)len, at, name);
        if (len > 0 && wrote < (int)sizeof tried && is_program(tried)) return realpath(tried, path) != NULL;
        at += len + (at[len] == ':');
    }
    return false;
}

bool machine_on_nitro(void) {
    char path[PATH_MAX];
    return access("/dev/nitro_enclaves", F_OK) == 0 && machine_program_find("nitro-cli", path);
}

static void become(const char *program, char *const *arguments, int out) {
    (void)dup2(out, STDOUT_FILENO);
    (void)execv(program, arguments);
    (void)dprintf(STDERR_FILENO, "grille: can't run %s: %s\n", program, strerror(errno));
    _exit(127);
}

/* All of it, with a terminator. */
static bool read_all(int from, char **output, grille_error *error) {
    char *text = malloc(MACHINE_OUTPUT_MAX + 1);
    size_t len = 0;
    ssize_t got = 1;
    if (text == NULL) {
        (void)grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
        return false;
    }
    while (got > 0 && len < MACHINE_OUTPUT_MAX) {
        got = read(from, &text[len], MACHINE_OUTPUT_MAX - len);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            len += (size_t)got;
    }
    text[len] = '\0';
    *output = text;
    if (got == 0) return true;
    (void)grille_error_set(error, got < 0 ? GRILLE_REASON_SYSTEM : GRILLE_REASON_BAD_ARGUMENT,
                           "can't take what the program prints: %s", got < 0 ? strerror(errno) : "more than 1 MiB");
    free(text);
    *output = NULL;
    return false;
}

bool machine_program_run(const char *program, char *const *arguments, char **output, int *status, grille_error *error) {
    int ends[2] = {-1, -1};
    int ended = 0;
    pid_t pid = -1;
    bool good = false;
    if (pipe2(ends, O_CLOEXEC) == 0) pid = fork();
    if (pid == 0) become(program, arguments, ends[1]);
    if (pid < 0) {
        (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "can't start %s: %s", program, strerror(errno));
    }
    if (ends[1] >= 0) (void)close(ends[1]);
    if (pid > 0) good = read_all(ends[0], output, error);
    if (ends[0] >= 0) (void)close(ends[0]);
    while (pid > 0 && waitpid(pid, &ended, 0) < 0 && errno == EINTR) {
    }
    *status = WIFSIGNALED(ended) ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);
    return good;
}
