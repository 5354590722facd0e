/* SPDX-License-Identifier: Apache-2.0
 * A tree of files that becomes a ramdisk: collected from files, folders and layers, walked in one order whatever the
 * order of collecting. Nothing of the machine that builds gets in: times and inode numbers are not kept at all. */
#ifndef GRILLE_TOOLS_IMAGE_TREE_H
#define GRILLE_TOOLS_IMAGE_TREE_H

#include <stdbool.h>
#include <sys/types.h>

#include "grille/reasons.h"

/* A longer path can't be opened in the enclave (Linux PATH_MAX). */
#define IMAGE_PATH_MAX 4096
/* A ramdisk is in memory as archive and as files: more than this boots on no instance. */
#define IMAGE_FILE_MAX    (UINT32_C(1) << 31)
#define IMAGE_ENTRIES_MAX 1000000u

typedef struct image_entry {
    const char *path; /* "etc/hosts" */
    mode_t mode;      /* type and permissions, as stat(2) */
    uint32_t owner, group;
    uint32_t device_major, device_minor;
    grille_bytes content; /* of a file; of a link where it leads */
} image_entry;

/* Owner: whoever made it. One thread. */
typedef struct image_tree image_tree;

/* NULL without memory. */
image_tree *image_tree_new(void);
void image_tree_free(image_tree *tree);

/* Puts an entry in the place of what has its path; all of it is copied. A leading "/" or "./" of the path does not
 * count. Missing folders above are made (0755, root). False with BAD_ARGUMENT: a path with "..", one too long, below
 * something that is no folder, or of a type that no ramdisk holds; a file over IMAGE_FILE_MAX, too many entries. */
GRILLE_MUST_USE bool image_tree_put(image_tree *tree, const image_entry *entry, grille_error *error);

/* Takes away what has this path, and everything below. */
void image_tree_remove(image_tree *tree, const char *path);
/* Takes away everything below this path. */
void image_tree_empty(image_tree *tree, const char *path);

/* The entry at the path (as it is kept, without a leading "/"), or NULL. */
const image_entry *image_tree_find(const image_tree *tree, const char *path);

/* Calls `visit` for each, sorted by the bytes of the path: a folder before what is in it. */
void image_tree_walk(const image_tree *tree, void (*visit)(const image_entry *entry, void *context), void *context);
size_t image_tree_count(const image_tree *tree);

/* The file of the host at `host_path`, as root's, 0755 when its owner may run it, else 0644. */
GRILLE_MUST_USE bool image_tree_put_file(image_tree *tree, const char *path, const char *host_path,
                                         grille_error *error);
/* Everything below a folder of the host: files as above, folders 0755, links as they are. Sockets, pipes and devices
 * are refused. `path` "": the root. */
GRILLE_MUST_USE bool image_tree_put_folder(image_tree *tree, const char *path, const char *host_folder,
                                           grille_error *error);

#endif
