/* SPDX-License-Identifier: Apache-2.0
 * grille enclave measure. */
#include <stdio.h>

#include "command.h"
#include "enclave.h"
#include "options.h"

static const char usage[] =
    "usage: grille enclave measure IMAGE > measurements.json\n"
    "         what Nitro will measure of IMAGE, in the form of nitro-cli build-enclave: for the\n"
    "         `measurements` of a policy\n"
    "         exit status: 0 printed, 4 malformed or wrongly signed, 2 usage or an unreadable "
    "file\n";

int enclave_measure(int argc, char **argv) {
    static enclave_image image;
    const char *path = NULL;
    const command_line line = {.command = "enclave measure",
                               .usage = usage,
                               .operands = &path,
                               .least = 1,
                               .most = 1,
                               .operand_name = "IMAGE"};
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    status = enclave_image_open("enclave measure", path, &image);
    if (status != EXIT_DONE) return status;
    (void)puts("{");
    eif_print_measurements(&image.measured, stdout);
    (void)puts("\n}");
    enclave_image_close(&image);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}
