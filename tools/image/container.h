/* SPDX-License-Identifier: Apache-2.0
 * Container images as `docker save` and `podman save` write them: a tar with manifest.json, a configuration and layers
 * (docker image specification v1.2; OCI image specification, layer.md). libarchive reads the tars. */
#ifndef GRILLE_TOOLS_IMAGE_CONTAINER_H
#define GRILLE_TOOLS_IMAGE_CONTAINER_H

#include "image/build.h"

/* What the image's author wanted run; the texts are owned. */
typedef struct image_container {
    char **cmd; /* entry point and command */
    size_t cmd_count;
    char **env;
    size_t env_count;
    char *working_folder; /* "" where there is none */
    char *user;
} image_container;

/* Puts the files of all layers below `path` of the tree, in their order, whiteouts applied, with their owners and
 * permissions; fills *container, for image_container_free. BAD_ARGUMENT: no such tar, an image of several, a layer that
 * is missing or damaged, a path that leaves the root. */
GRILLE_MUST_USE bool image_container_read(const char *tar, const char *path, image_tree *tree,
                                          image_container *container, grille_error *error);
void image_container_free(image_container *container);

#endif
