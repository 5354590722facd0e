/* SPDX-License-Identifier: Apache-2.0 */
#include "raw_caller.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"

/* ---- events ---- */

static void on_headers(void *user, grille_stream *stream, const grille_metadata_view *metadata) {
    raw_call *call = grille_stream_user(stream);
    (void)user;
    call->header_pairs = metadata->count;
}

static void on_message(void *user, grille_stream *stream, grille_bytes message) {
    raw_call *call = grille_stream_user(stream);
    size_t used = strlen(call->texts);
    (void)user;
    call->messages++;
    call->bytes += message.len;
    if (used + message.len + 2 <= sizeof call->texts) {
        (void)snprintf(call->texts + used, sizeof call->texts - used, "%.*s|", (int)message.len,
                       (const char *)message.data);
    }
    if (!call->holds) grille_stream_message_done(stream);
}

static void forget(raw_call *call) {
    grille_stream *stream = call->stream;
    call->stream = NULL;
    grille_stream_release(stream);
}

static void on_status(void *user, grille_stream *stream, const grille_status_header *status) {
    raw_call *call = grille_stream_user(stream);
    (void)user;
    call->answered = true;
    call->code = status->code;
    call->trailer_pairs = status->trailers.count;
    (void)snprintf(call->text, sizeof call->text, "%.*s", (int)status->message.len, (const char *)status->message.data);
    forget(call);
}

static void on_reset(void *user, grille_stream *stream, const grille_stream_end *end) {
    raw_call *call = grille_stream_user(stream);
    (void)user;
    call->reset = true;
    call->reset_code = end->code;
    forget(call);
}

static const grille_session_events events = {
    .on_headers = on_headers, .on_message = on_message, .on_status = on_status, .on_reset = on_reset};

/* ---- life ---- */

void raw_caller_open(raw_caller *caller, const grille_service *service, const grille_method_handler *methods,
                     void *user, size_t max_message_bytes) {
    grille_session_options options = grille_session_options_default();
    memset(caller, 0, sizeof *caller);
    endpoint_pair_open_server(&caller->pair, service, methods, user, max_message_bytes);
    grille_budget_init(&caller->budget, 256 << 20);
    options.initiator = true;
    options.settings.stream_window_bytes = 65536;
    options.settings.connection_window_bytes = 16 * 65536;
    options.budget = &caller->budget;
    options.events = &events;
    options.user = caller;
    options.now_us = caller->pair.now_us;
    assert_int_equal(grille_session_new(&options, &caller->session), GRILLE_REASON_OK);
    raw_caller_pump(caller);
}

void raw_caller_close(raw_caller *caller) {
    grille_session_free(caller->session);
    endpoint_pair_close(&caller->pair);
    assert_int_equal(caller->budget.used_bytes, 0);
}

static bool to_server(raw_caller *caller) {
    static uint8_t buffer[4 * GRILLE_SESSION_SEND_BYTES];
    size_t len = 0;
    assert_int_equal(grille_session_send(caller->session, buffer, sizeof buffer, &len, caller->pair.now_us),
                     GRILLE_REASON_OK);
    if (len == 0) return false;
    caller->server_reason =
        grille_endpoint_recv(caller->pair.server, grille_bytes_of(buffer, len), caller->pair.now_us);
    grille_session_sent(caller->session, caller->pair.now_us);
    return true;
}

static bool to_caller(raw_caller *caller) {
    static uint8_t buffer[4 * GRILLE_SESSION_SEND_BYTES];
    size_t len = 0;
    assert_int_equal(grille_endpoint_send(caller->pair.server, buffer, sizeof buffer, &len, caller->pair.now_us),
                     GRILLE_REASON_OK);
    if (len == 0) return false;
    assert_int_equal(grille_session_recv(caller->session, grille_bytes_of(buffer, len), caller->pair.now_us),
                     GRILLE_REASON_OK);
    grille_endpoint_sent(caller->pair.server, caller->pair.now_us);
    return true;
}

void raw_caller_pump(raw_caller *caller) {
    bool moved = true;
    while (moved) {
        bool forth = to_server(caller);
        bool back = to_caller(caller);
        bool mailed = endpoint_pair_run_mail(&caller->pair);
        moved = forth || back || mailed;
    }
}

void raw_caller_wait(raw_caller *caller, uint64_t delay_us) {
    caller->pair.now_us += delay_us;
    assert_int_equal(grille_session_tick(caller->session, caller->pair.now_us), GRILLE_REASON_OK);
    assert_int_equal(grille_endpoint_tick(caller->pair.server, caller->pair.now_us), GRILLE_REASON_OK);
    raw_caller_pump(caller);
}

/* ---- calls ---- */

raw_call *raw_caller_call(raw_caller *caller, size_t index, uint32_t method_id, uint64_t timeout_us) {
    raw_call *call = &caller->calls[index];
    const grille_call_open open = {
        .method_id = method_id, .has_timeout = timeout_us != 0, .timeout_us = timeout_us, .user = call};
    memset(call, 0, sizeof *call);
    assert_int_equal(grille_session_open(caller->session, &open, caller->pair.now_us, &call->stream), GRILLE_REASON_OK);
    return call;
}

void raw_caller_send(raw_call *call, const char *text, bool last) {
    const fake_message message = {text};
    uint8_t *room = NULL;
    size_t len = 0;
    assert_int_equal(fake_codec.measure(&fake_type, &message, &len, NULL), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_reserve_message(call->stream, len, &room), GRILLE_REASON_OK);
    assert_int_equal(fake_codec.encode(&fake_type, &message, room, len, NULL), GRILLE_REASON_OK);
    assert_int_equal(grille_stream_send_reserved(call->stream, last ? GRILLE_SEND_END_STREAM : 0), GRILLE_REASON_OK);
}

void raw_caller_half_close(raw_call *call) {
    assert_int_equal(grille_stream_half_close(call->stream), GRILLE_REASON_OK);
}

void raw_caller_cancel(raw_call *call) {
    grille_stream_reset(call->stream, GRILLE_RESET_CANCELLED);
    forget(call);
}

void raw_caller_take(raw_call *call) {
    grille_bytes message = {0};
    call->holds = false;
    while (call->stream != NULL && grille_stream_next_message(call->stream, &message))
        grille_stream_message_done(call->stream);
}

void raw_caller_expect(const raw_call *call, grille_code code, const char *text) {
    assert_true(call->answered);
    if (call->code != code) {
        fail_msg("code %s, expected %s: %s", grille_code_name(call->code), grille_code_name(code), call->text);
    }
    if (strstr(call->text, text) == NULL) fail_msg("\"%s\" lacks \"%s\"", call->text, text);
}
