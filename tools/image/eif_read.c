/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/reader.h"
#include "image/eif.h"
#include "image/eif_write.h"

enum { oldest_version = 2, metadata_version = 4 };

/* The header's table: what a reader that trusts it would follow. */
typedef struct table {
    uint64_t offsets[EIF_SECTIONS_MAX];
    uint64_t sizes[EIF_SECTIONS_MAX];
} table;

const char *eif_type_name(eif_type type) {
    static const char *const names[] = {[EIF_KERNEL] = "kernel",
                                        [EIF_CMDLINE] = "cmdline",
                                        [EIF_RAMDISK] = "ramdisk",
                                        [EIF_SIGNATURE] = "signature",
                                        [EIF_METADATA] = "metadata"};
    return type >= EIF_KERNEL && type <= EIF_METADATA ? names[type] : "unknown";
}

static grille_bytes nth_of(const eif *image, eif_type type, size_t number) {
    for (size_t i = 0; i < image->section_count; i++)
        if (image->sections[i].type == type && number-- == 0) return image->sections[i].content;
    return (grille_bytes){.data = NULL};
}

grille_bytes eif_section_of(const eif *image, eif_type type) {
    return nth_of(image, type, 0);
}

grille_bytes eif_ramdisk(const eif *image, size_t number) {
    return nth_of(image, EIF_RAMDISK, number);
}

static size_t count_of(const eif *image, eif_type type) {
    size_t count = 0;
    for (size_t i = 0; i < image->section_count; i++)
        count += image->sections[i].type == type;
    return count;
}

size_t eif_ramdisk_count(const eif *image) {
    return count_of(image, EIF_RAMDISK);
}

GRILLE_PRINTF(3, 4)
static bool malformed(grille_error *error, size_t offset, const char *format, ...) {
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    (void)grille_error_set(error, GRILLE_REASON_EIF_MALFORMED, "at byte %zu: %s", offset, what);
    return false;
}

static bool read_header(grille_reader *reader, eif *image, table *t, grille_error *error) {
    const size_t len = reader->left;
    const grille_bytes magic = grille_read_bytes(reader, 4);
    size_t count = 0;
    if (len < EIF_HEADER_BYTES) {
        return malformed(error, len, "the file ends within its header of %d bytes", EIF_HEADER_BYTES);
    }
    if (memcmp(magic.data, ".eif", 4) != 0)
        return malformed(error, 0, "no enclave image: it does not begin with \".eif\"");
    image->version = grille_read_u16(reader);
    image->flags = grille_read_u16(reader);
    image->default_memory = grille_read_u64(reader);
    image->default_cpus = grille_read_u64(reader);
    (void)grille_read_u16(reader);
    count = grille_read_u16(reader);
    for (size_t i = 0; i < EIF_SECTIONS_MAX; i++)
        t->offsets[i] = grille_read_u64(reader);
    for (size_t i = 0; i < EIF_SECTIONS_MAX; i++)
        t->sizes[i] = grille_read_u64(reader);
    (void)grille_read_u32(reader);
    image->crc = grille_read_u32(reader);
    if (image->version < oldest_version || image->version > EIF_VERSION) {
        return malformed(error, 4, "version %u; %d to %d are known", image->version, oldest_version, EIF_VERSION);
    }
    if ((image->flags & ~EIF_FLAG_AARCH64) != 0) return malformed(error, 6, "unknown flags 0x%04x", image->flags);
    if (count > EIF_SECTIONS_MAX) {
        return malformed(error, 26, "%zu sections; at most %d are possible", count, EIF_SECTIONS_MAX);
    }
    image->section_count = count;
    return true;
}

static bool read_section(grille_reader *reader, size_t at, uint64_t table_offset, uint64_t table_size,
                         eif_section *section, grille_error *error) {
    const uint16_t type = grille_read_u16(reader);
    const uint16_t flags = grille_read_u16(reader);
    const uint64_t size = grille_read_u64(reader);
    if (reader->failed != GRILLE_REASON_OK) return malformed(error, at, "the file ends within a section's header");
    if (table_offset != at) {
        return malformed(error, at, "a section begins here, and at %" PRIu64 " by the header's table", table_offset);
    }
    if (type < EIF_KERNEL || type > EIF_METADATA) return malformed(error, at, "a section of unknown type %u", type);
    if (flags != 0) return malformed(error, at + 2, "a section with unknown flags 0x%04x", flags);
    if (table_size != size) {
        return malformed(error, at + 4, "a section of %" PRIu64 " bytes, and of %" PRIu64 " by the header's table",
                         size, table_size);
    }
    if (size > reader->left) {
        return malformed(error, at + 4, "a section of %" PRIu64 " bytes, and %zu are left", size, reader->left);
    }
    section->type = (eif_type)type;
    section->content = grille_read_bytes(reader, (size_t)size);
    return true;
}

static bool read_sections(grille_reader *reader, eif *image, const table *t, grille_error *error) {
    size_t at = EIF_HEADER_BYTES;
    for (size_t i = 0; i < image->section_count; i++) {
        if (!read_section(reader, at, t->offsets[i], t->sizes[i], &image->sections[i], error)) return false;
        at += EIF_SECTION_HEADER_BYTES + image->sections[i].content.len;
    }
    if (reader->left > 0) return malformed(error, at, "%zu bytes follow the last section", reader->left);
    return true;
}

static bool check_parts(const eif *image, grille_error *error) {
    const size_t end = eif_bytes(image);
    const struct {
        eif_type type;
        size_t least, most;
    } rules[] = {{EIF_KERNEL, 1, 1},
                 {EIF_CMDLINE, 1, 1},
                 {EIF_RAMDISK, 1, EIF_SECTIONS_MAX},
                 {EIF_SIGNATURE, 0, 1},
                 {EIF_METADATA, image->version >= metadata_version ? 1 : 0, 1}};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const size_t count = count_of(image, rules[i].type);
        const char *name = eif_type_name(rules[i].type);
        if (count < rules[i].least) return malformed(error, end, "there is no section of type %s", name);
        if (count > rules[i].most) return malformed(error, end, "there are %zu sections of type %s", count, name);
    }
    if (eif_section_of(image, EIF_SIGNATURE).len > EIF_SIGNATURE_MAX) {
        return malformed(error, end, "a signature section over %d bytes", EIF_SIGNATURE_MAX);
    }
    return true;
}

/* Sections are views, so what is left to compare is the header. */
static bool is_written_again(grille_bytes file, const eif *image, grille_error *error) {
    uint8_t header[EIF_HEADER_BYTES];
    eif_write_header(image, header);
    for (size_t i = 0; i < EIF_CRC_OFFSET; i++) {
        if (header[i] != file.data[i]) {
            return malformed(error, i, "the header has 0x%02x, and 0x%02x when it is written again", file.data[i],
                             header[i]);
        }
    }
    if (memcmp(&header[EIF_CRC_OFFSET], &file.data[EIF_CRC_OFFSET], EIF_HEADER_BYTES - EIF_CRC_OFFSET) == 0)
        return true;
    (void)grille_error_set(error, GRILLE_REASON_EIF_CHECKSUM,
                           "the checksum at byte %d is %08" PRIx32 ", and that of the content %02x%02x%02x%02x",
                           EIF_CRC_OFFSET, image->crc, header[EIF_CRC_OFFSET], header[EIF_CRC_OFFSET + 1],
                           header[EIF_CRC_OFFSET + 2], header[EIF_CRC_OFFSET + 3]);
    return false;
}

bool eif_read(grille_bytes file, eif *image, grille_error *error) {
    grille_reader reader = grille_reader_of(file);
    eif read = {.version = 0};
    table t;
    if (!read_header(&reader, &read, &t, error) || !read_sections(&reader, &read, &t, error) ||
        !check_parts(&read, error) || !is_written_again(file, &read, error)) {
        return false;
    }
    *image = read;
    return true;
}
