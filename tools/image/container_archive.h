/* SPDX-License-Identifier: Apache-2.0
 * Archives, and archives in archives, of container images. */
#ifndef GRILLE_TOOLS_IMAGE_CONTAINER_ARCHIVE_H
#define GRILLE_TOOLS_IMAGE_CONTAINER_ARCHIVE_H

#include "image/tree.h"

/* manifest.json and the configuration; more is not one. */
#define IMAGE_JSON_MAX (1u << 20)

/* The member `name` of the tar at `path`, in memory of its own: free(3). False: there is none, or it is longer than
 * IMAGE_JSON_MAX. */
GRILLE_MUST_USE bool container_member(const char *path, const char *name, char **content, size_t *len,
                                      grille_error *error);

/* Applies the layer that is the member `name`: first what it takes away of the layers below, then what it brings. */
GRILLE_MUST_USE bool container_apply_layer(const char *path, const char *name, const char *prefix, image_tree *tree,
                                           grille_error *error);

#endif
