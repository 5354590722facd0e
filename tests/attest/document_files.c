/* SPDX-License-Identifier: Apache-2.0 */
#include "document_files.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"

grille_bytes document_file(const char *name) {
    static uint8_t buffers[4][20000];
    static unsigned next;
    uint8_t *buffer = buffers[next++ % 4];
    char path[1024];
    size_t len;
    FILE *file;
    (void)snprintf(path, sizeof path, "%s%s", name[0] == '/' ? "" : "tests/attest/synthetic/", name);
    file = fopen(path, "rb");
    if (file == NULL) {
        (void)fprintf(stderr, "no such file: %s\n", path);
        abort();
    }
    len = fread(buffer, 1, sizeof buffers[0], file);
    (void)fclose(file);
    return grille_bytes_of(buffer, len);
}
