/* SPDX-License-Identifier: Apache-2.0 */
#include "nsm/simulated_root.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"
#include "crypto/pem.h"
#include "grille/log.h"
#include "nsm/simulated_folder.h"
#include "nsm/simulated_settings.h"

enum { pem_most = 2048, key_der_most = 176, others = S_IRWXG | S_IRWXO };

static grille_reason refuse(grille_error *error, const char *folder, const char *what) {
    return grille_error_set(error, GRILLE_REASON_SYSTEM, "simulated NSM in %s: %s: %s", folder, what, strerror(errno));
}

static grille_reason write_pem(int folder, const char *name, mode_t mode, grille_pem_label label, grille_bytes der) {
    char text[pem_most];
    size_t len = 0;
    grille_reason reason = grille_pem_write(label, der, text, sizeof text, &len);
    if (reason == GRILLE_REASON_OK)
        reason = grille_nsm_simulated_file_write(folder, name, mode, grille_bytes_of(text, len));
    grille_wipe(text, sizeof text);
    return reason;
}

static grille_reason write_key(const grille_crypto *crypto, int folder, const grille_nsm_simulated_link *root) {
    uint8_t key[key_der_most];
    size_t len = 0;
    grille_reason reason = crypto->key_export(root->key, key, sizeof key, &len);
    if (reason == GRILLE_REASON_OK)
        reason = write_pem(folder, GRILLE_SIM_ROOT_KEY_FILE, S_IRUSR | S_IWUSR, GRILLE_PEM_EC_PRIVATE_KEY,
                           grille_bytes_of(key, len));
    grille_wipe(key, sizeof key);
    return reason;
}

static grille_reason write_settings(int folder, const grille_nsm_simulated_settings *settings) {
    char text[GRILLE_NSM_SIMULATED_SETTINGS_BYTES];
    size_t len = 0;
    grille_reason reason = grille_nsm_simulated_settings_write(settings, text, sizeof text, &len);
    if (reason != GRILLE_REASON_OK) return reason;
    return grille_nsm_simulated_file_write(folder, GRILLE_SIM_SETTINGS_FILE, S_IRUSR | S_IWUSR,
                                           grille_bytes_of(text, len));
}

/* All three files or none; errno says why. */
static grille_reason write_all(const grille_crypto *crypto, int folder, const grille_nsm_simulated_link *root,
                               const grille_nsm_simulated_settings *settings) {
    static const char *const names[] = {GRILLE_SIM_ROOT_KEY_FILE, GRILLE_SIM_ROOT_CERTIFICATE_FILE};
    size_t written = 0;
    int cause = 0;
    grille_reason reason = write_key(crypto, folder, root);
    if (reason == GRILLE_REASON_OK) {
        written = 1;
        reason = write_pem(folder, GRILLE_SIM_ROOT_CERTIFICATE_FILE, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH,
                           GRILLE_PEM_CERTIFICATE, grille_bytes_of(root->certificate, root->certificate_len));
    }
    if (reason == GRILLE_REASON_OK) {
        written = 2;
        reason = write_settings(folder, settings);
    }
    if (reason == GRILLE_REASON_OK) return reason;
    cause = errno;
    while (written > 0)
        (void)unlinkat(folder, names[--written], 0);
    errno = cause;
    return reason;
}

/* What the options say, and an instance that stays the same from one opening to the next. */
static grille_reason settle(const grille_crypto *crypto, const grille_nsm_simulated_options *options,
                            grille_nsm_simulated_settings *settings, grille_error *error) {
    grille_reason reason = grille_nsm_simulated_settings_of(options, settings, error);
    if (reason != GRILLE_REASON_OK || settings->instance_id[0] != 0) return reason;
    reason = grille_nsm_simulated_random_instance(crypto, settings->instance_id);
    return reason == GRILLE_REASON_OK ? reason : grille_error_default(error, reason);
}

grille_reason grille_sim_init_insecure(const char *folder, const grille_nsm_simulated_options *options,
                                       grille_error *error) {
    const grille_nsm_simulated_options none = grille_nsm_simulated_options_default();
    const grille_crypto *crypto = grille_crypto_wolf();
    grille_nsm_simulated_link root = {.key = NULL};
    grille_nsm_simulated_settings settings;
    struct timespec now = {0};
    int descriptor = -1;
    grille_reason reason;
    grille_error_clear(error);
    reason = settle(crypto, options != NULL ? options : &none, &settings, error);
    if (reason != GRILLE_REASON_OK) return reason;
    if (mkdir(folder, S_IRWXU) != 0 && errno != EEXIST) return refuse(error, folder, "cannot make the folder");
    reason = grille_nsm_simulated_folder_open(folder, &descriptor, error);
    if (reason != GRILLE_REASON_OK) return reason;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    reason = grille_nsm_simulated_root_make(crypto, (grille_wall_ms)now.tv_sec * 1000, &root);
    if (reason == GRILLE_REASON_OK) reason = write_all(crypto, descriptor, &root, &settings);
    if (reason == GRILLE_REASON_SYSTEM)
        (void)refuse(error, folder,
                     "cannot write " GRILLE_SIM_ROOT_KEY_FILE ", " GRILLE_SIM_ROOT_CERTIFICATE_FILE
                     " and " GRILLE_SIM_SETTINGS_FILE);
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
static grille_reason read_pem(int folder, const char *path, const char *name, mode_t forbidden, grille_pem_label label,
                              uint8_t *der, size_t capacity, size_t *len, grille_error *error) {
    char text[pem_most];
    size_t text_len = 0;
    grille_reader reader;
    grille_pem_label read_label = label;
    grille_reason reason =
        grille_nsm_simulated_file_read(folder, path, name, forbidden, text, sizeof text, &text_len, error);
    if (reason == GRILLE_REASON_OK) {
        reader = grille_reader_of(grille_bytes_of(text, text_len));
        reason = grille_pem_read(&reader, &read_label, der, capacity, len);
        if (reason == GRILLE_REASON_OK && (read_label != label || grille_pem_more(&reader)))
            reason = GRILLE_REASON_CRYPTO_BAD_PEM;
    }
    grille_wipe(text, sizeof text);
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

grille_reason grille_nsm_simulated_root_load(const grille_crypto *crypto, int folder, const char *path,
                                             grille_nsm_simulated_link *root, grille_error *error) {
    uint8_t key[key_der_most];
    size_t key_len = 0;
    grille_reason reason = read_pem(folder, path, GRILLE_SIM_ROOT_KEY_FILE, others, GRILLE_PEM_EC_PRIVATE_KEY, key,
                                    sizeof key, &key_len, error);
    if (reason == GRILLE_REASON_OK)
        reason = read_pem(folder, path, GRILLE_SIM_ROOT_CERTIFICATE_FILE, S_IWGRP | S_IWOTH, GRILLE_PEM_CERTIFICATE,
                          root->certificate, sizeof root->certificate, &root->certificate_len, error);
    if (reason == GRILLE_REASON_OK) reason = crypto->key_import(grille_bytes_of(key, key_len), &root->key);
    if (reason == GRILLE_REASON_OK && crypto->key_curve(root->key) != GRILLE_P384)
        reason = GRILLE_REASON_CRYPTO_BAD_KEY;
    if (reason == GRILLE_REASON_OK) reason = match(crypto, root);
    name_root(root);
    grille_wipe(key, sizeof key);
    if (reason == GRILLE_REASON_OK || reason == GRILLE_REASON_SYSTEM) return reason;
    return grille_error_set(error, reason, "simulated NSM in %s: %s; make a new one with `grille sim init`", path,
                            grille_reason_text(reason));
}
