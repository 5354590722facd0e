/* SPDX-License-Identifier: Apache-2.0
 * docs/protocol.md and the code say the same: the frame table, the limits, the reasons, and the examples byte for byte.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "grille/reasons.h"
#include "protocol_page.h"
#include "samples.h"
#include "wire/claims.h"
#include "wire/payload.h"
#include "wire/settings.h"

#define UNARY "### A unary call"
#define KINDS "### One frame of each kind"

static uint8_t buffer[256];

static grille_writer new_writer(void) {
    return grille_writer_into(buffer, sizeof buffer);
}

static void assert_example(const grille_writer *writer, const char *heading, const char *name) {
    const grille_bytes expected = protocol_page_hex(heading, name);
    assert_int_equal(grille_writer_end(writer), GRILLE_REASON_OK);
    if (!grille_bytes_equal(grille_written(writer), expected)) fail_msg("the code writes another %s", name);
}

static void test_example_settings(void **state) {
    grille_writer writer = new_writer();
    grille_settings settings = grille_settings_default();
    const size_t mark = grille_frame_begin(&writer);
    (void)state;
    grille_settings_write(&writer, &settings, NULL, 0);
    grille_frame_end(&writer, mark, GRILLE_FRAME_SETTINGS, 0, 0);
    assert_example(&writer, UNARY, "SETTINGS");
}

static const grille_call_header greet = {.method_id = 0x75ca5485, .has_timeout = true, .timeout_us = 500000};

static void test_example_unary(void **state) {
    const grille_call_payload call = {
        .header = greet, .has_message = true, .message = sample_hex("0a 03 416461"), .end_stream = true};
    const grille_status_payload status = {.has_message = true, .message = sample_hex("0a 0b 48656c6c6f2c2041646121")};
    grille_writer writer = new_writer();
    (void)state;
    assert_non_null(strstr(protocol_page(), "`/acme.greeter.v1.Greeter/Greet` | 0x75ca5485"));
    grille_call_frame_write(&writer, 1, &call);
    assert_example(&writer, UNARY, "CALL");
    writer = new_writer();
    grille_status_frame_write(&writer, 1, &status);
    assert_example(&writer, UNARY, "STATUS");
}

/* One entry of metadata, as a view. */
static grille_metadata_view metadata_of(const char *key, const char *value_hex, uint8_t *storage, size_t capacity) {
    grille_writer writer = grille_writer_into(storage, capacity);
    const grille_metadata_entry entry = {.key = grille_bytes_of_text(key), .value = sample_hex(value_hex)};
    grille_metadata_view view;
    grille_metadata_entry_write(&writer, &entry);
    assert_int_equal(grille_metadata_view_of(grille_written(&writer), &view), GRILLE_REASON_OK);
    return view;
}

static void test_example_headed_frames(void **state) {
    uint8_t one[64], two[64];
    const grille_metadata_view header = metadata_of("h-a", "6f6e65", one, sizeof one);
    grille_call_payload call = {.header = greet};
    const grille_status_payload status = {.header = {.code = GRILLE_NOT_FOUND,
                                                     .message = grille_bytes_of_text("no key"),
                                                     .details = sample_hex("0805"),
                                                     .trailers = metadata_of("t-z-bin", "00ff", two, sizeof two)}};
    grille_writer writer = new_writer();
    (void)state;
    call.header.metadata = header;
    grille_call_frame_write(&writer, 3, &call);
    assert_example(&writer, KINDS, "CALL2");
    writer = new_writer();
    grille_headers_frame_write(&writer, 3, &header);
    assert_example(&writer, KINDS, "HEADERS");
    writer = new_writer();
    grille_status_frame_write(&writer, 3, &status);
    assert_example(&writer, KINDS, "STATUS2");
}

static void test_example_data(void **state) {
    const grille_data_payload data[] = {
        {.begin = true, .message_bytes = 5, .bytes = sample_hex("0a03")},
        {.end_stream = true, .bytes = sample_hex("416461")},
        {.begin = true, .message_bytes = 0},
    };
    static const char *const names[] = {"DATA1", "DATA2", "DATA3"};
    (void)state;
    for (size_t i = 0; i < sizeof data / sizeof data[0]; i++) {
        grille_writer writer = new_writer();
        grille_data_frame_write(&writer, 3, &data[i]);
        assert_example(&writer, KINDS, names[i]);
    }
}

static void test_example_short_frames(void **state) {
    const grille_drain_payload drains[] = {{GRILLE_DRAIN_ALL, GRILLE_DRAIN_SHUTDOWN}, {3, GRILLE_DRAIN_SHUTDOWN}};
    grille_writer writer = new_writer();
    (void)state;
    grille_reset_frame_write(&writer, 3, GRILLE_RESET_CANCELLED);
    assert_example(&writer, KINDS, "RESET");
    writer = new_writer();
    grille_credit_frame_write(&writer, 3, 32768);
    assert_example(&writer, KINDS, "CREDIT");
    writer = new_writer();
    grille_credit_frame_write(&writer, 0, 524288);
    assert_example(&writer, KINDS, "CREDIT0");
    writer = new_writer();
    grille_ping_frame_write(&writer, false, 1);
    assert_example(&writer, KINDS, "PING");
    writer = new_writer();
    grille_ping_frame_write(&writer, true, 1);
    assert_example(&writer, KINDS, "PONG");
    for (size_t i = 0; i < 2; i++) {
        writer = new_writer();
        grille_drain_frame_write(&writer, &drains[i]);
        assert_example(&writer, KINDS, i == 0 ? "DRAIN1" : "DRAIN2");
    }
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
        cell = strstr(protocol_page(), start);
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

/* RESET codes and DRAIN reasons: those of the page are taken, others are not. */
static void test_codes(void **state) {
    static const char *const resets[] = {"CANCELLED | CANCELLED", "REFUSED:", "DEADLINE |", "PROTOCOL:", "LIMIT:"};
    (void)state;
    for (uint8_t value = 0; value < 16; value++) {
        const uint8_t payload[5] = {0, 0, 0, 0, value};
        char row[64];
        grille_reset_code code;
        grille_drain_payload drain;
        bool on_page = false;
        (void)snprintf(row, sizeof row, "\n| %u | ", value);
        assert_int_equal(grille_drain_payload_decode(grille_bytes_of(payload, 5), &drain) == GRILLE_REASON_OK,
                         strstr(protocol_page_part("## DRAIN"), row) != NULL);
        for (size_t i = 0; i < sizeof resets / sizeof resets[0]; i++) {
            (void)snprintf(row, sizeof row, "\n| %u | %s", value, resets[i]);
            if (strstr(protocol_page_part("## Calls"), row) != NULL) on_page = true;
        }
        assert_int_equal(grille_reset_payload_decode(grille_bytes_of(&value, 1), &code) == GRILLE_REASON_OK, on_page);
    }
}

typedef struct limit_row {
    const char *name;
    uint64_t value;
} limit_row;

#define ROW(name)                                                                                                      \
    { #name, (uint64_t)GRILLE_##name }
#define BUCKET(name)                                                                                                   \
    {#name, GRILLE_##name##_BURST}, {                                                                                  \
#name, GRILLE_##name##_PER_SECOND                                                                              \
    }

static const limit_row limits[] = {
    ROW(FRAME_HEADER_BYTES),
    ROW(LIMIT_FRAME_PAYLOAD_BYTES),
    ROW(MESSAGE_LENGTH_BYTES),
    ROW(LIMIT_CREDIT_BYTES),
    ROW(CREDIT_PER_DATA_FRAME_BYTES),
    ROW(LIMIT_STREAM_ID),
    ROW(MINIMUM_STREAMS),
    ROW(LIMIT_STREAMS),
    ROW(MINIMUM_HANDLERS),
    ROW(LIMIT_HANDLERS),
    ROW(MINIMUM_MESSAGE_BYTES),
    ROW(LIMIT_MESSAGE_BYTES),
    ROW(MINIMUM_METADATA_BYTES),
    ROW(LIMIT_METADATA_BYTES),
    ROW(MINIMUM_STREAM_WINDOW_BYTES),
    ROW(LIMIT_STREAM_WINDOW_BYTES),
    ROW(MINIMUM_CONNECTION_WINDOW_BYTES),
    ROW(LIMIT_CONNECTION_WINDOW_BYTES),
    ROW(STREAM_WINDOWS_PER_CONNECTION),
    ROW(LIMIT_SERVICES),
    ROW(SCHEMA_DIGEST_BYTES),
    ROW(LIMIT_SETTINGS_FRAMES),
    ROW(LIMIT_DRAIN_FRAMES),
    ROW(LIMIT_PROTOCOL_FIELDS),
    ROW(LIMIT_METADATA_ENTRIES),
    ROW(LIMIT_METADATA_KEY_BYTES),
    ROW(LIMIT_STATUS_MESSAGE_BYTES),
    ROW(LIMIT_STATUS_DETAILS_BYTES),
    ROW(LIMIT_HELLO_BYTES),
    ROW(LIMIT_HELLO_KINDS),
    ROW(LIMIT_EVIDENCE_BYTES),
    ROW(LIMIT_CLAIMS_BYTES),
    ROW(LIMIT_BEFORE_CONFIRM_BYTES),
    ROW(LIMIT_GATE_MS),
    ROW(LIMIT_HALF_OPEN_CONNECTIONS),
    ROW(LIMIT_RETIRING_CONNECTIONS),
    ROW(LIMIT_DOCUMENT_BYTES),
    ROW(LIMIT_CERTIFICATE_BYTES),
    ROW(LIMIT_CABUNDLE_CERTIFICATES),
    ROW(LIMIT_PCRS),
    ROW(LIMIT_CBOR_DEPTH),
    ROW(LIMIT_CBOR_OPEN_KEYS),
    ROW(LIMIT_X509_CHAIN),
    ROW(LIMIT_PEER_CERTIFICATE_BYTES),
    ROW(LIMIT_CERTIFICATE_EXTENSIONS),
    ROW(LIMIT_PROTOBUF_DEPTH),
    ROW(LIMIT_PROTOBUF_FIELDS),
    ROW(KEEPALIVE_INTERVAL_MS),
    ROW(KEEPALIVE_TIMEOUT_MS),
    ROW(LIMIT_LINGER_MS),
    ROW(LIMIT_LINGER_BYTES),
    ROW(LIMIT_HYBRID_ANSWER_BYTES),
    ROW(LIMIT_RECORDS_PER_KEY),
    BUCKET(LIMIT_PING),
    BUCKET(LIMIT_RESET),
    BUCKET(LIMIT_CREDIT),
    BUCKET(LIMIT_GATE),
    BUCKET(LIMIT_KEY_UPDATE),
    BUCKET(LIMIT_IGNORED),
    BUCKET(LIMIT_LATE_FRAME),
};

/* 65536 as "65,536". */
static void with_commas(uint64_t value, char *text, size_t size) {
    char digits[32];
    size_t len = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)value), at = 0;
    assert_true(len + len / 3 < size);
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
}

/* True when `text` stands in the line as a word of its own. */
static bool has_word(const char *line, size_t len, const char *text) {
    static const char parts[] = "0123456789,_ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const size_t size = strlen(text);
    for (size_t i = 1; i + size < len; i++) {
        const char after = line[i + size];
        if (strncmp(line + i, text, size) != 0 || strchr(parts, line[i - 1]) != NULL) continue;
        if (strchr(parts, after) == NULL || (after == ',' && line[i + size + 1] == ' ')) return true;
    }
    return false;
}

static bool page_has_limit(const limit_row *row) {
    char value[48];
    const char *line = protocol_page_part("## Limits");
    with_commas(row->value, value, sizeof value);
    while (*line != '\0') {
        const size_t len = strcspn(line, "\n");
        if (*line == '|' && has_word(line, len, row->name) && has_word(line, len, value)) return true;
        line += len + (line[len] == '\n');
    }
    return false;
}

static void test_limits(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (!page_has_limit(&limits[i]))
            fail_msg("no row with %s and %llu below `## Limits`", limits[i].name, (unsigned long long)limits[i].value);
}

/* Each reason that an end can meet by its name. */
static void test_reasons(void **state) {
    static const char *const prefixes[] = {"WIRE-", "TLS-", "GATE-", "SESSION-", "ATTEST-"};
    unsigned seen = 0;
    (void)state;
    for (int reason = 0; reason < GRILLE_REASON_COUNT; reason++) {
        char quoted[80];
        for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
            const char *name = grille_reason_name((grille_reason)reason);
            if (strncmp(name, prefixes[i], strlen(prefixes[i])) != 0) continue;
            (void)snprintf(quoted, sizeof quoted, "`%s`", name);
            if (strstr(protocol_page(), quoted) == NULL) fail_msg("the page does not name %s", quoted);
            seen++;
        }
    }
    assert_true(seen > 100);
}

/* Figures that the page's text repeats. */
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
        if (strstr(protocol_page(), figures[i]) == NULL) fail_msg("the page does not say `%s`", figures[i]);
    }
    assert_int_equal(GRILLE_LIMIT_MESSAGE_BYTES, 1 << 30);
    assert_int_equal(GRILLE_POLICY_DIGEST_BYTES, 48);
    assert_true(GRILLE_LIMIT_STREAM_ID == (UINT64_C(1) << 31) - (UINT64_C(1) << 20));
}

static int free_all(void **state) {
    (void)samples_free(state);
    return protocol_page_free(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example_settings),
        cmocka_unit_test(test_example_unary),
        cmocka_unit_test(test_example_headed_frames),
        cmocka_unit_test(test_example_data),
        cmocka_unit_test(test_example_short_frames),
        cmocka_unit_test(test_frame_table),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_figures),
    };
    return cmocka_run_group_tests(tests, NULL, free_all);
}
