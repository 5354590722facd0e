/* SPDX-License-Identifier: Apache-2.0 */
#include "enclave_run_request.h"

#include <ctype.h>
#include <string.h>

#include "base/bytes.h"
#include "command.h"
#include "options.h"

static const char usage[] =
    "usage: grille enclave run --name NAME --image IMAGE --cpus N --memory MIB [options]\n"
    "         starts an enclave and returns when its init is up; prints what nitro-cli run-enclave prints, and the "
    "address\n"
    "         --name NAME               1 to 64 of A-Z a-z 0-9 . _ -, for list, console, terminate and "
    "nitro:NAME:PORT\n"
    "         --image IMAGE             of grille enclave build, or of nitro-cli build-enclave\n"
    "         --cpus N, --memory MIB    what it gets; at least four times the image in memory\n"
    "         --debug                   with a console; PCR0, PCR1 and PCR2 of what it attests are zero\n"
    "         --cid N                   16 or more; default: one that is free\n"
    "         --on nitro|qemu           default: nitro where /dev/nitro_enclaves and nitro-cli are, else qemu\n"
    "       in a virtual machine of QEMU, for development: what it attests is signed by a root of your own\n"
    "         --insecure-nsm DIR        that root: a folder of grille sim init\n"
    "         --insecure-nsm-ramdisk FILE   the stand-in for /dev/nsm, //tools/nsm_device:insecure_nsm_ramdisk;\n"
    "                                   default: as it lies beside this command\n"
    "         --vhost-device-vsock FILE default: the one in PATH, or as it lies beside this command, or as it lies "
    "beside\n"
    "                                   this command\n"
    "         --accel kvm|tcg           default: kvm when /dev/kvm can be used, and tcg when that fails\n"
    "         exit status: 0 it is up, 1 it could not be started, 2 usage or a file that can't be used, 4 the image "
    "is\n"
    "         malformed or wrongly signed\n";

static const char command[] = "enclave run";

/* Only digits: no sign, no blanks. */
static bool parse_number(const char *text, uint32_t least, uint32_t most, uint32_t *number) {
    uint64_t value = 0;
    size_t digits = 0;
    for (; isdigit((unsigned char)text[digits]) && digits < 11; digits++)
        value = value * 10 + (uint64_t)(text[digits] - '0');
    *number = (uint32_t)value;
    return digits > 0 && text[digits] == '\0' && value >= least && value <= most;
}

static int take_number(const char *option, const char *text, uint32_t least, uint32_t most, uint32_t *number) {
    if (text == NULL) return usage_error(usage, "%s: %s is needed", command, option);
    if (parse_number(text, least, most, number)) return EXIT_DONE;
    return usage_error(usage, "%s: %s is a number from %u to %u, not \"%s\"", command, option, least, most, text);
}

static int take_accelerator(const char *text, machine_accelerator *accelerator) {
    *accelerator = machine_accelerator_here();
    if (text == NULL) return EXIT_DONE;
    *accelerator = strcmp(text, "kvm") == 0 ? MACHINE_KVM : MACHINE_TCG;
    if (*accelerator == MACHINE_KVM || strcmp(text, "tcg") == 0) return EXIT_DONE;
    return usage_error(usage, "%s: --accel is kvm or tcg, not \"%s\"", command, text);
}

/* Options of the other place. */
static int check_place(const enclave_run_request *request, const char *accelerator) {
    const struct {
        const char *name, *value;
    } of_qemu[] = {{"--insecure-nsm", request->root},
                   {"--insecure-nsm-ramdisk", request->stand_in},
                   {"--vhost-device-vsock", request->vhost},
                   {"--accel", accelerator}};
    for (size_t i = 0; request->place == PLACE_NITRO && i < sizeof of_qemu / sizeof of_qemu[0]; i++) {
        if (of_qemu[i].value == NULL) continue;
        return usage_error(usage, "%s: %s is of virtual machines, and this goes to Nitro: leave it out, or --on qemu",
                           command, of_qemu[i].name);
    }
    if (request->place == PLACE_QEMU && request->root == NULL) {
        return usage_error(usage,
                           "%s: --insecure-nsm is needed: the root under which a virtual machine attests. Next: grille "
                           "sim init DIR",
                           command);
    }
    return EXIT_DONE;
}

static int check(enclave_run_request *request, const char *cpus, const char *memory, const char *cid,
                 const char *accelerator) {
    int status = EXIT_DONE;
    if (request->name == NULL) return usage_error(usage, "%s: --name is needed", command);
    if (!grille_run_name_is_valid(grille_bytes_of_text(request->name))) {
        return usage_error(usage,
                           "%s: --name is 1 to %d of A-Z a-z 0-9 . _ -, and does not begin with a dot or a dash, not "
                           "\"%.80s\"",
                           command, GRILLE_LIMIT_ENCLAVE_NAME_BYTES, request->name);
    }
    if (request->image == NULL) return usage_error(usage, "%s: --image is needed", command);
    status = take_number("--cpus", cpus, 1, MACHINE_CPUS_MAX, &request->cpus);
    if (status == EXIT_DONE) status = take_number("--memory", memory, 1, MACHINE_MEMORY_MAX, &request->memory_mib);
    if (status == EXIT_DONE && cid != NULL)
        status = take_number("--cid", cid, MACHINE_FIRST_CID, MACHINE_LAST_CID, &request->cid);
    if (status == EXIT_DONE) status = take_accelerator(accelerator, &request->accelerator);
    request->has_accelerator = accelerator != NULL;
    return status == EXIT_DONE ? check_place(request, accelerator) : status;
}

bool enclave_run_request_parse(enclave_run_request *request, int argc, char **argv, int *status) {
    const char *cpus = NULL, *memory = NULL, *cid = NULL, *on = NULL, *accelerator = NULL;
    const command_option options[] = {{.name = "--name", .value = &request->name},
                                      {.name = "--image", .value = &request->image},
                                      {.name = "--cpus", .value = &cpus},
                                      {.name = "--memory", .value = &memory},
                                      {.name = "--debug", .flag = &request->debug},
                                      {.name = "--cid", .value = &cid},
                                      {.name = "--on", .value = &on},
                                      {.name = "--insecure-nsm", .value = &request->root},
                                      {.name = "--insecure-nsm-ramdisk", .value = &request->stand_in},
                                      {.name = "--vhost-device-vsock", .value = &request->vhost},
                                      {.name = "--accel", .value = &accelerator}};
    const command_line line = {.command = command,
                               .usage = usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0],
                               .operand_name = "OPERAND"};
    *request = (enclave_run_request){.name = NULL};
    if (!command_line_parse(&line, argc, argv, status)) return false;
    if (!enclave_place_parse(on, command, usage, &request->place, status)) return false;
    *status = check(request, cpus, memory, cid, accelerator);
    return *status == EXIT_DONE;
}
