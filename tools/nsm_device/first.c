/* SPDX-License-Identifier: Apache-2.0 */
#include "first.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "nsm/device.h"

static void say(const char *what) {
    (void)dprintf(2, "insecure nsm: %s: %s\n", what, strerror(errno));
}

static int is_file(const struct dirent *member) {
    return member->d_name[0] != '.';
}

static void load(const char *name) {
    char path[sizeof NSM_DEVICE_MODULES + 257];
    int fd = -1;
    (void)snprintf(path, sizeof path, NSM_DEVICE_MODULES "/%s", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST)) say(path);
    if (fd >= 0) (void)close(fd);
}

static void load_modules(void) {
    struct dirent **members = NULL;
    const int count = scandir(NSM_DEVICE_MODULES, &members, is_file, alphasort);
    for (int i = 0; i < count; i++) {
        load(members[i]->d_name);
        free(members[i]);
    }
    free(members);
}

static void mount_devices(void) {
    int console = -1;
    (void)mkdir("/dev", 0755);
    (void)mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755");
    console = open("/dev/console", O_RDWR | O_NOCTTY);
    for (int standard = 0; console >= 0 && standard <= 2; standard++)
        (void)dup2(console, standard);
    if (console > 2) (void)close(console);
}

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
    mount_devices();
    load_modules();
    server = fork();
    if (server == 0) {
        (void)setsid();
        _exit(serve(NSM_DEVICE_SIM));
    }
    if (server < 0 || !wait_for_device(server)) {
        say("no " GRILLE_NSM_DEVICE_PATH);
        return;
    }
    (void)execv(NSM_DEVICE_INIT, arguments);
    say(NSM_DEVICE_INIT);
}
