/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "init.h"
#include "nsm/device.h"

/* random(4), RNDADDENTROPY: struct rand_pool_info and its bytes. */
typedef struct pool {
    struct rand_pool_info head;
    uint8_t bytes[GRILLE_NSM_RANDOM_MAX];
} pool;

static bool add_to_kernel(pool *p) {
    const int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);
    bool good = false;
    p->head.entropy_count = 8 * (int)sizeof p->bytes;
    p->head.buf_size = (int)sizeof p->bytes;
    good = fd >= 0 && ioctl(fd, RNDADDENTROPY, &p->head) == 0;
    if (!good) init_say_failed("the kernel takes no seed");
    if (fd >= 0) (void)close(fd);
    return good;
}

bool init_seed(void) {
    grille_nsm *nsm = NULL;
    grille_error error = {.code = GRILLE_OK};
    pool p = {.head = {.entropy_count = 0}};
    bool good = false;
    if (grille_nsm_open_device(GRILLE_NSM_DEVICE_PATH, &nsm, &error) != GRILLE_REASON_OK) {
        init_say("no NSM: %s", error.text);
        return false;
    }
    good = nsm->functions->random(nsm, p.bytes, sizeof p.bytes, &error) == GRILLE_REASON_OK;
    nsm->functions->close(nsm);
    if (!good) init_say("no randomness from the NSM: %s", error.text);
    good = good && add_to_kernel(&p);
    grille_wipe(&p, sizeof p);
    return good;
}
