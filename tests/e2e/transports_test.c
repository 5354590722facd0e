/* SPDX-License-Identifier: Apache-2.0
 * Goal: the same call works over every transport, between two processes, with either kind of evidence. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "world.h"

static const char *grille_program, *server_program;
static e2e_world w;

static int set_up(void **state) {
    (void)state;
    world_init(&w, grille_program, server_program);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    world_deinit(&w);
    return 0;
}

static void call_through(grille_channel *channel) {
    static char large[200001], answer[200001];
    char who[64];
    assert_int_equal(e2e_call(channel, E2E_ECHO, "who", NULL, who, sizeof who), GRILLE_OK);
    assert_string_equal(who, WORLD_PARENT);
    /* Several records and several turns each way. */
    memset(large, 'y', sizeof large - 1);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(e2e_call(channel, i % 2 == 0 ? E2E_ECHO : E2E_WORK, large, NULL, answer, sizeof answer),
                         GRILLE_OK);
        assert_string_equal(answer, large);
    }
    for (int i = 0; i < 100; i++) {
        assert_int_equal(e2e_call(channel, E2E_ECHO, "again", NULL, who, sizeof who), GRILLE_OK);
    }
    grille_channel_close(channel);
}

static void end_well(server_process *server) {
    char last_line[64];
    server_end(server, SIGTERM, last_line, sizeof last_line);
    assert_string_equal(last_line, "started 106 finished 106 cancelled 0");
}

static void over(const char *kind, const char *address) {
    server_process server = {.kind = kind, .loops = 2};
    server_start(&w, &server, address);
    call_through(world_channel(&w, kind, server.address));
    end_well(&server);
}

static void test_unix(void **state) {
    (void)state;
    over("nitro", world_unix(&w, "unix"));
    over("x509", world_unix(&w, "unix"));
}

static void test_unix_abstract(void **state) {
    char address[96];
    (void)state;
    /* The folder's name is drawn at random. */
    (void)snprintf(address, sizeof address, "unix-abstract:%s", w.folder);
    over("nitro", address);
    over("x509", address);
}

static void test_tcp(void **state) {
    (void)state;
    over("nitro", "tcp:127.0.0.1:0");
    over("x509", "tcp:localhost:0");
}

/* A socket that both processes hold already. */
static void test_descriptor(void **state) {
    static const char *const kinds[] = {"nitro", "x509"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int ends[2];
        char address[16];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        server_process server = {.kind = kinds[i], .pass_fd = ends[1]};
        (void)snprintf(address, sizeof address, "fd:%d", ends[1]);
        server_start(&w, &server, address);
        (void)close(ends[1]);
        (void)snprintf(address, sizeof address, "fd:%d", ends[0]);
        call_through(world_channel(&w, kinds[i], address));
        end_well(&server);
    }
}

/* ---- A small VMM's socket: takes CONNECT lines, joins them to PATH_PORT ---- */

typedef struct muxer {
    char path[108];
    int listener;
    char line[64]; /* the CONNECT line that came */
    pthread_t thread;
} muxer;

static int unix_socket(const char *path, bool listens) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    if (listens) {
        if (bind(fd, (struct sockaddr *)&name, sizeof name) == 0 && listen(fd, 8) == 0) return fd;
    } else if (connect(fd, (struct sockaddr *)&name, sizeof name) == 0) {
        return fd;
    }
    (void)close(fd);
    return -1;
}

/* False when one direction has ended. */
static bool pass(int from, int to) {
    char bytes[4096];
    ssize_t len = read(from, bytes, sizeof bytes);
    for (ssize_t at = 0; at < len;) {
        ssize_t moved = send(to, bytes + at, (size_t)(len - at), MSG_NOSIGNAL);
        if (moved <= 0) return false;
        at += moved;
    }
    return len > 0;
}

static void *run_muxer(void *argument) {
    muxer *mux = argument;
    char path[160];
    unsigned port = 0;
    int host = accept(mux->listener, NULL, NULL);
    for (size_t len = 0; len + 1 < sizeof mux->line; len++) {
        if (read(host, mux->line + len, 1) != 1 || mux->line[len] == '\n') break;
    }
    (void)sscanf(mux->line, "CONNECT %u", &port);
    (void)snprintf(path, sizeof path, "%s_%u", mux->path, port);
    int guest = unix_socket(path, false);
    /* The guest's first bytes follow the answer at once: nobody may read beyond its newline. */
    if (guest >= 0 && send(host, "OK 1073741824\n", 14, MSG_NOSIGNAL) == 14) {
        struct pollfd both[2] = {{.fd = host, .events = POLLIN}, {.fd = guest, .events = POLLIN}};
        bool open = true;
        while (open && poll(both, 2, -1) > 0) {
            if (both[0].revents != 0) open = pass(host, guest);
            if (open && both[1].revents != 0) open = pass(guest, host);
        }
    }
    (void)close(guest);
    (void)close(host);
    return NULL;
}

static void over_hybrid(const char *kind) {
    muxer mux = {.listener = -1};
    char address[160];
    server_process server = {.kind = kind};
    (void)snprintf(mux.path, sizeof mux.path, "%s", world_path(&w, "vm"));
    (void)snprintf(address, sizeof address, "hybrid:%s:5005", mux.path);
    server_start(&w, &server, address);
    assert_string_equal(server.address, address);
    mux.listener = unix_socket(mux.path, true);
    assert_true(mux.listener >= 0);
    assert_int_equal(pthread_create(&mux.thread, NULL, run_muxer, &mux), 0);
    call_through(world_channel(&w, kind, address));
    pthread_join(mux.thread, NULL);
    assert_string_equal(mux.line, "CONNECT 5005\n");
    (void)close(mux.listener);
    (void)unlink(mux.path);
    end_well(&server);
}

static void test_hybrid(void **state) {
    (void)state;
    over_hybrid("nitro");
    over_hybrid("x509");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unix),       cmocka_unit_test(test_unix_abstract), cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_descriptor), cmocka_unit_test(test_hybrid),
    };
    if (argc != 3) return 2;
    grille_program = argv[1];
    server_program = argv[2];
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
