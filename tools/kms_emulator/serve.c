/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "kms_emulator/json_file.h"
#include "kms_emulator/serve_request.h"

enum { backlog = 256 };

/* As AWS's endpoints: nothing older than TLS 1.2 (AWS KMS Developer Guide, "Infrastructure security"). */
static const char tls_priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

struct kms_server {
    struct MHD_Daemon *daemon;
    char address[KMS_LISTEN_BYTES + 16];
    char *certificate;
    char *private_key;
    size_t private_key_len;
};

/* An address of either family. */
typedef union any_address {
    struct sockaddr plain;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} any_address;

static grille_reason parse(const char *listen_text, any_address *address, socklen_t *len, grille_error *error) {
    char host[KMS_LISTEN_BYTES];
    unsigned port = 0;
    *address = (any_address){.plain = {.sa_family = AF_UNSPEC}};
    if (!kms_listen_parse(listen_text, host, &port))
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "observed the address \"%.80s\", expected one of the loopback interface and a port, as "
                                "127.0.0.1:8443: who can reach it needs no attestation to do harm",
                                listen_text);
    if (inet_pton(AF_INET, host, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons((uint16_t)port);
        *len = sizeof address->v4;
    } else {
        (void)inet_pton(AF_INET6, host, &address->v6.sin6_addr);
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons((uint16_t)port);
        *len = sizeof address->v6;
    }
    return GRILLE_REASON_OK;
}

/* With the port that was given where any would do. */
static void describe(int fd, kms_server *server) {
    any_address address;
    socklen_t len = sizeof address;
    char host[INET6_ADDRSTRLEN] = "";
    if (getsockname(fd, &address.plain, &len) != 0) return;
    if (address.plain.sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof host);
        (void)snprintf(server->address, sizeof server->address, "%s:%u", host, ntohs(address.v4.sin_port));
    } else {
        (void)inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof host);
        (void)snprintf(server->address, sizeof server->address, "[%s]:%u", host, ntohs(address.v6.sin6_port));
    }
}

static grille_reason open_socket(const char *listen_text, kms_server *server, int *opened, grille_error *error) {
    any_address address;
    socklen_t len = 0;
    const int yes = 1;
    int fd = -1;
    const grille_reason reason = parse(listen_text, &address, &len, error);
    if (reason != GRILLE_REASON_OK) return reason;
    fd = socket(address.plain.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        bind(fd, &address.plain, len) == 0 && listen(fd, backlog) == 0) {
        describe(fd, server);
        *opened = fd;
        return GRILLE_REASON_OK;
    }
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "can't listen on %s: %s", listen_text, strerror(errno));
    if (fd >= 0) (void)close(fd);
    return GRILLE_REASON_SYSTEM;
}

static char *read_text(const char *folder, const char *name, size_t *len, grille_error *error) {
    char path[PATH_MAX];
    return kms_path_join(path, folder, name, error) ? kms_file_read(path, len, error) : NULL;
}

/* One thread answers all: an action takes a millisecond or two, and what it changes is on the disk before the next. */
static struct MHD_Daemon *start_daemon(kms_server *server, kms_front *front, int fd) {
    return MHD_start_daemon(
        MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_TLS, 0, NULL, NULL, kms_serve_part, front, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_HTTPS_MEM_CERT, server->certificate, MHD_OPTION_HTTPS_MEM_KEY, server->private_key,
        MHD_OPTION_HTTPS_PRIORITIES, tls_priorities, MHD_OPTION_URI_LOG_CALLBACK, kms_serve_begin, front,
        MHD_OPTION_NOTIFY_COMPLETED, kms_serve_end, front, MHD_OPTION_CONNECTION_LIMIT, (unsigned)KMS_CONNECTIONS_MOST,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)KMS_IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)KMS_CONNECTION_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

grille_reason kms_server_start(kms_front *front, const char *folder, const char *listen_text, kms_server **started,
                               grille_error *error) {
    kms_server *server = calloc(1, sizeof *server);
    grille_reason reason = server == NULL ? GRILLE_REASON_OUT_OF_MEMORY : GRILLE_REASON_OK;
    size_t len = 0;
    int fd = -1;
    *started = NULL;
    if (server == NULL) return grille_error_default(error, reason);
    server->certificate = read_text(folder, KMS_CERTIFICATE_FILE, &len, error);
    if (server->certificate != NULL)
        server->private_key = read_text(folder, KMS_PRIVATE_KEY_FILE, &server->private_key_len, error);
    reason = server->private_key == NULL ? GRILLE_REASON_SYSTEM : open_socket(listen_text, server, &fd, error);
    if (reason == GRILLE_REASON_OK) {
        server->daemon = start_daemon(server, front, fd);
        if (server->daemon == NULL) {
            reason = grille_error_set(error, GRILLE_REASON_SYSTEM,
                                      "libmicrohttpd does not start: is %s/%s the key of %s, and is TLS compiled in?",
                                      folder, KMS_PRIVATE_KEY_FILE, KMS_CERTIFICATE_FILE);
            (void)close(fd);
        }
    }
    if (reason == GRILLE_REASON_OK)
        *started = server;
    else
        kms_server_stop(server);
    return reason;
}

void kms_server_stop(kms_server *server) {
    if (server == NULL) return;
    if (server->daemon != NULL) MHD_stop_daemon(server->daemon);
    if (server->private_key != NULL) grille_wipe(server->private_key, server->private_key_len);
    free(server->private_key);
    free(server->certificate);
    free(server);
}

const char *kms_server_address(const kms_server *server) {
    return server->address;
}
