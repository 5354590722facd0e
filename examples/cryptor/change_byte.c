/* SPDX-License-Identifier: Apache-2.0
 * Copies an enclave image with one byte changed: the first one of the last place in its last ramdisk that holds a text.
 * The copy is as well formed as the image; what Nitro measures tells them apart.
 * usage: change_byte IMAGE COPY TEXT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/eif_write.h"
#include "image/file.h"

/* Turns a letter into the same one of the other case. */
#define CASE_BIT 0x20

static uint8_t *last_place(uint8_t *bytes, size_t len, const char *text) {
    uint8_t *found = NULL;
    uint8_t *at = memmem(bytes, len, text, strlen(text));
    while (at != NULL) {
        found = at;
        at = memmem(found + 1, len - (size_t)(found + 1 - bytes), text, strlen(text));
    }
    return found;
}

static bool write_copy(const eif *image, const char *path) {
    FILE *file = fopen(path, "wbe");
    const bool written = file != NULL && eif_write(image, file);
    if (file != NULL && fclose(file) == 0 && written) return true;
    (void)fprintf(stderr, "change_byte: can't write %s: %s\n", path, strerror(errno));
    return false;
}

static bool change(eif *image, const char *path, const char *text) {
    eif_section *last = NULL;
    uint8_t *changed = NULL, *place = NULL;
    bool done = false;
    for (size_t i = 0; i < image->section_count; i++) {
        if (image->sections[i].type == EIF_RAMDISK) last = &image->sections[i];
    }
    changed = last == NULL ? NULL : malloc(last->content.len);
    if (changed == NULL) return false;
    memcpy(changed, last->content.data, last->content.len);
    place = last_place(changed, last->content.len, text);
    if (place == NULL) {
        (void)fprintf(stderr, "change_byte: the last ramdisk holds no \"%s\"\n", text);
    } else {
        *place ^= CASE_BIT;
        last->content.data = changed;
        done = write_copy(image, path);
        if (done) (void)printf("byte %zu of the last ramdisk is changed\n", (size_t)(place - changed));
    }
    free(changed);
    return done;
}

int main(int argc, char **argv) {
    grille_error error = {.code = GRILLE_OK};
    grille_bytes file = {NULL, 0};
    eif image;
    bool done = false;
    if (argc != 4 || argv[3][0] == '\0') {
        (void)fputs("usage: change_byte IMAGE COPY TEXT\n", stderr);
        return 2;
    }
    if (image_file_map(argv[1], &file, &error)) {
        done = eif_read(file, &image, &error) && change(&image, argv[2], argv[3]);
        image_file_unmap(file);
    }
    if (error.code != GRILLE_OK) (void)fprintf(stderr, "change_byte: %s: %s\n", argv[1], error.text);
    return done ? 0 : 1;
}
