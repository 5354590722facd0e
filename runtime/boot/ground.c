/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/ground.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "base/bytes.h"

enum { US_PER_S = 1000000, NS_PER_US = 1000, MS_PER_S = 1000, NS_PER_MS = 1000000 };

static grille_reason open_nsm(void *user, const char *path, grille_nsm **nsm, grille_error *error) {
    (void)user;
    return grille_nsm_open(path, nsm, error);
}

static int read_file(void *user, const char *path, char *text, size_t capacity, size_t *len) {
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = -1;
    int problem = 0;
    (void)user;
    if (file < 0) return errno;
    got = read(file, text, capacity);
    if (got < 0) problem = errno;
    *len = got < 0 ? 0 : (size_t)got;
    (void)close(file);
    return problem;
}

static int draw_random(void *user, uint8_t *out, size_t len) {
    const ssize_t got = getrandom(out, len, GRND_NONBLOCK);
    (void)user;
    if (got < 0) return errno;
    return (size_t)got == len ? 0 : EIO;
}

/* random(4), RNDADDENTROPY: struct rand_pool_info with room for its bytes. */
typedef struct pool {
    int entropy_bits;
    int len;
    uint8_t bytes[GRILLE_NSM_RANDOM_MAX];
} pool;

_Static_assert(offsetof(pool, bytes) == sizeof(struct rand_pool_info), "struct rand_pool_info");

static int credit_random(void *user, grille_bytes bytes) {
    pool given = {.entropy_bits = 8 * (int)bytes.len, .len = (int)bytes.len};
    const int file = open("/dev/urandom", O_RDWR | O_CLOEXEC);
    int problem = 0;
    (void)user;
    if (file < 0) return errno;
    if (bytes.len > sizeof given.bytes) {
        problem = EMSGSIZE;
    } else {
        memcpy(given.bytes, bytes.data, bytes.len);
        if (ioctl(file, RNDADDENTROPY, &given) != 0) problem = errno;
    }
    grille_wipe(&given, sizeof given);
    (void)close(file);
    return problem;
}

static int mix_random(void *user, grille_bytes bytes) {
    const int file = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
    ssize_t put = -1;
    int problem = 0;
    (void)user;
    if (file < 0) return errno;
    put = write(file, bytes.data, bytes.len);
    if (put < 0)
        problem = errno;
    else if ((size_t)put != bytes.len)
        problem = EIO;
    (void)close(file);
    return problem;
}

static grille_time_us monotonic_us(void *user) {
    struct timespec now = {0};
    (void)user;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (grille_time_us)now.tv_sec * US_PER_S + (grille_time_us)now.tv_nsec / NS_PER_US;
}

static grille_wall_ms wall_ms(void *user) {
    struct timespec now = {0};
    (void)user;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (grille_wall_ms)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

static int make_vsock(void *user) {
    const int made = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)user;
    if (made < 0) return errno;
    (void)close(made);
    return 0;
}

static int local_cid(void *user, uint32_t *cid) {
    const int device = open("/dev/vsock", O_RDONLY | O_CLOEXEC);
    unsigned told = VMADDR_CID_ANY;
    int problem = 0;
    (void)user;
    if (device < 0) return errno;
    if (ioctl(device, IOCTL_VM_SOCKETS_GET_LOCAL_CID, &told) != 0) problem = errno;
    *cid = told;
    (void)close(device);
    return problem;
}

grille_boot_ground grille_boot_ground_linux(void) {
    return (grille_boot_ground){
        .has_device = grille_nsm_is_device(),
        .open_nsm = open_nsm,
        .read_file = read_file,
        .draw_random = draw_random,
        .credit_random = credit_random,
        .mix_random = mix_random,
        .monotonic_us = monotonic_us,
        .wall_ms = wall_ms,
        .make_vsock = make_vsock,
        .local_cid = local_cid,
    };
}
