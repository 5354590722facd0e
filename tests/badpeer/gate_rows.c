/* SPDX-License-Identifier: Apache-2.0
 * Before the gate is open: strangers. Nobody's handler runs, whatever they do. */
#include "bad_rows.h"

/* Alerts (RFC 8446 6.2) go by the names of wolfssl/ssl.h; unknown_ca is its answer to whatever the verify hook
 * refuses. */

/* clang-format off */
const bad_row gate_rows[] = {
    /* garbage */
    ROW("HTTP", BOTH, "raw:http", "TLS-BAD-RECORD", ANSWER_ALERT, .number = unexpected_message, .channel_reason = "TLS-VERSION", .channel_number = protocol_version),
    ROW("HTTP/2", BOTH, "raw:http2", "TLS-BAD-RECORD", ANSWER_ALERT, .number = unexpected_message, .channel_reason = "TLS-VERSION", .channel_number = protocol_version),
    ROW("zeros", BOTH, "raw:zeros", "TLS-BAD-RECORD", ANSWER_ALERT, .number = record_overflow, .channel_reason = "TLS-VERSION", .channel_number = protocol_version),
    ROW("ones", BOTH, "raw:ones", "TLS-BAD-RECORD", ANSWER_ALERT, .number = record_overflow, .channel_reason = "TLS-VERSION", .channel_number = protocol_version),
    ROW("data before any key", BOTH, "raw:data-first", "TLS-BAD-RECORD", ANSWER_ALERT, .number = unexpected_message),
    ROW("Finished first", BOTH, "raw:finished-first", "TLS-BAD-RECORD", ANSWER_ALERT, .number = unexpected_message, .channel_reason = "TLS-VERSION", .channel_number = protocol_version),
    ROW("an alert first", BOTH, "raw:alert-first", "TLS-PEER-ALERT", ANSWER_NOTHING, .number = -1),
    ROW("a record of 64 KiB", BOTH, "raw:record-too-long", "TLS-BAD-RECORD", ANSWER_ALERT, .number = record_overflow, .channel_reason = "TLS-VERSION", .channel_number = protocol_version),
    ROW("empty records", BOTH, "raw:empty-records", "TLS-BAD-RECORD", ANSWER_ALERT, .number = record_overflow, .channel_reason = "TLS-VERSION", .channel_number = protocol_version),
    ROW("a ClientHello of 16 MiB", SERVER, "raw:endless-hello", "TLS-BAD-RECORD", ANSWER_ALERT, .number = decode_error),

    /* TLS that is not ours */
    ROW("TLS 1.2 client", SERVER, "raw:tls12-client-hello", "TLS-VERSION", ANSWER_ALERT, .number = protocol_version),
    ROW("TLS 1.2 server", CHANNEL, "raw:tls12-server-hello", "TLS-VERSION", ANSWER_ALERT, .number = protocol_version),
    ROW("another application protocol", SERVER, "as:alpn=h2 tls", "TLS-ALPN", ANSWER_ALERT, .number = no_application_protocol),
    ROW("another version of the protocol", SERVER, "as:alpn=grille/2 tls", "TLS-ALPN", ANSWER_ALERT, .number = no_application_protocol),
    ROW("a server of another protocol", CHANNEL, "as:alpn=h2 tls", "TLS-PEER-ALERT", ANSWER_NOTHING, .number = -1),
    ROW("no application protocol", BOTH, "as:no-alpn tls", "TLS-ALPN", ANSWER_ALERT, .number = unknown_ca),
    ROW("no client certificate", SERVER, "as:no-certificate tls", "TLS-NO-CERTIFICATE", ANSWER_ALERT, .number = certificate_required),
    ROW("a chain of two", BOTH, "as:chain-of-two tls", "TLS-CHAIN-LENGTH", ANSWER_ALERT, .number = unknown_ca),
    ROW("an expired leaf", BOTH, "as:expired tls", "TLS-CERTIFICATE-TIME", ANSWER_ALERT, .number = unknown_ca),
    ROW("a leaf of the day after tomorrow", BOTH, "as:future tls", "TLS-CERTIFICATE-TIME", ANSWER_ALERT, .number = unknown_ca),

    /* handshakes that break off */
    ROW("nothing but the end", BOTH, "fin", "LOOP-PEER-CLOSED", ANSWER_NOTHING, .number = -1),
    ROW("half a record and the end", BOTH, "raw:half-record fin", "LOOP-PEER-CLOSED", ANSWER_NOTHING, .number = -1),
    ROW("half a ClientHello and the end", SERVER, "first:100 fin", "LOOP-PEER-CLOSED", ANSWER_NOTHING, .number = -1),
    ROW("TLS and the end", BOTH, "tls fin", "LOOP-PEER-CLOSED", ANSWER_NOTHING, .number = -1),
    ROW("TLS and gone", BOTH, "tls vanish", "LOOP-PEER-CLOSED", ANSWER_NOTHING, .number = -1, .or_reason = "LOOP-CONNECTION-LOST"),
    ROW("TLS and RST", SERVER, "tls hello vanish", "LOOP-CONNECTION-LOST", ANSWER_NOTHING, .tcp = true, .or_reason = "LOOP-PEER-CLOSED"),
    ROW("TLS and close_notify", BOTH, "tls bye", "GATE-CLOSED", ANSWER_CLOSE, .number = -1),
    ROW("Hello and close_notify", BOTH, "tls hello bye", "GATE-CLOSED", ANSWER_CLOSE, .number = -1),
    ROW("evidence and close_notify", BOTH, "tls hello evidence bye", "GATE-CLOSED", ANSWER_CLOSE, .number = -1),

    /* Hellos */
    ROW("a Hello of another version", BOTH, "tls hello:version", "GATE-VERSION", ANSWER_REFUSED, .number = -1),
    ROW("a Hello for another epoch", BOTH, "tls hello:epoch", "GATE-EPOCH", ANSWER_REFUSED, .number = -1),
    ROW("a Hello cut short", BOTH, "tls hello:short", "GATE-BAD-MESSAGE", ANSWER_REFUSED, .number = -1),
    ROW("a Hello with a byte too many", BOTH, "tls hello:trailing", "GATE-BAD-MESSAGE", ANSWER_REFUSED, .number = -1),
    ROW("a Hello over 1 KiB", BOTH, "tls hello:long", "GATE-TOO-LONG", ANSWER_REFUSED, .number = -1),
    ROW("an initiator that sets the order", SERVER, "tls hello:initiator-first", "GATE-BAD-MESSAGE", ANSWER_REFUSED, .number = -1),
    ROW("wrong kind: nitro", BOTH, "tls hello:nitro", "ATTEST-KIND-REFUSED", ANSWER_REFUSED, .number = -1),
    ROW("wrong kind: psk", BOTH, "tls hello:psk", "ATTEST-KIND-REFUSED", ANSWER_REFUSED, .number = -1),
    ROW("wrong kind: anonymous", BOTH, "tls hello:anonymous", "ATTEST-KIND-REFUSED", ANSWER_REFUSED, .number = -1),
    ROW("a kind that nobody knows", BOTH, "tls hello:unknown-kind", "ATTEST-KIND-REFUSED", ANSWER_REFUSED, .number = -1),
    ROW("our own Hello", CHANNEL, "tls hello:reflected", "GATE-REFLECTED", ANSWER_REFUSED, .number = -1),

    /* evidence */
    ROW("evidence of another kind than offered", BOTH, "tls hello evidence:other-kind", "GATE-KIND", ANSWER_REFUSED, .number = -1),
    ROW("noise as evidence", BOTH, "tls hello evidence:noise", "ATTEST-X509-BODY", ANSWER_REFUSED, .number = -1),
    ROW("empty evidence", BOTH, "tls hello evidence:empty", "ATTEST-SIZE", ANSWER_REFUSED, .number = -1),
    ROW("evidence with a byte too many", BOTH, "tls hello evidence:trailing", "GATE-BAD-MESSAGE", ANSWER_REFUSED, .number = -1),
    ROW("claims over 1 KiB", BOTH, "tls hello evidence:wide-claims", "GATE-BAD-MESSAGE", ANSWER_REFUSED, .number = -1),
    ROW("a cloned CA", BOTH, "tls hello evidence:cloned", "ATTEST-CERT-SIGNATURE", ANSWER_REFUSED, .number = -1),
    ROW("an expired identity", BOTH, "tls hello evidence:expired", "ATTEST-CERT-EXPIRED", ANSWER_REFUSED, .number = -1),
    ROW("a name that is not listed", BOTH, "tls hello evidence:unlisted", "ATTEST-CERT-NAME", ANSWER_REFUSED, .number = -1),
    ROW("evidence of another session", BOTH, "tls hello evidence:other-session", "ATTEST-X509-SIGNATURE", ANSWER_REFUSED, .number = -1),
    ROW("evidence for the other role", BOTH, "tls hello evidence:other-role", "ATTEST-X509-SIGNATURE", ANSWER_REFUSED, .number = -1),
    ROW("evidence of an earlier session", BOTH, "tls hello evidence:replayed", "ATTEST-X509-SIGNATURE", ANSWER_REFUSED, .number = -1),
    ROW("a Confirm without evidence", BOTH, "tls hello confirm:early", "GATE-ORDER", ANSWER_REFUSED, .number = -1),

    /* Confirms */
    ROW("a wrong Confirm", BOTH, "tls hello evidence confirm:wrong", "GATE-CONFIRM", ANSWER_REFUSED, .number = -1),
    ROW("the other role's Confirm", BOTH, "tls hello evidence confirm:other-role", "GATE-CONFIRM", ANSWER_REFUSED, .number = -1),
    ROW("a Confirm with a byte too many", BOTH, "tls hello evidence confirm:long", "GATE-TOO-LONG", ANSWER_REFUSED, .number = -1),

    /* order */
    ROW("evidence before Hello", BOTH, "tls evidence:early", "GATE-ORDER", ANSWER_REFUSED, .number = -1),
    ROW("Confirm before Hello", BOTH, "tls confirm:early", "GATE-ORDER", ANSWER_REFUSED, .number = -1),
    ROW("Hello twice", BOTH, "tls hello hello", "GATE-ORDER", ANSWER_REFUSED, .number = -1),
    ROW("evidence twice", BOTH, "tls hello evidence evidence", "GATE-ORDER", ANSWER_REFUSED, .number = -1),
    ROW("Hello after evidence", BOTH, "tls hello evidence hello", "GATE-ORDER", ANSWER_REFUSED, .number = -1),
    ROW("a request for an epoch", BOTH, "tls hello gate:5", "GATE-ORDER", ANSWER_REFUSED, .number = -1),
    ROW("a message of type 0", BOTH, "tls gate:0", "GATE-BAD-MESSAGE", ANSWER_REFUSED, .number = -1),
    ROW("a message of type 6", BOTH, "tls hello gate:6:20", "GATE-BAD-MESSAGE", ANSWER_REFUSED, .number = -1),
    ROW("an empty GATE frame", BOTH, "tls {L0:1:0:0}", "WIRE-BAD-PAYLOAD", ANSWER_REFUSED, .number = -1),

    /* refused by the peer, and what may follow */
    ROW("REFUSED", BOTH, "tls gate:4", "GATE-REFUSED-BY-PEER", ANSWER_CLOSE, .number = -1),
    ROW("REFUSED after Hello", BOTH, "tls hello gate:4", "GATE-REFUSED-BY-PEER", ANSWER_CLOSE, .number = -1),
    ROW("REFUSED with a byte", BOTH, "tls hello gate:4:1", "GATE-TOO-LONG", ANSWER_REFUSED, .number = -1),
    ROW("bytes after REFUSED", BOTH, "tls gate:4 {P1 P2} zeros:3000", "GATE-REFUSED-BY-PEER", ANSWER_CLOSE, .number = -1),
    ROW("megabytes after REFUSED", BOTH, "tls gate:4 zeros:4000000", "GATE-REFUSED-BY-PEER", ANSWER_CLOSE, .number = -1),

    /* other frames before Confirm, and frames that are too long */
    ROW("a call before Hello", BOTH, "tls {C1e}", "GATE-NOT-A-GATE-FRAME", ANSWER_REFUSED, .number = -1),
    ROW("a call before Confirm", BOTH, "tls hello evidence {M1:10e}", "GATE-NOT-A-GATE-FRAME", ANSWER_REFUSED, .number = -1),
    ROW("SETTINGS before Confirm", BOTH, "tls hello evidence {S}", "GATE-NOT-A-GATE-FRAME", ANSWER_REFUSED, .number = -1),
    ROW("an ignorable frame before Confirm", BOTH, "tls {U99:128:0:4}", "GATE-NOT-A-GATE-FRAME", ANSWER_REFUSED, .number = -1),
    ROW("an unknown frame before Confirm", BOTH, "tls {U99:0:0:4}", "WIRE-UNKNOWN-TYPE", ANSWER_REFUSED, .number = -1),
    ROW("GATE with a flag", BOTH, "tls {U1:1:0:4}", "WIRE-BAD-FLAGS", ANSWER_REFUSED, .number = -1),
    ROW("GATE on a stream", BOTH, "tls {U1:0:1:4}", "WIRE-BAD-STREAM", ANSWER_REFUSED, .number = -1),
    ROW("a frame one over the limit", BOTH, "tls {L16377:1:0:0}", "WIRE-FRAME-TOO-LONG", ANSWER_REFUSED, .number = -1),
    ROW("a frame of 64 KiB", BOTH, "tls hello {L65535:1:0:0} zeros:65535", "WIRE-FRAME-TOO-LONG", ANSWER_REFUSED, .number = -1),
    ROW("more than 32 KiB before Confirm", BOTH, "tls hello {L16376:1:0:0} byte:2 dribble:1600", "GATE-TOO-MUCH", ANSWER_REFUSED, .number = -1),
    ROW("empty records before Confirm", BOTH, "tls empties:40", "TLS-CONTROL-FLOOD", ANSWER_ALERT, .number = unexpected_message),
    ROW("KeyUpdates before Confirm", BOTH, "tls updates:40", "TLS-CONTROL-FLOOD", ANSWER_ALERT, .number = unexpected_message),

    /* post-handshake messages that TLS 1.3 has not, or that are compiled out */
    ROW("renegotiation by ClientHello", BOTH, "tls inner:client-hello", "TLS-BAD-RECORD", ANSWER_ALERT, .number = unexpected_message),
    ROW("renegotiation by HelloRequest", BOTH, "tls inner:hello-request", "TLS-BAD-RECORD", ANSWER_ALERT, .number = unexpected_message),
    ROW("a request for another certificate", CHANNEL, "tls inner:certificate-request", "TLS-BAD-RECORD", ANSWER_ALERT, .number = unexpected_message),
    ROW("a ClientHello in the clear", BOTH, "tls raw:tls12-client-hello", "TLS-BAD-RECORD", ANSWER_ALERT, .number = unexpected_message, .channel_number = protocol_version),
    ROW("data in the clear", BOTH, "tls raw:data-first", "TLS-BAD-RECORD", ANSWER_ALERT, .number = unexpected_message),
};
/* clang-format on */
const size_t gate_row_count = sizeof gate_rows / sizeof gate_rows[0];

/* clang-format off */
const bad_row silent_rows[] = {
    ROW("connects and says nothing", BOTH, "", "GATE-DEADLINE", ANSWER_NOTHING, .number = -1),
    ROW("half a record", BOTH, "raw:half-record", "GATE-DEADLINE", ANSWER_NOTHING, .number = -1),
    ROW("half a ClientHello", SERVER, "first:100", "GATE-DEADLINE", ANSWER_NOTHING, .number = -1),
    ROW("all of the ClientHello but its last byte", SERVER, "first:141", "GATE-DEADLINE", ANSWER_NOTHING, .number = -1),
    ROW("ClientHello, then silence", SERVER, "start mute", "GATE-DEADLINE", ANSWER_NOTHING, .number = -1),
    ROW("TLS, then silence", BOTH, "tls", "GATE-DEADLINE", ANSWER_REFUSED, .number = -1),
    ROW("Hello, then silence", BOTH, "tls hello", "GATE-DEADLINE", ANSWER_REFUSED, .number = -1),
    ROW("evidence, then silence", BOTH, "tls hello evidence", "GATE-DEADLINE", ANSWER_REFUSED, .number = -1),
    ROW("half a GATE frame", BOTH, "tls hello {L16376:1:0:0} byte:2 zeros:9000", "GATE-DEADLINE", ANSWER_REFUSED, .number = -1),
    /* Last, because it takes its time: a byte every 60 ms. */
    ROW("byte by byte", SERVER, "drip:60 tls", "GATE-DEADLINE", ANSWER_NOTHING, .number = -1),
};
/* clang-format on */
const size_t silent_row_count = sizeof silent_rows / sizeof silent_rows[0];
