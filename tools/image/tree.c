/* SPDX-License-Identifier: Apache-2.0 */
#include "image/tree.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/error.h"

struct image_tree {
    void *root; /* of tsearch(3), by path */
    size_t count;
};

/* One block: the entry, its path, its content. */
typedef struct node {
    image_entry entry;
    char path[];
} node;

static int by_path(const void *a, const void *b) {
    return strcmp(((const node *)a)->entry.path, ((const node *)b)->entry.path);
}

image_tree *image_tree_new(void) {
    return calloc(1, sizeof(image_tree));
}

void image_tree_free(image_tree *tree) {
    if (tree == NULL) return;
    tdestroy(tree->root, free);
    free(tree);
}

static node *find(const image_tree *tree, const char *path) {
    const node key = {.entry = {.path = path}};
    node *const *found = tfind(&key, &tree->root, by_path);
    return found == NULL ? NULL : *found;
}

const image_entry *image_tree_find(const image_tree *tree, const char *path) {
    const node *found = find(tree, path);
    return found == NULL ? NULL : &found->entry;
}

size_t image_tree_count(const image_tree *tree) {
    return tree->count;
}

static void drop(image_tree *tree, node *one) {
    (void)tdelete(one, &tree->root, by_path);
    tree->count--;
    free(one);
}

/* ---- Walks ---- */

typedef struct walk {
    void (*visit)(const image_entry *entry, void *context);
    void *context;
} walk;

static void walk_node(const void *at, VISIT order, void *context) {
    const walk *w = context;
    if (order == postorder || order == leaf) w->visit(&(*(node *const *)at)->entry, w->context);
}

void image_tree_walk(const image_tree *tree, void (*visit)(const image_entry *entry, void *context), void *context) {
    walk w = {.visit = visit, .context = context};
    twalk_r(tree->root, walk_node, &w);
}

/* Some of what is below a path: a walk can't take away what it walks over. */
typedef struct below {
    const char *path;
    size_t path_len;
    const image_entry *found[256];
    size_t count;
} below;

static void find_below(const image_entry *entry, void *context) {
    below *b = context;
    const bool inside =
        b->path_len == 0 || (strncmp(entry->path, b->path, b->path_len) == 0 && entry->path[b->path_len] == '/');
    if (inside && b->count < sizeof b->found / sizeof b->found[0]) b->found[b->count++] = entry;
}

static const char *without_root(const char *path) {
    for (;;) {
        if (path[0] == '/') {
            path++;
        } else if (path[0] == '.' && (path[1] == '/' || path[1] == '\0')) {
            path++;
        } else {
            return path;
        }
    }
}

void image_tree_empty(image_tree *tree, const char *path) {
    const char *inner = without_root(path);
    below b = {.path = inner, .path_len = strlen(inner)};
    do {
        b.count = 0;
        image_tree_walk(tree, find_below, &b);
        for (size_t i = 0; i < b.count; i++)
            drop(tree, find(tree, b.found[i]->path));
    } while (b.count > 0);
}

void image_tree_remove(image_tree *tree, const char *path) {
    node *found = find(tree, without_root(path));
    if (found == NULL) return;
    if (S_ISDIR(found->entry.mode)) image_tree_empty(tree, path);
    drop(tree, found);
}

/* ---- Putting ---- */

static bool refuse(grille_error *error, const char *path, const char *what) {
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "%.200s can't be put into an image: %s", path, what);
    return false;
}

/* Writes the path without a leading or trailing slash, doubled ones and "."; false for "..". */
static bool clean_path(const char *path, char clean[IMAGE_PATH_MAX], grille_error *error) {
    size_t len = 0;
    for (const char *at = path; *at != '\0';) {
        const size_t part = strcspn(at, "/");
        if (part == 2 && at[0] == '.' && at[1] == '.') return refuse(error, path, "its path has \"..\"");
        if (part > 0 && !(part == 1 && at[0] == '.')) {
            if (len + part + 2 > IMAGE_PATH_MAX) return refuse(error, path, "its path is too long");
            if (len > 0) clean[len++] = '/';
            memcpy(&clean[len], at, part);
            len += part;
        }
        at = &at[part];
        at = &at[strspn(at, "/")];
    }
    clean[len] = '\0';
    return true;
}

static bool is_kept_type(const image_entry *entry) {
    return S_ISREG(entry->mode) || S_ISDIR(entry->mode) || S_ISLNK(entry->mode) || S_ISCHR(entry->mode) ||
           S_ISBLK(entry->mode) || S_ISFIFO(entry->mode);
}

static bool keep(image_tree *tree, const char *path, const image_entry *entry, grille_error *error) {
    const size_t path_len = strlen(path) + 1;
    const bool has_content = S_ISREG(entry->mode) || S_ISLNK(entry->mode);
    const grille_bytes content = has_content ? entry->content : (grille_bytes){.data = NULL};
    node *made = malloc(sizeof *made + path_len + content.len);
    if (made == NULL || tree->count >= IMAGE_ENTRIES_MAX) {
        free(made);
        return refuse(error, path, "there is no memory for it, or there are too many files");
    }
    made->entry = *entry;
    /* A link has no permissions of its own. */
    if (S_ISLNK(entry->mode)) made->entry.mode = S_IFLNK | 0777;
    memcpy(made->path, path, path_len);
    if (content.len > 0) memcpy(&made->path[path_len], content.data, content.len);
    made->entry.path = made->path;
    made->entry.content = grille_bytes_of((const uint8_t *)&made->path[path_len], content.len);
    if (tsearch(made, &tree->root, by_path) == NULL) {
        free(made);
        return refuse(error, path, "there is no memory for it");
    }
    tree->count++;
    return true;
}

/* The folders above; `path` is cut at each slash and mended again. */
static bool put_parents(image_tree *tree, char *path, grille_error *error) {
    for (char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        const image_entry *found = NULL;
        bool good = true;
        *slash = '\0';
        found = image_tree_find(tree, path);
        if (found == NULL) {
            good = keep(tree, path, &(image_entry){.mode = S_IFDIR | 0755}, error);
        } else if (!S_ISDIR(found->mode)) {
            good = refuse(error, path, "something is to be below it, and it is no folder");
        }
        *slash = '/';
        if (!good) return false;
    }
    return true;
}

bool image_tree_put(image_tree *tree, const image_entry *entry, grille_error *error) {
    char path[IMAGE_PATH_MAX];
    node *old = NULL;
    if (!clean_path(entry->path, path, error)) return false;
    if (path[0] == '\0') return S_ISDIR(entry->mode) || refuse(error, entry->path, "it is the root");
    if (!is_kept_type(entry)) return refuse(error, entry->path, "it is no file, folder, link, pipe or device");
    if (entry->content.len > IMAGE_FILE_MAX) return refuse(error, entry->path, "it is longer than 2 GiB");
    if (!put_parents(tree, path, error)) return false;
    old = find(tree, path);
    if (old != NULL && S_ISDIR(old->entry.mode) && S_ISDIR(entry->mode)) {
        const image_entry changed = *entry;
        old->entry.mode = changed.mode;
        old->entry.owner = changed.owner;
        old->entry.group = changed.group;
        return true;
    }
    image_tree_remove(tree, path);
    return keep(tree, path, entry, error);
}
