/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/stand_in.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/writer.h"
#include "image/cpio.h"
#include "nsm/simulated_files.h"
#include "nsm_device/layout.h"

/* ---- The development root ---- */

static bool read_file(const char *folder, const char *name, uint8_t *content, size_t *len, grille_error *error) {
    char path[PATH_MAX];
    ssize_t got = -1;
    int file = -1;
    if (snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path)
        file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file >= 0) {
        got = read(file, content, MACHINE_ROOT_FILE_MAX);
        (void)close(file);
    }
    if (got > 0 && got < MACHINE_ROOT_FILE_MAX) {
        *len = (size_t)got;
        return true;
    }
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                           "%.150s is no development root: observed %s %s, expected a file of 1 to %d bytes. Next: "
                           "grille sim init %.100s",
                           folder, name,
                           got < 0    ? strerror(errno)
                           : got == 0 ? "empty"
                                      : "longer",
                           MACHINE_ROOT_FILE_MAX - 1, folder);
    return false;
}

bool machine_root_read(const char *folder, machine_root *root, grille_error *error) {
    return read_file(folder, GRILLE_SIM_ROOT_KEY_FILE, root->key, &root->key_len, error) &&
           read_file(folder, GRILLE_SIM_ROOT_CERTIFICATE_FILE, root->certificate, &root->certificate_len, error) &&
           read_file(folder, GRILLE_SIM_SETTINGS_FILE, root->settings, &root->settings_len, error);
}

/* ---- What it attests ---- */

/* Lines that the machine decides. */
static bool is_replaced(grille_bytes line) {
    static const char *const keys[] = {"pcr0:", "pcr1:", "pcr2:", "pcr8:", "debug:", "executable:"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (line.len >= strlen(keys[i]) && memcmp(line.data, keys[i], strlen(keys[i])) == 0) return true;
    return false;
}

static void write_pcr(grille_writer *writer, const char *key, const uint8_t pcr[GRILLE_NSM_PCR_BYTES]) {
    char hex[2 * GRILLE_NSM_PCR_BYTES + 1];
    grille_hex_encode(grille_bytes_of(pcr, GRILLE_NSM_PCR_BYTES), hex);
    grille_write_bytes(writer, grille_bytes_of_text(key));
    grille_write_bytes(writer, grille_bytes_of_text(hex));
    grille_write_bytes(writer, grille_bytes_of_text("\n"));
}

grille_reason machine_settings_write(grille_bytes settings, const eif_measurements *measured, bool debug, char *text,
                                     size_t capacity, size_t *len) {
    grille_writer writer = grille_writer_into((uint8_t *)text, capacity);
    for (size_t at = 0; at < settings.len;) {
        const uint8_t *end = memchr(&settings.data[at], '\n', settings.len - at);
        const size_t line_len = end == NULL ? settings.len - at : (size_t)(end - &settings.data[at]);
        const grille_bytes line = grille_bytes_of(&settings.data[at], line_len);
        if (!is_replaced(line)) {
            grille_write_bytes(&writer, line);
            grille_write_bytes(&writer, grille_bytes_of_text("\n"));
        }
        at += line_len + 1;
    }
    grille_write_bytes(&writer, grille_bytes_of_text(debug ? "debug: true\n" : "debug: false\n"));
    if (!debug) {
        write_pcr(&writer, "pcr0: ", measured->pcr0);
        write_pcr(&writer, "pcr1: ", measured->pcr1);
        write_pcr(&writer, "pcr2: ", measured->pcr2);
        if (measured->is_signed) write_pcr(&writer, "pcr8: ", measured->pcr8);
    }
    if (writer.failed != GRILLE_REASON_OK) return GRILLE_REASON_NO_SPACE;
    *len = grille_written(&writer).len;
    return GRILLE_REASON_OK;
}

/* ---- The archive ---- */

static bool put(image_tree *tree, const char *path, mode_t mode, grille_bytes content, grille_error *error) {
    return image_tree_put(tree, &(image_entry){.path = path, .mode = mode, .content = content}, error);
}

static bool put_root(image_tree *tree, const machine_root *root, const eif_measurements *measured, bool debug,
                     grille_error *error) {
    static char settings[MACHINE_ROOT_FILE_MAX + 1024];
    size_t len = 0;
    const grille_reason reason = machine_settings_write(grille_bytes_of(root->settings, root->settings_len), measured,
                                                        debug, settings, sizeof settings, &len);
    if (reason != GRILLE_REASON_OK) {
        (void)grille_error_default(error, reason);
        return false;
    }
    return put(tree, NSM_DEVICE_SIM, S_IFDIR | 0700, (grille_bytes){.data = NULL}, error) &&
           put(tree, NSM_DEVICE_SIM "/" GRILLE_SIM_ROOT_KEY_FILE, S_IFREG | 0600,
               grille_bytes_of(root->key, root->key_len), error) &&
           put(tree, NSM_DEVICE_SIM "/" GRILLE_SIM_ROOT_CERTIFICATE_FILE, S_IFREG | 0600,
               grille_bytes_of(root->certificate, root->certificate_len), error) &&
           put(tree, NSM_DEVICE_SIM "/" GRILLE_SIM_SETTINGS_FILE, S_IFREG | 0600,
               grille_bytes_of((const uint8_t *)settings, len), error);
}

bool machine_stand_in_make(const grille_bytes *ramdisks, size_t count, const machine_root *root,
                           const eif_measurements *measured, bool debug, uint8_t **archive, size_t *len,
                           grille_error *error) {
    image_tree *tree = image_tree_new();
    bool good = tree != NULL;
    if (!good) (void)grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    good = good && machine_init_put(ramdisks, count, tree, NSM_DEVICE_INIT, error) &&
           put_root(tree, root, measured, debug, error) && cpio_write(tree, archive, len, error);
    image_tree_free(tree);
    return good;
}
