/* SPDX-License-Identifier: Apache-2.0
 * Frames taken off any bytes consume exactly header and payload; a header that passes is written back the same. */
#include "fuzz_check.h"
#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    grille_bytes input = grille_bytes_of(data, size);
    for (;;) {
        uint8_t again[GRILLE_FRAME_HEADER_BYTES];
        grille_writer writer = grille_writer_into(again, sizeof again);
        grille_bytes before = input;
        grille_bytes payload = {0};
        grille_frame_header header;
        grille_reason reason = grille_frame_take(&input, &header, &payload);
        if (reason != GRILLE_REASON_OK) {
            FUZZ_CHECK(input.len == before.len);
            FUZZ_CHECK(reason != GRILLE_REASON_MORE || before.len < GRILLE_FRAME_HEADER_BYTES + 65535u);
            return 0;
        }
        FUZZ_CHECK(payload.len == header.length && payload.len <= GRILLE_LIMIT_FRAME_PAYLOAD_BYTES);
        FUZZ_CHECK(before.len - input.len == GRILLE_FRAME_HEADER_BYTES + payload.len);
        grille_frame_header_write(&writer, &header);
        FUZZ_CHECK(grille_bytes_equal(grille_written(&writer), grille_bytes_of(before.data, sizeof again)));
    }
}
