/* SPDX-License-Identifier: Apache-2.0
 * Key files: who may read them, and no copy that stays. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/psk.h"
#include "base/bytes.h"
#include "base/error.h"

static grille_reason fail_file(const char *path, grille_error *error) {
    return grille_error_set(error, GRILLE_REASON_POLICY_FILE,
                            "%s can't be read: %s. Check the path and its permissions", path, strerror(errno));
}

static grille_reason check_file(int file, const char *path, grille_error *error) {
    struct stat status;
    if (fstat(file, &status) != 0) return fail_file(path, error);
    if (!S_ISREG(status.st_mode)) {
        return grille_error_set(error, GRILLE_REASON_POLICY_FILE, "%s is no regular file", path);
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) == 0) return GRILLE_REASON_OK;
    return grille_error_set(
        error, GRILLE_REASON_POLICY_PSK,
        "%s is open to others (mode %04o): who reads the key can be the peer. Run chmod 600 %s, and "
        "make a new key if others could have read this one",
        path, (unsigned)(status.st_mode & 07777), path);
}

/* At most GRILLE_PSK_FILE_MAX bytes. */
static grille_reason read_whole(int file, const char *path, uint8_t *buffer, size_t *len, grille_error *error) {
    for (;;) {
        ssize_t got = read(file, buffer + *len, GRILLE_PSK_FILE_MAX + 1 - *len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_file(path, error);
        if (got == 0) return GRILLE_REASON_OK;
        *len += (size_t)got;
        if (*len > GRILLE_PSK_FILE_MAX) break;
    }
    return grille_error_set(error, GRILLE_REASON_POLICY_PSK, "%s is longer than %d bytes: a key file has four lines",
                            path, GRILLE_PSK_FILE_MAX);
}

grille_reason grille_psk_load(const grille_crypto *crypto, const char *path,
                              grille_reason (*fold)(void *user, grille_bytes content), void *user, grille_psk *psk,
                              grille_error *error) {
    uint8_t buffer[GRILLE_PSK_FILE_MAX + 1];
    size_t len = 0;
    /* Opening a pipe must not wait for its writer. */
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    grille_reason reason;
    *psk = (grille_psk){.role = 0};
    if (file < 0) return fail_file(path, error);
    reason = check_file(file, path, error);
    if (reason == GRILLE_REASON_OK) reason = read_whole(file, path, buffer, &len, error);
    (void)close(file);
    if (reason == GRILLE_REASON_OK) reason = grille_psk_read(crypto, grille_bytes_of(buffer, len), path, psk, error);
    if (reason == GRILLE_REASON_OK && fold != NULL) {
        reason = fold(user, grille_bytes_of(buffer, len));
        if (reason != GRILLE_REASON_OK) reason = grille_error_default(error, reason);
    }
    grille_wipe(buffer, sizeof buffer);
    if (reason != GRILLE_REASON_OK) grille_wipe(psk, sizeof *psk);
    return reason;
}
