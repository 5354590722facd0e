/* SPDX-License-Identifier: Apache-2.0
 * The ramdisks of grille enclave build. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "enclave_parts.h"
#include "image/build.h"
#include "image/container.h"
#include "image/cpio.h"

static bool put_files(enclave_parts *b, image_tree *tree) {
    const enclave_request *r = &b->request;
    for (size_t i = 0; i < r->root_count; i++)
        if (!image_tree_put_folder(tree, IMAGE_ROOT_PATH, r->roots[i], &b->error)) return false;
    for (size_t i = 0; i < r->file_count; i++) {
        char guest[IMAGE_PATH_MAX];
        const char *equals = strchr(r->files[i], '=');
        if (equals == NULL || equals == r->files[i] || equals[1] == '\0') {
            return enclave_refuse_part(b, "--file is GUEST=HOST", r->files[i]);
        }
        if (snprintf(guest, sizeof guest, IMAGE_ROOT_PATH "/%.*s", (int)(equals - r->files[i]), r->files[i]) >=
            (int)sizeof guest) {
            return enclave_refuse_part(b, "the path is too long", r->files[i]);
        }
        if (!image_tree_put_file(tree, guest, &equals[1], &b->error)) return false;
    }
    return true;
}

/* True when a folder of the path, or the path itself, is a link: where it leads is the enclave's matter. */
static bool has_link(const image_tree *tree, const char *path) {
    char part[IMAGE_PATH_MAX];
    for (size_t len = strlen(IMAGE_ROOT_PATH); path[len] != '\0';) {
        const image_entry *found = NULL;
        len += 1 + strcspn(&path[len + 1], "/");
        (void)snprintf(part, sizeof part, "%.*s", (int)len, path);
        found = image_tree_find(tree, part);
        if (found != NULL && S_ISLNK(found->mode)) return true;
    }
    return false;
}

/* The command must be there: an enclave that can't start says so on a console that nobody sees. */
static bool check_command(enclave_parts *b, const image_tree *tree, const char *command) {
    char path[IMAGE_PATH_MAX];
    const image_entry *found = NULL;
    if (command[0] != '/') return enclave_refuse_part(b, "the command needs its whole path", command);
    if (snprintf(path, sizeof path, IMAGE_ROOT_PATH "%s", command) >= (int)sizeof path) {
        return enclave_refuse_part(b, "the command's path is too long", command);
    }
    if (has_link(tree, path)) return true;
    found = image_tree_find(tree, path);
    if (found == NULL) return enclave_refuse_part(b, "the command is not in the image", command);
    if (!S_ISREG(found->mode) || (found->mode & 0111) == 0) {
        return enclave_refuse_part(b, "the command is not executable", command);
    }
    return true;
}

/* What a container runtime would do and nitro-cli's layout has no place for. */
static void warn_of_what_is_lost(const enclave_parts *b, const image_container *container) {
    if (container->working_folder[0] != '\0' && strcmp(container->working_folder, "/") != 0) {
        (void)fprintf(
            stderr, "grille: warning: enclave build: %s: its working folder %s is not kept: the command starts in /\n",
            b->request.image_tar, container->working_folder);
    }
    if (container->user[0] != '\0') {
        (void)fprintf(stderr, "grille: warning: enclave build: %s: its user %s is not kept: the command runs as root\n",
                      b->request.image_tar, container->user);
    }
}

/* The container's variables, then those of the command line, which win. */
static bool add_command(enclave_parts *b, const image_container *container, image_tree *tree) {
    const enclave_request *r = &b->request;
    const bool own = r->cmd_count > 0;
    const image_lines cmd = {own ? r->cmd : (const char *const *)container->cmd,
                             own ? r->cmd_count : container->cmd_count};
    const size_t env_count = container->env_count + r->env_count;
    const char **env = calloc(env_count + 1, sizeof *env);
    bool good = env != NULL;
    for (size_t i = 0; i < env_count && good; i++)
        env[i] = i < container->env_count ? container->env[i] : r->env[i - container->env_count];
    good = good && image_add_command(tree, cmd, (image_lines){env, env_count}, &b->error) &&
           check_command(b, tree, cmd.text[0]);
    free(env);
    return good;
}

static bool fill_boot(enclave_parts *b, image_tree *tree) {
    return image_boot_tree(tree, b->request.init, (image_lines){b->request.modules, b->request.module_count},
                           &b->error);
}

static bool fill_application(enclave_parts *b, image_tree *tree) {
    image_container container = {.cmd = NULL};
    bool good = true;
    if (b->request.image_tar != NULL) {
        good = image_container_read(b->request.image_tar, IMAGE_ROOT_PATH, tree, &container, &b->error);
        if (good) warn_of_what_is_lost(b, &container);
    }
    good = good && put_files(b, tree) && add_command(b, &container, tree);
    image_container_free(&container);
    return good;
}

static bool add_ramdisk(enclave_parts *b, size_t number, bool (*fill)(enclave_parts *b, image_tree *tree)) {
    image_tree *tree = image_tree_new();
    size_t len = 0;
    const bool good = tree != NULL && fill(b, tree) && cpio_write(tree, &b->ramdisks[number], &len, &b->error);
    image_tree_free(tree);
    if (good) enclave_add_section(b, EIF_RAMDISK, grille_bytes_of(b->ramdisks[number], len));
    return good;
}

bool enclave_add_ramdisks(enclave_parts *b) {
    return add_ramdisk(b, 0, fill_boot) && add_ramdisk(b, 1, fill_application);
}
