/* SPDX-License-Identifier: Apache-2.0
 * First byte: flags; then a CALL payload. What decodes is written again and decodes to the same. */
#include "fuzz_check.h"
#include "wire/payload.h"

static void check_same_metadata(const grille_metadata_view *left, const grille_metadata_view *right) {
    grille_metadata_iterator left_iterator = grille_metadata_iterate(left);
    grille_metadata_iterator right_iterator = grille_metadata_iterate(right);
    grille_metadata_entry left_entry;
    grille_metadata_entry right_entry;
    uint32_t count = 0;
    FUZZ_CHECK(left->count == right->count && left->encoded_bytes == right->encoded_bytes);
    while (grille_metadata_next(&left_iterator, &left_entry)) {
        FUZZ_CHECK(grille_metadata_next(&right_iterator, &right_entry));
        FUZZ_CHECK(grille_bytes_equal(left_entry.key, right_entry.key));
        FUZZ_CHECK(grille_bytes_equal(left_entry.value, right_entry.value));
        FUZZ_CHECK(grille_metadata_entry_check(&left_entry) == GRILLE_REASON_OK);
        count++;
    }
    FUZZ_CHECK(count == left->count);
}

static void check_written(const grille_call_payload *call) {
    static uint8_t room[FUZZ_ROOM_BYTES];
    grille_writer writer = grille_writer_into(room, sizeof room);
    grille_frame_header header;
    grille_bytes payload = {0};
    grille_bytes input = {0};
    grille_call_payload again;
    grille_call_frame_write(&writer, 1, call);
    FUZZ_CHECK(grille_writer_end(&writer) == GRILLE_REASON_OK);
    input = grille_written(&writer);
    FUZZ_CHECK(grille_frame_take(&input, &header, &payload) == GRILLE_REASON_OK && input.len == 0);
    FUZZ_CHECK(grille_call_payload_decode(header.flags, payload, &again) == GRILLE_REASON_OK);
    FUZZ_CHECK(again.header.method_id == call->header.method_id && call->header.method_id != 0);
    FUZZ_CHECK(again.header.has_timeout == call->header.has_timeout);
    FUZZ_CHECK(again.header.timeout_us == call->header.timeout_us);
    FUZZ_CHECK(again.has_message == call->has_message && again.end_stream == call->end_stream);
    FUZZ_CHECK(grille_bytes_equal(again.message, call->message));
    check_same_metadata(&again.header.metadata, &call->header.metadata);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    grille_call_payload call;
    if (size == 0 || size - 1 > GRILLE_LIMIT_FRAME_PAYLOAD_BYTES) return 0;
    if (grille_call_payload_decode(data[0], grille_bytes_of(data + 1, size - 1), &call) == GRILLE_REASON_OK) {
        check_written(&call);
    }
    return 0;
}
