/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/agent/multiplexer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/agent/sockets.h"
#include "loop/socket.h"

enum { PIPE_BYTES = 64 << 10, LINE_BYTES = 32 };

/* A connection; each direction has a thread. */
typedef struct carried {
    const char *path;
    int client;
    int server;
} carried;

static bool write_all(int fd, const char *bytes, size_t len) {
    while (len > 0) {
        const ssize_t wrote = send(fd, bytes, len, MSG_NOSIGNAL);
        if (wrote <= 0) return false;
        bytes += wrote;
        len -= (size_t)wrote;
    }
    return true;
}

static void carry(int from, int to) {
    char *bytes = malloc(PIPE_BYTES);
    ssize_t got = 0;
    while (bytes != NULL && (got = read(from, bytes, PIPE_BYTES)) > 0) {
        if (!write_all(to, bytes, (size_t)got)) break;
    }
    (void)shutdown(to, SHUT_WR);
    (void)shutdown(from, SHUT_RD);
    free(bytes);
}

static void *carry_answers(void *user) {
    carry(((carried *)user)->server, ((carried *)user)->client);
    return NULL;
}

/* The port of "CONNECT port\n", read byte by byte: what follows is the server's. */
static bool read_request(int client, grille_address *to) {
    char line[LINE_BYTES];
    char *end = NULL;
    unsigned long port = 0;
    size_t len = 0;
    while (len < sizeof line && read(client, line + len, 1) == 1 && line[len] != '\n')
        len++;
    if (len == sizeof line || len < 9 || strncmp(line, "CONNECT ", 8) != 0) return false;
    line[len] = 0;
    port = strtoul(line + 8, &end, 10);
    if (*end != 0 || port > UINT32_MAX) return false;
    to->port = (uint32_t)port;
    return true;
}

static int connect_to(const grille_address *to) {
    grille_socket_name name;
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && grille_socket_name_to_bind(to, &name) && grille_socket_connect(fd, &name) == 0) return fd;
    if (fd >= 0) (void)close(fd);
    return -1;
}

static void *serve_one(void *user) {
    carried *own = user;
    pthread_t answers;
    grille_address to;
    char line[LINE_BYTES];
    own->server = -1;
    if (bench_address_parse(own->path, &to) && read_request(own->client, &to)) own->server = connect_to(&to);
    if (own->server >= 0) {
        (void)snprintf(line, sizeof line, "OK %u\n", to.port);
        if (write_all(own->client, line, strlen(line)) && pthread_create(&answers, NULL, carry_answers, own) == 0) {
            carry(own->client, own->server);
            (void)pthread_join(answers, NULL);
        }
        (void)close(own->server);
    }
    (void)close(own->client);
    free(own);
    return NULL;
}

static void run(const char *address, int listener, int lifeline) {
    struct pollfd watched[2] = {{.fd = listener, .events = POLLIN}, {.fd = lifeline, .events = POLLIN}};
    while (poll(watched, 2, -1) > 0 || errno == EINTR) {
        carried *own = NULL;
        pthread_t thread;
        int client = -1;
        if (watched[1].revents != 0) return;
        client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0) continue;
        own = malloc(sizeof *own);
        if (own != NULL) *own = (carried){.path = address, .client = client};
        if (own != NULL && pthread_create(&thread, NULL, serve_one, own) == 0) {
            (void)pthread_detach(thread);
        } else {
            free(own);
            (void)close(client);
        }
    }
}

static bool start(bench_multiplexer *multiplexer, const char *address, int listener) {
    int lifeline[2];
    if (pipe2(lifeline, O_CLOEXEC) != 0) return false;
    multiplexer->pid = fork();
    if (multiplexer->pid == 0) {
        /* Whoever waits for the end of our standard output waits for the server, not for us. */
        (void)close(STDIN_FILENO);
        (void)close(STDOUT_FILENO);
        (void)close(lifeline[1]);
        run(address, listener, lifeline[0]);
        _exit(0);
    }
    (void)close(lifeline[0]);
    multiplexer->lifeline = lifeline[1];
    if (multiplexer->pid > 0) return true;
    (void)close(lifeline[1]);
    multiplexer->pid = 0;
    return false;
}

bool bench_multiplexer_start(bench_multiplexer *multiplexer, const char *address) {
    char bound[GRILLE_ADDRESS_TEXT_BYTES];
    grille_address parsed;
    grille_address accepts = {.kind = GRILLE_ADDRESS_UNIX};
    int listener = -1;
    bool started = false;
    *multiplexer = (bench_multiplexer){.lifeline = -1};
    if (!bench_address_parse(address, &parsed)) return false;
    if (parsed.kind != GRILLE_ADDRESS_HYBRID) return true;
    memcpy(accepts.path, parsed.path, sizeof accepts.path);
    accepts.path_len = parsed.path_len;
    listener = bench_listen(&accepts, bound);
    if (listener < 0) return false;
    memcpy(multiplexer->path, parsed.path, sizeof multiplexer->path);
    started = start(multiplexer, address, listener);
    if (!started) (void)fprintf(stderr, "agent: no process for the multiplexer: %s\n", strerror(errno));
    (void)close(listener);
    return started;
}

void bench_multiplexer_stop(bench_multiplexer *multiplexer) {
    if (multiplexer->pid == 0) return;
    (void)close(multiplexer->lifeline);
    (void)waitpid(multiplexer->pid, NULL, 0);
    (void)unlink(multiplexer->path);
}
