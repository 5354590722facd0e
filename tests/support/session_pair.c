/* SPDX-License-Identifier: Apache-2.0 */
#include "session_pair.h"

#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"

enum { WRITER_BYTES = 1 << 22, REPEATED_BYTES = 1 << 27, OUTPUT_BYTES = 1 << 22 };

static uint8_t writer_buffer[WRITER_BYTES];
static grille_writer writer;
static uint8_t output_buffer[OUTPUT_BYTES];
static uint8_t *repeated;

static pair_event *record(pair_end *end, pair_event_kind kind, grille_stream *stream) {
    static pair_event spare;
    pair_event *event = end->event_count < PAIR_EVENTS ? &end->events[end->event_count++] : &spare;
    const grille_session_stats stats = grille_session_get_stats(end->session);
    *event = (pair_event){.kind = kind, .stream = stream};
    if (stream != NULL) event->id = grille_stream_id(stream);
    end->counts[kind]++;
    if (stats.handlers > end->most_handlers) end->most_handlers = stats.handlers;
    if (stats.slots > end->most_slots) end->most_slots = stats.slots;
    return event;
}

static void copy_text(pair_event *event, grille_bytes text) {
    const size_t len = text.len < sizeof event->text ? text.len : sizeof event->text - 1;
    if (len > 0) memcpy(event->text, text.data, len);
}

static void on_settings(void *user, const grille_settings *settings) {
    record(user, PAIR_SETTINGS, NULL)->number = settings->max_streams;
}

static void on_call(void *user, grille_stream *stream, const grille_call_header *header) {
    pair_end *end = user;
    pair_event *event = record(end, PAIR_CALL, stream);
    event->number = header->method_id;
    event->timeout_us = header->has_timeout ? header->timeout_us : UINT64_MAX;
    event->metadata_count = header->metadata.count;
    end->newest = stream;
}

static void on_headers(void *user, grille_stream *stream, const grille_metadata_view *metadata) {
    record(user, PAIR_HEADERS, stream)->metadata_count = metadata->count;
}

static void on_message(void *user, grille_stream *stream, grille_bytes message) {
    pair_end *end = user;
    pair_event *event = record(end, PAIR_MESSAGE, stream);
    event->len = message.len;
    copy_text(event, message);
    end->message_bytes += message.len;
    if (end->consumes) grille_stream_message_done(stream);
}

/* What can't be answered for want of memory is reset. */
static void answer(grille_stream *stream) {
    const grille_status_header status = {.code = GRILLE_OK};
    grille_bytes message = {0};
    grille_reason reason = GRILLE_REASON_OK;
    if (grille_stream_next_message(stream, &message)) reason = grille_stream_send_message(stream, message, 0);
    if (reason == GRILLE_REASON_OK) reason = grille_stream_send_status(stream, &status);
    if (reason != GRILLE_REASON_OK) grille_stream_reset(stream, GRILLE_RESET_LIMIT);
    grille_stream_release(stream);
}

static void on_half_close(void *user, grille_stream *stream) {
    pair_end *end = user;
    record(end, PAIR_HALF_CLOSE, stream);
    if (end->answers) answer(stream);
}

static void on_status(void *user, grille_stream *stream, const grille_status_header *status) {
    pair_end *end = user;
    pair_event *event = record(end, PAIR_STATUS, stream);
    event->code = status->code;
    event->metadata_count = status->trailers.count;
    copy_text(event, status->message);
    if (end->releases) grille_stream_release(stream);
}

static void on_reset(void *user, grille_stream *stream, const grille_stream_end *ending) {
    pair_end *end = user;
    pair_event *event = record(end, PAIR_RESET, stream);
    event->end = *ending;
    event->end.text = NULL;
    event->code = ending->status;
    copy_text(event, grille_bytes_of_text(ending->text));
    if (end->releases) grille_stream_release(stream);
}

static void on_writable(void *user, grille_stream *stream) {
    record(user, PAIR_WRITABLE, stream);
}

static void on_slot_free(void *user) {
    record(user, PAIR_SLOT_FREE, NULL);
}

static void on_peer_drain(void *user, grille_drain_reason reason) {
    record(user, PAIR_PEER_DRAIN, NULL)->number = (uint32_t)reason;
}

static void on_drained(void *user) {
    record(user, PAIR_DRAINED, NULL);
}

static const grille_session_events recording = {
    .on_settings = on_settings,
    .on_call = on_call,
    .on_headers = on_headers,
    .on_message = on_message,
    .on_half_close = on_half_close,
    .on_status = on_status,
    .on_reset = on_reset,
    .on_writable = on_writable,
    .on_slot_free = on_slot_free,
    .on_peer_drain = on_peer_drain,
    .on_drained = on_drained,
};

pair_options pair_options_default(void) {
    pair_options options = {.initiator = grille_session_options_default(),
                            .responder = grille_session_options_default(),
                            .budget_bytes = GRILLE_DEFAULT_CONNECTION_BUDGET_BYTES};
    options.initiator.initiator = true;
    options.initiator.now_us = 1000000;
    options.responder.now_us = 1000000;
    return options;
}

pair_options pair_options_wide(void) {
    pair_options options = pair_options_default();
    options.responder.settings.max_message_bytes = 128 << 20;
    options.responder.settings.stream_window_bytes = 64 << 20;
    options.responder.settings.connection_window_bytes = 1 << 30;
    options.initiator.settings.max_message_bytes = 128 << 20;
    options.budget_bytes = (size_t)512 << 20;
    return options;
}

static void open_end(pair_end *end, const grille_session_options *options, size_t budget_bytes) {
    grille_session_options mine = *options;
    grille_budget_init(&end->budget, budget_bytes);
    end->table = recording;
    if (mine.events != NULL) end->table = *mine.events;
    mine.events = &end->table;
    mine.user = end;
    mine.budget = &end->budget;
    assert_int_equal(grille_session_new(&mine, &end->session), GRILLE_REASON_OK);
}

session_pair *pair_new(const pair_options *options) {
    session_pair *pair = calloc(1, sizeof *pair);
    assert_non_null(pair);
    pair->now_us = options->initiator.now_us;
    open_end(&pair->initiator, &options->initiator, options->budget_bytes);
    open_end(&pair->responder, &options->responder, options->budget_bytes);
    writer = grille_writer_into(writer_buffer, sizeof writer_buffer);
    return pair;
}

void pair_free(session_pair *pair) {
    grille_session_free(pair->initiator.session);
    grille_session_free(pair->responder.session);
    assert_int_equal(pair->initiator.budget.used_bytes, 0);
    assert_int_equal(pair->responder.budget.used_bytes, 0);
    free(pair);
}

pair_end *pair_other(session_pair *pair, pair_end *end) {
    return end == &pair->initiator ? &pair->responder : &pair->initiator;
}

/* As a connection reads: to the place that the session names, or in front of it what it wishes to see first. */
static grille_bytes read_piece(session_pair *pair, pair_end *to, grille_reader *reader) {
    uint8_t *room = NULL;
    const size_t wish = pair->direct ? grille_session_recv_wish(to->session, &room) : 0;
    size_t len = pair->piece == 0 || pair->piece > reader->left ? reader->left : pair->piece;
    if (wish > 0 && wish < len) len = wish;
    const grille_bytes read = grille_read_bytes(reader, len);
    if (room == NULL) return read;
    assert_true(wish > 0 && len <= wish);
    memcpy(room, read.data, len);
    pair->direct_bytes += len;
    return grille_bytes_of(room, len);
}

static void recv_pieces(session_pair *pair, pair_end *to, grille_bytes bytes) {
    grille_reader reader = grille_reader_of(bytes);
    while (reader.left > 0) {
        const grille_bytes read = read_piece(pair, to, &reader);
        const grille_reason reason = grille_session_recv(to->session, read, pair->now_us);
        if (reason != GRILLE_REASON_OK) to->reason = reason;
    }
}

bool pair_carry(session_pair *pair, pair_end *from, pair_end *to) {
    size_t len = 0;
    assert_int_equal(grille_session_send(from->session, pair->buffer, sizeof pair->buffer, &len, pair->now_us),
                     GRILLE_REASON_OK);
    if (len == 0) return false;
    pair->carried_bytes += len;
    recv_pieces(pair, to, grille_bytes_of(pair->buffer, len));
    grille_session_sent(from->session, pair->now_us);
    return true;
}

session_pair *pair_start(const pair_options *options) {
    session_pair *pair = pair_new(options);
    pair_run(pair);
    return pair;
}

void pair_run(session_pair *pair) {
    bool moved = true;
    while (moved) {
        moved = pair_carry(pair, &pair->initiator, &pair->responder);
        moved = pair_carry(pair, &pair->responder, &pair->initiator) || moved;
    }
    assert_false(grille_session_wants_write(pair->initiator.session));
    assert_false(grille_session_wants_write(pair->responder.session));
}

static void tick(session_pair *pair, pair_end *end) {
    const grille_reason reason = grille_session_tick(end->session, pair->now_us);
    if (reason != GRILLE_REASON_OK) end->reason = reason;
}

void pair_pass(session_pair *pair, uint64_t us) {
    pair->now_us += us;
    tick(pair, &pair->initiator);
    tick(pair, &pair->responder);
}

grille_bytes pair_bytes(size_t len) {
    if (repeated == NULL) {
        repeated = malloc(REPEATED_BYTES);
        assert_non_null(repeated);
        for (size_t i = 0; i < REPEATED_BYTES; i++)
            repeated[i] = (uint8_t)('a' + i % 26);
    }
    assert_true(len <= REPEATED_BYTES);
    return grille_bytes_of(repeated, len);
}

grille_stream *pair_call(session_pair *pair, pair_end *from, grille_bytes message) {
    const grille_call_open open = {.method_id = 7};
    grille_stream *stream = NULL;
    assert_int_equal(grille_session_open(from->session, &open, pair->now_us, &stream), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_message(stream, message, GRILLE_SEND_END_STREAM), GRILLE_REASON_OK);
    return stream;
}

const pair_event *pair_find(const pair_end *end, pair_event_kind kind, size_t n) {
    for (size_t i = 0; i < end->event_count; i++) {
        if (end->events[i].kind == kind && n-- == 0) return &end->events[i];
    }
    return NULL;
}

const pair_event *pair_last(const pair_end *end, pair_event_kind kind) {
    for (size_t i = end->event_count; i > 0; i--) {
        if (end->events[i - 1].kind == kind) return &end->events[i - 1];
    }
    return NULL;
}

/* ---- One end against frames of the test ---- */

grille_bytes pair_take_output(session_pair *pair, pair_end *end) {
    size_t total = 0;
    size_t len = 0;
    do {
        assert_true(sizeof output_buffer - total >= PAIR_BUFFER_BYTES);
        assert_int_equal(
            grille_session_send(end->session, output_buffer + total, PAIR_BUFFER_BYTES, &len, pair->now_us),
            GRILLE_REASON_OK);
        total += len;
        grille_session_sent(end->session, pair->now_us);
    } while (len > 0);
    return grille_bytes_of(output_buffer, total);
}

grille_writer *pair_writer(session_pair *pair) {
    (void)pair;
    return &writer;
}

grille_reason pair_feed(session_pair *pair, pair_end *end) {
    const grille_bytes bytes = grille_written(&writer);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    end->reason = GRILLE_REASON_OK;
    writer = grille_writer_into(writer_buffer, sizeof writer_buffer);
    recv_pieces(pair, end, bytes);
    return end->reason;
}

grille_reason pair_feed_cut(session_pair *pair, pair_end *end, grille_bytes bytes, size_t first, size_t piece) {
    grille_reader reader = grille_reader_of(bytes);
    grille_reason reason = GRILLE_REASON_OK;
    while (reader.left > 0 && reason == GRILLE_REASON_OK) {
        const size_t wanted = first > 0 ? first : piece > 0 ? piece : reader.left;
        const size_t len = wanted < reader.left ? wanted : reader.left;
        reason = grille_session_recv(end->session, grille_read_bytes(&reader, len), pair->now_us);
        first = 0;
    }
    return reason;
}

void pair_write_settings(grille_writer *to, const grille_settings *settings) {
    const grille_settings minimum = grille_settings_minimum();
    const size_t mark = grille_frame_begin(to);
    grille_settings_write(to, settings == NULL ? &minimum : settings, NULL, 0);
    grille_frame_end(to, mark, GRILLE_FRAME_SETTINGS, 0, 0);
}

void pair_write_call(grille_writer *to, uint32_t stream, bool end_stream) {
    const grille_call_payload call = {.header = {.method_id = 7}, .end_stream = end_stream};
    grille_call_frame_write(to, stream, &call);
}

void pair_write_call_message(grille_writer *to, uint32_t stream, grille_bytes message, bool end_stream) {
    const grille_call_payload call = {
        .header = {.method_id = 7}, .has_message = true, .message = message, .end_stream = end_stream};
    grille_call_frame_write(to, stream, &call);
}

void pair_write_data(grille_writer *to, uint32_t stream, bool begin, uint32_t whole, grille_bytes bytes,
                     bool end_stream) {
    const grille_data_payload data = {.begin = begin, .message_bytes = whole, .bytes = bytes, .end_stream = end_stream};
    grille_data_frame_write(to, stream, &data);
}

void pair_write_status(grille_writer *to, uint32_t stream, grille_code code) {
    const grille_status_payload status = {.header = {.code = code}};
    grille_status_frame_write(to, stream, &status);
}

bool pair_frame(grille_bytes output, uint8_t type, size_t n, grille_frame_header *header, grille_bytes *payload) {
    while (grille_frame_take(&output, header, payload) == GRILLE_REASON_OK) {
        if (header->type == type && n-- == 0) return true;
    }
    return false;
}

size_t pair_frame_count(grille_bytes output, uint8_t type) {
    grille_frame_header header;
    grille_bytes payload;
    size_t count = 0;
    while (pair_frame(output, type, count, &header, &payload))
        count++;
    return count;
}
