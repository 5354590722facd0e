/* SPDX-License-Identifier: Apache-2.0 */
#include "nsm/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"

/* Larger than any enclave's program; a mistaken path to a device or a disk image ends here. */
enum { file_most = 1 << 30 };

grille_reason grille_measure_pcr(const grille_crypto *crypto, grille_bytes data, uint8_t pcr[GRILLE_NSM_PCR_BYTES]) {
    static const uint8_t start[GRILLE_NSM_PCR_BYTES] = {0};
    const grille_bytes parts[] = {grille_bytes_of(start, sizeof start), data};
    return crypto->hash(GRILLE_SHA384, parts, 2, pcr);
}

grille_reason grille_measure_image(const grille_crypto *crypto, grille_bytes data, uint8_t pcr[GRILLE_NSM_PCR_BYTES]) {
    uint8_t digest[GRILLE_SHA384_BYTES];
    grille_reason reason = crypto->hash(GRILLE_SHA384, &data, 1, digest);
    if (reason != GRILLE_REASON_OK) return reason;
    return grille_measure_pcr(crypto, grille_bytes_of(digest, sizeof digest), pcr);
}

static bool read_all(int descriptor, uint8_t *out, size_t len) {
    size_t got = 0;
    while (got < len) {
        ssize_t count = read(descriptor, out + got, len - got);
        if (count == 0 || (count < 0 && errno != EINTR)) return false;
        if (count > 0) got += (size_t)count;
    }
    return true;
}

static grille_reason read_file(int descriptor, uint8_t **data, size_t *len) {
    struct stat file;
    if (fstat(descriptor, &file) != 0 || !S_ISREG(file.st_mode) || file.st_size <= 0 || file.st_size > file_most)
        return GRILLE_REASON_SYSTEM;
    *len = (size_t)file.st_size;
    *data = malloc(*len);
    if (*data == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    return read_all(descriptor, *data, *len) ? GRILLE_REASON_OK : GRILLE_REASON_SYSTEM;
}

grille_reason grille_measure_executable(const char *path, uint8_t pcr0[GRILLE_NSM_PCR_BYTES],
                                        uint8_t pcr2[GRILLE_NSM_PCR_BYTES], grille_error *error) {
    const grille_crypto *crypto = grille_crypto_wolf();
    const grille_bytes nothing = {NULL, 0};
    uint8_t *data = NULL;
    size_t len = 0;
    grille_reason reason;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return grille_error_set(error, GRILLE_REASON_SYSTEM, "cannot measure %s: %s", path, strerror(errno));
    reason = read_file(descriptor, &data, &len);
    (void)close(descriptor);
    if (reason == GRILLE_REASON_OK) reason = grille_measure_image(crypto, grille_bytes_of(data, len), pcr0);
    if (reason == GRILLE_REASON_OK) reason = grille_measure_image(crypto, nothing, pcr2);
    free(data);
    if (reason == GRILLE_REASON_OK) return GRILLE_REASON_OK;
    return grille_error_set(error, reason,
                            "cannot measure %s: it is not a regular file of 1 byte to 1 GiB, or it changed", path);
}
