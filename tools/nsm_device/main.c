/* SPDX-License-Identifier: Apache-2.0
 * grille_insecure_nsm: a stand-in for /dev/nsm in a virtual machine. It signs under a development root: whoever has the
 * root's folder can attest anything. As first process (pid 1) it does what first.h says; otherwise:
 * grille_insecure_nsm FOLDER [FAULT_FILE]. */
#include <stdio.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "device.h"
#include "first.h"

static int serve(const char *folder, const char *executable, const char *fault_file) {
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    nsm_exchange exchange = {.fault_file = fault_file};
    grille_error error = {.code = GRILLE_OK};
    int status = 1;
    options.root_folder = folder;
    options.executable = executable;
    if (grille_nsm_simulated_module_open_insecure(&options, &exchange.module, &error) != GRILLE_REASON_OK) {
        (void)fprintf(stderr, "grille_insecure_nsm: %s: %s\n", folder, error.text);
        return 1;
    }
    status = nsm_device_serve(&exchange);
    grille_nsm_simulated_module_close(exchange.module);
    return status;
}

/* No /proc tells of a program yet; the folder has the PCRs of the image. */
static int serve_first(const char *folder) {
    return serve(folder, NSM_DEVICE_INIT, NSM_DEVICE_FAULT);
}

int main(int argc, char **argv) {
    if (getpid() == 1) {
        nsm_first_process(serve_first);
        (void)reboot(RB_AUTOBOOT);
        return 1;
    }
    if (argc != 2 && argc != 3) {
        (void)fputs("usage: grille_insecure_nsm FOLDER [FAULT_FILE]\n", stderr);
        return 2;
    }
    return serve(argv[1], NULL, argc == 3 ? argv[2] : NULL);
}
