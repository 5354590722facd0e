/* SPDX-License-Identifier: Apache-2.0
 * Enclave image files (EIF), the form that nitro-cli runs: a header, then sections. Format:
 * aws-nitro-enclaves-image-format, README.md and src/defs/mod.rs; all integers big-endian.
 *
 *   header   548 bytes: ".eif", u16 version, u16 flags, u64 default memory, u64 default CPUs, u16 reserved,
 *            u16 sections, 32 × u64 offset of a section's own header, 32 × u64 size of its content, u32 unused,
 *            u32 CRC-32 (zlib's) of the header up to here and of everything behind the header
 *   section  u16 type, u16 flags, u64 size; content */
#ifndef GRILLE_TOOLS_IMAGE_EIF_H
#define GRILLE_TOOLS_IMAGE_EIF_H

#include <stdbool.h>

#include "grille/reasons.h"

#define EIF_HEADER_BYTES         548
#define EIF_CRC_OFFSET           544
#define EIF_SECTION_HEADER_BYTES 12
#define EIF_SECTIONS_MAX         32
#define EIF_SIGNATURE_MAX        32768 /* the format's own */
#define EIF_VERSION              4     /* what is written; 2 and 3 are read: without signature, without metadata */
#define EIF_FLAG_AARCH64         0x0001

typedef enum eif_type {
    EIF_KERNEL = 1,
    EIF_CMDLINE = 2,
    EIF_RAMDISK = 3,
    EIF_SIGNATURE = 4,
    EIF_METADATA = 5,
} eif_type;

typedef struct eif_section {
    eif_type type;
    grille_bytes content;
} eif_section;

/* An image as its parts, in their order; views bytes that are somebody else's. */
typedef struct eif {
    uint16_t version;
    uint16_t flags;
    uint64_t default_memory; /* bytes */
    uint64_t default_cpus;
    size_t section_count;
    eif_section sections[EIF_SECTIONS_MAX];
    uint32_t crc; /* as read */
} eif;

/* "kernel" … */
const char *eif_type_name(eif_type type);

/* The only section of this type, or a view without data. Ramdisks: `number` counts them from 0. */
grille_bytes eif_section_of(const eif *image, eif_type type);
grille_bytes eif_ramdisk(const eif *image, size_t number);
size_t eif_ramdisk_count(const eif *image);

/* Reads an image, which must outlive *image. Readers of others follow either the table of offsets in the header or the
 * sections one after the other; here both must say the same, without gaps, overlaps or bytes behind. Exactly one kernel
 * and one command line, at least one ramdisk, at most one signature and metadata (needed from version 4 on). The parts
 * are written again and compared, byte for byte. False: EIF_MALFORMED or EIF_CHECKSUM; the text has the offset. */
GRILLE_MUST_USE bool eif_read(grille_bytes file, eif *image, grille_error *error);

#endif
