/* SPDX-License-Identifier: Apache-2.0 */
#include "base/writer.h"

/* Whether a block of `len` bytes fits behind its length; else the writer fails. */
static bool fits(grille_writer *writer, size_t len, size_t length_bytes, size_t most) {
    const size_t left = writer->capacity - writer->len;
    if (len <= most && length_bytes <= left && len <= left - length_bytes) return true;
    grille_writer_fail(writer, GRILLE_REASON_NO_SPACE);
    return false;
}

void grille_write_block_u16(grille_writer *writer, grille_bytes bytes) {
    if (!fits(writer, bytes.len, sizeof(uint16_t), UINT16_MAX)) return;
    grille_write_u16(writer, (uint16_t)bytes.len);
    grille_write_bytes(writer, bytes);
}

void grille_write_block_u32(grille_writer *writer, grille_bytes bytes) {
    if (!fits(writer, bytes.len, sizeof(uint32_t), UINT32_MAX)) return;
    grille_write_u32(writer, (uint32_t)bytes.len);
    grille_write_bytes(writer, bytes);
}

void grille_write_over(grille_writer *writer, size_t offset, grille_bytes bytes) {
    if (offset > writer->len || bytes.len > writer->len - offset) grille_writer_fail(writer, GRILLE_REASON_INTERNAL);
    if (writer->failed == GRILLE_REASON_OK && bytes.len > 0) memcpy(writer->start + offset, bytes.data, bytes.len);
}
