/* SPDX-License-Identifier: Apache-2.0 */
#include "image/container_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/bytes.h"
#include "base/error.h"

enum { block_bytes = 64 * 1024 };

/* OCI image specification, layer.md, "Whiteouts". */
static const char whiteout[] = ".wh.";
static const char opaque[] = ".wh..wh..opq";

static bool refuse(grille_error *error, const char *name, const char *what) {
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "the container image, %.200s: %s", name,
                           what == NULL ? "it is no tar" : what);
    return false;
}

static struct archive *new_reader(void) {
    struct archive *reader = archive_read_new();
    if (reader == NULL) return NULL;
    (void)archive_read_support_format_tar(reader);
    (void)archive_read_support_filter_gzip(reader);
    return reader;
}

/* Names are UTF-8 in such tars, whatever the locale. */
static const char *path_of(struct archive_entry *entry) {
    const char *path = archive_entry_pathname_utf8(entry);
    return path == NULL ? archive_entry_pathname(entry) : path;
}

/* "./manifest.json" is manifest.json. */
static bool is_named(struct archive_entry *entry, const char *name) {
    const char *path = path_of(entry);
    if (path != NULL && strncmp(path, "./", 2) == 0) path = &path[2];
    return path != NULL && strcmp(path, name) == 0;
}

/* The tar at `path`, standing at its member `name`; NULL when there is none. */
static struct archive *open_at(const char *path, const char *name, struct archive_entry **entry, grille_error *error) {
    struct archive *outer = new_reader();
    int step = ARCHIVE_FATAL;
    if (outer != NULL) step = archive_read_open_filename(outer, path, block_bytes);
    if (step != ARCHIVE_OK) {
        (void)refuse(error, path, outer == NULL ? "no memory" : archive_error_string(outer));
        (void)archive_read_free(outer);
        return NULL;
    }
    do {
        step = archive_read_next_header(outer, entry);
    } while (step == ARCHIVE_OK && !is_named(*entry, name));
    if (step == ARCHIVE_OK) return outer;
    if (step == ARCHIVE_EOF) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                               "%.200s has no %.200s: it is not what docker save or podman save writes", path, name);
    } else {
        (void)refuse(error, path, archive_error_string(outer));
    }
    (void)archive_read_free(outer);
    return NULL;
}

/* The whole content of the entry at which a reader stands, into memory of its own. */
static bool read_content(struct archive *reader, struct archive_entry *entry, const char *name, size_t most,
                         uint8_t **content, size_t *len, grille_error *error) {
    const int64_t size = archive_entry_size(entry);
    la_ssize_t got = 0;
    if (size < 0 || (uint64_t)size > most) return refuse(error, name, "it is too long");
    *content = malloc((size_t)size + 1);
    if (*content == NULL) return refuse(error, name, "no memory for it");
    got = size == 0 ? 0 : archive_read_data(reader, *content, (size_t)size);
    *len = (size_t)size;
    if (got == size) return true;
    free(*content);
    *content = NULL;
    return refuse(error, name, got < 0 ? archive_error_string(reader) : "it is shorter than it says");
}

bool container_member(const char *path, const char *name, char **content, size_t *len, grille_error *error) {
    struct archive_entry *entry = NULL;
    struct archive *outer = open_at(path, name, &entry, error);
    uint8_t *bytes = NULL;
    bool good = false;
    if (outer == NULL) return false;
    good = read_content(outer, entry, name, IMAGE_JSON_MAX, &bytes, len, error);
    (void)archive_read_free(outer);
    *content = (char *)bytes;
    return good;
}

/* ---- Layers ---- */

/* A layer while it is read: a tar inside of a member of a tar. */
typedef struct layer {
    struct archive *outer, *inner;
    uint8_t block[block_bytes];
} layer;

static la_ssize_t read_outer(struct archive *inner, void *context, const void **block) {
    layer *l = context;
    const la_ssize_t got = archive_read_data(l->outer, l->block, sizeof l->block);
    (void)inner;
    *block = l->block;
    return got < 0 ? ARCHIVE_FATAL : got;
}

typedef bool apply_entry(struct archive *reader, struct archive_entry *entry, const char *path, image_tree *tree,
                         grille_error *error);

static bool each_entry(layer *l, const char *name, const char *prefix, apply_entry *apply, image_tree *tree,
                       grille_error *error) {
    for (;;) {
        struct archive_entry *entry = NULL;
        char path[IMAGE_PATH_MAX];
        const int step = archive_read_next_header(l->inner, &entry);
        if (step == ARCHIVE_EOF) return true;
        if (step != ARCHIVE_OK) return refuse(error, name, archive_error_string(l->inner));
        if (path_of(entry) == NULL ||
            snprintf(path, sizeof path, "%s/%s", prefix, path_of(entry)) >= (int)sizeof path) {
            return refuse(error, name, "a path is too long or no text");
        }
        if (!apply(l->inner, entry, path, tree, error)) return false;
    }
}

static bool walk_layer(const char *tar, const char *name, const char *prefix, apply_entry *apply, image_tree *tree,
                       grille_error *error) {
    layer *l = calloc(1, sizeof *l);
    struct archive_entry *entry = NULL;
    bool good = false;
    if (l == NULL) return refuse(error, name, "no memory for it");
    l->outer = open_at(tar, name, &entry, error);
    l->inner = l->outer == NULL ? NULL : new_reader();
    if (l->inner != NULL) {
        good = archive_read_open(l->inner, l, NULL, read_outer, NULL) == ARCHIVE_OK ||
               refuse(error, name, archive_error_string(l->inner));
        good = good && each_entry(l, name, prefix, apply, tree, error);
    }
    (void)archive_read_free(l->inner);
    (void)archive_read_free(l->outer);
    free(l);
    return good;
}

/* Where the last part of a path begins; each has a prefix before it. */
static size_t last_part(const char *path) {
    return (size_t)(strrchr(path, '/') - path) + 1;
}

static bool is_whiteout(const char *path) {
    return strncmp(&path[last_part(path)], whiteout, sizeof whiteout - 1) == 0;
}

static bool take_away(struct archive *reader, struct archive_entry *entry, const char *path, image_tree *tree,
                      grille_error *error) {
    const size_t last = last_part(path);
    char target[IMAGE_PATH_MAX];
    (void)reader;
    (void)entry;
    (void)error;
    if (!is_whiteout(path)) return true;
    if (strcmp(&path[last], opaque) == 0) {
        (void)snprintf(target, sizeof target, "%.*s", (int)last - 1, path);
        image_tree_empty(tree, target);
    } else {
        (void)snprintf(target, sizeof target, "%.*s%s", (int)last, path, &path[last + sizeof whiteout - 1]);
        image_tree_remove(tree, target);
    }
    return true;
}

/* A second name of a file that was there before. */
static bool bring_second_name(struct archive_entry *entry, const char *path, image_tree *tree, grille_error *error) {
    const char *first = archive_entry_hardlink_utf8(entry);
    char target[IMAGE_PATH_MAX];
    const image_entry *found = NULL;
    image_entry copy;
    size_t prefix_len = strlen(path) - strlen(path_of(entry));
    if (first == NULL) first = archive_entry_hardlink(entry);
    if (first == NULL ||
        snprintf(target, sizeof target, "%.*s%s", (int)prefix_len, path, first) >= (int)sizeof target) {
        return refuse(error, path, "a link is too long or no text");
    }
    found = image_tree_find(tree, target);
    if (found == NULL) return refuse(error, path, "it is a second name of something that is not there");
    copy = *found;
    copy.path = path;
    return image_tree_put(tree, &copy, error);
}

static bool bring(struct archive *reader, struct archive_entry *entry, const char *path, image_tree *tree,
                  grille_error *error) {
    uint8_t *content = NULL;
    const char *link = NULL;
    bool good = true;
    image_entry made = {.path = path,
                        .mode = archive_entry_mode(entry),
                        .owner = (uint32_t)archive_entry_uid(entry),
                        .group = (uint32_t)archive_entry_gid(entry)};
    if (is_whiteout(path)) return true;
    if (archive_entry_hardlink(entry) != NULL) return bring_second_name(entry, path, tree, error);
    if (S_ISLNK(made.mode)) {
        link = archive_entry_symlink_utf8(entry);
        if (link == NULL) link = archive_entry_symlink(entry);
        if (link == NULL) return refuse(error, path, "a link is no text");
        made.content = grille_bytes_of_text(link);
    } else if (S_ISREG(made.mode)) {
        size_t len = 0;
        good = read_content(reader, entry, path, IMAGE_FILE_MAX, &content, &len, error);
        made.content = grille_bytes_of(content, len);
    } else if (S_ISCHR(made.mode) || S_ISBLK(made.mode)) {
        made.device_major = (uint32_t)archive_entry_rdevmajor(entry);
        made.device_minor = (uint32_t)archive_entry_rdevminor(entry);
    }
    good = good && image_tree_put(tree, &made, error);
    free(content);
    return good;
}

bool container_apply_layer(const char *path, const char *name, const char *prefix, image_tree *tree,
                           grille_error *error) {
    return walk_layer(path, name, prefix, take_away, tree, error) && walk_layer(path, name, prefix, bring, tree, error);
}
