/* SPDX-License-Identifier: Apache-2.0
 * The verbs of grille enclave, each with the arguments after it. */
#ifndef GRILLE_TOOLS_ENCLAVE_H
#define GRILLE_TOOLS_ENCLAVE_H

#include "image/eif.h"
#include "image/eif_signature.h"

int enclave_build(int argc, char **argv);
int enclave_console(int argc, char **argv);
int enclave_describe(int argc, char **argv);
int enclave_list(int argc, char **argv);
int enclave_measure(int argc, char **argv);
int enclave_run(int argc, char **argv);
int enclave_terminate(int argc, char **argv);

/* An image that was read, measured, and whose signature, if it has one, holds. */
typedef struct enclave_image {
    grille_bytes file;
    eif parts;
    eif_measurements measured;
    eif_signer signer; /* with measured.is_signed */
} enclave_image;

/* Opens the image at `path`; end with enclave_image_close. EXIT_DONE; EXIT_USAGE when it can't be read; EXIT_REJECTED
 * when it is refused: that was said on standard error, after `command`. */
int enclave_image_open(const char *command, const char *path, enclave_image *image);
void enclave_image_close(enclave_image *image);

#endif
