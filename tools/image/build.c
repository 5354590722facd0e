/* SPDX-License-Identifier: Apache-2.0 */
#include "image/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/error.h"

enum { modules_max = 99 };

static bool refuse(grille_error *error, const char *what, const char *text) {
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%s: \"%.200s\"", what, text);
    return false;
}

static const char *name_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : &slash[1];
}

bool image_boot_tree(image_tree *tree, const char *init, image_lines modules, grille_error *error) {
    const image_entry *found = NULL;
    if (!image_tree_put_file(tree, IMAGE_INIT_PATH, init, error)) return false;
    found = image_tree_find(tree, IMAGE_INIT_PATH);
    if ((found->mode & 0100) == 0) return refuse(error, "the init is no program: it is not executable", init);
    if (modules.count > modules_max) return refuse(error, "more than 99 modules", modules.text[modules_max]);
    for (size_t i = 0; i < modules.count; i++) {
        char path[IMAGE_PATH_MAX];
        const int len = snprintf(path, sizeof path, IMAGE_MODULES_PATH "/%02zu-%s", i + 1, name_of(modules.text[i]));
        if (len >= (int)sizeof path) return refuse(error, "a module's name is too long", modules.text[i]);
        if (!image_tree_put_file(tree, path, modules.text[i], error)) return false;
    }
    return true;
}

static bool put_lines(image_tree *tree, const char *path, image_lines lines, grille_error *error) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    bool good = out != NULL;
    for (size_t i = 0; i < lines.count && good; i++)
        good = fprintf(out, "%s\n", lines.text[i]) >= 0;
    if (out != NULL && fclose(out) != 0) good = false;
    if (good) {
        const image_entry entry = {
            .path = path, .mode = S_IFREG | 0644, .content = grille_bytes_of((const uint8_t *)text, len)};
        good = image_tree_put(tree, &entry, error);
    } else {
        (void)grille_error_set(error, GRILLE_REASON_OUT_OF_MEMORY, "no memory for /%s", path);
    }
    free(text);
    return good;
}

bool image_add_command(image_tree *tree, image_lines cmd, image_lines env, grille_error *error) {
    if (cmd.count == 0 || cmd.text[0][0] == '\0') return refuse(error, "an enclave needs a command to run", "");
    for (size_t i = 0; i < cmd.count; i++)
        if (strchr(cmd.text[i], '\n') != NULL)
            return refuse(error, "a word of the command has a line break", cmd.text[i]);
    for (size_t i = 0; i < env.count; i++) {
        const char *equals = strchr(env.text[i], '=');
        if (equals == NULL || equals == env.text[i]) return refuse(error, "no NAME=VALUE", env.text[i]);
        if (strchr(env.text[i], '\n') != NULL) return refuse(error, "a variable has a line break", env.text[i]);
    }
    return put_lines(tree, IMAGE_CMD_PATH, cmd, error) && put_lines(tree, IMAGE_ENV_PATH, env, error);
}
