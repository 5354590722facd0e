/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/json_file.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"

static bool failed(const char *what, const char *path, grille_error *error) {
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "can't %s %s: %s", what, path, strerror(errno));
    return false;
}

bool kms_path_join(char path[PATH_MAX], const char *folder, const char *name, grille_error *error) {
    const int len = snprintf(path, PATH_MAX, "%s/%s", folder, name);
    if (len > 0 && len < PATH_MAX) return true;
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "the path %.64s… is too long", folder);
    return false;
}

static bool read_all(int fd, char *text, size_t capacity, size_t *len) {
    *len = 0;
    while (*len < capacity) {
        const ssize_t got = read(fd, text + *len, capacity - *len);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got == 0;
        *len += (size_t)got;
    }
    return true;
}

char *kms_file_read(const char *path, size_t *len, grille_error *error) {
    const size_t capacity = KMS_FILE_BYTES + 1;
    char *text = malloc(capacity);
    const int fd = text == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    bool read = false;
    if (fd < 0) {
        (void)failed("open", path, error);
    } else if (!read_all(fd, text, capacity, len)) {
        (void)failed("read", path, error);
    } else if (*len == capacity) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s: observed more than %d bytes", path,
                               KMS_FILE_BYTES);
    } else {
        text[*len] = '\0';
        read = true;
    }
    if (fd >= 0) (void)close(fd);
    if (read) return text;
    free(text);
    return NULL;
}

json_t *kms_json_read(const char *folder, const char *name, grille_error *error) {
    char path[PATH_MAX];
    json_error_t problem;
    json_t *value = NULL;
    size_t len = 0;
    char *text = NULL;
    if (!kms_path_join(path, folder, name, error)) return NULL;
    text = kms_file_read(path, &len, error);
    if (text == NULL) return NULL;
    value = json_loadb(text, len, JSON_REJECT_DUPLICATES, &problem);
    if (value == NULL) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s: line %d, column %d: %s", path, problem.line,
                               problem.column, problem.text);
    }
    grille_wipe(text, len);
    free(text);
    return value;
}

static bool write_all(int fd, grille_bytes content) {
    for (size_t at = 0; at < content.len;) {
        const ssize_t wrote = write(fd, content.data + at, content.len - at);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        at += (size_t)wrote;
    }
    return fsync(fd) == 0;
}

/* So that the new name is on the disk, too. `path` is cut to its folder. */
static bool sync_folder_of(char *path) {
    int fd = -1;
    bool synced = false;
    *strrchr(path, '/') = '\0';
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) (void)close(fd);
    return synced;
}

/* A hidden file in the same folder: who reads all files of it passes over what a kill has left there. */
static int open_beside(const char *path, char beside[PATH_MAX + 16]) {
    const char *slash = strrchr(path, '/');
    (void)snprintf(beside, PATH_MAX + 16, "%.*s/.%s.XXXXXX", (int)(slash - path), path, slash + 1);
    return mkostemp(beside, O_CLOEXEC);
}

bool kms_file_put(const char *folder, const char *name, grille_bytes content, grille_error *error) {
    char path[PATH_MAX], beside[PATH_MAX + 16];
    bool written = false;
    int fd = -1;
    if (!kms_path_join(path, folder, name, error)) return false;
    fd = open_beside(path, beside);
    if (fd < 0) return failed("write beside", path, error);
    written = write_all(fd, content);
    if (close(fd) != 0) written = false;
    if (!written || rename(beside, path) != 0) {
        (void)failed("write", path, error);
        (void)unlink(beside);
        return false;
    }
    return sync_folder_of(path) || failed("write into", path, error);
}

bool kms_json_put(const char *folder, const char *name, const json_t *value, grille_error *error) {
    char *text = json_dumps(value, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    bool written = false;
    size_t len = 0;
    if (text == NULL) {
        (void)grille_error_set(error, GRILLE_REASON_OUT_OF_MEMORY, "no memory to write %s", name);
        return false;
    }
    len = strlen(text);
    text[len] = '\n'; /* in the place of the terminator */
    written = kms_file_put(folder, name, grille_bytes_of(text, len + 1), error);
    text[len] = '\0';
    free(text);
    return written;
}

char *kms_text_of(grille_bytes bytes) {
    char *text = malloc(bytes.len + 1);
    if (text == NULL) return NULL;
    if (bytes.len > 0) memcpy(text, bytes.data, bytes.len);
    text[bytes.len] = '\0';
    return text;
}

static void free_wiped(void *memory) {
    if (memory != NULL) grille_wipe(memory, malloc_usable_size(memory));
    free(memory);
}

void kms_json_wipe_freed(void) {
    json_set_alloc_funcs(malloc, free_wiped);
}
