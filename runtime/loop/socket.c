/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

const uint32_t grille_vsock_parent_cids[GRILLE_VSOCK_PARENT_CIDS] = {3, 2};

static void name_vsock(uint32_t cid, uint32_t port, grille_socket_name *name) {
    struct sockaddr_vm vm = {.svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port};
    memcpy(&name->storage, &vm, sizeof vm);
    name->len = sizeof vm;
}

static void name_tcp(const grille_address *address, grille_socket_name *name) {
    if (address->ipv6) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)address->port)};
        memcpy(&in6.sin6_addr, address->ip, sizeof in6.sin6_addr);
        memcpy(&name->storage, &in6, sizeof in6);
        name->len = sizeof in6;
        return;
    }
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)address->port)};
    memcpy(&in.sin_addr, address->ip, sizeof in.sin_addr);
    memcpy(&name->storage, &in, sizeof in);
    name->len = sizeof in;
}

/* An abstract name has a zero byte before it and none behind it (unix(7)). */
static bool name_unix(const char *path, size_t path_len, bool abstract, grille_socket_name *name) {
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    if (path_len == 0 || path_len + 1 > sizeof un.sun_path) return false;
    memcpy(un.sun_path + (abstract ? 1 : 0), path, path_len);
    memcpy(&name->storage, &un, sizeof un);
    name->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_len + 1);
    return true;
}

bool grille_socket_name_to_dial(const grille_address *address, unsigned attempt, grille_socket_name *name) {
    memset(name, 0, sizeof *name);
    bool parent = address->kind == GRILLE_ADDRESS_VSOCK && address->cid_kind == GRILLE_VSOCK_CID_PARENT;
    if (attempt >= (parent ? GRILLE_VSOCK_PARENT_CIDS : 1)) return false;
    switch (address->kind) {
    case GRILLE_ADDRESS_VSOCK:
        if (address->cid_kind == GRILLE_VSOCK_CID_ANY) return false;
        name_vsock(parent ? grille_vsock_parent_cids[attempt] : address->cid, address->port, name);
        return true;
    case GRILLE_ADDRESS_UNIX:
    case GRILLE_ADDRESS_HYBRID:
        return name_unix(address->path, address->path_len, false, name);
    case GRILLE_ADDRESS_UNIX_ABSTRACT:
        return name_unix(address->path, address->path_len, true, name);
    case GRILLE_ADDRESS_TCP:
        if (address->port == 0) return false;
        name_tcp(address, name);
        return true;
    case GRILLE_ADDRESS_NITRO:
    case GRILLE_ADDRESS_INPROC:
    case GRILLE_ADDRESS_FD:
        break;
    }
    return false;
}

bool grille_socket_name_to_bind(const grille_address *address, grille_socket_name *name) {
    memset(name, 0, sizeof *name);
    char path[GRILLE_ADDRESS_PATH_BYTES + 12];
    switch (address->kind) {
    case GRILLE_ADDRESS_VSOCK:
        if (address->cid_kind == GRILLE_VSOCK_CID_PARENT) return false;
        name_vsock(address->cid_kind == GRILLE_VSOCK_CID_ANY ? VMADDR_CID_ANY : address->cid, address->port, name);
        return true;
    case GRILLE_ADDRESS_UNIX:
        return name_unix(address->path, address->path_len, false, name);
    case GRILLE_ADDRESS_HYBRID:
        (void)snprintf(path, sizeof path, "%s_%u", address->path, address->port);
        return name_unix(path, strlen(path), false, name);
    case GRILLE_ADDRESS_UNIX_ABSTRACT:
        return name_unix(address->path, address->path_len, true, name);
    case GRILLE_ADDRESS_TCP:
        name_tcp(address, name);
        return true;
    case GRILLE_ADDRESS_NITRO:
    case GRILLE_ADDRESS_INPROC:
    case GRILLE_ADDRESS_FD:
        break;
    }
    return false;
}

static void set_no_delay(int fd, int family) {
    int on = 1;
    if (family == AF_INET || family == AF_INET6) (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int grille_socket_open(const grille_socket_name *name, int *fd) {
    int made = socket(name->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made < 0) return -errno;
    set_no_delay(made, name->storage.ss_family);
    *fd = made;
    return 0;
}

int grille_socket_connect(int fd, const grille_socket_name *name) {
    const struct sockaddr *address = (const struct sockaddr *)&name->storage;
    for (;;) {
        if (connect(fd, address, name->len) == 0) return 0;
        if (errno == EINTR) continue;
        /* After an interrupted connect the kernel goes on by itself. */
        if (errno == EALREADY) return -EINPROGRESS;
        if (errno == EISCONN) return 0;
        return -errno;
    }
}

int grille_socket_pending_error(int fd) {
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) return -errno;
    return -error;
}

int grille_socket_adopt(int fd) {
    int type = 0, domain = 0;
    socklen_t len = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0) return -errno;
    if (type != SOCK_STREAM) return -EPROTOTYPE;
    len = sizeof domain;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0) return -errno;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return -errno;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return -errno;
    set_no_delay(fd, domain);
    return 0;
}

int grille_socket_accept(int listener, int *fd) {
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    int made;
    do {
        made = accept4(listener, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (made < 0 && errno == EINTR);
    if (made < 0) return -errno;
    set_no_delay(made, len >= sizeof(sa_family_t) ? peer.ss_family : AF_UNSPEC);
    *fd = made;
    return 0;
}

long grille_socket_read(int fd, void *buffer, size_t capacity) {
    ssize_t moved;
    do {
        moved = recv(fd, buffer, capacity, 0);
    } while (moved < 0 && errno == EINTR);
    return moved < 0 ? -errno : (long)moved;
}

long grille_socket_write(int fd, const void *bytes, size_t len) {
    ssize_t moved;
    do {
        moved = send(fd, bytes, len, MSG_NOSIGNAL);
    } while (moved < 0 && errno == EINTR);
    return moved < 0 ? -errno : (long)moved;
}

uint32_t grille_socket_bound_port(int fd) {
    struct sockaddr_storage name;
    socklen_t len = sizeof name;
    if (getsockname(fd, (struct sockaddr *)&name, &len) != 0) return 0;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    if (name.ss_family == AF_INET) {
        memcpy(&in, &name, sizeof in);
        return ntohs(in.sin_port);
    }
    if (name.ss_family == AF_INET6) {
        memcpy(&in6, &name, sizeof in6);
        return ntohs(in6.sin6_port);
    }
    return 0;
}

const char *grille_socket_dial_advice(int status) {
    switch (-status) {
    case ENOENT:
        return "no such socket: is the server running, and is the path right?";
    case ECONNREFUSED:
    case ECONNRESET:
        return "nobody listens there: is the server running, and is the address right?";
    case EACCES:
    case EPERM:
        return "the socket's permissions do not let this user in";
    case ENODEV:
    case EADDRNOTAVAIL:
        return "no vsock to that CID here: is the enclave running, and is the CID right?";
    default:
        return "is the server running, and is the address right?";
    }
}
