/* SPDX-License-Identifier: Apache-2.0
 * docs/protocol.md and the code say the same: the frame table, and the example byte for byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "samples.h"
#include "wire/payload.h"
#include "wire/settings.h"

static char page[65536];

static int read_page(void **state) {
    FILE *file = fopen("docs/protocol.md", "rb");
    size_t len = 0;
    (void)state;
    if (file == NULL) return 1;
    len = fread(page, 1, sizeof page - 1, file);
    fclose(file);
    page[len] = '\0';
    return len == 0 || len == sizeof page - 1;
}

/* The bytes of the example's line that begins with this name and two blanks. */
static grille_bytes example(const char *name) {
    char start[32];
    const char *line = NULL;
    size_t len = 0;
    char hex[256];
    (void)snprintf(start, sizeof start, "\n%s  ", name);
    line = strstr(page, "## Example");
    assert_non_null(line);
    line = strstr(line, start);
    assert_non_null(line);
    line += strlen(start);
    len = strcspn(line, "\n");
    assert_true(len < sizeof hex);
    memcpy(hex, line, len);
    hex[len] = '\0';
    return sample_hex(hex);
}

static void test_example_settings(void **state) {
    uint8_t buffer[128];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    grille_settings settings = grille_settings_default();
    size_t mark = grille_frame_begin(&writer);
    (void)state;
    grille_settings_write(&writer, &settings, NULL, 0);
    grille_frame_end(&writer, mark, GRILLE_FRAME_SETTINGS, 0, 0);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    assert_true(grille_bytes_equal(grille_written(&writer), example("SETTINGS")));
}

static void test_example_call(void **state) {
    uint8_t buffer[128];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    grille_call_payload call = {.header = {.method_id = 0x75ca5485, .has_timeout = true, .timeout_us = 500000},
                                .has_message = true,
                                .message = sample_hex("0a 03 416461"),
                                .end_stream = true};
    (void)state;
    assert_non_null(strstr(page, "`/acme.greeter.v1.Greeter/Greet` | 0x75ca5485"));
    grille_call_frame_write(&writer, 1, &call);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    assert_true(grille_bytes_equal(grille_written(&writer), example("CALL")));
}

static void test_example_status(void **state) {
    uint8_t buffer[128];
    grille_writer writer = grille_writer_into(buffer, sizeof buffer);
    grille_status_payload status = {.has_message = true, .message = sample_hex("0a 0b 48656c6c6f2c2041646121")};
    (void)state;
    grille_status_frame_write(&writer, 1, &status);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    assert_true(grille_bytes_equal(grille_written(&writer), example("STATUS")));
}

/* Flags of a table cell by their names. */
static unsigned flags_in(const char *cell, size_t len) {
    static const struct {
        const char *name;
        unsigned flag;
    } flags[] = {{"HAS_MESSAGE", GRILLE_FLAG_HAS_MESSAGE},
                 {"BEGIN", GRILLE_FLAG_BEGIN},
                 {"END_STREAM", GRILLE_FLAG_END_STREAM},
                 {"ACK", GRILLE_FLAG_ACK}};
    unsigned found = 0;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        const char *at = strstr(cell, flags[i].name);
        if (at != NULL && at < cell + len) found |= flags[i].flag;
    }
    return found;
}

/* A size that the type takes. */
static uint16_t usual_length(uint8_t type) {
    switch (type) {
    case GRILLE_FRAME_RESET:
        return 1;
    case GRILLE_FRAME_CREDIT:
        return 4;
    case GRILLE_FRAME_DRAIN:
        return 5;
    default:
        return 8;
    }
}

static void test_frame_table(void **state) {
    (void)state;
    for (uint8_t type = GRILLE_FRAME_GATE; type <= GRILLE_FRAME_DRAIN; type++) {
        char start[32];
        const char *cell = NULL;
        unsigned allowed = 0;
        (void)snprintf(start, sizeof start, "\n| %u | %s | ", type, grille_frame_name(type));
        cell = strstr(page, start);
        if (cell == NULL) fail_msg("no row `%s`", start + 1);
        cell += strlen(start);
        allowed = flags_in(cell, strcspn(cell, "|"));
        for (unsigned flags = 0; flags < 256; flags++) {
            grille_frame_header header = {usual_length(type), type, (uint8_t)flags, 0};
            grille_reason on_connection = grille_frame_check(&header);
            bool ok = false;
            header.stream = 1;
            ok = on_connection == GRILLE_REASON_OK || grille_frame_check(&header) == GRILLE_REASON_OK;
            assert_int_equal(ok, (flags & ~allowed) == 0);
        }
    }
}

/* Figures that the page repeats. */
static void test_figures(void **state) {
    static const char *const figures[] = {
        "at most **16,376**",
        "at most 1,024 bytes",
        "at most 4,096 bytes",
        "A key has 1 to 128",
        "at most 64 entries",
        "at most 512 fields",
        "| 16 | 65,536 | streams",
        "| 8,192 | 10,240 |",
        "| 65,536 | 2^30 | one message |",
        "256 entries",
        "From 2^31 − 2^20 on",
        "plus 8",
    };
    (void)state;
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        if (strstr(page, figures[i]) == NULL) fail_msg("the page does not say `%s`", figures[i]);
    }
    assert_int_equal(GRILLE_LIMIT_FRAME_PAYLOAD_BYTES, 16376);
    assert_int_equal(GRILLE_LIMIT_STATUS_MESSAGE_BYTES, 1024);
    assert_int_equal(GRILLE_LIMIT_STATUS_DETAILS_BYTES, 4096);
    assert_int_equal(GRILLE_LIMIT_METADATA_KEY_BYTES, 128);
    assert_int_equal(GRILLE_LIMIT_METADATA_ENTRIES, 64);
    assert_int_equal(GRILLE_LIMIT_PROTOCOL_FIELDS, 512);
    assert_int_equal(GRILLE_MINIMUM_STREAMS, 16);
    assert_int_equal(GRILLE_LIMIT_STREAMS, 65536);
    assert_int_equal(GRILLE_MINIMUM_METADATA_BYTES, 8192);
    assert_int_equal(GRILLE_LIMIT_METADATA_BYTES, 10240);
    assert_int_equal(GRILLE_MINIMUM_MESSAGE_BYTES, 65536);
    assert_int_equal(GRILLE_LIMIT_MESSAGE_BYTES, 1 << 30);
    assert_int_equal(GRILLE_LIMIT_SERVICES, 256);
    assert_true(GRILLE_LIMIT_STREAM_ID == (UINT64_C(1) << 31) - (UINT64_C(1) << 20));
    assert_int_equal(GRILLE_CREDIT_PER_DATA_FRAME_BYTES, 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example_settings), cmocka_unit_test(test_example_call),
        cmocka_unit_test(test_example_status),   cmocka_unit_test(test_frame_table),
        cmocka_unit_test(test_figures),
    };
    return cmocka_run_group_tests(tests, read_page, samples_free);
}
