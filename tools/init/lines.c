/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

/* What execve(2) takes for all of it is 2 MiB (ARG_MAX). */
enum { file_max = 1 << 20 };

static char *read_all(const char *path, size_t *len) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    char *text = NULL;
    if (fd < 0 || fstat(fd, &status) != 0 || status.st_size > file_max) return NULL;
    *len = (size_t)status.st_size;
    text = malloc(*len + 1);
    if (text == NULL || read(fd, text, *len) != (ssize_t)*len) return NULL;
    text[*len] = '\0';
    (void)close(fd);
    return text;
}

static size_t count_lines(const char *text) {
    size_t count = 1;
    for (const char *at = strchr(text, '\n'); at != NULL; at = strchr(&at[1], '\n'))
        count++;
    return count;
}

char **init_read_lines(const char *path) {
    size_t len = 0, count = 0;
    char *text = read_all(path, &len);
    char **lines = NULL;
    if (text == NULL || strlen(text) != len) return NULL;
    lines = calloc(count_lines(text) + 1, sizeof *lines);
    for (char *line = text; lines != NULL && line != NULL;) {
        char *end = strchr(line, '\n');
        if (end != NULL) *end = '\0';
        if (line[0] != '\0') lines[count++] = line;
        line = end == NULL ? NULL : &end[1];
    }
    return lines;
}
