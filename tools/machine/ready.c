/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/ready.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "machine/runs.h"

static bool listen_at(int listener, const struct sockaddr_un *address) {
    return listener >= 0 && bind(listener, (const struct sockaddr *)address, sizeof *address) == 0 &&
           listen(listener, 4) == 0;
}

bool machine_ready_open(machine_ready *ready, const char *folder, grille_error *error) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int len = snprintf(address.sun_path, sizeof address.sun_path, "%s/" MACHINE_READY_SOCKET, folder);
    *ready = (machine_ready){.listener = -1, .connection = -1};
    if (len >= (int)sizeof address.sun_path) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                               "the enclave's sockets have paths of %d bytes, expected at most %zu: %.150s. Next: a "
                               "shorter name, or another XDG_RUNTIME_DIR",
                               len, sizeof address.sun_path - 1, folder);
        return false;
    }
    ready->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listen_at(ready->listener, &address)) return true;
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "can't listen on %.150s: %s", address.sun_path,
                           strerror(errno));
    machine_ready_close(ready);
    return false;
}

static void close_connection(machine_ready *ready) {
    if (ready->connection >= 0) (void)close(ready->connection);
    ready->connection = -1;
}

void machine_ready_look(machine_ready *ready) {
    const int newest = ready->listener < 0 ? -1 : accept4(ready->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    uint8_t byte = 0;
    ssize_t got = -1;
    if (newest >= 0) {
        close_connection(ready);
        ready->connection = newest;
    }
    if (ready->connection < 0) return;
    got = recv(ready->connection, &byte, 1, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    ready->is_up = got == 1 && byte == MACHINE_READY_BYTE && send(ready->connection, &byte, 1, MSG_NOSIGNAL) == 1;
    close_connection(ready);
}

void machine_ready_close(machine_ready *ready) {
    close_connection(ready);
    if (ready->listener >= 0) (void)close(ready->listener);
    ready->listener = -1;
}

/* "NUMBER: REFERENCES PROTOCOL FLAGS TYPE STATE INODE PATH", all but PATH in hex or decimal digits (net/unix/af_unix.c)
 */
static bool is_listener(const char *line, const char *path) {
    enum { accepts_connections = 0x10000 };
    unsigned flags = 0;
    int at = 0;
    if (sscanf(line, "%*x: %*x %*x %x %*x %*x %*u %n", &flags, &at) != 1 || at == 0) return false;
    return (flags & accepts_connections) != 0 && strcmp(&line[at], path) == 0;
}

bool machine_socket_listens(const char *path) {
    char line[512];
    bool found = false;
    FILE *sockets = fopen("/proc/net/unix", "re");
    if (sockets == NULL) return access(path, F_OK) == 0;
    while (!found && fgets(line, sizeof line, sockets) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        found = is_listener(line, path);
    }
    (void)fclose(sockets);
    return found;
}
