/* SPDX-License-Identifier: Apache-2.0
 * After an honest gate: a peer that the policy lists, and that turns hostile. What breaks a rule of the connection ends
 * it with one goodbye; what breaks a rule of a call ends that call. */
#include "bad_rows.h"
#include "session/session.h"

#define ALL            "4294967295" /* last stream of a first DRAIN */
#define RESET_PROTOCOL (int)GRILLE_RESET_PROTOCOL
#define RESET_LIMIT    (int)GRILLE_RESET_LIMIT
#define RESET_DEADLINE (int)GRILLE_RESET_DEADLINE
#define GOODBYE(row_name, row_against, row_frames, row_reason, ...)                                                    \
    ROW(row_name, row_against, "open {" row_frames "}", row_reason, ANSWER_GOODBYE, __VA_ARGS__)

/* clang-format off */
const bad_row frame_rows[] = {
    /* SETTINGS */
    GOODBYE("another frame first", BOTH, "P1", "SESSION-BAD-ORDER", .number = -1),
    GOODBYE("an ignorable frame first", BOTH, "U99:128:0:4", "SESSION-BAD-ORDER", .number = -1),
    GOODBYE("a call first", SERVER, "M1:4e", "SESSION-BAD-ORDER", .number = -1),
    GOODBYE("SETTINGS twice", BOTH, "S S", "SESSION-BAD-ORDER", .number = -1),
    GOODBYE("SETTINGS that lower the streams", BOTH, "S:15", "WIRE-LIMIT", .number = -1),
    GOODBYE("SETTINGS that lower the window", BOTH, "S:16:16:65536:8192:65535:1048576", "WIRE-LIMIT", .number = -1),
    GOODBYE("SETTINGS over the limit of streams", BOTH, "S:65537", "WIRE-LIMIT", .number = -1),
    GOODBYE("SETTINGS with a window over 1/16", BOTH, "S:16:16:65536:8192:65537:1048576", "WIRE-LIMIT", .number = -1),
    GOODBYE("SETTINGS of noise", BOTH, "U2:0:0:3", "WIRE-BAD-MESSAGE", .number = -1),
    GOODBYE("SETTINGS on a stream", BOTH, "L0:2:0:1", "WIRE-BAD-STREAM", .number = -1),

    /* headers of frames */
    GOODBYE("an unknown type", BOTH, "S U99:0:0:4", "WIRE-UNKNOWN-TYPE", .number = -1),
    ROW("an unknown type, ignorable", BOTH, "open {S U99:128:0:4 U98:255:7:16376}", NULL, ANSWER_ALIVE, .number = -1),
    GOODBYE("a flood of ignorable frames", BOTH, "S 400=U77:128:0:0", "SESSION-FLOOD", .number = -1),
    GOODBYE("a flag that PING has not", BOTH, "S U9:1:0:8", "WIRE-BAD-FLAGS", .number = -1),
    GOODBYE("IGNORABLE on a known type", BOTH, "S U9:128:0:8", "WIRE-BAD-FLAGS", .number = -1),
    GOODBYE("CALL on the connection", BOTH, "S L10:3:0:0", "WIRE-BAD-STREAM", .number = -1),
    GOODBYE("PING on a stream", BOTH, "S U9:0:1:8", "WIRE-BAD-STREAM", .number = -1),
    GOODBYE("a frame one over the limit", BOTH, "S L16377:5:0:1", "WIRE-FRAME-TOO-LONG", .number = -1),
    GOODBYE("a frame of 64 KiB", BOTH, "S L65535:5:0:1", "WIRE-FRAME-TOO-LONG", .number = -1),
    GOODBYE("RESET with a byte too many", BOTH, "S U7:0:1:2", "WIRE-BAD-PAYLOAD", .number = -1),
    ROW("GATE after the gate", BOTH, "open {S G4}", "GATE-BAD-MESSAGE", ANSWER_REFUSED, .number = -1),
    ROW("GATE of the largest size", BOTH, "open {S G16376}", "GATE-BAD-MESSAGE", ANSWER_REFUSED, .number = -1),
    ROW("a responder's Hello after the gate", CHANNEL, "open {S} hello:epoch", "GATE-ORDER", ANSWER_REFUSED, .number = -1),
    ROW("Hello of the same epoch", SERVER, "open {S} hello", "GATE-EPOCH", ANSWER_REFUSED, .number = -1),
    ROW("an initiator's REQUEST", SERVER, "open {S} gate:5", "GATE-ORDER", ANSWER_REFUSED, .number = -1),
    ROW("REQUEST with a byte too many", CHANNEL, "open {S} gate:5:1", "GATE-TOO-LONG", ANSWER_REFUSED, .number = -1),
    ROW("a flood of REQUESTs", CHANNEL, "open {S} gate:5 gate:5 gate:5", "GATE-FLOOD", ANSWER_REFUSED, .number = -1, .call_code = GRILLE_UNAVAILABLE),
    ROW("REFUSED in place of SETTINGS", BOTH, "open gate:4", "GATE-REFUSED-BY-PEER", ANSWER_CLOSE, .number = -1),
    ROW("REFUSED after the gate", BOTH, "open {S} gate:4", "GATE-REFUSED-BY-PEER", ANSWER_CLOSE, .number = -1),
    ROW("REFUSED and a call after the gate", SERVER, "open {S} gate:4 {M1:4e}", "GATE-REFUSED-BY-PEER", ANSWER_CLOSE, .number = -1),

    /* ids of streams */
    GOODBYE("a stream of the other side's parity", SERVER, "S C2", "SESSION-BAD-STREAM-ID", .number = -1),
    GOODBYE("a stream of the other side's parity", CHANNEL, "S C1", "SESSION-BAD-STREAM-ID", .number = -1),
    GOODBYE("an id that was used", SERVER, "S M1:4e C1", "SESSION-BAD-STREAM-ID", .handlers = 1),
    GOODBYE("an id that falls", SERVER, "S C3 C1", "SESSION-BAD-STREAM-ID", .number = -1),
    GOODBYE("an id over 2^31", SERVER, "S C2147483649", "SESSION-BAD-STREAM-ID", .number = -1),
    GOODBYE("DATA on a stream never opened", BOTH, "S D99:1:1b", "SESSION-BAD-STREAM-ID", .number = -1),
    GOODBYE("DATA on a stream of ours never opened", BOTH, "S D98:1:1b", "SESSION-BAD-STREAM-ID", .number = -1),
    GOODBYE("STATUS on a stream never opened", BOTH, "S T99:0", "SESSION-BAD-STREAM-ID", .number = -1),
    GOODBYE("HEADERS on a stream never opened", BOTH, "S H99:20", "SESSION-BAD-STREAM-ID", .number = -1),
    GOODBYE("RESET on a stream never opened", BOTH, "S X99:1", "SESSION-BAD-STREAM-ID", .number = -1),
    GOODBYE("CREDIT for a stream never opened", BOTH, "S K99:1", "SESSION-BAD-STREAM-ID", .number = -1),
    ROW("DATA on a stream that has ended", SERVER, "open {S M1:4e} pause:20 {D1:1:1b}", NULL, ANSWER_STATUS, .number = GRILLE_OK, .stream = 1, .handlers = 1),
    GOODBYE("one stream more than allowed", SERVER, "S 257*C1", "SESSION-TOO-MANY-STREAMS", .most_kib = 2048),
    ROW("as many streams as allowed", SERVER, "open {S 256*C1}", NULL, ANSWER_ALIVE, .most_kib = 2048),
    GOODBYE("one stream more than a channel allows", CHANNEL, "S 17*C2", "SESSION-TOO-MANY-STREAMS", .number = -1),

    /* credit */
    GOODBYE("CREDIT of 0", BOTH, "S K0:0", "WIRE-BAD-PAYLOAD", .number = -1),
    GOODBYE("CREDIT over 2^31 - 1", BOTH, "S K0:2147483648", "WIRE-BAD-PAYLOAD", .number = -1),
    ROW("as much credit as a window can hold", SERVER, "open {S K0:2146435071}", NULL, ANSWER_ALIVE, .number = -1),
    GOODBYE("one byte of credit more", SERVER, "S K0:2146435072", "SESSION-CREDIT-OVERFLOW", .number = -1),
    GOODBYE("credit that overflows a stream's window", SERVER, "S C1 K1:2147483647", "SESSION-CREDIT-OVERFLOW", .number = -1),
    GOODBYE("credit that overflows a window", CHANNEL, "S K0:2147483647", "SESSION-CREDIT-OVERFLOW", .number = -1),
    GOODBYE("credit that overflows a stream's window", CHANNEL, "S K1:2147483647", "SESSION-CREDIT-OVERFLOW", .number = -1),
    GOODBYE("a flood of CREDIT", BOTH, "S 60000=K0:1", "SESSION-FLOOD", .number = -1),
    ROW("messages past the connection's credit", SERVER, "open {S} stuff:16:1040000 stuff:80:16000", "SESSION-FLOW-CONTROL", ANSWER_GOODBYE, .most_kib = 49152, .handlers = 2, .or_more_handlers = true),

    /* control frames */
    GOODBYE("a flood of PINGs", BOTH, "S 100=P1", "SESSION-FLOOD", .number = -1),
    ROW("as many PINGs as may", BOTH, "open {S 15=P1}", NULL, ANSWER_ALIVE, .number = -1),
    GOODBYE("the answer to no PING", BOTH, "S A1", "SESSION-BAD-PING", .number = -1),
    GOODBYE("DRAIN three times", BOTH, "S N" ALL ":1 N0:1 N0:1", "SESSION-BAD-DRAIN", .number = -1, .call_code = GRILLE_UNAVAILABLE),
    GOODBYE("a flood of DRAIN", BOTH, "S 100=N" ALL ":1", "SESSION-BAD-DRAIN", .number = -1),
    GOODBYE("DRAIN that rises", BOTH, "S N0:1 N" ALL ":1", "SESSION-BAD-DRAIN", .number = -1, .call_code = GRILLE_UNAVAILABLE),
    GOODBYE("DRAIN of a stream never opened", BOTH, "S N2147483646:1", "SESSION-BAD-DRAIN", .number = -1),
    GOODBYE("DRAIN for no reason", BOTH, "S N0:9", "WIRE-BAD-PAYLOAD", .number = -1),
    ROW("DRAIN, and calls go on", SERVER, "open {S N" ALL ":1 N0:1 M1:4e}", NULL, ANSWER_STATUS, .number = GRILLE_OK, .stream = 1, .handlers = 1),
    ROW("rapid reset", SERVER, "open {S} rapid:30000", "SESSION-FLOOD", ANSWER_GOODBYE, .number = -1),
    GOODBYE("RESET with a code that is none", SERVER, "S C1 X1:9", "WIRE-BAD-PAYLOAD", .number = -1),
    GOODBYE("RESET with a code that is none", CHANNEL, "S X1:9", "WIRE-BAD-PAYLOAD", .number = -1),

    /* calls */
    GOODBYE("CALL without a header", SERVER, "S U3:0:1:1", "WIRE-BAD-PAYLOAD", .number = -1),
    GOODBYE("CALL of method 0", SERVER, "S U3:0:1:2", "WIRE-BAD-MESSAGE", .number = -1),
    ROW("a method that nobody serves", SERVER, "open {S} call:77", NULL, ANSWER_STATUS, .number = GRILLE_UNIMPLEMENTED, .stream = 1),
    ROW("a method that the policy keeps from it", SERVER, "open {S} call:9", NULL, ANSWER_STATUS, .number = GRILLE_PERMISSION_DENIED, .stream = 1, .also = "may not call /test.Victim/Secret"),
    ROW("a call of a channel, which serves nothing", CHANNEL, "open {S M2:4e}", NULL, ANSWER_STATUS, .number = GRILLE_UNIMPLEMENTED, .stream = 2),
    ROW("no time left", SERVER, "open {S O1:0e}", NULL, ANSWER_RESET, .number = RESET_DEADLINE, .stream = 1),
    ROW("metadata at the limit", SERVER, "open {S Q1:8192}", NULL, ANSWER_ALIVE, .number = -1),
    ROW("metadata over the limit", SERVER, "open {S Q1:8193}", NULL, ANSWER_STATUS, .number = GRILLE_RESOURCE_EXHAUSTED, .stream = 1, .told = "metadata of 8193 bytes is over the limit of 8192 bytes"),
    ROW("a call without a message", SERVER, "open {S C1e}", NULL, ANSWER_STATUS, .number = GRILLE_INTERNAL, .stream = 1),
    ROW("a call with two messages", SERVER, "open {S C1 D1:1:1b D1:1:1be}", NULL, ANSWER_STATUS, .number = GRILLE_INTERNAL, .stream = 1),
    ROW("STATUS of the caller", SERVER, "open {S C1 T1:0}", NULL, ANSWER_RESET, .number = RESET_PROTOCOL, .stream = 1),
    ROW("HEADERS of the caller", SERVER, "open {S C1 H1:20}", NULL, ANSWER_RESET, .number = RESET_PROTOCOL, .stream = 1),

    /* DATA */
    GOODBYE("DATA with nothing", SERVER, "S C1 U5:0:1:0", "WIRE-BAD-PAYLOAD", .number = -1),
    GOODBYE("DATA with nothing", CHANNEL, "S U5:0:1:0", "WIRE-BAD-PAYLOAD", .number = -1),
    GOODBYE("more bytes in a frame than its message has", SERVER, "S C1 D1:2:3b", "WIRE-BAD-PAYLOAD", .number = -1),
    ROW("more bytes than the message has", SERVER, "open {S C1 D1:9:5b D1:0:5}", NULL, ANSWER_RESET, .number = RESET_PROTOCOL, .stream = 1),
    ROW("bytes outside of a message", SERVER, "open {S C1 D1:0:5}", NULL, ANSWER_RESET, .number = RESET_PROTOCOL, .stream = 1),
    ROW("a message inside another", SERVER, "open {S C1 D1:9:5b D1:9:5b}", NULL, ANSWER_RESET, .number = RESET_PROTOCOL, .stream = 1),
    ROW("END_STREAM inside a message", SERVER, "open {S C1 D1:9:5be}", NULL, ANSWER_RESET, .number = RESET_PROTOCOL, .stream = 1),
    ROW("DATA after END_STREAM", SERVER, "open {S} call:8:hold pause:50 {D1:1:1b}", NULL, ANSWER_RESET, .number = RESET_PROTOCOL, .stream = 1, .handlers = 1),
    ROW("a message over the limit", SERVER, "open {S C1 D1:4194305:10b 2=D1:0:100}", NULL, ANSWER_STATUS, .number = GRILLE_RESOURCE_EXHAUSTED, .stream = 1, .told = "a message of 4194305 bytes is over the limit of 4194304 bytes"),
    ROW("a message of 4 GiB, announced", SERVER, "open {S C1 D1:4294967295:10b}", NULL, ANSWER_STATUS, .number = GRILLE_RESOURCE_EXHAUSTED, .stream = 1, .told = "4294967295"),
    ROW("256 long messages that never come", SERVER, "open {S 256*C1 256*D1:4194304:60b}", NULL, ANSWER_ALIVE, .most_kib = 2048),

    /* answers to a channel's calls on streams 1, 3 and 5 */
    ROW("an answer without a message", CHANNEL, "open {S T1:0}", NULL, ANSWER_ALIVE, .calls = 3, .call_code = GRILLE_INTERNAL),
    ROW("an answer with two messages", CHANNEL, "open {S D1:1:1b D1:1:1b T1:0}", NULL, ANSWER_ALIVE, .calls = 3, .call_code = GRILLE_INTERNAL),
    ROW("an answer twice", CHANNEL, "open {S V1:16 V1:16}", NULL, ANSWER_ALIVE, .calls = 3, .call_code = GRILLE_OK),
    GOODBYE("STATUS with a code that is none", CHANNEL, "S T1:17", "WIRE-BAD-MESSAGE", .calls = 3),
    ROW("STATUS inside a message", CHANNEL, "open {S D1:9:5b T1:0}", NULL, ANSWER_ALIVE, .calls = 3, .call_code = GRILLE_INTERNAL),
    ROW("HEADERS twice", CHANNEL, "open {S H1:20 H1:20}", NULL, ANSWER_RESET, .number = RESET_PROTOCOL, .stream = 1, .calls = 3, .call_code = GRILLE_INTERNAL),
    ROW("HEADERS after a message", CHANNEL, "open {S D1:1:1b H1:20}", NULL, ANSWER_RESET, .number = RESET_PROTOCOL, .stream = 1, .calls = 3, .call_code = GRILLE_INTERNAL),
    ROW("HEADERS over the limit", CHANNEL, "open {S H1:8193}", NULL, ANSWER_RESET, .number = RESET_LIMIT, .stream = 1, .calls = 3, .call_code = GRILLE_RESOURCE_EXHAUSTED),
    ROW("a half-close of the called side", CHANNEL, "open {S E1}", NULL, ANSWER_RESET, .number = RESET_PROTOCOL, .stream = 1, .calls = 3, .call_code = GRILLE_INTERNAL),
    ROW("an answer over the limit", CHANNEL, "open {S D1:4194305:1b}", NULL, ANSWER_RESET, .number = RESET_LIMIT, .stream = 1, .calls = 3, .call_code = GRILLE_RESOURCE_EXHAUSTED),
    ROW("a refusal", CHANNEL, "open {S X1:2}", NULL, ANSWER_ALIVE, .calls = 3, .call_code = GRILLE_UNAVAILABLE),
    GOODBYE("an answer to a call that was not made", CHANNEL, "S T7:0", "SESSION-BAD-STREAM-ID", .calls = 3),
    GOODBYE("DRAIN of the peer's own parity", CHANNEL, "S N2:1", "SESSION-BAD-DRAIN", .calls = 3),
    GOODBYE("DRAIN over what was opened", CHANNEL, "S N7:1", "SESSION-BAD-DRAIN", .calls = 3),
    GOODBYE("a flood of late answers", CHANNEL, "S T1:0 40000=T1:0", "SESSION-FLOOD", .calls = 3, .call_code = GRILLE_RESOURCE_EXHAUSTED),

    /* TLS after the gate */
    ROW("a flood of KeyUpdates", BOTH, "open {S} updates:100", "TLS-CONTROL-FLOOD", ANSWER_ALERT, .number = unexpected_message, .call_code = GRILLE_UNAVAILABLE),
    ROW("a few KeyUpdates", BOTH, "open {S} updates:20", NULL, ANSWER_ALIVE, .number = -1),
    ROW("a flood of empty records", BOTH, "open {S} empties:100", "TLS-CONTROL-FLOOD", ANSWER_ALERT, .number = unexpected_message, .call_code = GRILLE_UNAVAILABLE),
    ROW("a KeyUpdate that is none", BOTH, "open {S} inner:bad-key-update", "TLS-BAD-RECORD", ANSWER_ALERT, .number = illegal_parameter),
    ROW("renegotiation by ClientHello", BOTH, "open {S} inner:client-hello", "TLS-BAD-RECORD", ANSWER_ALERT, .number = unexpected_message),
    ROW("renegotiation by HelloRequest", BOTH, "open {S} inner:hello-request", "TLS-BAD-RECORD", ANSWER_ALERT, .number = unexpected_message),
    ROW("a ticket", CHANNEL, "open {S} inner:ticket", NULL, ANSWER_ALIVE, .number = -1),
    ROW("a flood of tickets", CHANNEL, "open {S} tickets:100", "TLS-CONTROL-FLOOD", ANSWER_ALERT, .number = unexpected_message, .call_code = GRILLE_UNAVAILABLE),
    ROW("a ticket of the client", SERVER, "open {S} inner:ticket", "TLS-BAD-RECORD", ANSWER_ALERT, .number = unexpected_message),
    ROW("garbage in place of a record", BOTH, "open {S} raw:http", "TLS-BAD-RECORD", ANSWER_ALERT, .number = unexpected_message, .channel_number = protocol_version),
    ROW("data in the clear", BOTH, "open {S} raw:data-first", "TLS-BAD-RECORD", ANSWER_ALERT, .number = unexpected_message),

    /* ends */
    ROW("byte by byte", SERVER, "open drip:1 {S M1:5e}", NULL, ANSWER_STATUS, .number = GRILLE_OK, .stream = 1, .handlers = 1),
    ROW("half-close in the middle of a frame", BOTH, "open {S L8:9:0:0} zeros:3 fin", "LOOP-PEER-CLOSED", ANSWER_NOTHING, .number = -1),
    ROW("half-close in the middle of a record", BOTH, "open {S} raw:half-record fin", "LOOP-PEER-CLOSED", ANSWER_NOTHING, .number = -1),
    ROW("close_notify in the middle of a frame", BOTH, "open {S L8:9:0:0} zeros:3 bye", "LOOP-PEER-CLOSED", ANSWER_NOTHING, .number = -1),
    ROW("gone in the middle of a message", SERVER, "open {S C1 D1:60000:1000b} vanish", "LOOP-PEER-CLOSED", ANSWER_NOTHING, .number = -1, .or_reason = "LOOP-CONNECTION-LOST"),
    ROW("RST with calls under way", SERVER, "open {S 20*C1} pause:20 vanish", "LOOP-CONNECTION-LOST", ANSWER_NOTHING, .tcp = true, .or_reason = "LOOP-PEER-CLOSED"),
};
/* clang-format on */
const size_t frame_row_count = sizeof frame_rows / sizeof frame_rows[0];
