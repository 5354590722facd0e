/* SPDX-License-Identifier: Apache-2.0 */
#include "session_script.h"

#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "session_pair.h"

enum { NUMBERS = 6 };

typedef struct token {
    char letter;
    uint64_t numbers[NUMBERS];
    size_t count;
    bool begin;
    bool end;
} token;

static void write_raw_settings(grille_writer *writer, const token *t) {
    const size_t mark = grille_frame_begin(writer);
    for (size_t i = 0; i < t->count; i++)
        grille_message_varint_write(writer, (uint32_t)i + 1, t->numbers[i]);
    grille_frame_end(writer, mark, GRILLE_FRAME_SETTINGS, 0, 0);
}

/* One entry "x-bin" that is `bytes` long with tags and lengths. */
static grille_metadata_view metadata_of(uint64_t bytes) {
    static uint8_t encoded[16384];
    grille_metadata_entry entry = {.key = grille_bytes_of("x-bin", 5)};
    grille_writer writer = grille_writer_into(encoded, sizeof encoded);
    grille_metadata_view view = {0};
    while (grille_metadata_entry_size(&entry) < bytes)
        entry.value = pair_bytes(entry.value.len + 1);
    assert_int_equal(grille_metadata_entry_size(&entry), bytes);
    grille_metadata_entry_write(&writer, &entry);
    view.encoded = grille_written(&writer);
    view.count = 1;
    view.encoded_bytes = (uint32_t)view.encoded.len;
    return view;
}

static void write_call(grille_writer *writer, const token *t) {
    grille_call_payload call = {.header = {.method_id = 7}, .end_stream = t->end};
    if (t->letter == 'M') {
        call.has_message = true;
        call.message = pair_bytes(t->numbers[1]);
    }
    if (t->letter == 'O') {
        call.header.has_timeout = true;
        call.header.timeout_us = t->numbers[1];
    }
    if (t->letter == 'Q') call.header.metadata = metadata_of(t->numbers[1]);
    grille_call_frame_write(writer, (uint32_t)t->numbers[0], &call);
}

static void write_status(grille_writer *writer, const token *t) {
    grille_status_payload status = {.header = {.code = GRILLE_OK}};
    if (t->letter == 'T') status.header.code = (grille_code)t->numbers[1];
    if (t->letter == 'V') {
        status.has_message = true;
        status.message = pair_bytes(t->numbers[1]);
    }
    grille_status_frame_write(writer, (uint32_t)t->numbers[0], &status);
}

static void write_header(grille_writer *writer, uint64_t length, uint64_t type, uint64_t flags, uint64_t id) {
    const grille_frame_header header = {
        .length = (uint16_t)length, .type = (uint8_t)type, .flags = (uint8_t)flags, .stream = (uint32_t)id};
    grille_frame_header_write(writer, &header);
}

static void write_any(grille_writer *writer, const token *t) {
    write_header(writer, t->numbers[3], t->numbers[0], t->numbers[1], t->numbers[2]);
    grille_write_zeros(writer, t->numbers[3]);
}

static void write_payload_number(grille_writer *writer, const token *t, grille_frame_type type, uint8_t flags) {
    const size_t mark = grille_frame_begin(writer);
    const uint32_t id = type == GRILLE_FRAME_PING ? 0 : (uint32_t)t->numbers[0];
    if (type == GRILLE_FRAME_PING) grille_write_u64(writer, t->numbers[0]);
    if (type == GRILLE_FRAME_CREDIT) grille_write_u32(writer, (uint32_t)t->numbers[1]);
    if (type == GRILLE_FRAME_RESET) grille_write_u8(writer, (uint8_t)t->numbers[1]);
    grille_frame_end(writer, mark, type, flags, id);
}

static void write_token(grille_writer *writer, const token *t) {
    const grille_metadata_view metadata = t->letter == 'H' ? metadata_of(t->numbers[1]) : (grille_metadata_view){0};
    const grille_drain_payload drain = {(uint32_t)t->numbers[0], (grille_drain_reason)t->numbers[1]};
    const uint64_t data_len = t->letter == 'D' ? t->numbers[2] : 0;
    const grille_data_payload data = {.begin = t->begin,
                                      .message_bytes = (uint32_t)t->numbers[1],
                                      .bytes = pair_bytes(data_len),
                                      .end_stream = t->end || t->letter == 'E'};
    switch (t->letter) {
    case 'S':
        write_raw_settings(writer, t);
        break;
    case 'C':
    case 'M':
    case 'O':
    case 'Q':
        write_call(writer, t);
        break;
    case 'D':
    case 'E':
        grille_data_frame_write(writer, (uint32_t)t->numbers[0], &data);
        break;
    case 'H':
        grille_headers_frame_write(writer, (uint32_t)t->numbers[0], &metadata);
        break;
    case 'T':
    case 'V':
        write_status(writer, t);
        break;
    case 'X':
        write_payload_number(writer, t, GRILLE_FRAME_RESET, 0);
        break;
    case 'K':
        write_payload_number(writer, t, GRILLE_FRAME_CREDIT, 0);
        break;
    case 'P':
    case 'A':
        write_payload_number(writer, t, GRILLE_FRAME_PING, t->letter == 'A' ? GRILLE_FLAG_ACK : 0);
        break;
    case 'N':
        grille_drain_frame_write(writer, &drain);
        break;
    case 'G':
        write_header(writer, t->numbers[0], GRILLE_FRAME_GATE, 0, 0);
        grille_write_zeros(writer, t->numbers[0]);
        break;
    case 'U':
        write_any(writer, t);
        break;
    case 'L':
        write_header(writer, t->numbers[0], t->numbers[1], t->numbers[2], t->numbers[3]);
        break;
    default:
        fail_msg("unknown token %c", t->letter);
    }
}

static token parse(const char *text, const char **end) {
    token t = {.letter = *text++};
    char *next = NULL;
    while ((*text >= '0' && *text <= '9') || *text == ':') {
        if (*text == ':') text++;
        assert_true(t.count < NUMBERS);
        t.numbers[t.count++] = strtoull(text, &next, 10);
        assert_ptr_not_equal(next, text);
        text = next;
    }
    for (; *text == 'b' || *text == 'e'; text++) {
        t.begin = t.begin || *text == 'b';
        t.end = t.end || *text == 'e';
    }
    assert_true(*text == ' ' || *text == 0);
    *end = text;
    return t;
}

static const char *write_repeated(grille_writer *writer, const char *text) {
    const char *end = NULL;
    char *next = NULL;
    unsigned long long times = 1;
    uint64_t step = 0;
    token t;
    if (*text >= '0' && *text <= '9') {
        times = strtoull(text, &next, 10);
        assert_true(*next == '*' || *next == '=');
        step = *next == '*' ? 2 : 0;
        text = next + 1;
    }
    t = parse(text, &end);
    for (; times > 0; times--, t.numbers[0] += step)
        write_token(writer, &t);
    return end;
}

void script_write(grille_writer *writer, const char *script) {
    while (*script != 0) {
        if (*script == ' ') {
            script++;
            continue;
        }
        script = write_repeated(writer, script);
    }
    assert_int_equal(grille_writer_end(writer), GRILLE_REASON_OK);
}
