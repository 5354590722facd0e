/* SPDX-License-Identifier: Apache-2.0 */
#include "blob.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool path_of(char path[PATH_MAX], const char *folder, const char *name) {
    int len = folder != NULL ? snprintf(path, PATH_MAX, "%s/%s", folder, name) : snprintf(path, PATH_MAX, "%s", name);
    if (len > 0 && len < PATH_MAX) return true;
    (void)fprintf(stderr, "the path of %s is too long\n", name);
    return false;
}

static bool failed(const char *what, const char *path) {
    (void)fprintf(stderr, "can't %s %s: %s\n", what, path, strerror(errno));
    return false;
}

bool blob_read(const char *folder, const char *name, size_t most, blob *into) {
    char path[PATH_MAX];
    FILE *file = NULL;
    *into = (blob){0};
    if (!path_of(path, folder, name)) return false;
    file = fopen(path, "rbe");
    if (file == NULL) return failed("open", path);
    into->data = malloc(most + 1);
    if (into->data != NULL) into->len = fread(into->data, 1, most + 1, file);
    if (into->data == NULL || ferror(file) != 0) {
        (void)failed("read", path);
    } else if (into->len > most) {
        (void)fprintf(stderr, "%s has more than %zu bytes, the most that is taken\n", path, most);
    } else {
        (void)fclose(file);
        return true;
    }
    (void)fclose(file);
    blob_free(into);
    return false;
}

bool blob_write(const char *folder, const char *name, const void *data, size_t len) {
    char path[PATH_MAX];
    int fd = -1;
    FILE *file = NULL;
    bool written = false;
    if (!path_of(path, folder, name)) return false;
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return failed("write", path);
    file = fdopen(fd, "wb");
    if (file == NULL) {
        (void)close(fd);
        return failed("write", path);
    }
    written = fwrite(data, 1, len, file) == len;
    written = fclose(file) == 0 && written;
    return written || failed("write", path);
}

void blob_free(blob *b) {
    if (b->data != NULL) explicit_bzero(b->data, b->len);
    free(b->data);
    *b = (blob){0};
}

grille_bytes blob_bytes(const blob *b) {
    return (grille_bytes){b->data, b->len};
}
