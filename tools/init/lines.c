/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

/* With a byte 0 behind them, or NULL. */
static char *read_open(int fd, size_t *len) {
    struct stat status;
    char *text = NULL;
    if (fstat(fd, &status) != 0 || status.st_size > INIT_LINES_BYTES_MAX) return NULL;
    *len = (size_t)status.st_size;
    text = malloc(*len + 1);
    if (text == NULL) return NULL;
    if (read(fd, text, *len) == (ssize_t)*len && memchr(text, '\0', *len) == NULL) {
        text[*len] = '\0';
        return text;
    }
    free(text);
    return NULL;
}

static char *read_all(const char *path, size_t *len) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = NULL;
    if (fd < 0) return NULL;
    text = read_open(fd, len);
    (void)close(fd);
    return text;
}

/* Each line break becomes a byte 0. What stands behind the last one is a line only when there is something. */
static size_t cut(char *text, size_t len) {
    size_t count = len > 0 && text[len - 1] != '\n' ? 1 : 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '\n') continue;
        text[i] = '\0';
        count++;
    }
    return count;
}

char **init_read_lines(const char *path) {
    size_t len = 0, count = 0;
    char *text = read_all(path, &len);
    char **lines = NULL;
    if (text == NULL) return NULL;
    count = cut(text, len);
    lines = calloc(count + 1, sizeof *lines);
    for (size_t i = 0, at = 0; lines != NULL && i < count; i++) {
        lines[i] = &text[at];
        at += strlen(lines[i]) + 1;
    }
    if (lines == NULL || count == 0) free(text);
    return lines;
}
