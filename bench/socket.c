/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/mode.h"

enum { CONNECT_TRIES = 500, BETWEEN_TRIES_US = 10000 };

static struct sockaddr_un address_of(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        (void)fprintf(stderr, "bench: the socket's path is too long: %s\n", path);
        exit(1);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    return address;
}

static void die(const char *what) {
    (void)fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

int bench_connect(const char *path) {
    struct sockaddr_un address = address_of(path);
    int tries = 0;
    for (tries = 0; tries < CONNECT_TRIES; tries++) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0) die("socket");
        if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) return fd;
        (void)close(fd);
        (void)usleep(BETWEEN_TRIES_US);
    }
    die("connect");
    return -1;
}

int bench_accept_one(const char *path) {
    struct sockaddr_un address = address_of(path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd = -1;
    if (listener < 0 || bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 1) != 0) {
        die("listen");
    }
    fd = accept(listener, NULL, NULL);
    if (fd < 0) die("accept");
    return fd;
}

bool bench_write_all(int fd, const uint8_t *data, size_t len) {
    while (len > 0) {
        ssize_t wrote = send(fd, data, len, MSG_NOSIGNAL);
        if (wrote <= 0) return false;
        data += wrote;
        len -= (size_t)wrote;
    }
    return true;
}

bool bench_read_all(int fd, uint8_t *data, size_t len) {
    while (len > 0) {
        ssize_t got = read(fd, data, len);
        if (got <= 0) return false;
        data += got;
        len -= (size_t)got;
    }
    return true;
}
