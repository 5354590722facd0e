/* SPDX-License-Identifier: Apache-2.0
 * Archives in the form "newc", of which a kernel makes its first file system (Linux
 * Documentation/driver-api/early-userspace/buffer-format.rst). A tree gives the same bytes always: sorted, inode
 * numbers counted from 1, all times 0. It is written here and by no library, because measurements depend on each byte.
 */
#ifndef GRILLE_TOOLS_IMAGE_CPIO_H
#define GRILLE_TOOLS_IMAGE_CPIO_H

#include "base/reader.h"
#include "image/tree.h"

/* The archive of the tree, in memory of its own: free(3) by the caller. False: OUT_OF_MEMORY. */
GRILLE_MUST_USE bool cpio_write(const image_tree *tree, uint8_t **archive, size_t *len, grille_error *error);

typedef enum cpio_step {
    CPIO_ENTRY, /* *entry was filled; it views the archive */
    CPIO_END,   /* the trailer, or no bytes; zeros that follow were taken */
    CPIO_BAD,   /* malformed; *error says at which byte of the archive */
} cpio_step;

/* The next entry of `archive`, at *at (0 at first), which goes on behind it. */
GRILLE_MUST_USE cpio_step cpio_next(grille_bytes archive, size_t *at, image_entry *entry, grille_error *error);

#endif
