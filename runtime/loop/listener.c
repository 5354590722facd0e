/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "grille/log.h"
#include "loop/inproc.h"
#include "loop/socket.h"

/* Connections that wait for accept; the kernel's own cap (net.core.somaxconn) is 4,096. */
#define BACKLOG 1024
/* Pause after descriptors or memory ran out. */
#define BACK_OFF_MS 100

struct grille_listener {
    grille_address address;
    char name[GRILLE_ADDRESS_TEXT_BYTES];
    int fd;
    grille_inproc_listener *inproc; /* instead of fd */
    int reserve; /* a descriptor to give up when no other is left, so that a waiting connection can be turned away */
    bool has_file;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    dev_t file_device;
    ino_t file_inode;
    grille_loop *loop;
    grille_accepted_fn *accepted;
    void *user;
    uv_poll_t poll;
    uv_timer_t timer;
    unsigned open_handles;
    bool backing_off;
};

/* ---- Binding ---- */

static bool is_file_socket(const grille_address *address) {
    return address->kind == GRILLE_ADDRESS_UNIX || address->kind == GRILLE_ADDRESS_HYBRID;
}

static const char *path_of(const grille_socket_name *name) {
    return ((const struct sockaddr_un *)(const void *)&name->storage)->sun_path;
}

/* True when the path is a socket that refuses connections: its server is gone. */
static bool is_stale(const grille_socket_name *name, struct stat *file) {
    int fd = -1;
    if (lstat(path_of(name), file) != 0 || !S_ISSOCK(file->st_mode)) return false;
    if (grille_socket_open(name, &fd) != 0) return false;
    int result = grille_socket_connect(fd, name);
    (void)close(fd);
    return result == -ECONNREFUSED;
}

static void remove_stale(const grille_socket_name *name) {
    struct stat before, now;
    if (!is_stale(name, &before)) return;
    /* Another server may have replaced it in between. */
    if (lstat(path_of(name), &now) == 0 && now.st_ino == before.st_ino && now.st_dev == before.st_dev) {
        (void)unlink(path_of(name));
    }
}

static int bind_name(const grille_listener *listener, const grille_socket_name *name) {
    const struct sockaddr *address = (const struct sockaddr *)&name->storage;
    int on = 1;
    if (listener->address.kind == GRILLE_ADDRESS_TCP) {
        (void)setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    if (bind(listener->fd, address, name->len) == 0) return 0;
    if (errno != EADDRINUSE || !is_file_socket(&listener->address)) return -errno;
    remove_stale(name);
    return bind(listener->fd, address, name->len) == 0 ? 0 : -errno;
}

static void remember_file(grille_listener *listener, const grille_socket_name *name) {
    struct stat file;
    if (!is_file_socket(&listener->address)) return;
    memcpy(listener->path, path_of(name), sizeof listener->path);
    if (lstat(listener->path, &file) != 0) return;
    listener->has_file = true;
    listener->file_device = file.st_dev;
    listener->file_inode = file.st_ino;
}

static const char *likely_cause(int status) {
    switch (-status) {
    case EADDRINUSE:
        return "another process listens there, or a file that is no socket is in the way";
    case EACCES:
    case EPERM:
        return "this user may not create a socket there";
    case ENOENT:
    case ENOTDIR:
        return "the folder does not exist";
    case EADDRNOTAVAIL:
        return "this machine has no such address";
    case EAFNOSUPPORT:
        return "the kernel lacks this address family (vsock: modprobe vsock)";
    default:
        return "see the address and the system's log";
    }
}

static grille_reason bind_socket(grille_listener *listener, grille_error *error) {
    grille_socket_name name;
    if (!grille_socket_name_to_bind(&listener->address, &name)) {
        return grille_error_set(error, GRILLE_REASON_LOOP_ADDRESS_UNSUPPORTED,
                                "%s is an address to connect to, not one to listen on", listener->name);
    }
    int result = grille_socket_open(&name, &listener->fd);
    if (result == 0) result = bind_name(listener, &name);
    if (result == 0) {
        remember_file(listener, &name);
        if (listen(listener->fd, BACKLOG) != 0) result = -errno;
    }
    if (result != 0) {
        return grille_error_set(error, GRILLE_REASON_LOOP_LISTEN, "listening on %s failed: %s; %s", listener->name,
                                strerror(-result), likely_cause(result));
    }
    if (listener->address.kind == GRILLE_ADDRESS_TCP) {
        listener->address.port = grille_socket_bound_port(listener->fd);
        grille_address_format(&listener->address, listener->name);
    }
    return GRILLE_REASON_OK;
}

static grille_reason adopt_socket(grille_listener *listener, grille_error *error) {
    int result = grille_socket_adopt(listener->address.fd);
    if (result != 0) {
        return grille_error_set(error, GRILLE_REASON_LOOP_SOCKET, "%s is not a usable stream socket: %s",
                                listener->name, strerror(-result));
    }
    listener->fd = listener->address.fd;
    return GRILLE_REASON_OK;
}

static grille_reason take_name(grille_listener *listener, grille_error *error) {
    const grille_address *address = &listener->address;
    int result = grille_inproc_listen(grille_bytes_of(address->path, address->path_len), &listener->inproc);
    if (result == 0) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_LOOP_LISTEN, "listening on %s failed: %s; %s", listener->name,
                            strerror(-result),
                            result == -EADDRINUSE ? "another server of this process has the name" : "out of memory");
}

static grille_reason take_address(grille_listener *listener, grille_error *error) {
    switch (listener->address.kind) {
    case GRILLE_ADDRESS_FD:
        return adopt_socket(listener, error);
    case GRILLE_ADDRESS_INPROC:
        return take_name(listener, error);
    default:
        return bind_socket(listener, error);
    }
}

grille_reason grille_listener_bind(const grille_address *address, grille_listener **listener, grille_error *error) {
    grille_listener *made = calloc(1, sizeof *made);
    if (made == NULL) return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    made->address = *address;
    made->fd = -1;
    made->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    grille_address_format(address, made->name);
    grille_reason reason = take_address(made, error);
    if (reason != GRILLE_REASON_OK) {
        grille_listener_close(made);
        return reason;
    }
    *listener = made;
    return GRILLE_REASON_OK;
}

const char *grille_listener_address(const grille_listener *listener) {
    return listener->name;
}

/* ---- Serving ---- */

static void on_readable(uv_poll_t *poll, int status, int events);

static void on_rested(uv_timer_t *timer) {
    grille_listener *listener = timer->data;
    grille_loop_active(listener->loop);
    listener->backing_off = false;
    if (listener->reserve < 0) listener->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int status = uv_poll_start(&listener->poll, UV_READABLE, on_readable);
    if (status == 0) return;
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_LOOP, "%s can't be watched: %s; trying again in %d ms", listener->name,
               uv_strerror(status), BACK_OFF_MS);
    (void)uv_timer_start(&listener->timer, on_rested, BACK_OFF_MS, 0);
}

static void back_off(grille_listener *listener, int status) {
    int turned_away = -1;
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_LOOP,
               "%s: accepting failed: %s; pausing for %d ms (raise the limit of open files: ulimit -n)", listener->name,
               strerror(-status), BACK_OFF_MS);
    if (listener->reserve >= 0) (void)close(listener->reserve);
    if (grille_socket_accept(listener->fd, &turned_away) == 0) (void)close(turned_away);
    listener->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    listener->backing_off = true;
    (void)uv_poll_stop(&listener->poll);
    (void)uv_timer_start(&listener->timer, on_rested, BACK_OFF_MS, 0);
}

/* One per turn: the loop's running calls come in between. */
static void on_readable(uv_poll_t *poll, int status, int events) {
    grille_listener *listener = poll->data;
    int fd = -1;
    (void)status;
    (void)events;
    grille_loop_active(listener->loop);
    int result = grille_socket_accept(listener->fd, &fd);
    if (result == 0) {
        listener->accepted(listener->user, grille_conduit_of_fd(fd));
    } else if (result == -EMFILE || result == -ENFILE || result == -ENOBUFS || result == -ENOMEM) {
        back_off(listener, result);
    }
}

static void on_handle_closed(uv_handle_t *handle) {
    grille_listener *listener = handle->data;
    if (--listener->open_handles == 0) free(listener);
}

static grille_reason watch(grille_listener *listener, grille_error *error) {
    int status = uv_poll_init_socket(&listener->loop->uv, &listener->poll, listener->fd);
    if (status == 0) {
        (void)uv_timer_init(&listener->loop->uv, &listener->timer);
        listener->poll.data = listener;
        listener->timer.data = listener;
        listener->open_handles = 2;
        status = uv_poll_start(&listener->poll, UV_READABLE, on_readable);
    }
    if (status == 0) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_LOOP_SOCKET, "%s can't be watched: %s", listener->name,
                            uv_strerror(status));
}

static void on_inproc(void *user, grille_pipe_end *end) {
    grille_listener *listener = user;
    listener->accepted(listener->user, grille_conduit_of_pipe(end));
}

grille_reason grille_listener_start(grille_listener *listener, grille_loop *loop, grille_accepted_fn *accepted,
                                    void *user, grille_error *error) {
    listener->loop = loop;
    listener->accepted = accepted;
    listener->user = user;
    if (listener->inproc != NULL) {
        grille_inproc_start(listener->inproc, loop, on_inproc, listener);
        return GRILLE_REASON_OK;
    }
    if (listener->address.kind != GRILLE_ADDRESS_FD) return watch(listener, error);
    int fd = listener->fd;
    listener->fd = -1;
    if (fd >= 0) accepted(user, grille_conduit_of_fd(fd));
    return GRILLE_REASON_OK;
}

static void remove_file(const grille_listener *listener) {
    struct stat file;
    if (!listener->has_file || lstat(listener->path, &file) != 0) return;
    if (file.st_ino == listener->file_inode && file.st_dev == listener->file_device) (void)unlink(listener->path);
}

void grille_listener_close(grille_listener *listener) {
    if (listener == NULL) return;
    remove_file(listener);
    grille_inproc_close(listener->inproc);
    listener->inproc = NULL;
    if (listener->open_handles != 0) {
        uv_close((uv_handle_t *)&listener->poll, on_handle_closed);
        uv_close((uv_handle_t *)&listener->timer, on_handle_closed);
    }
    if (listener->fd >= 0) (void)close(listener->fd);
    if (listener->reserve >= 0) (void)close(listener->reserve);
    listener->fd = -1;
    listener->reserve = -1;
    if (listener->open_handles == 0) free(listener);
}
