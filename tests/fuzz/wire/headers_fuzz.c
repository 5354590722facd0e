/* SPDX-License-Identifier: Apache-2.0
 * A HEADERS payload. What decodes has valid entries within the limits and is written again as it was counted. */
#include "fuzz_check.h"
#include "wire/call_header.h"
#include "wire/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t room[FUZZ_ROOM_BYTES];
    grille_writer writer = grille_writer_into(room, sizeof room);
    grille_metadata_view view = {0};
    grille_metadata_view again = {0};
    grille_metadata_iterator iterator;
    grille_metadata_entry entry;
    uint32_t count = 0;
    if (grille_headers_decode(grille_bytes_of(data, size), &view) != GRILLE_REASON_OK) return 0;
    FUZZ_CHECK(view.count > 0 && view.count <= GRILLE_LIMIT_METADATA_ENTRIES);
    FUZZ_CHECK(view.encoded_bytes <= GRILLE_LIMIT_METADATA_BYTES && view.encoded_bytes <= size);
    iterator = grille_metadata_iterate(&view);
    while (grille_metadata_next(&iterator, &entry)) {
        grille_bytes value = {0};
        FUZZ_CHECK(grille_metadata_entry_check(&entry) == GRILLE_REASON_OK);
        FUZZ_CHECK(grille_metadata_find(&view, entry.key, &value));
        count++;
    }
    FUZZ_CHECK(count == view.count);
    grille_headers_write(&writer, &view);
    FUZZ_CHECK(grille_writer_end(&writer) == GRILLE_REASON_OK);
    FUZZ_CHECK(grille_written(&writer).len == view.encoded_bytes);
    FUZZ_CHECK(grille_headers_decode(grille_written(&writer), &again) == GRILLE_REASON_OK);
    FUZZ_CHECK(again.count == view.count);
    return 0;
}
