/* SPDX-License-Identifier: Apache-2.0 */
#include "image/container.h"

#include <jansson.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "image/container_archive.h"

static bool refuse(grille_error *error, const char *what) {
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "the container image: %s", what);
    return false;
}

static json_t *load_member(const char *tar, const char *name, grille_error *error) {
    json_error_t problem = {.line = 0};
    char *text = NULL;
    size_t len = 0;
    json_t *loaded = NULL;
    if (!container_member(tar, name, &text, &len, error)) return NULL;
    loaded = json_loadb(text, len, JSON_REJECT_DUPLICATES, &problem);
    free(text);
    if (loaded == NULL) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "the container image, %.100s, line %d, column %d: %s",
                               name, problem.line, problem.column, problem.text);
    }
    return loaded;
}

/* Adds copies of an array's texts; absent and null are empty. */
static bool add_texts(const json_t *array, char ***texts, size_t *count) {
    const size_t more = json_array_size(array);
    char **grown = NULL;
    if (array == NULL || json_is_null(array)) return true;
    if (!json_is_array(array)) return false;
    grown = reallocarray(*texts, *count + more + 1, sizeof *grown);
    if (grown == NULL) return false;
    *texts = grown;
    for (size_t i = 0; i < more; i++) {
        const char *text = json_string_value(json_array_get(array, i));
        if (text == NULL || (grown[*count] = strdup(text)) == NULL) return false;
        ++*count;
    }
    return true;
}

static char *copy_text(const json_t *text) {
    return strdup(json_is_string(text) ? json_string_value(text) : "");
}

static bool read_configuration(const json_t *all, image_container *container, grille_error *error) {
    const json_t *config = json_object_get(all, "config");
    container->working_folder = copy_text(json_object_get(config, "WorkingDir"));
    container->user = copy_text(json_object_get(config, "User"));
    if (container->working_folder != NULL && container->user != NULL &&
        add_texts(json_object_get(config, "Entrypoint"), &container->cmd, &container->cmd_count) &&
        add_texts(json_object_get(config, "Cmd"), &container->cmd, &container->cmd_count) &&
        add_texts(json_object_get(config, "Env"), &container->env, &container->env_count)) {
        return true;
    }
    return refuse(error, "its configuration has a command or variables that are no texts");
}

static bool apply_layers(const char *tar, const json_t *layers, const char *path, image_tree *tree,
                         grille_error *error) {
    if (!json_is_array(layers) || json_array_size(layers) == 0) return refuse(error, "manifest.json names no layers");
    for (size_t i = 0; i < json_array_size(layers); i++) {
        const char *name = json_string_value(json_array_get(layers, i));
        if (name == NULL) return refuse(error, "manifest.json names a layer by no text");
        if (!container_apply_layer(tar, name, path, tree, error)) return false;
    }
    return true;
}

static bool read_image(const char *tar, const json_t *manifest, const char *path, image_tree *tree,
                       image_container *container, grille_error *error) {
    const json_t *image = json_array_get(manifest, 0);
    const char *config_name = json_string_value(json_object_get(image, "Config"));
    json_t *config = NULL;
    bool good = false;
    if (json_array_size(manifest) != 1) return refuse(error, "manifest.json is not of one image: save one");
    if (config_name == NULL) return refuse(error, "manifest.json names no configuration");
    config = load_member(tar, config_name, error);
    good = config != NULL && read_configuration(config, container, error) &&
           apply_layers(tar, json_object_get(image, "Layers"), path, tree, error);
    json_decref(config);
    return good;
}

static bool read_tar(const char *tar, const char *path, image_tree *tree, image_container *container,
                     grille_error *error) {
    json_t *manifest = load_member(tar, "manifest.json", error);
    const bool good = manifest != NULL && read_image(tar, manifest, path, tree, container, error);
    json_decref(manifest);
    return good;
}

bool image_container_read(const char *tar, const char *path, image_tree *tree, image_container *container,
                          grille_error *error) {
    /* libarchive converts names to the locale's letters, and the image must not depend on who builds it. */
    const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    const locale_t before = utf8 == (locale_t)0 ? utf8 : uselocale(utf8);
    bool good = false;
    *container = (image_container){.cmd = NULL};
    good = utf8 == (locale_t)0 ? refuse(error, "this machine has no locale C.UTF-8")
                               : read_tar(tar, path, tree, container, error);
    if (utf8 != (locale_t)0) {
        (void)uselocale(before);
        freelocale(utf8);
    }
    if (!good) image_container_free(container);
    return good;
}

static void free_texts(char **texts, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

void image_container_free(image_container *container) {
    free_texts(container->cmd, container->cmd_count);
    free_texts(container->env, container->env_count);
    free(container->working_folder);
    free(container->user);
    *container = (image_container){.cmd = NULL};
}
