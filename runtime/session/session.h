/* SPDX-License-Identifier: Apache-2.0
 * One end of one connection after the gate: streams, credit, fair write order, deadlines, keepalive, drain
 * (docs/protocol.md). Sans-IO: bytes and time are arguments. One thread; every call on one session and its streams
 * comes from the thread that owns the connection.
 *
 *   plaintext → grille_session_recv → events            grille_session_expiry → grille_session_tick → events
 *   grille_session_open, grille_stream_… → grille_session_send → plaintext → written → grille_session_sent
 *
 * Both ends may open streams. "Ours" are those that this end opened (it is the caller), "the peer's" the others (a
 * handler runs for them).
 */
#ifndef GRILLE_SESSION_SESSION_H
#define GRILLE_SESSION_SESSION_H

#include "base/arena.h"
#include "base/footprint.h"
#include "base/time.h"
#include "wire/payload.h"
#include "wire/settings.h"

/* One end of one connection. */
typedef struct grille_session grille_session;
/* One call: a pooled slot. The pointer is the owner's from grille_session_open (ours) or on_call (the peer's) until
 * grille_stream_release. */
typedef struct grille_stream grille_stream;

/* How a stream ended without a STATUS of the peer. Lives during the event; `text` is one line for people. */
typedef struct grille_stream_end {
    grille_reset_code code;
    bool local;         /* this end decided: a deadline, a limit, a broken rule, the connection's end; else the peer */
    grille_code status; /* what a caller is to be told */
    grille_reason reason; /* why, when local; else the SESSION_PEER_… that names the peer's code */
    const char *text;
    /* No handler of the peer ever ran for it (it was never sent, or the peer said so and had answered nothing): safe to
     * try again elsewhere. False where this end can't know, and for calls that the peer ended for a fault of their own
     * (over a limit, no time left). */
    bool never_processed;
} grille_stream_end;

/* What the session tells its owner, inside grille_session_recv, _tick, _sent and _abort only. Events may call every
 * function of streams, grille_session_open and the getters; never recv, send, sent, tick, abort or free. A NULL entry
 * is skipped, but for on_call: without it every call of the peer is refused. `user` is the session's.
 *
 * Each stream gets exactly one terminal event, on_status or on_reset, unless its owner ended it first
 * (grille_stream_send_status, grille_stream_reset) or released it; nothing follows a terminal event or a release. A
 * stream of the peer that was answered by grille_stream_send_status can still get on_reset while the answer is under
 * way, unless it was released. */
typedef struct grille_session_events {
    /* The peer's SETTINGS, once. Views live during the event. */
    void (*on_settings)(void *user, const grille_settings *settings);
    /* The peer called. The header's views live until release. */
    void (*on_call)(void *user, grille_stream *stream, const grille_call_header *header);
    /* Initial metadata of the answer (ours only), at most once, before the first message. Lives until release. */
    void (*on_headers)(void *user, grille_stream *stream, const grille_metadata_view *metadata);
    /* A whole message. It lives, and holds credit, until grille_stream_message_done or release. */
    void (*on_message)(void *user, grille_stream *stream, grille_bytes message);
    /* The peer sends no more messages (the peer's streams only), once. */
    void (*on_half_close)(void *user, grille_stream *stream);
    /* The peer's STATUS (ours only), after all messages. Terminal. Views live until release. */
    void (*on_status)(void *user, grille_stream *stream, const grille_status_header *status);
    /* Terminal. */
    void (*on_reset)(void *user, grille_stream *stream, const grille_stream_end *end);
    /* After grille_stream_send_message answered SESSION_WINDOW_FULL, once: now it would take another one of up to half
     * of GRILLE_LIMIT_SEND_QUEUE_BYTES, or any when none waits. */
    void (*on_writable)(void *user, grille_stream *stream);
    /* After grille_session_open answered SESSION_STREAMS_FULL: now it would take another one. */
    void (*on_slot_free)(void *user);
    /* The peer drains, first notice only: open new calls on another connection. What was open goes on. */
    void (*on_peer_drain)(void *user, grille_drain_reason reason);
    /* After grille_session_drain: the peer knows, its last call has ended and is written. Once. */
    void (*on_drained)(void *user);
    /* A GATE frame (re-attestation). Lives during the event. NULL: GATE ends the connection. */
    void (*on_gate)(void *user, grille_bytes payload);
} grille_session_events;

typedef struct grille_session_options {
    bool initiator;           /* TLS client: odd stream ids; else even ones */
    grille_settings settings; /* what we announce (services_encoded is not used); must pass grille_settings_check */
    const grille_service_digest *services; /* announced too; borrowed until the session is freed */
    size_t service_count;
    uint32_t max_own_streams;       /* calls of ours at once, whatever the peer allows; 0: GRILLE_DEFAULT_STREAMS */
    uint32_t first_stream_id;       /* for tests near the last id; right parity; 0: 1 or 2 */
    uint64_t keepalive_interval_us; /* PING after so long without a byte from the peer; 0: never */
    uint64_t keepalive_timeout_us;  /* and the connection ends so long after the PING without a byte */
    uint64_t idle_timeout_us;       /* the connection ends after so long without any stream; 0: never */
    grille_budget *budget;          /* all memory is charged to it, of calls up to 7/8; outlives the session */
    const grille_session_events *events; /* outlives the session */
    void *user;
    struct grille_depot *depot; /* lends the memory of the first calls (session/depot.h); NULL: its own */
    grille_time_us now_us;
} grille_session_options;

/* Defaults: settings of grille_settings_default, no keepalive, no idle timeout; initiator, budget, events and time are
 * left to the caller. */
grille_session_options grille_session_options_default(void);

/* BAD_ARGUMENT (settings, parity), OUT_OF_MEMORY or BUDGET. SETTINGS waits to be sent at once. */
GRILLE_MUST_USE grille_reason grille_session_new(const grille_session_options *options, grille_session **session);
/* Wipes and frees, streams included, without events. Not inside an event. NULL is ignored. */
void grille_session_free(grille_session *session);

/* ---- Bytes and time ---- */

/* Takes all of `plain`, cut anywhere. Not OK: the connection is broken, every stream got its terminal event,
 * grille_session_failure says why, and what grille_session_send still yields is the goodbye: one DRAIN frame that tells
 * the peer no more than that it is over. Further calls answer the same reason. */
GRILLE_MUST_USE grille_reason grille_session_recv(grille_session *session, grille_bytes plain, grille_time_us now_us);
/* For the owner's next read of plaintext: how many bytes the session would like to get at once. With *room the bytes
 * of a message belong there and may be read to it (all or fewer), and are then given to grille_session_recv where they
 * are, before anything else is called; else *room is NULL: the header of a frame that likely comes, or 0: as many as
 * there are. It is always right to give others. */
size_t grille_session_recv_wish(const grille_session *session, uint8_t **room);

/* Builds as many whole frames as there are and fit: SETTINGS, control frames, then the streams in turn, one frame each.
 * *len may be 0. `capacity` must be at least GRILLE_SESSION_SEND_BYTES, a multiple of it makes frames end where TLS
 * records do. Never fails in another way than BAD_ARGUMENT. Yields nothing when wants_write is false. */
#define GRILLE_SESSION_SEND_BYTES (GRILLE_FRAME_HEADER_BYTES + GRILLE_LIMIT_FRAME_PAYLOAD_BYTES)
GRILLE_MUST_USE grille_reason grille_session_send(grille_session *session, uint8_t *buffer, size_t capacity,
                                                  size_t *len, grille_time_us now_us);
/* Whether grille_session_send would yield anything now. */
bool grille_session_wants_write(const grille_session *session);
/* All that grille_session_send has built so far is written to the transport. Slots whose last frame was in it become
 * free here: do not build more than one buffer ahead of the transport. */
void grille_session_sent(grille_session *session, grille_time_us now_us);

/* When grille_session_tick is due, or GRILLE_TIME_NEVER. */
grille_time_us grille_session_expiry(const grille_session *session);
/* Deadlines, keepalive, idle. Not OK: as grille_session_recv. Harmless when called early. */
GRILLE_MUST_USE grille_reason grille_session_tick(grille_session *session, grille_time_us now_us);

/* The transport is gone or the owner gives up: every stream gets its terminal event with this reason (a stream that was
 * never sent is marked never_processed). Nothing is sent afterwards. No effect the second time. `text` may be NULL. */
void grille_session_abort(grille_session *session, grille_reason reason, const char *text);

/* Ends every stream and goes on: ours by RESET, the peer's by a STATUS of the reason's code and `text` (RESET where
 * part of a message has been sent). Each gets its terminal event. Not inside an event. */
void grille_session_end_streams(grille_session *session, grille_reason reason, const char *text, grille_time_us now_us);

/* Why it is broken; code OK while it is not. */
const grille_error *grille_session_failure(const grille_session *session);

/* Stops taking calls of the peer: DRAIN at once with all ones, DRAIN with the last id once the peer has answered a PING
 * behind it (or after 1 s); calls after that id are refused. Ours go on. No effect the second time. */
void grille_session_drain(grille_session *session, grille_drain_reason reason, grille_time_us now_us);

/* Queues one GATE frame (at most one waits: SESSION_WINDOW_FULL). The payload is copied. */
GRILLE_MUST_USE grille_reason grille_session_send_gate(grille_session *session, grille_bytes payload);

/* ---- Streams ---- */

typedef struct grille_call_open {
    uint32_t method_id;
    bool has_timeout;
    uint64_t timeout_us; /* enforced here and by the peer; what is left travels when CALL does */
    grille_metadata_view metadata;
    void *user;
} grille_call_open;

/* Opens a stream of ours; CALL waits to be sent, together with messages and half-close queued before then: a unary call
 * whose message fits is one frame. Metadata is copied. Fails without an event and without a stream:
 * SESSION_STREAMS_FULL (on_slot_free tells), SESSION_DRAINING (the peer drains), SESSION_IDS_USED_UP (dial a
 * successor), SESSION_DEADLINE (timeout 0), SESSION_METADATA_TOO_LONG, BUDGET, OUT_OF_MEMORY, or the reason why it is
 * broken. */
GRILLE_MUST_USE grille_reason grille_session_open(grille_session *session, const grille_call_open *open,
                                                  grille_time_us now_us, grille_stream **stream);
/* Whether grille_session_open would find a free stream: not broken, not draining, ids and slots left. */
bool grille_session_can_open(const grille_session *session);
/* The ids of this end are used up: new calls need another connection. */
bool grille_session_needs_successor(const grille_session *session);

/* How grille_stream_send_message takes a message. */
enum {
    GRILLE_SEND_END_STREAM = 1, /* ours only: no message follows */
    GRILLE_SEND_BORROW = 2      /* ours only, else copied: the bytes stay valid until the terminal event or release */
};

/* Queues one message. A stream takes any message when none waits, and then as many as
 * GRILLE_LIMIT_SEND_QUEUE_BYTES hold; else SESSION_WINDOW_FULL (on_writable tells). SESSION_STREAM_ENDED after
 * half-close, status or the terminal event; SESSION_MESSAGE_TOO_LONG over the peer's limit (one that is longer than the
 * minimum waits for the peer's SETTINGS; if it is over the limit then, on_reset tells); BUDGET, OUT_OF_MEMORY. */
GRILLE_MUST_USE grille_reason grille_stream_send_message(grille_stream *stream, grille_bytes message, unsigned flags);
/* The same without a copy: memory for a message of exactly `len` bytes that the caller fills and then sends with
 * grille_stream_send_reserved before any other send on this stream. One at a time. Only STATUS may come instead: what
 * was reserved is not sent then. */
GRILLE_MUST_USE grille_reason grille_stream_reserve_message(grille_stream *stream, size_t len, uint8_t **message);
GRILLE_MUST_USE grille_reason grille_stream_send_reserved(grille_stream *stream, unsigned flags);
/* Ours: no message follows. */
GRILLE_MUST_USE grille_reason grille_stream_half_close(grille_stream *stream);

/* The peer's: initial metadata of the answer, once, before the first message. Copied. */
GRILLE_MUST_USE grille_reason grille_stream_send_headers(grille_stream *stream, const grille_metadata_view *metadata);
/* The peer's: ends both directions once all queued messages are sent; with a single short message it is one frame.
 * Copied; the message is cut to its limit. SESSION_METADATA_TOO_LONG for trailers over the peer's limit. */
GRILLE_MUST_USE grille_reason grille_stream_send_status(grille_stream *stream, const grille_status_header *status);

/* Ends the stream now, both directions; what is queued is dropped, the peer gets RESET if it knows the stream. No event
 * follows. Harmless on an ended stream. */
void grille_stream_reset(grille_stream *stream, grille_reset_code code);

/* The peer's, in on_call: messages of it have at most `bytes`, besides the limit that SETTINGS told. A longer one is
 * answered RESOURCE_EXHAUSTED, naming both, before anything of it is stored; on_reset follows. */
void grille_stream_limit_messages(grille_stream *stream, size_t bytes);

/* The oldest message that was delivered and is not done: its memory and credit are given back. */
void grille_stream_message_done(grille_stream *stream);
/* That message again; false when there is none. */
bool grille_stream_next_message(const grille_stream *stream, grille_bytes *message);

/* The owner, or the handler, is done: it never touches the stream again and gets no event of it. A stream that has not
 * ended is reset with CANCELLED. A queued answer is still sent. */
void grille_stream_release(grille_stream *stream);

/* ---- Getters ---- */

void grille_stream_set_user(grille_stream *stream, void *user);
void *grille_stream_user(const grille_stream *stream);
/* 0 for a stream of ours that was not sent yet. */
uint32_t grille_stream_id(const grille_stream *stream);
/* Opened by this end. */
bool grille_stream_is_ours(const grille_stream *stream);
/* GRILLE_TIME_NEVER when there is none. */
grille_time_us grille_stream_deadline(const grille_stream *stream);
/* Both directions ended (terminal event, own reset, own status written or waiting). */
bool grille_stream_has_ended(const grille_stream *stream);
/* Memory that lives until release and is wiped then, for what the owner keeps per call. Charged to the budget. */
grille_arena *grille_stream_arena(grille_stream *stream);
grille_session *grille_stream_session(grille_stream *stream);

/* Since when no stream is in use, for whatever; GRILLE_TIME_NEVER while one is. */
grille_time_us grille_session_idle_since(const grille_session *session);
bool grille_session_is_initiator(const grille_session *session);
bool grille_session_peer_drains(const grille_session *session);
/* What the peer allows: its SETTINGS, or the minima until they come. services_encoded is empty here. */
const grille_settings *grille_session_peer_settings(const grille_session *session);

typedef struct grille_session_stats {
    uint32_t own_streams;  /* open, ours */
    uint32_t peer_streams; /* open, the peer's: at most max_streams */
    uint32_t handlers;     /* streams of the peer that on_call told and nobody released: at most max_handlers */
    uint32_t slots;        /* in use, whatever for */
    uint32_t slots_held;   /* in memory */
    uint64_t frames_in;
    uint64_t frames_out;
    uint64_t calls_refused; /* of the peer, for want of a handler slot or because we drain */
    uint64_t deadlines_exceeded;
    uint32_t send_credit_bytes;     /* of the connection, from the peer */
    uint32_t receive_credit_bytes;  /* of the connection, given to the peer and not used */
    uint32_t undone_bytes;          /* of the connection's window held by messages that are not done */
    uint32_t largest_holder_stream; /* id of the stream that holds most of it; 0: none */
    uint32_t largest_holder_bytes;  /* how much that is */
    uint32_t holding_streams;       /* that hold something of it */
    uint32_t blocked_streams;       /* that have something to send and wait for the connection's credit */
} grille_session_stats;

/* Looks at every stream that holds credit or is blocked; not at idle ones. */
grille_session_stats grille_session_get_stats(const grille_session *session);

/* Adds what the next call touches. */
void grille_session_footprint(const grille_session *session, grille_footprint *footprint);

#endif
