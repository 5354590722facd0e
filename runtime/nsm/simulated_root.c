/* SPDX-License-Identifier: Apache-2.0 */
#include "nsm/simulated_root.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"
#include "crypto/pem.h"
#include "grille/log.h"

enum { pem_most = 2048, key_der_most = 176, others = S_IRWXG | S_IRWXO };

static grille_reason refuse(grille_error *error, const char *folder, const char *what) {
    return grille_error_set(error, GRILLE_REASON_SYSTEM, "development root in %s: %s: %s", folder, what,
                            strerror(errno));
}

/* The folder as a descriptor; it must be this user's alone. */
static grille_reason open_folder(const char *folder, int *descriptor, grille_error *error) {
    struct stat found;
    int opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) return refuse(error, folder, "cannot open the folder (`grille sim init` makes it)");
    if (fstat(opened, &found) == 0 && found.st_uid == geteuid() && (found.st_mode & others) == 0) {
        *descriptor = opened;
        return GRILLE_REASON_OK;
    }
    (void)close(opened);
    return grille_error_set(
        error, GRILLE_REASON_SYSTEM,
        "development root in %s: the folder has mode %03o of user %u, and holds a key that only its "
        "own user may reach; try: chmod 700 %s",
        folder, (unsigned)found.st_mode & 0777u, (unsigned)found.st_uid, folder);
}

static bool write_all(int descriptor, const char *text, size_t len) {
    size_t done = 0;
    while (done < len) {
        ssize_t count = write(descriptor, text + done, len - done);
        if (count < 0 && errno != EINTR) return false;
        if (count > 0) done += (size_t)count;
    }
    return fsync(descriptor) == 0;
}

static grille_reason write_file(int folder, const char *name, mode_t mode, grille_pem_label label, grille_bytes der) {
    char text[pem_most];
    size_t len = 0;
    bool written;
    int file;
    grille_reason reason = grille_pem_write(label, der, text, sizeof text, &len);
    if (reason != GRILLE_REASON_OK) return reason;
    file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    written = file >= 0 && write_all(file, text, len);
    grille_wipe(text, sizeof text);
    if (file >= 0 && (close(file) != 0 || !written)) {
        int cause = errno;
        (void)unlinkat(folder, name, 0);
        errno = cause;
        written = false;
    }
    return written ? GRILLE_REASON_OK : GRILLE_REASON_SYSTEM;
}

static grille_reason write_root(const grille_crypto *crypto, int folder, const grille_nsm_simulated_link *root) {
    uint8_t key[key_der_most];
    size_t key_len = 0;
    grille_reason reason = crypto->key_export(root->key, key, sizeof key, &key_len);
    if (reason == GRILLE_REASON_OK)
        reason = write_file(folder, GRILLE_SIM_ROOT_KEY_FILE, S_IRUSR | S_IWUSR, GRILLE_PEM_EC_PRIVATE_KEY,
                            grille_bytes_of(key, key_len));
    grille_wipe(key, sizeof key);
    if (reason != GRILLE_REASON_OK) return reason;
    reason = write_file(folder, GRILLE_SIM_ROOT_CERTIFICATE_FILE, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH,
                        GRILLE_PEM_CERTIFICATE, grille_bytes_of(root->certificate, root->certificate_len));
    if (reason != GRILLE_REASON_OK) {
        int cause = errno;
        (void)unlinkat(folder, GRILLE_SIM_ROOT_KEY_FILE, 0);
        errno = cause;
    }
    return reason;
}

grille_reason grille_sim_init_insecure(const char *folder, grille_error *error) {
    const grille_crypto *crypto = grille_crypto_wolf();
    grille_nsm_simulated_link root = {.key = NULL};
    struct timespec now = {0};
    int descriptor = -1;
    grille_reason reason;
    grille_error_clear(error);
    if (mkdir(folder, S_IRWXU) != 0 && errno != EEXIST) return refuse(error, folder, "cannot make the folder");
    reason = open_folder(folder, &descriptor, error);
    if (reason != GRILLE_REASON_OK) return reason;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    reason = grille_nsm_simulated_root_make(crypto, (grille_wall_ms)now.tv_sec * 1000, &root);
    if (reason == GRILLE_REASON_OK) reason = write_root(crypto, descriptor, &root);
    if (reason == GRILLE_REASON_SYSTEM)
        (void)refuse(error, folder, "cannot write " GRILLE_SIM_ROOT_KEY_FILE " and " GRILLE_SIM_ROOT_CERTIFICATE_FILE);
    else if (reason != GRILLE_REASON_OK)
        (void)grille_error_default(error, reason);
    else
        grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_NSM,
                   "INSECURE: made a development root in %s; whoever reads its key can attest anything", folder);
    if (root.key != NULL) crypto->key_free(root.key);
    (void)close(descriptor);
    return reason;
}

/* Reads a file of one PEM block with this label. */
static grille_reason read_file(int folder, const char *name, mode_t forbidden, grille_pem_label label, uint8_t *der,
                               size_t capacity, size_t *len) {
    char text[pem_most];
    struct stat found;
    grille_reader reader;
    grille_pem_label read_label = label;
    grille_reason reason = GRILLE_REASON_SYSTEM;
    ssize_t count;
    int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) return GRILLE_REASON_SYSTEM;
    count = read(file, text, sizeof text);
    if (count > 0 && fstat(file, &found) == 0) {
        errno = EPERM;
        reader = grille_reader_of(grille_bytes_of(text, (size_t)count));
        if ((found.st_mode & forbidden) == 0 && found.st_size == count)
            reason = grille_pem_read(&reader, &read_label, der, capacity, len);
        if (reason == GRILLE_REASON_OK && (read_label != label || grille_pem_more(&reader)))
            reason = GRILLE_REASON_CRYPTO_BAD_PEM;
    }
    grille_wipe(text, sizeof text);
    (void)close(file);
    return reason;
}

/* Does the certificate speak of this key? Whoever verifies documents looks at the rest. */
static grille_reason match(const grille_crypto *crypto, const grille_nsm_simulated_link *root) {
    uint8_t point[GRILLE_POINT_MAX], spki[GRILLE_SPKI_MAX];
    size_t point_len = 0, spki_len = 0;
    grille_reason reason = crypto->key_point(root->key, point, sizeof point, &point_len);
    if (reason == GRILLE_REASON_OK)
        reason = grille_spki_write(crypto->key_curve(root->key), grille_bytes_of(point, point_len), spki, sizeof spki,
                                   &spki_len);
    if (reason == GRILLE_REASON_OK && memmem(root->certificate, root->certificate_len, spki, spki_len) == NULL)
        reason = GRILLE_REASON_CRYPTO_BAD_KEY;
    return reason;
}

/* The issuer name of what the root signs; those who made the root chose it. */
static void name_root(grille_nsm_simulated_link *root) {
    static const char name[] = GRILLE_NSM_SIMULATED_ROOT_NAME;
    memcpy(root->common_name, name, sizeof name);
}

grille_reason grille_nsm_simulated_root_load(const grille_crypto *crypto, const char *folder,
                                             grille_nsm_simulated_link *root, grille_error *error) {
    uint8_t key[key_der_most];
    size_t key_len = 0;
    int descriptor = -1;
    grille_reason reason = open_folder(folder, &descriptor, error);
    if (reason != GRILLE_REASON_OK) return reason;
    reason =
        read_file(descriptor, GRILLE_SIM_ROOT_KEY_FILE, others, GRILLE_PEM_EC_PRIVATE_KEY, key, sizeof key, &key_len);
    if (reason == GRILLE_REASON_OK)
        reason = read_file(descriptor, GRILLE_SIM_ROOT_CERTIFICATE_FILE, 0, GRILLE_PEM_CERTIFICATE, root->certificate,
                           sizeof root->certificate, &root->certificate_len);
    if (reason == GRILLE_REASON_SYSTEM)
        (void)refuse(error, folder,
                     "cannot read " GRILLE_SIM_ROOT_KEY_FILE " (mode 600) and " GRILLE_SIM_ROOT_CERTIFICATE_FILE);
    if (reason == GRILLE_REASON_OK) reason = crypto->key_import(grille_bytes_of(key, key_len), &root->key);
    if (reason == GRILLE_REASON_OK && crypto->key_curve(root->key) != GRILLE_P384)
        reason = GRILLE_REASON_CRYPTO_BAD_KEY;
    if (reason == GRILLE_REASON_OK) reason = match(crypto, root);
    name_root(root);
    grille_wipe(key, sizeof key);
    (void)close(descriptor);
    if (reason == GRILLE_REASON_OK || reason == GRILLE_REASON_SYSTEM) return reason;
    return grille_error_set(error, reason, "development root in %s: %s; make a new one with `grille sim init`", folder,
                            grille_reason_text(reason));
}
