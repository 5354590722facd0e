/* SPDX-License-Identifier: Apache-2.0
 * First byte: flags; then a STATUS payload. What decodes keeps to the limits, is written again and decodes to the
 * same. */
#include "fuzz_check.h"
#include "wire/payload.h"
#include "wire/utf8.h"

static void check_written(const grille_status_payload *status) {
    static uint8_t room[FUZZ_ROOM_BYTES];
    grille_writer writer = grille_writer_into(room, sizeof room);
    grille_frame_header header;
    grille_bytes payload = {0};
    grille_bytes input = {0};
    grille_status_payload again;
    grille_status_frame_write(&writer, 1, status);
    FUZZ_CHECK(grille_writer_end(&writer) == GRILLE_REASON_OK);
    input = grille_written(&writer);
    FUZZ_CHECK(grille_frame_take(&input, &header, &payload) == GRILLE_REASON_OK && input.len == 0);
    FUZZ_CHECK(grille_status_payload_decode(header.flags, payload, &again) == GRILLE_REASON_OK);
    FUZZ_CHECK(again.header.code == status->header.code);
    FUZZ_CHECK(grille_bytes_equal(again.header.message, status->header.message));
    FUZZ_CHECK(grille_bytes_equal(again.header.details, status->header.details));
    FUZZ_CHECK(again.header.trailers.count == status->header.trailers.count);
    FUZZ_CHECK(again.header.trailers.encoded_bytes == status->header.trailers.encoded_bytes);
    FUZZ_CHECK(again.has_message == status->has_message && grille_bytes_equal(again.message, status->message));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    grille_status_payload status;
    if (size == 0 || size - 1 > GRILLE_LIMIT_FRAME_PAYLOAD_BYTES) return 0;
    if (grille_status_payload_decode(data[0], grille_bytes_of(data + 1, size - 1), &status) != GRILLE_REASON_OK) {
        return 0;
    }
    FUZZ_CHECK(status.header.code >= GRILLE_OK && status.header.code <= GRILLE_UNAUTHENTICATED);
    FUZZ_CHECK(status.header.message.len <= GRILLE_LIMIT_STATUS_MESSAGE_BYTES);
    FUZZ_CHECK(status.header.details.len <= GRILLE_LIMIT_STATUS_DETAILS_BYTES);
    FUZZ_CHECK(grille_utf8_valid(status.header.message));
    check_written(&status);
    return 0;
}
