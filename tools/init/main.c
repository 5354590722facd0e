/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/reboot.h>
#include <unistd.h>

#include "init.h"

/* nitro-cli ends an enclave that has said nothing for about 20 s. */
enum { ready_patience_ms = 10000 };

static int run(void) {
    char **cmd = NULL, **env = NULL;
    init_mount_devices();
    init_load_modules(INIT_MODULES);
    if (init_seed()) init_say("the NSM has seeded the kernel");
    if (!init_tell_ready(ready_patience_ms)) init_say("no parent waits for us on port 9000");
    cmd = init_read_lines(INIT_CMD);
    env = init_read_lines(INIT_ENV);
    if (cmd == NULL || cmd[0] == NULL || env == NULL) {
        init_say("%s or %s is missing, empty, too long or no text", INIT_CMD, INIT_ENV);
        return 127;
    }
    return init_mount_root() ? init_supervise(cmd, env) : 127;
}

int main(void) {
    int status = 0;
    if (getpid() != 1) {
        init_say("this is the first process of an enclave: it is started by a kernel only");
        return 2;
    }
    status = run();
    init_say("the command ended with status %d", status);
    sync();
    /* An enclave that reboots is over; a virtual machine is told not to come again. */
    (void)reboot(RB_AUTOBOOT);
    return status;
}
