/* SPDX-License-Identifier: Apache-2.0
 * The scan of any bytes ends inside them, and what it accepts it can find its way in. */
#include <stdint.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "codec/prescan.h"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) abort();                                                                                     \
    } while (0)

/* A schema without an end: the number chooses the kind. */
static bool find(const void *descriptor, uint32_t number, grille_field_shape *shape) {
    static const grille_wire_type types[] = {GRILLE_WIRE_VARINT, GRILLE_WIRE_BYTES, GRILLE_WIRE_FIXED32,
                                             GRILLE_WIRE_FIXED64};
    shape->wire_type = types[number % 4];
    shape->packable = number % 8 >= 4 && shape->wire_type != GRILLE_WIRE_BYTES;
    shape->message = number % 8 == 5 ? descriptor : NULL;
    return number % 16 < 12;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    grille_scan_end end;
    grille_bytes encoded = grille_bytes_of(data, size);
    grille_reason reason = grille_prescan(encoded, "schema", find, &end);
    CHECK(size == 0 || end.offset < size);
    if (reason != GRILLE_REASON_OK) return 0;
    size_t last = 0;
    for (size_t offset = 1; offset <= size && offset < 512; offset++) {
        grille_scan_end at = grille_locate(encoded, offset);
        CHECK(at.offset < offset && at.offset >= last && at.field > 0);
        last = at.offset;
    }
    return 0;
}
