/* SPDX-License-Identifier: Apache-2.0 */
#include "session_fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "session/session.h"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                      \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

enum { CALLS = 4, BUDGET_BYTES = 1 << 24, SMALL_BUDGET_BYTES = 100000, BUFFER_BYTES = 2 * GRILLE_SESSION_SEND_BYTES };

/* What one call was told, kept in its arena. */
typedef struct told {
    bool headers;
    bool message;
    bool half_closed;
    bool ended;
    bool asked; /* a send was answered SESSION_WINDOW_FULL */
    unsigned events;
} told;

typedef struct fuzz_end {
    grille_session *session;
    grille_budget budget;
    uint8_t bits;
    uint8_t habits;
    grille_time_us now_us;
    size_t fed;
} fuzz_end;

static told *told_of(grille_stream *stream) {
    return grille_stream_user(stream);
}

/* False when there is no memory for it: the call is let go. */
static bool remember(grille_stream *stream) {
    told *new_told = grille_arena_alloc(grille_stream_arena(stream), sizeof *new_told);
    if (new_told == NULL) {
        grille_stream_release(stream);
        return false;
    }
    *new_told = (told){0};
    grille_stream_set_user(stream, new_told);
    return true;
}

/* ---- What owners do ---- */

static bool has(const fuzz_end *end, unsigned habit) {
    return (end->habits & habit) != 0;
}

static void send(grille_stream *stream, grille_bytes message) {
    const grille_reason reason = grille_stream_send_message(stream, message, 0);
    if (reason == GRILLE_REASON_SESSION_WINDOW_FULL) told_of(stream)->asked = true;
}

static void fill(grille_stream *stream) {
    static const uint8_t bytes[20000];
    for (size_t len = 0; len < 2000; len = 4 * len + 1)
        (void)!grille_stream_send_message(stream, grille_bytes_of(bytes, len), 0);
    for (int i = 0; i < 4; i++)
        send(stream, grille_bytes_of(bytes, sizeof bytes));
}

static void send_headers(grille_stream *stream) {
    uint8_t bytes[16];
    const grille_metadata_entry entry = {grille_bytes_of("k", 1), grille_bytes_of("v", 1)};
    grille_writer writer = grille_writer_into(bytes, sizeof bytes);
    grille_metadata_view view = {0};
    grille_metadata_entry_write(&writer, &entry);
    CHECK(grille_metadata_view_of(grille_written(&writer), &view) == GRILLE_REASON_OK);
    (void)!grille_stream_send_headers(stream, &view);
}

/* True when the owner let go. */
static bool leaves(const fuzz_end *end, grille_stream *stream) {
    if (!has(end, FUZZ_LEAVES) || ++told_of(stream)->events < 3) return false;
    grille_stream_release(stream);
    return true;
}

/* ---- What they are told ---- */

static void on_call(void *user, grille_stream *stream, const grille_call_header *header) {
    grille_metadata_iterator iterator = grille_metadata_iterate(&header->metadata);
    grille_metadata_entry entry;
    const fuzz_end *end = user;
    uint32_t count = 0;
    CHECK(header->method_id != 0);
    while (grille_metadata_next(&iterator, &entry))
        count++;
    CHECK(count == header->metadata.count);
    CHECK(!grille_stream_is_ours(stream));
    if (!remember(stream)) return;
    if (has(end, FUZZ_FILLS)) fill(stream);
    (void)leaves(end, stream);
}

static void on_headers(void *user, grille_stream *stream, const grille_metadata_view *metadata) {
    const fuzz_end *end = user;
    CHECK(!told_of(stream)->headers && !told_of(stream)->message && !told_of(stream)->ended);
    CHECK(metadata->count > 0);
    told_of(stream)->headers = true;
    (void)leaves(end, stream);
}

static void on_message(void *user, grille_stream *stream, grille_bytes message) {
    const fuzz_end *end = user;
    volatile uint8_t last = 0;
    CHECK(!told_of(stream)->half_closed && !told_of(stream)->ended);
    CHECK(message.len <= end->fed);
    if (message.len > 0) last = message.data[message.len - 1];
    (void)last;
    told_of(stream)->message = true;
    if (leaves(end, stream)) return;
    if (has(end, FUZZ_HEADERS)) send_headers(stream);
    if (has(end, FUZZ_ECHOES)) send(stream, message);
    if ((end->bits & FUZZ_CONSUMES) != 0) grille_stream_message_done(stream);
}

static void on_writable(void *user, grille_stream *stream) {
    const fuzz_end *end = user;
    CHECK(told_of(stream)->asked && !told_of(stream)->ended);
    told_of(stream)->asked = false;
    CHECK(grille_stream_send_message(stream, grille_bytes_of("x", 1), 0) != GRILLE_REASON_SESSION_WINDOW_FULL);
    if (has(end, FUZZ_FILLS)) fill(stream);
    (void)leaves(end, stream);
}

static void on_half_close(void *user, grille_stream *stream) {
    const fuzz_end *end = user;
    const grille_status_header status = {.code = GRILLE_OK};
    grille_bytes message = {0};
    CHECK(!told_of(stream)->half_closed && !told_of(stream)->ended);
    told_of(stream)->half_closed = true;
    if (leaves(end, stream) || (end->bits & FUZZ_ANSWERS) == 0) return;
    if (grille_stream_next_message(stream, &message)) (void)!grille_stream_send_message(stream, message, 0);
    (void)!grille_stream_send_status(stream, &status);
    grille_stream_release(stream);
}

static void end_call(const fuzz_end *end, grille_stream *stream) {
    CHECK(!told_of(stream)->ended);
    told_of(stream)->ended = true;
    if ((end->bits & FUZZ_RELEASES) != 0) grille_stream_release(stream);
}

static void on_status(void *user, grille_stream *stream, const grille_status_header *status) {
    CHECK(grille_stream_is_ours(stream));
    CHECK((unsigned)status->code <= GRILLE_UNAUTHENTICATED);
    end_call(user, stream);
}

static void on_reset(void *user, grille_stream *stream, const grille_stream_end *ending) {
    CHECK(ending->status != GRILLE_OK && ending->text != NULL);
    end_call(user, stream);
}

static const grille_session_events events = {.on_call = on_call,
                                             .on_headers = on_headers,
                                             .on_message = on_message,
                                             .on_half_close = on_half_close,
                                             .on_writable = on_writable,
                                             .on_status = on_status,
                                             .on_reset = on_reset};

static void check(const fuzz_end *end) {
    const grille_session_stats stats = grille_session_get_stats(end->session);
    CHECK(stats.peer_streams <= GRILLE_MINIMUM_STREAMS);
    CHECK(stats.handlers <= GRILLE_MINIMUM_HANDLERS);
    CHECK(stats.receive_credit_bytes <= GRILLE_MINIMUM_CONNECTION_WINDOW_BYTES);
    const size_t queues = (end->habits & (FUZZ_ECHOES | FUZZ_FILLS)) == 0
                              ? 0
                              : (CALLS + GRILLE_MINIMUM_STREAMS) * 2 * GRILLE_LIMIT_SEND_QUEUE_BYTES + end->fed;
    /* Slots, the map, one frame, at most three times what came, and what owners queued. */
    CHECK(end->budget.peak_bytes <= 262144 + 3 * end->fed + queues);
}

static void take_output(fuzz_end *end) {
    static uint8_t buffer[BUFFER_BYTES];
    grille_bytes output = {0};
    grille_frame_header header = {0};
    grille_bytes payload = {0};
    size_t len = 0;
    CHECK(grille_session_send(end->session, buffer, sizeof buffer, &len, end->now_us) == GRILLE_REASON_OK);
    output = grille_bytes_of(buffer, len);
    while (output.len > 0)
        CHECK(grille_frame_take(&output, &header, &payload) == GRILLE_REASON_OK);
    grille_session_sent(end->session, end->now_us);
}

static void open_calls(fuzz_end *end) {
    const grille_call_open open = {.method_id = 7, .has_timeout = true, .timeout_us = 50000};
    for (int i = 0; i < CALLS; i++) {
        grille_stream *stream = NULL;
        if (grille_session_open(end->session, &open, end->now_us, &stream) != GRILLE_REASON_OK) continue;
        if (!remember(stream)) continue;
        if (has(end, FUZZ_FILLS)) fill(stream);
        (void)!grille_stream_send_message(stream, grille_bytes_of("ask", 3), i % 2 == 0 ? GRILLE_SEND_END_STREAM : 0);
    }
    take_output(end);
}

static bool feed(fuzz_end *end, grille_bytes bytes) {
    const grille_reason before = grille_session_failure(end->session)->code == GRILLE_OK ? 0 : 1;
    grille_reason reason = GRILLE_REASON_OK;
    end->fed += bytes.len;
    reason = grille_session_recv(end->session, bytes, end->now_us);
    CHECK(before == 0 || reason != GRILLE_REASON_OK);
    if ((end->bits & FUZZ_TICKS) != 0) {
        end->now_us += 10000;
        (void)!grille_session_tick(end->session, end->now_us);
    }
    if ((end->bits & FUZZ_SENDS) != 0) take_output(end);
    check(end);
    return reason == GRILLE_REASON_OK;
}

static void open_end(fuzz_end *end, bool initiator) {
    grille_session_options options = grille_session_options_default();
    options.initiator = initiator;
    options.settings = grille_settings_minimum();
    options.settings.max_message_bytes = 1 << 20;
    options.budget = &end->budget;
    options.events = &events;
    options.user = end;
    options.now_us = end->now_us;
    grille_budget_init(&end->budget, (end->bits & FUZZ_SMALL) != 0 ? SMALL_BUDGET_BYTES : BUDGET_BYTES);
    CHECK(grille_session_new(&options, &end->session) == GRILLE_REASON_OK);
}

void session_fuzz(bool initiator, const uint8_t *data, size_t size) {
    static const uint8_t settings[] = {0, 0, GRILLE_FRAME_SETTINGS, 0, 0, 0, 0, 0};
    grille_reader reader = grille_reader_of(grille_bytes_of(data, size));
    fuzz_end end = {.now_us = 1000000};
    size_t piece = 0;
    bool goes_on = true;
    end.bits = grille_read_u8(&reader);
    end.habits = grille_read_u8(&reader);
    piece = (size_t)1 << (end.habits % 16);
    open_end(&end, initiator);
    if (initiator) open_calls(&end);
    if ((end.bits & FUZZ_SETTINGS) != 0) goes_on = feed(&end, grille_bytes_of(settings, sizeof settings));
    if ((end.bits & FUZZ_DRAINS) != 0) grille_session_drain(end.session, GRILLE_DRAIN_SHUTDOWN, end.now_us);
    while (goes_on && reader.left > 0)
        goes_on = feed(&end, grille_read_bytes(&reader, piece < reader.left ? piece : reader.left));
    take_output(&end);
    if ((end.bits & FUZZ_TICKS) != 0) grille_session_abort(end.session, GRILLE_REASON_SESSION_LOST, NULL);
    grille_session_free(end.session);
    CHECK(end.budget.used_bytes == 0);
}
