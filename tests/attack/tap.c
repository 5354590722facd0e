/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmocka_all.h"

enum { SEEN_MAX = 1 << 20 };

/* Inside a record of TLS 1.3, from behind: 16 bytes of tag, the content's type, data (RFC 8446 5.2). */
enum { last_data_from_end = 16 + 1 + 1 };

static void pass(tap *t, int from, int to) {
    uint8_t buffer[65536];
    const ssize_t len = recv(from, buffer, sizeof buffer, MSG_DONTWAIT);
    size_t sent = 0;
    if (len < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (len <= 0) {
        (void)shutdown(to, SHUT_WR);
        (void)shutdown(from, SHUT_RD);
        return;
    }
    assert_true(t->seen_len + (size_t)len <= SEEN_MAX);
    memcpy(t->seen + t->seen_len, buffer, (size_t)len);
    t->seen_len += (size_t)len;
    if (from == t->caller_fd && len > last_data_from_end && atomic_exchange(&t->changes, false)) {
        buffer[len - last_data_from_end] ^= 1;
        atomic_fetch_add(&t->changed, 1);
    }
    while (sent < (size_t)len) {
        const ssize_t moved = send(to, buffer + sent, (size_t)len - sent, MSG_NOSIGNAL);
        if (moved > 0) sent += (size_t)moved;
        if (moved < 0 && errno == EAGAIN) (void)poll(&(struct pollfd){.fd = to, .events = POLLOUT}, 1, 100);
        if (moved < 0 && errno != EAGAIN && errno != EINTR) return;
    }
}

static void *run(void *argument) {
    tap *t = argument;
    bool open[2] = {true, true};
    for (;;) {
        struct pollfd watched[3] = {{.fd = open[0] ? t->caller_fd : -1, .events = POLLIN},
                                    {.fd = open[1] ? t->server_fd : -1, .events = POLLIN},
                                    {.fd = t->stop[0], .events = POLLIN}};
        if (poll(watched, 3, -1) < 0) continue;
        if (watched[2].revents != 0) return NULL;
        for (int i = 0; i < 2; i++) {
            if (watched[i].revents == 0) continue;
            pass(t, watched[i].fd, i == 0 ? t->server_fd : t->caller_fd);
            if ((watched[i].revents & (POLLHUP | POLLERR)) != 0 && (watched[i].revents & POLLIN) == 0) open[i] = false;
        }
    }
}

void tap_open(tap *t, const stage_server *server, const grille_identity *identity, grille_policy *policy) {
    int ends[2];
    char address[16];
    grille_error error;
    memset(t, 0, sizeof *t);
    t->seen = malloc(SEEN_MAX);
    assert_non_null(t->seen);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    assert_int_equal(pipe2(t->stop, O_CLOEXEC), 0);
    t->caller_fd = ends[1];
    t->server_fd = bad_peer_dial(server->address);
    assert_true(t->server_fd >= 0);
    assert_int_equal(pthread_create(&t->thread, NULL, run, t), 0);
    (void)snprintf(address, sizeof address, "fd:%d", ends[0]);
    victim_channel_open(NULL, address, identity, policy, 0, &t->caller);
    if (grille_channel_wait_ready(t->caller.channel, BAD_PEER_PATIENCE_MS, &error) != GRILLE_OK)
        fail_msg("%s: %s", error.name, error.text);
}

void tap_close(tap *t) {
    victim_channel_close(&t->caller);
    assert_int_equal(write(t->stop[1], "", 1), 1);
    assert_int_equal(pthread_join(t->thread, NULL), 0);
    (void)close(t->caller_fd);
    (void)close(t->server_fd);
    (void)close(t->stop[0]);
    (void)close(t->stop[1]);
}

void tap_free(tap *t) {
    free(t->seen);
}

void tap_change(tap *t) {
    atomic_store(&t->changes, true);
}

bool tap_saw(const tap *t, const char *text) {
    return memmem(t->seen, t->seen_len, text, strlen(text)) != NULL;
}
