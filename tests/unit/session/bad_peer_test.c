/* SPDX-License-Identifier: Apache-2.0
 * What a peer may not do, as scripts, against both roles: whole, byte by byte and cut at every point. Each row says how
 * the connection ends (OK: it goes on), what the peer is answered, what the owner is told, and how much memory it may
 * cost. */
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "session_pair.h"
#include "session_script.h"

enum { CALLED = 1, CALLER = 2, BOTH = CALLED | CALLER };

typedef struct row {
    const char *name;
    int role; /* of the end that is tested; a CALLER has calls 1, 3 and 5 open and half-closed */
    const char *script;
    grille_reason reason;
    uint8_t answer; /* frame type that the end sends for the stream, 0: none */
    uint32_t stream;
    uint8_t code;      /* of RESET or STATUS */
    const char *told;  /* part of the text of the last on_reset; NULL: none was told */
    size_t most_bytes; /* above the idle session; 0: 64 KiB */
    size_t handlers;   /* calls that were told */
} row;

#define FLOOD       GRILLE_REASON_SESSION_FLOOD
#define BAD_ID      GRILLE_REASON_SESSION_BAD_STREAM_ID
#define BAD_ORDER   GRILLE_REASON_SESSION_BAD_ORDER
#define OVER_CREDIT GRILLE_REASON_SESSION_FLOW_CONTROL
#define BAD_PAYLOAD GRILLE_REASON_WIRE_BAD_PAYLOAD
#define BAD_DRAIN   GRILLE_REASON_SESSION_BAD_DRAIN
#define RESETS      GRILLE_FRAME_RESET
#define STATUS      GRILLE_FRAME_STATUS
#define ALL         "4294967295"

/* clang-format off */
static const row rows[] = {
    {.name = "no SETTINGS first", .role = BOTH, .script = "P1", .reason = BAD_ORDER},
    {.name = "no SETTINGS before ignorable", .role = BOTH, .script = "U99:128:0:4", .reason = BAD_ORDER},
    {.name = "SETTINGS twice", .role = BOTH, .script = "S S", .reason = BAD_ORDER},
    {.name = "15 streams", .role = BOTH, .script = "S:15", .reason = GRILLE_REASON_WIRE_LIMIT},
    {.name = "too many streams announced", .role = BOTH, .script = "S:65537", .reason = GRILLE_REASON_WIRE_LIMIT},
    {.name = "window over 1/16", .role = BOTH, .script = "S:16:16:65536:8192:65537:1048576", .reason = GRILLE_REASON_WIRE_LIMIT},
    {.name = "SETTINGS of noise", .role = BOTH, .script = "U2:0:0:3", .reason = GRILLE_REASON_WIRE_BAD_MESSAGE},
    {.name = "frame too long", .role = BOTH, .script = "S L16377:5:0:1", .reason = GRILLE_REASON_WIRE_FRAME_TOO_LONG},
    {.name = "unknown type", .role = BOTH, .script = "S U99:0:0:4", .reason = GRILLE_REASON_WIRE_UNKNOWN_TYPE},
    {.name = "unknown but ignorable", .role = BOTH, .script = "S U99:128:5:4 100=U77:128:0:0", .reason = FLOOD},
    {.name = "as many ignorable as may", .role = BOTH, .script = "S 100=U77:128:0:9"},
    {.name = "unknown flag", .role = BOTH, .script = "S U9:1:0:8", .reason = GRILLE_REASON_WIRE_BAD_FLAGS},
    {.name = "ignorable on a known type", .role = BOTH, .script = "S U9:128:0:8", .reason = GRILLE_REASON_WIRE_BAD_FLAGS},
    {.name = "PING on a stream", .role = BOTH, .script = "S U9:0:1:8", .reason = GRILLE_REASON_WIRE_BAD_STREAM},
    {.name = "DATA on the connection", .role = BOTH, .script = "S L1:5:0:0", .reason = GRILLE_REASON_WIRE_BAD_STREAM},
    {.name = "SETTINGS on a stream", .role = BOTH, .script = "L0:2:0:1", .reason = GRILLE_REASON_WIRE_BAD_STREAM},
    {.name = "RESET too long", .role = BOTH, .script = "S U7:0:1:2", .reason = BAD_PAYLOAD},
    {.name = "PING flood", .role = BOTH, .script = "S 17=P1", .reason = FLOOD},
    {.name = "as many PINGs as may", .role = BOTH, .script = "S 16=P1", .answer = GRILLE_FRAME_PING},
    {.name = "answer to no PING", .role = BOTH, .script = "S A1", .reason = GRILLE_REASON_SESSION_BAD_PING},
    {.name = "CREDIT 0", .role = BOTH, .script = "S K0:0", .reason = BAD_PAYLOAD},
    {.name = "CREDIT too large", .role = BOTH, .script = "S K0:2147483648", .reason = BAD_PAYLOAD},
    {.name = "most credit", .role = CALLED, .script = "S K0:2146435071"},
    {.name = "credit one over", .role = CALLED, .script = "S K0:2146435072", .reason = GRILLE_REASON_SESSION_CREDIT_OVERFLOW},
    {.name = "most credit, 33 bytes used", .role = CALLER, .script = "S K0:2146435104"},
    {.name = "credit one over, 33 bytes used", .role = CALLER, .script = "S K0:2146435105", .reason = GRILLE_REASON_SESSION_CREDIT_OVERFLOW},
    {.name = "credit flood", .role = CALLED, .script = "S 10001=K0:1", .reason = FLOOD},
    {.name = "as much credit as may", .role = CALLED, .script = "S 10000=K0:1"},
    {.name = "credit for three frames, and a flood", .role = CALLER, .script = "S 10007=K0:1", .reason = FLOOD},
    {.name = "credit for three frames, and all", .role = CALLER, .script = "S 10006=K0:1"},
    {.name = "DRAIN twice", .role = CALLED, .script = "S N" ALL ":1 N0:1"},
    {.name = "DRAIN three times", .role = BOTH, .script = "S N" ALL ":1 N0:1 N0:1", .reason = BAD_DRAIN},
    {.name = "DRAIN rises", .role = BOTH, .script = "S N0:1 N" ALL ":1", .reason = BAD_DRAIN},
    {.name = "first DRAIN twice", .role = BOTH, .script = "S N" ALL ":1 N" ALL ":1", .reason = BAD_DRAIN},
    {.name = "DRAIN of a stranger", .role = BOTH, .script = "S N2147483646:1", .reason = BAD_DRAIN},
    {.name = "DRAIN for no reason", .role = BOTH, .script = "S N0:9", .reason = BAD_PAYLOAD},
    {.name = "GATE", .role = BOTH, .script = "S G4", .reason = GRILLE_REASON_SESSION_UNEXPECTED_GATE},
    {.name = "DATA, never opened, odd", .role = BOTH, .script = "S D99:1:1b", .reason = BAD_ID},
    {.name = "DATA, never opened, even", .role = BOTH, .script = "S D98:1:1b", .reason = BAD_ID},
    {.name = "RESET, never opened", .role = BOTH, .script = "S X99:1", .reason = BAD_ID},
    {.name = "RESET, never opened, even", .role = BOTH, .script = "S X98:1", .reason = BAD_ID},
    {.name = "CREDIT, never opened", .role = BOTH, .script = "S K99:1", .reason = BAD_ID},
    {.name = "CREDIT, never opened, even", .role = BOTH, .script = "S K98:1", .reason = BAD_ID},
    {.name = "STATUS, never opened", .role = BOTH, .script = "S T99:0", .reason = BAD_ID},
    {.name = "HEADERS, never opened", .role = BOTH, .script = "S H98:20", .reason = BAD_ID},
    {.name = "nothing", .role = BOTH, .script = ""},

    {.name = "CALL, our parity", .role = CALLED, .script = "S C2", .reason = BAD_ID},
    {.name = "CALL, used id", .role = CALLED, .script = "S C1 C1", .reason = BAD_ID, .told = "CALL on stream 1", .handlers = 1},
    {.name = "CALL, id fell", .role = CALLED, .script = "S C3 C1", .reason = BAD_ID, .told = "CALL on stream 1", .handlers = 1},
    {.name = "CALL, highest id", .role = CALLED, .script = "S C2147483647", .handlers = 1},
    {.name = "CALL, id over all", .role = CALLED, .script = "S C2147483649", .reason = BAD_ID},
    {.name = "CALL without a header", .role = CALLED, .script = "S U3:0:1:1", .reason = BAD_PAYLOAD},
    {.name = "CALL without a method", .role = CALLED, .script = "S U3:0:1:2", .reason = GRILLE_REASON_WIRE_BAD_MESSAGE},
    {.name = "16 streams", .role = CALLED, .script = "S 16*C1", .most_bytes = 131072, .handlers = 16},
    {.name = "17 streams", .role = CALLED, .script = "S 17*C1", .reason = GRILLE_REASON_SESSION_TOO_MANY_STREAMS, .told = "16 open", .most_bytes = 131072, .handlers = 16},
    {.name = "bytes outside a message", .role = CALLED, .script = "S C1 D1:0:5", .answer = RESETS, .stream = 1, .code = GRILLE_RESET_PROTOCOL, .told = "outside", .handlers = 1},
    {.name = "a message inside another", .role = CALLED, .script = "S C1 D1:9:5b D1:9:5b", .answer = RESETS, .stream = 1, .code = GRILLE_RESET_PROTOCOL, .told = "inside", .handlers = 1},
    {.name = "more bytes than said", .role = CALLED, .script = "S C1 D1:9:5b D1:0:5", .answer = RESETS, .stream = 1, .code = GRILLE_RESET_PROTOCOL, .told = "more bytes", .handlers = 1},
    {.name = "more bytes in one frame", .role = CALLED, .script = "S C1 D1:2:3b", .reason = BAD_PAYLOAD, .told = "more bytes", .handlers = 1},
    {.name = "DATA with nothing", .role = CALLED, .script = "S C1 U5:0:1:0", .reason = BAD_PAYLOAD, .told = "DATA", .handlers = 1},
    {.name = "END_STREAM inside", .role = CALLED, .script = "S C1 D1:9:5be", .answer = RESETS, .stream = 1, .code = GRILLE_RESET_PROTOCOL, .told = "END_STREAM inside", .handlers = 1},
    {.name = "DATA after END_STREAM", .role = CALLED, .script = "S C1e D1:1:1b", .answer = RESETS, .stream = 1, .code = GRILLE_RESET_PROTOCOL, .told = "after END_STREAM", .handlers = 1},
    {.name = "END_STREAM twice", .role = CALLED, .script = "S C1e E1", .answer = RESETS, .stream = 1, .code = GRILLE_RESET_PROTOCOL, .told = "after END_STREAM", .handlers = 1},
    {.name = "DATA after RESET", .role = CALLED, .script = "S C1 X1:1 D1:1:1b", .told = "cancelled", .handlers = 1},
    {.name = "STATUS of the caller", .role = CALLED, .script = "S C1 T1:0", .answer = RESETS, .stream = 1, .code = GRILLE_RESET_PROTOCOL, .told = "calling", .handlers = 1},
    {.name = "HEADERS of the caller", .role = CALLED, .script = "S C1 H1:20", .answer = RESETS, .stream = 1, .code = GRILLE_RESET_PROTOCOL, .told = "calling", .handlers = 1},
    {.name = "RESET with another code", .role = CALLED, .script = "S C1 X1:9", .reason = BAD_PAYLOAD, .told = "RESET", .handlers = 1},
    {.name = "inside the stream's window", .role = CALLED, .script = "S C1 D1:65000:16364b 2=D1:0:16368 D1:0:15900 D1:1:1b D1:1:1b 8=E1", .answer = RESETS, .stream = 1, .code = GRILLE_RESET_PROTOCOL, .told = "END_STREAM", .most_bytes = 163840, .handlers = 1},
    {.name = "one over the stream's window", .role = CALLED, .script = "S C1 3=D1:16360:16360b D1:16363:16363b D1:54:54b", .reason = OVER_CREDIT, .told = "credit", .most_bytes = 131072, .handlers = 1},
    {.name = "the whole stream's window", .role = CALLED, .script = "S C1 3=D1:16360:16360b D1:16363:16363b D1:53:53b D1:8:8b", .reason = OVER_CREDIT, .told = "16 bytes of credit, 0", .most_bytes = 131072, .handlers = 1},
    {.name = "message at the limit", .role = CALLED, .script = "S C1 D1:65536:10b", .handlers = 1},
    {.name = "message over the limit", .role = CALLED, .script = "S C1 D1:65537:10b 2=D1:0:100", .answer = STATUS, .stream = 1, .code = GRILLE_RESOURCE_EXHAUSTED, .told = "a message of 65537 bytes is over the limit of 65536 bytes", .handlers = 1},
    {.name = "a giant, announced", .role = CALLED, .script = "S C1 D1:4294967295:10b", .answer = STATUS, .stream = 1, .code = GRILLE_RESOURCE_EXHAUSTED, .told = "4294967295", .handlers = 1},
    {.name = "metadata at the limit", .role = CALLED, .script = "S Q1:8192", .handlers = 1},
    {.name = "metadata over the limit", .role = CALLED, .script = "S Q1:8193", .answer = STATUS, .stream = 1, .code = GRILLE_RESOURCE_EXHAUSTED},
    {.name = "no time left", .role = CALLED, .script = "S O1:0e", .answer = RESETS, .stream = 1, .code = GRILLE_RESET_DEADLINE},
    {.name = "late frames", .role = CALLED, .script = "S C1 X1:1 10001=X1:1", .told = "cancelled", .handlers = 1},
    {.name = "late frames, one more", .role = CALLED, .script = "S C1 X1:1 10002=X1:1", .reason = FLOOD, .told = "cancelled", .handlers = 1},
    {.name = "late bytes", .role = CALLED, .script = "S C1 X1:1 10000=D1:1:1b", .told = "cancelled", .handlers = 1},
    {.name = "late bytes, one more", .role = CALLED, .script = "S C1 X1:1 10001=D1:1:1b", .reason = FLOOD, .told = "cancelled", .handlers = 1},
    {.name = "half a message, forgotten", .role = CALLED, .script = "S 16*C1 16*D1:60000:1000b", .most_bytes = 262144, .handlers = 16},

    {.name = "CALL, caller's parity", .role = CALLER, .script = "S C1", .reason = BAD_ID, .told = "CALL"},
    {.name = "STATUS twice", .role = CALLER, .script = "S T1:0 T1:0"},
    {.name = "STATUS with a bad code", .role = CALLER, .script = "S T1:17", .reason = GRILLE_REASON_WIRE_BAD_MESSAGE, .told = "STATUS"},
    {.name = "STATUS inside a message", .role = CALLER, .script = "S D1:9:5b T1:0", .told = "STATUS inside"},
    {.name = "HEADERS twice", .role = CALLER, .script = "S H1:20 H1:20", .answer = RESETS, .stream = 1, .code = GRILLE_RESET_PROTOCOL, .told = "twice"},
    {.name = "HEADERS after a message", .role = CALLER, .script = "S D1:1:1b H1:20", .answer = RESETS, .stream = 1, .code = GRILLE_RESET_PROTOCOL, .told = "after a message"},
    {.name = "HEADERS inside a message", .role = CALLER, .script = "S D1:2:1b H1:20", .answer = RESETS, .stream = 1, .code = GRILLE_RESET_PROTOCOL, .told = "after a message"},
    {.name = "HEADERS over the limit", .role = CALLER, .script = "S H1:8193", .answer = RESETS, .stream = 1, .code = GRILLE_RESET_LIMIT, .told = "metadata of 8193 bytes is over the limit of 8192"},
    {.name = "half-close of the called", .role = CALLER, .script = "S E1", .answer = RESETS, .stream = 1, .code = GRILLE_RESET_PROTOCOL, .told = "called"},
    {.name = "answer over the limit", .role = CALLER, .script = "S D1:65537:1b", .answer = RESETS, .stream = 1, .code = GRILLE_RESET_LIMIT, .told = "a message of 65537 bytes is over the limit of 65536 bytes"},
    {.name = "stream's credit over all", .role = CALLER, .script = "S K1:2147483647", .reason = GRILLE_REASON_SESSION_CREDIT_OVERFLOW, .told = "credit"},
    {.name = "refused", .role = CALLER, .script = "S X1:2", .told = "refused"},
    {.name = "DRAIN under a call", .role = CALLER, .script = "S N" ALL ":1 N3:1", .told = "no new calls"},
    {.name = "DRAIN of our parity", .role = CALLER, .script = "S N2:1", .reason = BAD_DRAIN, .told = "DRAIN"},
    {.name = "DRAIN over what we sent", .role = CALLER, .script = "S N7:1", .reason = BAD_DRAIN, .told = "DRAIN"},
    {.name = "STATUS, not sent yet", .role = CALLER, .script = "S T7:0", .reason = BAD_ID, .told = "stream 7"},
    {.name = "answer with a message", .role = CALLER, .script = "S V1:16000"},
    {.name = "late answers", .role = CALLER, .script = "S T1:0 10000=T1:0"},
    {.name = "late answers, one more", .role = CALLER, .script = "S T1:0 10001=T1:0", .reason = FLOOD, .told = "closed streams"},
};
/* clang-format on */

static uint8_t script_bytes[1 << 20];

/* An end with the minima, so that rows are short; a caller has sent three calls. */
static session_pair *make(int role, pair_end **end, size_t *idle_bytes) {
    pair_options options = pair_options_default();
    session_pair *pair = NULL;
    options.initiator.settings = grille_settings_minimum();
    options.responder.settings = grille_settings_minimum();
    pair = pair_new(&options);
    *end = role == CALLED ? &pair->responder : &pair->initiator;
    (*end)->releases = true;
    for (int i = 0; role == CALLER && i < 3; i++)
        (void)pair_call(pair, *end, grille_bytes_of("ask", 3));
    (void)pair_take_output(pair, *end);
    *idle_bytes = (*end)->budget.used_bytes;
    return pair;
}

static void check_answer(session_pair *pair, pair_end *end, const row *r) {
    const grille_bytes output = pair_take_output(pair, end);
    grille_frame_header header = {0};
    grille_bytes payload = {0};
    const bool resets = pair_frame(output, GRILLE_FRAME_RESET, 0, &header, &payload);
    assert_int_equal(resets, r->answer == GRILLE_FRAME_RESET);
    if (r->reason != GRILLE_REASON_OK) {
        /* The goodbye says nothing of the reason. */
        assert_int_equal(pair_frame_count(output, GRILLE_FRAME_DRAIN), 1);
        assert_int_equal(output.len, GRILLE_FRAME_HEADER_BYTES + 5);
    }
    if (r->answer == 0) return;
    assert_true(pair_frame(output, r->answer, 0, &header, &payload));
    assert_int_equal(header.stream, r->stream);
    if (r->answer == GRILLE_FRAME_RESET) assert_int_equal(payload.data[0], r->code);
    if (r->answer == GRILLE_FRAME_STATUS) {
        grille_status_payload status = {0};
        assert_int_equal(grille_status_payload_decode(header.flags, payload, &status), GRILLE_REASON_OK);
        assert_int_equal(status.header.code, r->code);
        assert_non_null(memmem(status.header.message.data, status.header.message.len, "is over the limit of", 20));
    }
}

static void check_told(const pair_end *end, const row *r) {
    const pair_event *reset = pair_last(end, PAIR_RESET);
    assert_int_equal(end->counts[PAIR_CALL], r->handlers);
    if (r->told == NULL && r->reason == GRILLE_REASON_OK) assert_true(reset == NULL);
    if (r->told == NULL) return;
    if (reset == NULL) fail_msg("%s: no reset told", r->name);
    if (strstr(reset->text, r->told) == NULL) fail_msg("%s: told \"%s\"", r->name, reset->text);
}

/* Feeds the script in two parts. */
static void run_split(const row *r, int role, grille_bytes script, size_t first, size_t piece) {
    pair_end *end = NULL;
    size_t idle_bytes = 0;
    session_pair *pair = make(role, &end, &idle_bytes);
    grille_reason reason = pair_feed_cut(pair, end, script, first, piece);
    if (reason != r->reason) {
        fail_msg("%s: %s, expected %s; %s", r->name, grille_reason_name(reason), grille_reason_name(r->reason),
                 grille_session_failure(end->session)->text);
    }
    assert_string_equal(grille_session_failure(end->session)->name,
                        r->reason == GRILLE_REASON_OK ? "" : grille_reason_name(r->reason));
    if (end->budget.peak_bytes - idle_bytes > (r->most_bytes > 0 ? r->most_bytes : 65536)) {
        fail_msg("%s: held %zu bytes", r->name, (size_t)end->budget.peak_bytes - idle_bytes);
    }
    check_told(end, r);
    check_answer(pair, end, r);
    /* Broken for good. */
    if (r->reason != GRILLE_REASON_OK) {
        assert_int_equal(grille_session_recv(end->session, grille_bytes_of("x", 1), pair->now_us), r->reason);
        assert_int_equal(grille_session_tick(end->session, pair->now_us), r->reason);
        assert_false(grille_session_wants_write(end->session));
    }
    pair_free(pair);
}

static void run_row(const row *r, int role) {
    grille_writer writer = grille_writer_into(script_bytes, sizeof script_bytes);
    grille_bytes script = {0};
    size_t step = 1;
    script_write(&writer, r->script);
    script = grille_written(&writer);
    step = script.len > 400 ? script.len / 200 : 1;
    run_split(r, role, script, 0, 0);
    if (script.len < 20000) run_split(r, role, script, 0, 1);
    run_split(r, role, script, 0, 7);
    for (size_t first = 1; first < script.len; first += step)
        run_split(r, role, script, first, 0);
}

static void rows_against_the_called_side(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if ((rows[i].role & CALLED) != 0) run_row(&rows[i], CALLED);
    }
}

static void rows_against_the_calling_side(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        row r = rows[i];
        if ((r.role & CALLER) == 0) continue;
        /* The calls that were under way hear of a broken connection. */
        run_row(&r, CALLER);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_against_the_called_side),
        cmocka_unit_test(rows_against_the_calling_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
