/* SPDX-License-Identifier: Apache-2.0
 * A tap: forwards one Unix socket to another and keeps what passes, to show what the parent's socket carries.
 * usage: tap LISTEN CONNECT FILE; ends on SIGTERM. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int socket_of(const char *path, struct sockaddr_un *address) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address->sun_path) {
        (void)fprintf(stderr, "tap: %s is longer than a socket's path may be\n", path);
        return -1;
    }
    memcpy(address->sun_path, path, strlen(path) + 1);
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int listen_on(const char *path) {
    struct sockaddr_un address;
    int fd = socket_of(path, &address);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 8) != 0) {
        (void)fprintf(stderr, "tap: can't listen on %s: %s\n", path, strerror(errno));
        return -1;
    }
    return fd;
}

static int connect_to(const char *path) {
    struct sockaddr_un address;
    int fd = socket_of(path, &address);
    if (fd < 0) return -1;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    (void)fprintf(stderr, "tap: can't connect to %s: %s\n", path, strerror(errno));
    (void)close(fd);
    return -1;
}

static int write_all(int fd, const char *data, size_t len) {
    while (len > 0) {
        ssize_t wrote = send(fd, data, len, MSG_NOSIGNAL);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return -1;
        data += wrote;
        len -= (size_t)wrote;
    }
    return 0;
}

/* Carries what is readable from one to the other; 0 when that direction has ended. */
static int carry(int from, int to, FILE *kept) {
    char data[65536];
    ssize_t got = read(from, data, sizeof data);
    if (got < 0 && errno == EINTR) return 1;
    if (got <= 0) {
        (void)shutdown(to, SHUT_WR);
        return 0;
    }
    (void)fwrite(data, 1, (size_t)got, kept);
    (void)fflush(kept);
    return write_all(to, data, (size_t)got) == 0;
}

static void serve(int client, int server, FILE *kept) {
    struct pollfd ends[2] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
    while (ends[0].fd >= 0 || ends[1].fd >= 0) {
        if (poll(ends, 2, -1) < 0 && errno != EINTR) return;
        if (ends[0].revents != 0 && !carry(client, server, kept)) ends[0].fd = -1;
        if (ends[1].revents != 0 && !carry(server, client, kept)) ends[1].fd = -1;
    }
}

int main(int argc, char **argv) {
    FILE *kept = NULL;
    int listener = -1;
    if (argc != 4) {
        fputs("usage: tap LISTEN CONNECT FILE\n", stderr);
        return 2;
    }
    kept = fopen(argv[3], "wbe");
    if (kept == NULL) {
        (void)fprintf(stderr, "tap: can't write %s: %s\n", argv[3], strerror(errno));
        return 1;
    }
    listener = listen_on(argv[1]);
    if (listener < 0) return 1;
    for (;;) {
        int client = accept(listener, NULL, NULL);
        int server = client >= 0 ? connect_to(argv[2]) : -1;
        if (server >= 0) serve(client, server, kept);
        if (server >= 0) (void)close(server);
        if (client >= 0) (void)close(client);
    }
}
