/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/child.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The request in a file without a name, read from its start; NULL when it can't be written. */
static FILE *write_request(grille_gen_pool *pool, const Grille__Codegen__Request *request) {
    size_t len = grille__codegen__request__get_packed_size(request);
    uint8_t *data = grille_gen_alloc(pool, len);
    grille__codegen__request__pack(request, data);
    FILE *file = tmpfile();
    if (!file) return NULL;
    if (fwrite(data, 1, len, file) == len && fflush(file) == 0 && fseek(file, 0, SEEK_SET) == 0) return file;
    fclose(file);
    return NULL;
}

static _Noreturn void become(const char *program, int input, int output) {
    char *const arguments[] = {(char *)program, NULL};
    if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0) execvp(program, arguments);
    fprintf(stderr, "cannot run %s: %s\n", program, strerror(errno));
    _exit(127);
}

/* What the child wrote; NULL data when it could not be run or failed. */
static grille_bytes run(grille_gen_pool *pool, const char *program, FILE *request) {
    grille_bytes output = {NULL, 0};
    int pipe_ends[2], status = 0;
    if (pipe(pipe_ends)) return output;
    pid_t child = fork();
    if (child == 0) {
        close(pipe_ends[0]);
        become(program, fileno(request), pipe_ends[1]);
    }
    close(pipe_ends[1]);
    FILE *stream = fdopen(pipe_ends[0], "rb");
    bool ok = stream && child > 0 && grille_gen_read_all(pool, stream, &output);
    if (stream)
        fclose(stream);
    else
        close(pipe_ends[0]);
    if (child > 0 && waitpid(child, &status, 0) != child) ok = false;
    if (!ok || !WIFEXITED(status) || WEXITSTATUS(status) != 0) output.data = NULL;
    return output;
}

static void copy_answer(grille_gen_pool *pool, const char *program, grille_bytes output,
                        grille_gen_response *response) {
    Grille__Codegen__Response *answer = grille__codegen__response__unpack(NULL, output.len, output.data);
    if (!answer) {
        grille_gen_response_fail(response, grille_gen_format(pool, "%s: its answer is not one of a plugin", program));
        return;
    }
    for (size_t i = 0; i < answer->n_file; i++)
        if (answer->file[i]->name && answer->file[i]->content)
            grille_gen_response_add(response, answer->file[i]->name, grille_gen_copy(pool, answer->file[i]->content));
    if (answer->error) grille_gen_response_fail(response, answer->error);
    grille__codegen__response__free_unpacked(answer, NULL);
}

void grille_gen_run_child(grille_gen_pool *pool, const char *program, const Grille__Codegen__Request *request,
                          grille_gen_response *response) {
    FILE *file = write_request(pool, request);
    grille_bytes output = {NULL, 0};
    if (file) {
        output = run(pool, program, file);
        fclose(file);
    }
    if (output.data)
        copy_answer(pool, program, output, response);
    else
        grille_gen_response_fail(response, grille_gen_format(pool, "%s failed; its own words stand above", program));
}
