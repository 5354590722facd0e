/* SPDX-License-Identifier: Apache-2.0
 * What comes from files and folders of the host. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "image/file.h"
#include "image/tree.h"

static bool failed(grille_error *error, const char *what, const char *path) {
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "can't %s %.200s: %s", what, path, strerror(errno));
    return false;
}

bool image_tree_put_file(image_tree *tree, const char *path, const char *host_path, grille_error *error) {
    image_entry entry = {.path = path};
    struct stat status;
    bool good = false;
    if (stat(host_path, &status) != 0) return failed(error, "look at", host_path);
    if (!image_file_map(host_path, &entry.content, error)) return false;
    entry.mode = S_IFREG | ((status.st_mode & S_IXUSR) != 0 ? 0755 : 0644);
    good = image_tree_put(tree, &entry, error);
    image_file_unmap(entry.content);
    return good;
}

static bool put_link(image_tree *tree, const char *path, const char *host_path, grille_error *error) {
    char target[IMAGE_PATH_MAX];
    const ssize_t len = readlink(host_path, target, sizeof target);
    if (len < 0) return failed(error, "read the link", host_path);
    return image_tree_put(tree,
                          &(image_entry){.path = path,
                                         .mode = S_IFLNK | 0777,
                                         .content = grille_bytes_of((const uint8_t *)target, (size_t)len)},
                          error);
}

static bool put_member(image_tree *tree, const char *path, const char *host_path, grille_error *error) {
    struct stat status;
    if (lstat(host_path, &status) != 0) return failed(error, "look at", host_path);
    if (S_ISREG(status.st_mode)) return image_tree_put_file(tree, path, host_path, error);
    if (S_ISLNK(status.st_mode)) return put_link(tree, path, host_path, error);
    if (S_ISDIR(status.st_mode)) {
        return image_tree_put(tree, &(image_entry){.path = path, .mode = S_IFDIR | 0755}, error) &&
               image_tree_put_folder(tree, path, host_path, error);
    }
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                           "%.200s is no file, folder or link: it can't be put into an image", host_path);
    return false;
}

static bool put_members(image_tree *tree, const char *path, const char *host_folder, DIR *folder, grille_error *error) {
    const struct dirent *member = NULL;
    while ((errno = 0, member = readdir(folder)) != NULL) {
        char inner[IMAGE_PATH_MAX], outer[IMAGE_PATH_MAX];
        if (strcmp(member->d_name, ".") == 0 || strcmp(member->d_name, "..") == 0) continue;
        if (snprintf(inner, sizeof inner, "%s%s%s", path, path[0] == '\0' ? "" : "/", member->d_name) >=
                (int)sizeof inner ||
            snprintf(outer, sizeof outer, "%s/%s", host_folder, member->d_name) >= (int)sizeof outer) {
            (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "a path below %.200s is too long", host_folder);
            return false;
        }
        if (!put_member(tree, inner, outer, error)) return false;
    }
    return errno == 0 || failed(error, "read the folder", host_folder);
}

bool image_tree_put_folder(image_tree *tree, const char *path, const char *host_folder, grille_error *error) {
    DIR *folder = opendir(host_folder);
    bool good = false;
    if (folder == NULL) return failed(error, "open the folder", host_folder);
    good = put_members(tree, path, host_folder, folder, error);
    (void)closedir(folder);
    return good;
}
