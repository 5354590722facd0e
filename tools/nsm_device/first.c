/* SPDX-License-Identifier: Apache-2.0 */
#include "first.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ground.h"
#include "nsm/device.h"

/* The device is there once the kernel has taken it from its server. */
static bool wait_for_device(pid_t server) {
    enum { patience_ms = 20000, step_ms = 5 };
    const struct timespec step = {.tv_nsec = step_ms * 1000000};
    struct stat status;
    for (int waited_ms = 0; waited_ms < patience_ms; waited_ms += step_ms) {
        if (stat(GRILLE_NSM_DEVICE_PATH, &status) == 0) return true;
        if (waitpid(server, NULL, WNOHANG) == server) break;
        (void)nanosleep(&step, NULL);
    }
    errno = ENODEV;
    return false;
}

void nsm_first_process(int (*serve)(const char *folder)) {
    char *const arguments[] = {(char[]){"init"}, NULL};
    pid_t server = -1;
    init_mount_devices();
    init_load_modules(NSM_DEVICE_MODULES);
    server = fork();
    if (server == 0) {
        (void)setsid();
        _exit(serve(NSM_DEVICE_SIM));
    }
    if (server < 0 || !wait_for_device(server)) {
        init_say_failed("no " GRILLE_NSM_DEVICE_PATH);
        return;
    }
    (void)execv(NSM_DEVICE_INIT, arguments);
    init_say_failed("can't run " NSM_DEVICE_INIT);
}
