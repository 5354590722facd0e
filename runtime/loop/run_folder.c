/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/run_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "wire/limits.h"

/* "hybrid:" and the longest path, a newline. */
#define LINE_BYTES (sizeof "hybrid:" + GRILLE_ADDRESS_PATH_BYTES)

static bool is_name_byte(uint8_t byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '.' || byte == '_' || byte == '-';
}

bool grille_run_name_is_valid(grille_bytes name) {
    if (name.len == 0 || name.len > GRILLE_LIMIT_ENCLAVE_NAME_BYTES) return false;
    for (size_t i = 0; i < name.len; i++) {
        if (!is_name_byte(name.data[i])) return false;
    }
    return name.data[0] != '.' && name.data[0] != '-';
}

grille_reason grille_run_folder(char path[GRILLE_RUN_PATH_BYTES], grille_error *error) {
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    const unsigned user = (unsigned)geteuid();
    int len = 0;
    if (runtime != NULL && runtime[0] != '\0') {
        if (runtime[0] != '/') {
            return grille_error_set(error, GRILLE_REASON_LOOP_RUN_FOLDER,
                                    "XDG_RUNTIME_DIR is \"%.100s\", expected an absolute path", runtime);
        }
        len = snprintf(path, GRILLE_RUN_PATH_BYTES, "%s/grille/enclaves", runtime);
    } else if (user == 0) {
        len = snprintf(path, GRILLE_RUN_PATH_BYTES, "/run/grille/enclaves");
    } else {
        len = snprintf(path, GRILLE_RUN_PATH_BYTES, "/tmp/enclaves-%u", user);
    }
    if (len < GRILLE_RUN_PATH_BYTES) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_LOOP_RUN_FOLDER,
                            "XDG_RUNTIME_DIR makes a path of %d bytes, expected less than %d", len,
                            GRILLE_RUN_PATH_BYTES);
}

static grille_reason refuse(grille_error *error, const char *path, const char *observed) {
    return grille_error_set(error, GRILLE_REASON_LOOP_RUN_FOLDER,
                            "%s %s; expected a folder of this user or root that nobody else can write to", path,
                            observed);
}

/* Somebody else's folder could send us anywhere: no harm to trust, but none of its business. */
static grille_reason open_folder(int at, const char *name, const char *shown, int *folder, grille_error *error) {
    const int opened = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status = {0};
    const char *observed = NULL;
    if (opened < 0) {
        if (errno == ENOENT) return GRILLE_REASON_LOOP_ENCLAVE_UNKNOWN;
        return refuse(error, shown, strerror(errno));
    }
    if (fstat(opened, &status) != 0) {
        observed = "can't be looked at";
    } else if (status.st_uid != geteuid() && status.st_uid != 0) {
        observed = "belongs to somebody else";
    } else if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        observed = "can be written to by others";
    }
    if (observed != NULL) {
        (void)close(opened);
        return refuse(error, shown, observed);
    }
    *folder = opened;
    return GRILLE_REASON_OK;
}

static grille_reason read_line(int folder, char line[LINE_BYTES], grille_error *error) {
    const int file = openat(folder, "address", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t got = 0;
    if (file < 0) {
        if (errno == ENOENT) return GRILLE_REASON_LOOP_ENCLAVE_UNKNOWN;
        return grille_error_set(error, GRILLE_REASON_LOOP_RUN_FOLDER, "its file address: %s", strerror(errno));
    }
    got = read(file, line, LINE_BYTES);
    (void)close(file);
    if (got < 1 || line[got - 1] != '\n') {
        return grille_error_set(error, GRILLE_REASON_LOOP_RUN_FOLDER,
                                "its file address holds no line of at most %zu bytes", LINE_BYTES);
    }
    line[got - 1] = '\0';
    return GRILLE_REASON_OK;
}

static grille_reason parse_line(const char *line, uint32_t port, grille_address *address, grille_error *error) {
    char text[LINE_BYTES + sizeof ":4294967295"];
    (void)snprintf(text, sizeof text, "%s:%u", line, port);
    /* Nothing but an enclave's own addresses: no descriptor, no name in this process. */
    if (strncmp(line, "hybrid:/", strlen("hybrid:/")) != 0 && strncmp(line, "vsock:", strlen("vsock:")) != 0) {
        return grille_error_set(error, GRILLE_REASON_LOOP_RUN_FOLDER,
                                "its file address says \"%.60s\", expected hybrid:/PATH or vsock:CID", line);
    }
    return grille_address_parse(text, address, error);
}

grille_reason grille_run_address(grille_bytes name, uint32_t port, grille_address *address, grille_error *error) {
    char path[GRILLE_RUN_PATH_BYTES];
    char entry[GRILLE_LIMIT_ENCLAVE_NAME_BYTES + 1] = "";
    char line[LINE_BYTES];
    int folder = -1, enclave = -1;
    grille_reason reason = grille_run_folder(path, error);
    if (reason != GRILLE_REASON_OK) return reason;
    memcpy(entry, name.data, name.len);
    reason = open_folder(AT_FDCWD, path, path, &folder, error);
    if (reason == GRILLE_REASON_OK) reason = open_folder(folder, entry, entry, &enclave, error);
    if (reason == GRILLE_REASON_OK) reason = read_line(enclave, line, error);
    if (reason == GRILLE_REASON_OK) reason = parse_line(line, port, address, error);
    if (reason == GRILLE_REASON_LOOP_ENCLAVE_UNKNOWN) {
        reason = grille_error_set(error, reason, "no enclave \"%s\" runs here (looked in %s)", entry, path);
    }
    if (enclave >= 0) (void)close(enclave);
    if (folder >= 0) (void)close(folder);
    return reason;
}
