/* SPDX-License-Identifier: Apache-2.0
 * The command line of grille enclave build. */
#ifndef GRILLE_TOOLS_ENCLAVE_REQUEST_H
#define GRILLE_TOOLS_ENCLAVE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REQUEST_FILES_MAX = 256, REQUEST_LINES_MAX = 64 };

/* Texts of the command line, or NULL. */
typedef struct enclave_request {
    const char *output, *kernel, *cmdline, *init, *image_tar;
    const char *name, *version, *metadata;
    const char *private_key, *signing_certificate;
    const char *roots[REQUEST_LINES_MAX];
    const char *files[REQUEST_FILES_MAX]; /* GUEST=HOST */
    const char *modules[REQUEST_LINES_MAX];
    const char *env[REQUEST_LINES_MAX];
    const char *cmd[REQUEST_LINES_MAX];
    size_t root_count, file_count, module_count, env_count, cmd_count;
    bool is_aarch64;
} enclave_request;

/* Fills *request, or says what is wrong; the status is EXIT_DONE when all is there. False: the process ends with
 * *status. */
bool enclave_request_parse(enclave_request *request, int argc, char **argv, int *status);

/* A misuse that shows later: says it, with the usage; EXIT_USAGE. */
int enclave_request_refuse(const char *what);

#endif
