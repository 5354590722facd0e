/* SPDX-License-Identifier: Apache-2.0 */
#include "image/eif_write.h"

#include <zlib.h>

#include "base/bytes.h"
#include "base/writer.h"

static const uint8_t magic[] = {'.', 'e', 'i', 'f'};

static size_t bytes_before(const eif *image, size_t section) {
    size_t size = EIF_HEADER_BYTES;
    for (size_t i = 0; i < section; i++)
        size += EIF_SECTION_HEADER_BYTES + image->sections[i].content.len;
    return size;
}

size_t eif_bytes(const eif *image) {
    return bytes_before(image, image->section_count);
}

void eif_write_section_header(const eif_section *section, uint8_t header[EIF_SECTION_HEADER_BYTES]) {
    grille_writer writer = grille_writer_into(header, EIF_SECTION_HEADER_BYTES);
    grille_write_u16(&writer, (uint16_t)section->type);
    grille_write_u16(&writer, 0);
    grille_write_u64(&writer, section->content.len);
}

static void write_table(grille_writer *writer, const eif *image) {
    for (size_t i = 0; i < EIF_SECTIONS_MAX; i++)
        grille_write_u64(writer, i < image->section_count ? bytes_before(image, i) : 0);
    for (size_t i = 0; i < EIF_SECTIONS_MAX; i++)
        grille_write_u64(writer, i < image->section_count ? image->sections[i].content.len : 0);
}

static uint32_t crc_of(const eif *image, const uint8_t header[EIF_CRC_OFFSET]) {
    uLong crc = crc32_z(0, header, EIF_CRC_OFFSET);
    for (size_t i = 0; i < image->section_count; i++) {
        uint8_t section[EIF_SECTION_HEADER_BYTES];
        eif_write_section_header(&image->sections[i], section);
        crc = crc32_z(crc, section, sizeof section);
        crc = crc32_z(crc, image->sections[i].content.data, image->sections[i].content.len);
    }
    return (uint32_t)crc;
}

void eif_write_header(const eif *image, uint8_t header[EIF_HEADER_BYTES]) {
    grille_writer writer = grille_writer_into(header, EIF_HEADER_BYTES);
    grille_write_bytes(&writer, grille_bytes_of(magic, sizeof magic));
    grille_write_u16(&writer, image->version);
    grille_write_u16(&writer, image->flags);
    grille_write_u64(&writer, image->default_memory);
    grille_write_u64(&writer, image->default_cpus);
    grille_write_u16(&writer, 0);
    grille_write_u16(&writer, (uint16_t)image->section_count);
    write_table(&writer, image);
    grille_write_u32(&writer, 0);
    grille_write_u32(&writer, crc_of(image, header));
}

GRILLE_MUST_USE static bool write_part(FILE *file, grille_bytes part) {
    return part.len == 0 || fwrite(part.data, 1, part.len, file) == part.len;
}

bool eif_write(const eif *image, FILE *file) {
    uint8_t header[EIF_HEADER_BYTES];
    bool good = false;
    eif_write_header(image, header);
    good = write_part(file, grille_bytes_of(header, sizeof header));
    for (size_t i = 0; i < image->section_count && good; i++) {
        uint8_t section[EIF_SECTION_HEADER_BYTES];
        eif_write_section_header(&image->sections[i], section);
        good =
            write_part(file, grille_bytes_of(section, sizeof section)) && write_part(file, image->sections[i].content);
    }
    return good;
}
