/* SPDX-License-Identifier: Apache-2.0
 * The init in an image's ramdisks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <zlib.h>

#include "base/bytes.h"
#include "base/error.h"
#include "image/cpio.h"
#include "machine/stand_in.h"

/* Compressed ramdisks become at most this: more does not fit beside a kernel on any instance. */
#define INFLATED_MAX (UINT32_C(1) << 30)

static bool refuse(grille_error *error, size_t number, const char *what) {
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "ramdisk %zu of the image: %s", number, what);
    return false;
}

/* ---- Compressed ones ---- */

/* Room for twice as much; false: no memory, or over the limit. */
static bool grow(uint8_t **bytes, size_t *capacity) {
    const size_t larger = *capacity == 0 ? (size_t)1 << 20 : 2 * *capacity;
    uint8_t *moved = larger > INFLATED_MAX ? NULL : realloc(*bytes, larger);
    if (moved == NULL) return false;
    *bytes = moved;
    *capacity = larger;
    return true;
}

/* All of a gzip file (RFC 1952), in memory of its own. */
static bool inflate_all(grille_bytes compressed, uint8_t **bytes, size_t *len) {
    enum { window_with_gzip_header = 15 + 16 };
    z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)compressed.data, .avail_in = (uInt)compressed.len};
    size_t capacity = 0;
    int status = Z_OK;
    *bytes = NULL;
    if (compressed.len > UINT32_MAX || inflateInit2(&stream, window_with_gzip_header) != Z_OK) return false;
    while (status == Z_OK) {
        const size_t done = stream.total_out;
        if (done == capacity && !grow(bytes, &capacity)) break;
        stream.next_out = *bytes + done;
        stream.avail_out = (uInt)(capacity - done);
        status = inflate(&stream, Z_NO_FLUSH);
    }
    *len = stream.total_out;
    (void)inflateEnd(&stream);
    if (status == Z_STREAM_END) return true;
    free(*bytes);
    *bytes = NULL;
    return false;
}

/* ---- Looking ---- */

static bool is_init(const char *path) {
    while (path[0] == '/' || (path[0] == '.' && path[1] == '/'))
        path += path[0] == '/' ? 1 : 2;
    return strcmp(path, "init") == 0;
}

/* A link leads from the root on. */
static bool put_link(image_tree *tree, const char *path, grille_bytes target, grille_error *error) {
    char absolute[IMAGE_PATH_MAX];
    const int len =
        snprintf(absolute, sizeof absolute, "%s%.*s", target.len > 0 && target.data[0] == '/' ? "" : "/",
                 (int)(target.len > IMAGE_PATH_MAX ? IMAGE_PATH_MAX : target.len), (const char *)target.data);
    const image_entry entry = {
        .path = path, .mode = S_IFLNK | 0777, .content = grille_bytes_of((const uint8_t *)absolute, (size_t)len)};
    if (len < (int)sizeof absolute) return image_tree_put(tree, &entry, error);
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "the image's /init is a link that is too long");
    return false;
}

static bool put_init(image_tree *tree, const char *path, const image_entry *found, grille_error *error) {
    const image_entry entry = {.path = path, .mode = S_IFREG | 0755, .content = found->content};
    if (S_ISLNK(found->mode)) return put_link(tree, path, found->content, error);
    if (S_ISREG(found->mode) && found->content.len > 0) return image_tree_put(tree, &entry, error);
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "the image's /init is no file with content, and no link");
    return false;
}

/* *there: an init was found and put. */
static bool look_in(grille_bytes archive, size_t number, image_tree *tree, const char *path, bool *there,
                    grille_error *error) {
    image_entry entry;
    size_t at = 0;
    grille_error problem = {.code = GRILLE_OK};
    cpio_step step = cpio_next(archive, &at, &entry, &problem);
    for (; step == CPIO_ENTRY; step = cpio_next(archive, &at, &entry, &problem)) {
        if (!is_init(entry.path)) continue;
        if (!put_init(tree, path, &entry, error)) return false;
        *there = true;
    }
    return step == CPIO_END || refuse(error, number, problem.text);
}

static bool look_in_any(grille_bytes ramdisk, size_t number, image_tree *tree, const char *path, bool *there,
                        grille_error *error) {
    static const uint8_t gzip[] = {0x1f, 0x8b};
    uint8_t *inflated = NULL;
    size_t len = 0;
    bool good = false;
    if (ramdisk.len < sizeof gzip || memcmp(ramdisk.data, gzip, sizeof gzip) != 0)
        return look_in(ramdisk, number, tree, path, there, error);
    if (!inflate_all(ramdisk, &inflated, &len)) return refuse(error, number, "gzip can't unpack it");
    good = look_in(grille_bytes_of(inflated, len), number, tree, path, there, error);
    free(inflated);
    return good;
}

bool machine_init_put(const grille_bytes *ramdisks, size_t count, image_tree *tree, const char *path,
                      grille_error *error) {
    bool there = false;
    for (size_t i = 0; i < count; i++)
        if (!look_in_any(ramdisks[i], i, tree, path, &there, error)) return false;
    if (there) return true;
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                           "no ramdisk of the image has an /init, observed %zu ramdisks; the stand-in for /dev/nsm has "
                           "nothing to go on with",
                           count);
    return false;
}
