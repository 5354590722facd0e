/* SPDX-License-Identifier: Apache-2.0
 * grille_ramdisk OUTPUT GUEST=HOST…: a ramdisk of these files, the same bytes for the same files. For the build. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/cpio.h"

static bool put(image_tree *tree, const char *pair, grille_error *error) {
    const char *equals = strchr(pair, '=');
    char guest[IMAGE_PATH_MAX];
    if (equals == NULL || snprintf(guest, sizeof guest, "%.*s", (int)(equals - pair), pair) >= (int)sizeof guest) {
        (void)snprintf(error->text, sizeof error->text, "no GUEST=HOST: \"%.100s\"", pair);
        return false;
    }
    return image_tree_put_file(tree, guest, equals + 1, error);
}

static bool write_file(const char *path, const uint8_t *bytes, size_t len, grille_error *error) {
    FILE *file = fopen(path, "we");
    bool good = file != NULL && fwrite(bytes, 1, len, file) == len;
    if (file != NULL && fclose(file) != 0) good = false;
    if (!good) (void)snprintf(error->text, sizeof error->text, "can't write %.100s: %s", path, strerror(errno));
    return good;
}

int main(int argc, char **argv) {
    image_tree *tree = image_tree_new();
    grille_error error = {.code = GRILLE_OK};
    uint8_t *archive = NULL;
    size_t len = 0;
    bool good = tree != NULL && argc > 2;
    if (!good) (void)snprintf(error.text, sizeof error.text, "usage: grille_ramdisk OUTPUT GUEST=HOST…");
    for (int i = 2; i < argc && good; i++)
        good = put(tree, argv[i], &error);
    good = good && cpio_write(tree, &archive, &len, &error) && write_file(argv[1], archive, len, &error);
    if (!good) (void)fprintf(stderr, "grille_ramdisk: %s\n", error.text);
    free(archive);
    image_tree_free(tree);
    return good ? 0 : 1;
}
