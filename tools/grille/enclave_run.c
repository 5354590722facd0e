/* SPDX-License-Identifier: Apache-2.0
 * grille enclave run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "command.h"
#include "enclave.h"
#include "enclave_run_request.h"
#include "image/file.h"

static const char command[] = "enclave run";

static int print_state(const machine_state *state) {
    char *text = machine_state_write(state);
    if (text == NULL) return EXIT_FAILED;
    (void)puts(text);
    free(text);
    if (state->debug) {
        (void)fprintf(
            stderr,
            "grille: %s: --debug: PCR0, PCR1 and PCR2 of what it attests are zero: a policy refuses it unless "
            "it allows debug enclaves\n",
            command);
    }
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* ---- On Nitro ---- */

static int run_on_nitro(const enclave_run_request *request, const enclave_image *image) {
    enum { most = 16 };
    char cpus[16], memory[16], cid[16], cid_option[] = "--enclave-cid", debug_option[] = "--debug-mode";
    const char *const given[] = {"nitro-cli",  "run-enclave",  "--enclave-name", request->name,
                                 "--eif-path", request->image, "--cpu-count",    cpus,
                                 "--memory",   memory};
    char *arguments[most] = {NULL};
    char *output = NULL;
    machine_state state;
    grille_error error = {.code = GRILLE_OK};
    size_t count = 0;
    bool good = false;
    (void)snprintf(cpus, sizeof cpus, "%u", request->cpus);
    (void)snprintf(memory, sizeof memory, "%u", request->memory_mib);
    (void)snprintf(cid, sizeof cid, "%u", request->cid);
    for (; count < sizeof given / sizeof given[0]; count++)
        arguments[count] = (char *)(uintptr_t)given[count];
    if (request->cid != 0) {
        arguments[count++] = cid_option;
        arguments[count++] = cid;
    }
    if (request->debug) arguments[count++] = debug_option;
    if (!enclave_nitro(command, arguments, &output)) return EXIT_FAILED;
    good = machine_state_of_nitro(grille_bytes_of_text(output), &state, &error);
    free(output);
    if (!good) return enclave_failed(command, &error, EXIT_FAILED);
    state.debug = request->debug;
    /* nitro-cli does not say them here; in a debug enclave they are zero. */
    if (!request->debug) state.attested = image->measured;
    return print_state(&state);
}

/* ---- In a virtual machine ---- */

static bool find_qemu(char path[PATH_MAX], grille_error *error) {
    if (machine_program_find("qemu-system-x86_64", path)) return true;
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                           "no QEMU: looked for qemu-system-x86_64 in the folders of PATH, expected it there. Next: "
                           "apt-get install qemu-system-x86");
    return false;
}

/* A path relative to the folder of this command, as Bazel lays its outputs out. */
static bool path_beside(const char *name, char path[PATH_MAX]) {
    char own[PATH_MAX - 64] = "";
    char *slash = NULL;
    if (readlink("/proc/self/exe", own, sizeof own - 1) <= 0) return false;
    slash = strrchr(own, '/');
    if (slash == NULL) return false;
    *slash = '\0';
    (void)snprintf(path, PATH_MAX, "%s/%s", own, name);
    return true;
}

static bool find_vhost(const char *given, char path[PATH_MAX], grille_error *error) {
    char beside[PATH_MAX];
    if (machine_program_find(given != NULL ? given : "vhost-device-vsock", path)) return true;
    if (given == NULL && path_beside("../vhost_device_vsock/launch", beside) && machine_program_find(beside, path)) {
        return true;
    }
    (void)grille_error_set(
        error, GRILLE_REASON_BAD_ARGUMENT,
        "no vhost-device-vsock: looked for %.200s%s, expected a program. It carries a machine's vsock "
        "to Unix sockets; Debian has it as package vhost-device-vsock (in sid), rust-vmm as a crate "
        "of that name. Next: --vhost-device-vsock FILE",
        given != NULL ? given : "it", given != NULL ? "" : " in the folders of PATH and beside this command");
    return false;
}

/* As it is installed, or as it is built. */
static bool map_beside(grille_bytes *content) {
    char path[PATH_MAX];
    grille_error ignored;
    return (path_beside("insecure-nsm.cpio", path) && image_file_map(path, content, &ignored)) ||
           (path_beside("../nsm_device/insecure-nsm.cpio", path) && image_file_map(path, content, &ignored));
}

static bool map_stand_in(const char *given, grille_bytes *content, grille_error *error) {
    static const uint8_t newc[] = "070701";
    if (given != NULL) {
        if (!image_file_map(given, content, error)) return false;
    } else if (!map_beside(content)) {
        (void)grille_error_set(
            error, GRILLE_REASON_BAD_ARGUMENT,
            "no stand-in for /dev/nsm: looked for insecure-nsm.cpio beside this command, expected it "
            "there. Next: bazel build //tools/nsm_device:insecure_nsm_ramdisk, and "
            "--insecure-nsm-ramdisk FILE");
        return false;
    }
    if (content->len >= sizeof newc - 1 && memcmp(content->data, newc, sizeof newc - 1) == 0) return true;
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%.200s is no ramdisk: expected an archive of form newc",
                           given != NULL ? given : "insecure-nsm.cpio");
    image_file_unmap(*content);
    return false;
}

/* `may_change`: nobody said on what it has to run. */
static int start(machine_request *request, bool may_change) {
    static machine_failure failure;
    machine_state state;
    bool is_up = machine_start(request, &state, &failure);
    /* /dev/kvm can be there and not work, in a machine that is a virtual one itself. */
    if (!is_up && may_change && failure.qemu_ended && request->accelerator == MACHINE_KVM) {
        const char *advice = strstr(failure.error.text, ". Next: ");
        const size_t len = advice == NULL ? strlen(failure.error.text) : (size_t)(advice - failure.error.text);
        (void)fprintf(stderr, "grille: %s: KVM does not work here: %.*s; trying --accel tcg\n", command, (int)len,
                      failure.error.text);
        request->accelerator = MACHINE_TCG;
        is_up = machine_start(request, &state, &failure);
    }
    if (is_up) return print_state(&state);
    if (failure.console[0] != '\0') (void)fprintf(stderr, "The last lines of its console:\n%s\n", failure.console);
    return enclave_failed(command, &failure.error, EXIT_FAILED);
}

static int run_in_machine(const enclave_run_request *request, const enclave_image *image) {
    static machine_root root;
    char qemu[PATH_MAX], vhost[PATH_MAX];
    grille_error error = {.code = GRILLE_OK};
    machine_request wanted = {.name = request->name,
                              .image = &image->parts,
                              .measured = &image->measured,
                              .cpus = request->cpus,
                              .memory_mib = request->memory_mib,
                              .cid = request->cid,
                              .debug = request->debug,
                              .accelerator = request->accelerator,
                              .root = &root,
                              .qemu = qemu,
                              .vhost = vhost};
    int status = EXIT_USAGE;
    if (!machine_check_image(&image->parts, &error) || !find_qemu(qemu, &error) ||
        !find_vhost(request->vhost, vhost, &error) || !machine_root_read(request->root, &root, &error) ||
        !map_stand_in(request->stand_in, &wanted.stand_in, &error)) {
        status = enclave_failed(command, &error, EXIT_USAGE);
    } else {
        status = start(&wanted, !request->has_accelerator);
        image_file_unmap(wanted.stand_in);
    }
    explicit_bzero(&root, sizeof root);
    return status;
}

int enclave_run(int argc, char **argv) {
    static enclave_image image;
    enclave_run_request request;
    grille_error error = {.code = GRILLE_OK};
    int status = EXIT_DONE;
    if (!enclave_run_request_parse(&request, argc, argv, &status)) return status;
    status = enclave_image_open(command, request.image, &image);
    if (status != EXIT_DONE) return status;
    if (!machine_check_memory(request.memory_mib, image.file.len, &error)) {
        status = enclave_failed(command, &error, EXIT_USAGE);
    } else {
        status = request.place == PLACE_NITRO ? run_on_nitro(&request, &image) : run_in_machine(&request, &image);
    }
    enclave_image_close(&image);
    return status;
}
