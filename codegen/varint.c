/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/varint.h"

bool grille_gen_take_varint(grille_bytes *bytes, uint64_t *value) {
    *value = 0;
    for (size_t i = 0; i < bytes->len && i < GRILLE_GEN_VARINT_BYTES; i++) {
        uint64_t low = bytes->data[i] & 0x7f;
        if (i == GRILLE_GEN_VARINT_BYTES - 1 && low > 1) return false;
        *value |= low << (7 * i);
        if (bytes->data[i] & 0x80) continue;
        *bytes = (grille_bytes){bytes->data + i + 1, bytes->len - i - 1};
        return true;
    }
    return false;
}

size_t grille_gen_put_varint(uint8_t out[GRILLE_GEN_VARINT_BYTES], uint64_t value) {
    size_t len = 0;
    for (; value > 0x7f; value >>= 7)
        out[len++] = (uint8_t)(value | 0x80);
    out[len++] = (uint8_t)value;
    return len;
}
