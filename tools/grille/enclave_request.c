/* SPDX-License-Identifier: Apache-2.0 */
#include "enclave_request.h"

#include <string.h>

#include "command.h"
#include "options.h"

static const char usage[] =
    "usage: grille enclave build --output IMAGE --kernel FILE --init FILE [options] [-- COMMAND [ARGUMENT…]]\n"
    "         writes IMAGE, in the form that nitro-cli run-enclave takes (EIF 4), and prints what Nitro will measure "
    "of\n"
    "         it. The same input gives the same bytes, whoever builds it, wherever and whenever; only a signature "
    "differs\n"
    "       what runs in it\n"
    "         --root DIR              everything below DIR, at /; may come again\n"
    "         --file GUEST=HOST       the file HOST at the path GUEST; may come again\n"
    "         --image TAR             a container image as docker save or podman save writes it; its command and\n"
    "                                 variables, unless others are given here\n"
    "         -- COMMAND…             what the init runs, by its path in the image\n"
    "         --env NAME=VALUE        a variable for it; may come again\n"
    "       what boots it\n"
    "         --kernel FILE           bzImage, or Image of aarch64\n"
    "         --init FILE             the first program, static; //tools/init makes one\n"
    "         --module FILE           a kernel module (.ko) that the init loads; may come again, in this order\n"
    "         --cmdline TEXT          of the kernel; default: that of nitro-cli\n"
    "         --arch x86_64|aarch64   default x86_64\n"
    "       what is said of it, and not measured\n"
    "         --name NAME, --version VERSION, --metadata FILE   the last: a JSON object\n"
    "       who signs it (PCR8)\n"
    "         --private-key FILE, --signing-certificate FILE    PEM, P-256 or P-384\n"
    "         SOURCE_DATE_EPOCH       seconds since 1970 in the environment: the build's time; default 0\n"
    "         exit status: 0 written, 1 it could not be, 2 usage or an input that can't be used\n";

int enclave_request_refuse(const char *what) {
    return usage_error(usage, "enclave build: %s", what);
}

static int check_arch(enclave_request *request, const char *arch) {
    request->is_aarch64 = arch != NULL && strcmp(arch, "aarch64") == 0;
    if (arch == NULL || request->is_aarch64 || strcmp(arch, "x86_64") == 0) return EXIT_DONE;
    return usage_error(usage, "enclave build: --arch is x86_64 or aarch64, not \"%s\"", arch);
}

static int check(const enclave_request *request) {
    if (request->output == NULL) return enclave_request_refuse("--output is needed");
    if (request->kernel == NULL) return enclave_request_refuse("--kernel is needed");
    if (request->init == NULL) return enclave_request_refuse("--init is needed");
    if (request->root_count + request->file_count == 0 && request->image_tar == NULL) {
        return enclave_request_refuse("nothing to put into it: --root, --file or --image is needed");
    }
    if ((request->private_key == NULL) != (request->signing_certificate == NULL)) {
        return enclave_request_refuse("--private-key and --signing-certificate go together");
    }
    return EXIT_DONE;
}

bool enclave_request_parse(enclave_request *request, int argc, char **argv, int *status) {
    const char *arch = NULL;
    const command_option options[] = {{.name = "--output", .value = &request->output},
                                      {.name = "--kernel", .value = &request->kernel},
                                      {.name = "--cmdline", .value = &request->cmdline},
                                      {.name = "--init", .value = &request->init},
                                      {.name = "--image", .value = &request->image_tar},
                                      {.name = "--name", .value = &request->name},
                                      {.name = "--version", .value = &request->version},
                                      {.name = "--metadata", .value = &request->metadata},
                                      {.name = "--private-key", .value = &request->private_key},
                                      {.name = "--signing-certificate", .value = &request->signing_certificate},
                                      {.name = "--arch", .value = &arch}};
    const command_list_option lists[] = {
        {"--root", request->roots, &request->root_count, REQUEST_LINES_MAX},
        {"--file", request->files, &request->file_count, REQUEST_FILES_MAX},
        {"--module", request->modules, &request->module_count, REQUEST_LINES_MAX},
        {"--env", request->env, &request->env_count, REQUEST_LINES_MAX},
    };
    const command_line line = {.command = "enclave build",
                               .usage = usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0],
                               .list_options = lists,
                               .list_option_count = sizeof lists / sizeof lists[0],
                               .operands = request->cmd,
                               .most = REQUEST_LINES_MAX,
                               .operand_name = "COMMAND"};
    *request = (enclave_request){.output = NULL};
    if (!command_line_parse(&line, argc, argv, status)) return false;
    while (request->cmd_count < REQUEST_LINES_MAX && request->cmd[request->cmd_count] != NULL)
        request->cmd_count++;
    *status = check_arch(request, arch);
    if (*status == EXIT_DONE) *status = check(request);
    return *status == EXIT_DONE;
}
