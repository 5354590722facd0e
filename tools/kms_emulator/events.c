/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/error.h"
#include "kms_emulator/folder.h"
#include "kms_emulator/json_file.h"

struct kms_events {
    int fd;
};

kms_events *kms_events_open(const char *folder, grille_error *error) {
    char path[PATH_MAX];
    kms_events *events = malloc(sizeof *events);
    if (events == NULL || !kms_path_join(path, folder, KMS_EVENTS_FILE, error)) {
        if (events == NULL) (void)grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
        free(events);
        return NULL;
    }
    events->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (events->fd >= 0) return events;
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "can't open %s: %s", path, strerror(errno));
    free(events);
    return NULL;
}

void kms_events_close(kms_events *events) {
    if (events == NULL) return;
    (void)close(events->fd);
    free(events);
}

bool kms_events_add(kms_events *events, const char *line) {
    char end[] = "\n";
    struct iovec parts[2] = {{.iov_len = 0}, {.iov_base = end, .iov_len = 1}};
    ssize_t written = -1;
    if (line == NULL) return true;
    parts[0] = (struct iovec){.iov_base = (void *)(uintptr_t)line, .iov_len = strlen(line)};
    do
        written = writev(events->fd, parts, 2);
    while (written < 0 && errno == EINTR);
    return written == (ssize_t)(parts[0].iov_len + 1);
}
