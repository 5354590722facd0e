/* SPDX-License-Identifier: Apache-2.0
 * A SETTINGS payload. What decodes passes the check, is written again and decodes to the same. */
#include "fuzz_check.h"
#include "wire/limits.h"
#include "wire/settings.h"

static grille_service_digest services[GRILLE_LIMIT_SERVICES];

static size_t list_services(const grille_settings *settings) {
    grille_service_iterator iterator = grille_settings_services(settings);
    size_t count = 0;
    grille_service_digest service;
    while (grille_service_next(&iterator, &service)) {
        FUZZ_CHECK(count < GRILLE_LIMIT_SERVICES);
        services[count++] = service;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t room[FUZZ_ROOM_BYTES];
    grille_writer writer = grille_writer_into(room, sizeof room);
    grille_settings settings;
    grille_settings again;
    if (grille_settings_decode(grille_bytes_of(data, size), &settings) != GRILLE_REASON_OK) return 0;
    FUZZ_CHECK(grille_settings_check(&settings) == GRILLE_REASON_OK);
    FUZZ_CHECK(list_services(&settings) == settings.service_count);
    grille_settings_write(&writer, &settings, services, settings.service_count);
    FUZZ_CHECK(grille_writer_end(&writer) == GRILLE_REASON_OK);
    FUZZ_CHECK(grille_settings_decode(grille_written(&writer), &again) == GRILLE_REASON_OK);
    FUZZ_CHECK(again.max_streams == settings.max_streams && again.max_handlers == settings.max_handlers);
    FUZZ_CHECK(again.max_message_bytes == settings.max_message_bytes);
    FUZZ_CHECK(again.max_metadata_bytes == settings.max_metadata_bytes);
    FUZZ_CHECK(again.stream_window_bytes == settings.stream_window_bytes);
    FUZZ_CHECK(again.connection_window_bytes == settings.connection_window_bytes);
    FUZZ_CHECK(again.service_count == settings.service_count);
    return 0;
}
