/* SPDX-License-Identifier: Apache-2.0
 * First byte: flags; then a DATA payload. What decodes is written again byte for byte. */
#include "fuzz_check.h"
#include "wire/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t room[FUZZ_ROOM_BYTES];
    grille_writer writer = grille_writer_into(room, sizeof room);
    grille_data_payload decoded;
    grille_bytes payload = {0};
    grille_bytes again = {0};
    grille_bytes input = {0};
    grille_frame_header header;
    if (size == 0 || size - 1 > GRILLE_LIMIT_FRAME_PAYLOAD_BYTES) return 0;
    payload = grille_bytes_of(data + 1, size - 1);
    if (grille_data_payload_decode(data[0], payload, &decoded) != GRILLE_REASON_OK) return 0;
    FUZZ_CHECK(!decoded.begin || decoded.bytes.len <= decoded.message_bytes);
    FUZZ_CHECK(decoded.begin || decoded.end_stream || decoded.bytes.len > 0);
    grille_data_frame_write(&writer, 1, &decoded);
    FUZZ_CHECK(grille_writer_end(&writer) == GRILLE_REASON_OK);
    input = grille_written(&writer);
    FUZZ_CHECK(grille_frame_take(&input, &header, &again) == GRILLE_REASON_OK && input.len == 0);
    FUZZ_CHECK(grille_bytes_equal(again, payload));
    FUZZ_CHECK(header.flags == (data[0] & (GRILLE_FLAG_BEGIN | GRILLE_FLAG_END_STREAM)));
    return 0;
}
