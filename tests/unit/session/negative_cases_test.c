/* SPDX-License-Identifier: Apache-2.0
 * What other protocols' negative tests, and other frameworks' mistakes, look like in our frames. Each row is named
 * after the case that it translates: gRPC's negative HTTP/2 interop tests, connectrpc's "unexpected" suites, known
 * attacks on HTTP/2 by their CVE, and defects of ttrpc and drpc. Each script is fed whole, byte by byte and cut at
 * every point, and each time the same events are told, in the same order, and the same frames answered. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "session_pair.h"
#include "session_script.h"

enum { TEXT_BYTES = 512 };

typedef enum prelude {
    NOTHING,
    CANCELS, /* the caller has cancelled call 1; the callee's handlers give up after the script */
    LOSES    /* the connection is lost behind the script */
} prelude;

typedef struct row {
    const char *name;
    const char *script;
    /* Events, in order: C call, H headers, M message and its length, E half-close, S status and its code, R reset and
     * the status of the call ("*" when decided here, "!" when never processed), N drain and its reason. With the
     * stream. */
    const char *told;
    /* Frames, in order: type, stream, and the code of RESET and STATUS or the token of an answered PING. */
    const char *sent;
    grille_reason reason; /* why the connection ends */
    prelude prelude;
} row;

/* The connection goes on, or ends. */
#define KEEPS(name, script, told, sent)                                                                                \
    { name, script, told, sent, GRILLE_REASON_OK, NOTHING }
#define ENDS(name, script, told, sent, reason)                                                                         \
    { name, script, told, sent, reason, NOTHING }
#define ALL  "4294967295"
#define GONE GRILLE_REASON_SESSION_LOST

/* clang-format off */

/* The end under test calls: streams 1 and 3 are open and half-closed. */
static const row caller_rows[] = {
    /* gRPC, negative HTTP/2 */
    KEEPS("goaway", "S V1:5 N" ALL ":1 N3:1 V3:5", "1M5 1S0 N1 3M5 3S0", ""),
    KEEPS("goaway, id below", "S N1:1 V1:5", "N1 3R14*! 1M5 1S0", ""),
    KEEPS("goaway, one form only", "S N0:1", "N1 1R14*! 3R14*!", ""),
    KEEPS("rst_after_header", "S H1:20 X1:1", "1H 1R1", ""),
    KEEPS("rst_after_header, refused", "S H1:20 X1:2", "1H 1R14", ""),
    KEEPS("rst_after_header, deadline", "S H1:20 X1:3", "1H 1R4", ""),
    KEEPS("rst_after_header, protocol", "S H1:20 X1:4", "1H 1R13", ""),
    KEEPS("rst_after_header, limit", "S H1:20 X1:5", "1H 1R8", ""),
    KEEPS("rst_during_data", "S H1:20 D1:1000:500b X1:1 V3:5", "1H 1R1 3M5 3S0", ""),
    KEEPS("rst_after_data", "S H1:20 D1:1000:1000b X1:1 V3:5", "1H 1M1000 1R1 3M5 3S0", ""),
    KEEPS("rst_after_data, refused", "S D1:1000:1000b X1:2", "1M1000 1R14", ""),
    KEEPS("rst before anything", "S X1:2 X3:1", "1R14! 3R1", ""),
    KEEPS("ping", "S P1 H1:20 P2 D1:9:4b P3 D1:0:5 P4 T1:0 P5", "1H 1M9 1S0", "ACK:5"),

    /* connectrpc, grpc_client_unexpected */
    {"missing-status", "S H1:20 D1:5:5b", "1H 1M5 1R14* 3R14*", "", GONE, LOSES},
    {"missing-status, nothing came", "S", "1R14* 3R14*", "", GONE, LOSES},
    {"truncated message", "S D1:1000:500b", "1R14* 3R14*", "", GONE, LOSES},
    KEEPS("trailers inside a message", "S D1:9:5b T1:0 V3:1", "1R13* 3M1 3S0", ""),
    KEEPS("trailers only", "S T1:5", "1S5", ""),
    KEEPS("trailers twice", "S T1:5 T1:0", "1S5", ""),
    KEEPS("data after trailers", "S T1:0 D1:5:5b V3:1", "1S0 3M1 3S0", ""),
    KEEPS("headers after trailers", "S T1:0 H1:20", "1S0", ""),
    KEEPS("reset after trailers", "S T1:0 X1:1", "1S0", ""),
    KEEPS("headers twice", "S H1:20 H1:20 V3:1", "1H 1R13* 3M1 3S0", "RESET:1:4"),
    KEEPS("headers after data", "S D1:1:1b H1:20", "1M1 1R13*", "RESET:1:4"),
    ENDS("unknown status", "S T1:17", "1R13* 3R13*", "DRAIN:0", GRILLE_REASON_WIRE_BAD_MESSAGE),
    KEEPS("end of stream without trailers", "S D1:5:5be", "1R13*", "RESET:1:4"),
    KEEPS("answer before the request ended", "S V1:5", "1M5 1S0", ""),

    /* defects of others */
    {"ttrpc: late answer of a cancelled call", "S H1:20 D1:5:5b T1:0 V3:5", "3M5 3S0", "RESET:1:1", GRILLE_REASON_OK, CANCELS},
    ENDS("ttrpc: answer to a call never made", "S T7:0", "1R13* 3R13*", "DRAIN:0", GRILLE_REASON_SESSION_BAD_STREAM_ID),
    KEEPS("drpc: one reset closes the transport", "S X1:1 D3:4:2b D3:0:2 T3:0", "1R1 3M4 3S0", ""),
    ENDS("drpc: an unknown frame", "S U99:128:1:5 V1:5 U98:0:1:5", "1M5 1S0 3R13*", "DRAIN:0", GRILLE_REASON_WIRE_UNKNOWN_TYPE),
    KEEPS("ttrpc: the server opens a stream", "S C2e", "2C 2E", ""),
};

/* The end under test is called. */
static const row callee_rows[] = {
    /* gRPC, negative HTTP/2, from the other side */
    KEEPS("rst_after_header", "S C1 X1:1", "1C 1R1", ""),
    KEEPS("rst_during_data", "S C1 D1:1000:500b X1:1 M3:5e", "1C 1R1 3C 3M5 3E", ""),
    KEEPS("rst_after_data", "S C1 D1:1000:1000b X1:1 M3:5e", "1C 1M1000 1R1 3C 3M5 3E", ""),
    KEEPS("rst_after_data, half-closed", "S M1:5e X1:3", "1C 1M5 1E 1R4", ""),
    KEEPS("rst twice", "S C1 X1:1 X1:1", "1C 1R1", ""),
    KEEPS("ping", "S P1 C1 P2 D1:9:4b P3 D1:0:5e P4", "1C 1M9 1E", "ACK:4"),
    KEEPS("goaway of the caller", "S M1:5e N" ALL ":1 N0:1 M3:5e", "1C 1M5 1E N1 3C 3M5 3E", ""),
    ENDS("max_streams", "S 17*C1", "1C 3C 5C 7C 9C 11C 13C 15C 17C 19C 21C 23C 25C 27C 29C 31C 1R8* 3R8* 5R8* 7R8* 9R8* 11R8* 13R8* 15R8* 17R8* 19R8* 21R8* 23R8* 25R8* 27R8* 29R8* 31R8*", "DRAIN:0", GRILLE_REASON_SESSION_TOO_MANY_STREAMS),
    KEEPS("max_streams, as many again once they ended", "S 16*C1 16*X1:1 C33e", "1C 3C 5C 7C 9C 11C 13C 15C 17C 19C 21C 23C 25C 27C 29C 31C 1R1 3R1 5R1 7R1 9R1 11R1 13R1 15R1 17R1 19R1 21R1 23R1 25R1 27R1 29R1 31R1", "RESET:33:2"),

    /* connectrpc, grpc_server_unexpected */
    KEEPS("request without a message", "S C1e", "1C 1E", ""),
    KEEPS("request with two messages", "S M1:5 D1:6:6be", "1C 1M5 1M6 1E", ""),
    {"truncated request", "S C1 D1:1000:500b", "1C 1R14*", "", GONE, LOSES},
    KEEPS("request ends inside a message", "S C1 D1:9:5be M3:5e", "1C 1R13* 3C 3M5 3E", "RESET:1:4"),
    KEEPS("request after its end", "S M1:5e D1:5:5b", "1C 1M5 1E 1R13*", "RESET:1:4"),
    KEEPS("trailers of the caller", "S C1 T1:0", "1C 1R13*", "RESET:1:4"),
    KEEPS("headers of the caller", "S C1 H1:20", "1C 1R13*", "RESET:1:4"),

    /* attacks on HTTP/2 */
    KEEPS("CVE-2019-9511 data dribble", "S C1 9=D1:1:1b", "1C 1M1 1M1 1M1 1M1 1M1 1M1 1M1 1M1 1M1", ""),
    ENDS("CVE-2019-9512 ping flood", "S 17=P1", "", "DRAIN:0", GRILLE_REASON_SESSION_FLOOD),
    ENDS("CVE-2019-9515 settings flood", "S S", "", "DRAIN:0", GRILLE_REASON_SESSION_BAD_ORDER),
    ENDS("CVE-2019-9516 empty header", "S C1 U4:0:1:0", "1C 1R13*", "DRAIN:0", GRILLE_REASON_WIRE_BAD_PAYLOAD),
    ENDS("CVE-2019-9518 empty frames", "S C1 U5:0:1:0", "1C 1R13*", "DRAIN:0", GRILLE_REASON_WIRE_BAD_PAYLOAD),
    KEEPS("CVE-2024-27316 endless headers", "S Q1:8193", "", "STATUS:1:8"),
    KEEPS("CVE-2023-44487 rapid reset", "S C1 X1:1 C3 X3:1 C5 X5:1", "1C 1R1 3C 3R1 5C 5R1", ""),
    KEEPS("CVE-2025-8671 made you reset", "S C1e E1 C3e E3", "1C 1E 1R13* 3C 3E 3R13*", "RESET:1:4 RESET:3:4"),
    ENDS("window overflow", "S C1 K1:2147483647", "1C 1R13*", "DRAIN:0", GRILLE_REASON_SESSION_CREDIT_OVERFLOW),
    ENDS("window update of nothing", "S C1 K1:0", "1C 1R13*", "DRAIN:0", GRILLE_REASON_WIRE_BAD_PAYLOAD),

    /* defects of others */
    KEEPS("ttrpc: data on a unary stream", "S M1:5e D1:1:1b M3:5e", "1C 1M5 1E 1R13* 3C 3M5 3E", "RESET:1:4"),
    ENDS("ttrpc: an id of the server's", "S C2", "", "DRAIN:0", GRILLE_REASON_SESSION_BAD_STREAM_ID),
    KEEPS("ttrpc: a bogus length is waited for", "S C1 D1:4294967295:10b M3:5e", "1C 1R8* 3C 3M5 3E", "STATUS:1:8"),
    ENDS("ttrpc: a method that is none", "S U3:0:1:7", "", "DRAIN:0", GRILLE_REASON_WIRE_BAD_PAYLOAD),
    KEEPS("ttrpc: streams carry no deadline", "S O1:0 O3:1000e", "3C 3E", "RESET:1:3"),
    KEEPS("drpc: one stream at a time", "S C1 C3 D1:4:2b D3:4:2b D1:0:2 D3:0:2e D1:1:1be", "1C 3C 1M4 3M4 3E 1M1 1E", ""),
    ENDS("pw_rpc: two calls, one id", "S C1 C1", "1C 1R13*", "DRAIN:0", GRILLE_REASON_SESSION_BAD_STREAM_ID),
};
/* clang-format on */

static uint8_t script_bytes[1 << 16];

static void add(char text[TEXT_BYTES], const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(char text[TEXT_BYTES], const char *format, ...) {
    const size_t len = strlen(text);
    va_list arguments;
    int more = 0;
    if (len > 0) text[len] = ' ';
    va_start(arguments, format);
    more = vsnprintf(text + len + (len > 0), TEXT_BYTES - len - 1, format, arguments);
    va_end(arguments);
    assert_true(more > 0 && (size_t)more < TEXT_BYTES - len - 1);
}

static void describe_event(char text[TEXT_BYTES], const pair_event *event) {
    const uint32_t id = event->id;
    switch (event->kind) {
    case PAIR_CALL:
        add(text, "%" PRIu32 "C", id);
        break;
    case PAIR_HEADERS:
        add(text, "%" PRIu32 "H", id);
        break;
    case PAIR_MESSAGE:
        add(text, "%" PRIu32 "M%zu", id, event->len);
        break;
    case PAIR_HALF_CLOSE:
        add(text, "%" PRIu32 "E", id);
        break;
    case PAIR_STATUS:
        add(text, "%" PRIu32 "S%d", id, (int)event->code);
        break;
    case PAIR_RESET:
        add(text, "%" PRIu32 "R%d%s%s", id, (int)event->code, event->end.local ? "*" : "",
            event->end.never_processed ? "!" : "");
        break;
    case PAIR_PEER_DRAIN:
        add(text, "N%" PRIu32, event->number);
        break;
    default:
        break;
    }
}

static void describe_frame(char text[TEXT_BYTES], const grille_frame_header *header, grille_bytes payload) {
    grille_status_payload status = {0};
    if (header->type == GRILLE_FRAME_PING) {
        add(text, "ACK:%d", payload.data[7]);
    } else if (header->type == GRILLE_FRAME_RESET) {
        add(text, "RESET:%" PRIu32 ":%d", header->stream, payload.data[0]);
    } else if (header->type == GRILLE_FRAME_STATUS) {
        assert_int_equal(grille_status_payload_decode(header->flags, payload, &status), GRILLE_REASON_OK);
        add(text, "STATUS:%" PRIu32 ":%d", header->stream, (int)status.header.code);
    } else {
        add(text, "%s:%" PRIu32, grille_frame_name(header->type), header->stream);
    }
}

static void describe(session_pair *pair, pair_end *end, char told[TEXT_BYTES], char sent[TEXT_BYTES]) {
    grille_bytes output = {0};
    grille_frame_header header = {0};
    grille_bytes payload = {0};
    told[0] = sent[0] = 0;
    for (size_t i = 0; i < end->event_count; i++)
        describe_event(told, &end->events[i]);
    output = pair_take_output(pair, end);
    while (grille_frame_take(&output, &header, &payload) == GRILLE_REASON_OK)
        describe_frame(sent, &header, payload);
}

/* With the smallest limits; what the end sends before the script is not looked at. */
static session_pair *make(const row *r, bool caller, pair_end **end) {
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    grille_stream *streams[2] = {NULL};
    options.initiator.settings = grille_settings_minimum();
    options.responder.settings = grille_settings_minimum();
    pair = pair_new(&options);
    *end = caller ? &pair->initiator : &pair->responder;
    for (size_t i = 0; caller && i < 2; i++)
        streams[i] = pair_call(pair, *end, grille_bytes_of("ask", 3));
    (void)pair_take_output(pair, *end);
    if (caller && r->prelude == CANCELS) {
        grille_stream_reset(streams[0], GRILLE_RESET_CANCELLED);
        grille_stream_release(streams[0]);
    }
    return pair;
}

static void check(const row *r, session_pair *pair, pair_end *end, grille_reason reason) {
    char told[TEXT_BYTES];
    char sent[TEXT_BYTES];
    const grille_session_stats stats = grille_session_get_stats(end->session);
    describe(pair, end, told, sent);
    if (reason != r->reason) fail_msg("%s: %s", r->name, grille_reason_name(reason));
    if (strcmp(told, r->told) != 0) fail_msg("%s: told \"%s\"", r->name, told);
    if (strcmp(sent, r->sent) != 0) fail_msg("%s: sent \"%s\"", r->name, sent);
    assert_int_equal(stats.undone_bytes > 0, stats.largest_holder_stream != 0);
}

static void play(const row *r, bool caller, grille_bytes script, size_t first, size_t piece) {
    pair_end *end = NULL;
    session_pair *pair = make(r, caller, &end);
    grille_reason reason = pair_feed_cut(pair, end, script, first, piece);
    if (r->prelude == LOSES) {
        assert_int_equal(reason, GRILLE_REASON_OK);
        grille_session_abort(end->session, GRILLE_REASON_SESSION_LOST, NULL);
        reason = grille_session_tick(end->session, pair->now_us);
    }
    check(r, pair, end, reason);
    pair_free(pair);
}

static void play_all(const row *rows, size_t count, bool caller) {
    for (size_t i = 0; i < count; i++) {
        grille_writer writer = grille_writer_into(script_bytes, sizeof script_bytes);
        grille_bytes script = {0};
        script_write(&writer, rows[i].script);
        script = grille_written(&writer);
        play(&rows[i], caller, script, 0, 0);
        play(&rows[i], caller, script, 0, 1);
        for (size_t first = 1; first < script.len; first++)
            play(&rows[i], caller, script, first, 0);
    }
}

static void cases_against_the_calling_side(void **state) {
    (void)state;
    play_all(caller_rows, sizeof caller_rows / sizeof caller_rows[0], true);
}

static void cases_against_the_called_side(void **state) {
    (void)state;
    play_all(callee_rows, sizeof callee_rows / sizeof callee_rows[0], false);
}

/* gRPC, max_streams: a caller with more calls than the peer allows waits, it never goes over. */
static void max_streams_is_waited_for(void **state) {
    pair_options options = pair_options_default();
    const grille_call_open open = {.method_id = 7};
    session_pair *pair = NULL;
    size_t made = 0;
    (void)state;
    options.responder.settings = grille_settings_minimum();
    pair = pair_new(&options);
    pair->initiator.releases = true;
    while (made < 100) {
        grille_stream *stream = NULL;
        const grille_reason reason = grille_session_open(pair->initiator.session, &open, pair->now_us, &stream);
        if (reason == GRILLE_REASON_OK) {
            made++;
            continue;
        }
        assert_int_equal(reason, GRILLE_REASON_SESSION_STREAMS_FULL);
        pair_run(pair);
        assert_int_equal(grille_session_get_stats(pair->responder.session).peer_streams, 16);
        grille_stream_release(pair_find(&pair->responder, PAIR_CALL, pair->initiator.counts[PAIR_RESET])->stream);
        pair_run(pair);
        assert_int_equal(pair->initiator.counts[PAIR_SLOT_FREE], made - 15);
    }
    pair_run(pair);
    assert_int_equal(pair->responder.counts[PAIR_CALL], 100);
    assert_int_equal(pair->responder.reason, GRILLE_REASON_OK);
    pair_free(pair);
}

/* ttrpc: a call that is answered with an error made a busy connection look idle. */
static void an_error_answer_counts_once(void **state) {
    const pair_options options = pair_options_default();
    session_pair *pair = pair_new(&options);
    (void)state;
    (void)pair_take_output(pair, &pair->responder);
    script_write(pair_writer(pair), "S C1 Q3:8193 O5:0 C7e E7");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    assert_int_equal(grille_session_get_stats(pair->responder.session).peer_streams, 4);
    (void)pair_take_output(pair, &pair->responder);
    assert_int_equal(grille_session_get_stats(pair->responder.session).peer_streams, 1);
    grille_session_drain(pair->responder.session, GRILLE_DRAIN_SHUTDOWN, pair->now_us);
    (void)pair_take_output(pair, &pair->responder);
    pair_pass(pair, 2000000);
    (void)pair_take_output(pair, &pair->responder);
    grille_stream_release(pair->responder.newest);
    pair_pass(pair, 0);
    assert_int_equal(pair->responder.counts[PAIR_DRAINED], 0);
    grille_stream_release(pair_find(&pair->responder, PAIR_CALL, 0)->stream);
    (void)pair_take_output(pair, &pair->responder);
    assert_int_equal(pair->responder.counts[PAIR_DRAINED], 1);
    pair_free(pair);
}

/* CVE-2019-9517: a peer that gives all credit and never reads what it asked for. */
static void internal_data_buffering(void **state) {
    const pair_options options = pair_options_default();
    const size_t queue = GRILLE_LIMIT_SEND_QUEUE_BYTES;
    session_pair *pair = pair_new(&options);
    size_t before = 0;
    (void)state;
    (void)pair_take_output(pair, &pair->responder);
    script_write(pair_writer(pair), "S K0:2000000000 16*C1 16*K1:2000000000");
    assert_int_equal(pair_feed(pair, &pair->responder), GRILLE_REASON_OK);
    before = pair->responder.budget.used_bytes;
    for (size_t i = 0; i < 16; i++) {
        grille_stream *stream = pair_find(&pair->responder, PAIR_CALL, i)->stream;
        size_t sent = 0;
        while (grille_stream_send_message(stream, pair_bytes(1000), 0) == GRILLE_REASON_OK)
            sent += 1000;
        assert_true(sent <= queue);
    }
    assert_true(pair->responder.budget.used_bytes - before <= 16 * (queue + queue / 4));
    assert_int_equal(pair->responder.counts[PAIR_WRITABLE], 0);
    pair_free(pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_against_the_calling_side), cmocka_unit_test(cases_against_the_called_side),
        cmocka_unit_test(max_streams_is_waited_for),      cmocka_unit_test(an_error_answer_counts_once),
        cmocka_unit_test(internal_data_buffering),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
