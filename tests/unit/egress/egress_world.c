/* SPDX-License-Identifier: Apache-2.0 */
#include "egress_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "tests/unit/loop/support.h"

/* ---- The server ---- */

typedef struct served {
    tcp_target *target;
    int fd;
} served;

static bool write_all(int fd, const uint8_t *bytes, size_t len) {
    for (size_t at = 0; at < len;) {
        const ssize_t moved = send(fd, bytes + at, len - at, MSG_NOSIGNAL);
        if (moved <= 0) return false;
        at += (size_t)moved;
    }
    return true;
}

static void echo(int fd) {
    uint8_t bytes[16384];
    ssize_t len = 0;
    while ((len = recv(fd, bytes, sizeof bytes, 0)) > 0) {
        if (!write_all(fd, bytes, (size_t)len)) return;
    }
    if (len == 0) (void)!write_all(fd, (const uint8_t *)"bye", 3);
}

static void count(tcp_target *target, int fd) {
    uint8_t bytes[16384];
    ssize_t len = 0;
    (void)shutdown(fd, SHUT_WR);
    while ((len = recv(fd, bytes, sizeof bytes, 0)) > 0)
        atomic_fetch_add(&target->counted, (size_t)len);
    (void)sem_post(&target->counted_all);
}

static void reset_on_close(int fd) {
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

static void *serve(void *argument) {
    served own = *(served *)argument;
    char kind = 0;
    free(argument);
    if (recv(own.fd, &kind, 1, 0) == 1) {
        if (kind == 'e') echo(own.fd);
        if (kind == 's') (void)sem_wait(&own.target->freed);
        if (kind == 'r') reset_on_close(own.fd);
        if (kind == 'h') count(own.target, own.fd);
    }
    (void)close(own.fd);
    atomic_fetch_sub(&own.target->open, 1);
    return NULL;
}

static void *accept_all(void *argument) {
    tcp_target *target = argument;
    int fd = -1;
    while ((fd = accept4(target->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        pthread_t thread;
        served *own = malloc(sizeof *own);
        *own = (served){target, fd};
        atomic_fetch_add(&target->connections, 1);
        atomic_fetch_add(&target->open, 1);
        if (pthread_create(&thread, NULL, serve, own) != 0) abort();
        (void)pthread_detach(thread);
    }
    return NULL;
}

static int listen_on_loopback(uint32_t *port, int backlog) {
    struct sockaddr_in name = {.sin_family = AF_INET};
    socklen_t len = sizeof name;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, len), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
    *port = ntohs(name.sin_port);
    return fd;
}

void tcp_target_start(tcp_target *target) {
    *target = (tcp_target){.listener = -1};
    assert_int_equal(sem_init(&target->counted_all, 0, 0), 0);
    assert_int_equal(sem_init(&target->freed, 0, 0), 0);
    target->listener = listen_on_loopback(&target->port, 256);
    assert_int_equal(pthread_create(&target->thread, NULL, accept_all, target), 0);
}

void tcp_target_stop(tcp_target *target) {
    (void)shutdown(target->listener, SHUT_RDWR);
    assert_int_equal(pthread_join(target->thread, NULL), 0);
    (void)close(target->listener);
    for (int i = 0; i < 10000 && atomic_load(&target->open) > 0; i++)
        usleep(1000);
    assert_int_equal(atomic_load(&target->open), 0);
    (void)sem_destroy(&target->counted_all);
    (void)sem_destroy(&target->freed);
}

void silent_target(uint32_t *port, int fds[3]) {
    struct sockaddr_in name = {.sin_family = AF_INET};
    fds[0] = listen_on_loopback(port, 0);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    name.sin_port = htons((uint16_t)*port);
    for (size_t i = 1; i < 3; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)!connect(fds[i], (struct sockaddr *)&name, sizeof name);
    }
}

/* ---- The channel ---- */

static void write_file(const egress_world *world, const char *name, const char *text) {
    char path[64];
    (void)snprintf(path, sizeof path, "%s/%s", world->folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make_key(const egress_world *world, const char *name, const char *role) {
    uint8_t key[32];
    char text[256];
    int len = snprintf(text, sizeof text, "grille-psk 1\nid: %s\nrole: %s\nkey: ", name, role);
    assert_int_equal(getrandom(key, sizeof key, 0), sizeof key);
    for (size_t i = 0; i < sizeof key; i++)
        len += snprintf(text + len, sizeof text - (size_t)len, "%02x", key[i]);
    (void)snprintf(text + len, sizeof text - (size_t)len, "\n");
    write_file(world, name, text);
}

static grille_identity *load_identity(const egress_world *world, const char *name) {
    grille_identity *identity = NULL;
    grille_error error;
    char path[64];
    (void)snprintf(path, sizeof path, "%s/%s", world->folder, name);
    if (grille_identity_load_psk(path, &identity, &error) != GRILLE_OK) fail_msg("%s", error.text);
    return identity;
}

static grille_policy *make_policy(const egress_world *world, const char *name, const char *peer, const char *rest) {
    grille_policy *policy = NULL;
    grille_error error;
    char path[64], text[256];
    (void)snprintf(text, sizeof text, "peers:\n  - name: %s\n    kind: psk\n    psk: %s\n%s", peer, peer, rest);
    write_file(world, name, text);
    (void)snprintf(path, sizeof path, "%s/%s", world->folder, name);
    if (grille_policy_load(path, &policy, &error) != GRILLE_OK) fail_msg("%s", error.text);
    return policy;
}

static void on_peer(grille_channel *peer, void *user) {
    egress_world *world = user;
    pthread_mutex_lock(&world->lock);
    if (world->way == NULL) world->way = grille_channel_ref(peer);
    pthread_cond_signal(&world->came);
    pthread_mutex_unlock(&world->lock);
}

static void start_enclave(egress_world *world, const char *address) {
    grille_server_options options = grille_server_options_default();
    grille_error error;
    options.policy = world->enclave_policy;
    options.identity = world->enclave_identity;
    options.spin_us = 0;
    options.workers = 1;
    options.drain_timeout_ms = 10;
    options.on_peer = on_peer;
    options.on_peer_user = world;
    if (grille_server_new(&options, &world->enclave, &error) != GRILLE_OK ||
        grille_server_listen(world->enclave, address, &error) != GRILLE_OK ||
        grille_server_start(world->enclave, &error) != GRILLE_OK) {
        fail_msg("%s", error.text);
    }
}

static void start_parent(egress_world *world, const egress_world_options *asked, const char *address) {
    grille_channel_options options = grille_channel_options_default();
    grille_error error;
    if (grille_services_new(&world->services, &error) != GRILLE_OK) fail_msg("%s", error.text);
    if (asked->serve != NULL) asked->serve(world->services, asked->user);
    if (asked->service != NULL && grille_egress_register(asked->service, world->services, &error) != GRILLE_OK) {
        fail_msg("%s", error.text);
    }
    options.policy = world->parent_policy;
    options.identity = world->parent_identity;
    options.services = world->services;
    options.workers = 1;
    options.spin_us = 0;
    if (grille_channel_open(address, &options, &world->parent, &error) != GRILLE_OK ||
        grille_channel_wait_ready(world->parent, 10000, &error) != GRILLE_OK) {
        fail_msg("%s", error.text);
    }
}

void egress_world_init(egress_world *world, const egress_world_options *options) {
    char address[64];
    *world = (egress_world){.way = NULL};
    make_folder(world->folder);
    pthread_mutex_init(&world->lock, NULL);
    pthread_cond_init(&world->came, NULL);
    make_key(world, "enclave.psk", "responder");
    make_key(world, "parent.psk", "initiator");
    world->enclave_identity = load_identity(world, "enclave.psk");
    world->parent_identity = load_identity(world, "parent.psk");
    world->enclave_policy = make_policy(world, "enclave.yaml", "parent.psk",
                                        options->enclave_forbids ? "" : "    serves: [/grille.v1.Egress/Connect]\n");
    world->parent_policy = make_policy(world, "parent.yaml", "enclave.psk",
                                       options->parent_forbids ? "" : "    may_call: [/grille.v1.Egress/Connect]\n");
    (void)snprintf(address, sizeof address, "unix:%s/enclave", world->folder);
    start_enclave(world, address);
    start_parent(world, options, address);
    pthread_mutex_lock(&world->lock);
    while (world->way == NULL)
        pthread_cond_wait(&world->came, &world->lock);
    pthread_mutex_unlock(&world->lock);
}

void egress_world_lose_parent(egress_world *world) {
    grille_channel_close(world->parent);
    world->parent = NULL;
}

void egress_world_deinit(egress_world *world) {
    static const char *const names[] = {"enclave.psk", "parent.psk", "enclave.yaml", "parent.yaml", "enclave"};
    char path[64];
    egress_world_lose_parent(world);
    grille_channel_close(world->way);
    grille_server_free(world->enclave);
    grille_services_free(world->services);
    grille_policy_free(world->enclave_policy);
    grille_policy_free(world->parent_policy);
    grille_identity_free(world->enclave_identity);
    grille_identity_free(world->parent_identity);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", world->folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(world->folder);
    pthread_mutex_destroy(&world->lock);
    pthread_cond_destroy(&world->came);
}
