/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ground.h"

void init_mount_devices(void) {
    const bool made = mkdir("/dev", 0755) == 0 || errno == EEXIST;
    const bool mounted =
        made && (mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755") == 0 || errno == EBUSY);
    const int problem = errno;
    int console = open("/dev/console", O_RDWR | O_NOCTTY);
    /* Outside of debug mode there is none, and whatever is opened next would get its numbers: what a program prints
     * would go there. */
    if (console < 0) console = open("/dev/null", O_RDWR);
    for (int standard = 0; console >= 0 && standard <= 2; standard++)
        (void)dup2(console, standard);
    if (console > 2) (void)close(console);
    errno = problem;
    if (!mounted) init_say_failed("no /dev");
}
