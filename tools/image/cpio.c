/* SPDX-License-Identifier: Apache-2.0 */
#include "image/cpio.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/writer.h"

enum { magic_bytes = 6, fields = 13, field_bytes = 8, header_bytes = magic_bytes + fields * field_bytes };
enum { field_mode = 1, field_owner, field_group, field_links, field_time, field_size, field_device_major };
enum { field_node_major = 9, field_node_minor, field_name_size, field_check };

static const char magic[] = "070701";
static const char trailer[] = "TRAILER!!!";

static size_t padding(size_t len) {
    return (4 - len % 4) % 4;
}

/* ---- Writing ---- */

typedef struct archive {
    grille_writer writer;
    uint32_t entries;
} archive;

static void write_padded(grille_writer *writer, grille_bytes bytes, size_t before) {
    static const uint8_t zeros[4];
    grille_write_bytes(writer, bytes);
    grille_write_bytes(writer, grille_bytes_of(zeros, padding(before + bytes.len)));
}

static void write_header(grille_writer *writer, const uint32_t values[fields]) {
    char text[header_bytes + 1];
    int at = snprintf(text, sizeof text, "%s", magic);
    for (size_t i = 0; i < fields; i++)
        at += snprintf(&text[at], sizeof text - (size_t)at, "%08X", values[i]);
    grille_write_bytes(writer, grille_bytes_of((const uint8_t *)text, header_bytes));
}

/* The path and its terminator. */
static grille_bytes name_of(const char *path) {
    return grille_bytes_of((const uint8_t *)path, strlen(path) + 1);
}

static void write_entry(const image_entry *entry, void *context) {
    archive *a = context;
    const grille_bytes name = name_of(entry->path);
    const uint32_t values[fields] = {++a->entries,
                                     [field_mode] = entry->mode,
                                     [field_owner] = entry->owner,
                                     [field_group] = entry->group,
                                     [field_links] = S_ISDIR(entry->mode) ? 2 : 1,
                                     [field_size] = (uint32_t)entry->content.len,
                                     [field_node_major] = entry->device_major,
                                     [field_node_minor] = entry->device_minor,
                                     [field_name_size] = (uint32_t)name.len};
    write_header(&a->writer, values);
    write_padded(&a->writer, name, header_bytes);
    write_padded(&a->writer, entry->content, 0);
}

static void write_trailer(archive *a) {
    const grille_bytes name = name_of(trailer);
    const uint32_t values[fields] = {[field_links] = 1, [field_name_size] = (uint32_t)name.len};
    write_header(&a->writer, values);
    write_padded(&a->writer, name, header_bytes);
}

static void add_size(const image_entry *entry, void *context) {
    size_t *size = context;
    const size_t head = header_bytes + name_of(entry->path).len;
    *size += head + padding(head) + entry->content.len + padding(entry->content.len);
}

bool cpio_write(const image_tree *tree, uint8_t **written, size_t *len, grille_error *error) {
    size_t size = 0;
    archive a = {.entries = 0};
    uint8_t *bytes = NULL;
    image_tree_walk(tree, add_size, &size);
    add_size(&(image_entry){.path = trailer}, &size);
    bytes = malloc(size);
    if (bytes == NULL) {
        (void)grille_error_set(error, GRILLE_REASON_OUT_OF_MEMORY, "no memory for a ramdisk of %zu bytes", size);
        return false;
    }
    a.writer = grille_writer_into(bytes, size);
    image_tree_walk(tree, write_entry, &a);
    write_trailer(&a);
    if (grille_writer_end(&a.writer) != GRILLE_REASON_OK || grille_written(&a.writer).len != size) {
        (void)grille_error_set(error, GRILLE_REASON_INTERNAL, "a ramdisk is not as long as it was to be");
        free(bytes);
        return false;
    }
    *written = bytes;
    *len = size;
    return true;
}

/* ---- Reading ---- */

static cpio_step malformed(grille_error *error, size_t at, const char *what) {
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "the ramdisk's archive, at byte %zu: %s", at, what);
    return CPIO_BAD;
}

static bool read_field(grille_bytes text, uint32_t *value) {
    *value = 0;
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        uint32_t digit = 0;
        if (c >= '0' && c <= '9') {
            digit = (uint32_t)(c - '0');
        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            digit = (uint32_t)((c | 0x20) - 'a' + 10);
        } else {
            return false;
        }
        *value = *value << 4 | digit;
    }
    return true;
}

static bool read_header(grille_reader *reader, uint32_t values[fields]) {
    const grille_bytes start = grille_read_bytes(reader, magic_bytes);
    bool good = start.len == magic_bytes && memcmp(start.data, magic, magic_bytes) == 0;
    for (size_t i = 0; i < fields && good; i++) {
        const grille_bytes field = grille_read_bytes(reader, field_bytes);
        good = field.len == field_bytes && read_field(field, &values[i]);
    }
    return good;
}

/* The trailer ends an archive; zeros may follow to a block's end. */
static cpio_step end(grille_bytes archived, size_t *at, grille_error *error) {
    for (; *at < archived.len; (*at)++)
        if (archived.data[*at] != 0) return malformed(error, *at, "bytes follow the archive's end");
    return CPIO_END;
}

cpio_step cpio_next(grille_bytes archived, size_t *at, image_entry *entry, grille_error *error) {
    uint32_t values[fields] = {0};
    const size_t start = *at;
    grille_reader reader = grille_reader_of(archived);
    grille_bytes name, content;
    if (start >= archived.len) return CPIO_END;
    (void)grille_read_bytes(&reader, start);
    if (!read_header(&reader, values)) return malformed(error, start, "no header of form newc");
    name = grille_read_bytes(&reader, values[field_name_size]);
    (void)grille_read_bytes(&reader, padding(header_bytes + name.len));
    content = grille_read_bytes(&reader, values[field_size]);
    (void)grille_read_bytes(&reader, padding(content.len));
    if (reader.failed != GRILLE_REASON_OK) return malformed(error, start, "it ends within an entry");
    if (name.len < 2 || name.data[name.len - 1] != 0 || memchr(name.data, 0, name.len - 1) != NULL)
        return malformed(error, start, "an entry's name is not one text");
    *at = archived.len - reader.left;
    if (strcmp((const char *)name.data, trailer) == 0) return end(archived, at, error);
    *entry = (image_entry){.path = (const char *)name.data,
                           .mode = values[field_mode],
                           .owner = values[field_owner],
                           .group = values[field_group],
                           .device_major = values[field_node_major],
                           .device_minor = values[field_node_minor],
                           .content = content};
    return CPIO_ENTRY;
}
