/* SPDX-License-Identifier: Apache-2.0
 * What the files of this room share. */
#ifndef GRILLE_SESSION_PRIVATE_H
#define GRILLE_SESSION_PRIVATE_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/id_map.h"
#include "base/list.h"
#include "base/rate_limit.h"
#include "session/message_queue.h"
#include "session/refusals.h"
#include "session/session.h"

/* Memory inside a slot, so that a call with short messages and little metadata makes no heap call. */
enum { GRILLE_SLOT_ARENA_BYTES = 1536 };

/* Not in the deadline heap. */
#define GRILLE_NO_HEAP_INDEX UINT32_MAX

/* From this member to the inbox a slot tells of its call: zero in a free one. */
#define GRILLE_STREAM_FIRST user

struct grille_stream {
    grille_session *session;
    grille_link all;      /* session->all while in use, session->free_slots while free */
    grille_link turn;     /* one of session->ready, blocked, resets, unwritten */
    grille_link credit;   /* session->credits: a grant waits */
    grille_link writable; /* session->writable: on_writable waits */
    grille_link holds;    /* session->holders: messages of it hold credit */
    void *user;

    uint32_t id;        /* 0: ours and not sent yet */
    bool ours;          /* this end opened it */
    bool open;          /* neither closed nor reset */
    bool counted;       /* counts as open, and is in the id map once it has an id: until a RESET of ours is built */
    bool owned;         /* the owner holds the pointer */
    bool handled;       /* counts as a handler until release */
    bool terminal;      /* the terminal event was told, or the owner ended it: no event any more */
    bool peer_closed;   /* END_STREAM, STATUS or RESET came: the peer sends nothing more */
    bool call_waits;    /* CALL is not sent yet */
    bool headers_wait;  /* HEADERS is not sent yet */
    bool status_waits;  /* STATUS is not sent yet */
    bool reset_waits;   /* RESET is not sent yet */
    bool end_waits;     /* END_STREAM is not sent yet */
    bool sends_ended;   /* the owner queued END_STREAM or STATUS */
    bool headers_done;  /* HEADERS were queued (the peer's) or came (ours) */
    bool messages_done; /* a message was queued (the peer's) or came (ours): HEADERS may not follow */
    bool tell_writable; /* a send was answered SESSION_WINDOW_FULL */
    grille_reset_code reset_code;
    uint32_t events;     /* events of it that are on the stack: it is not freed under them */
    uint64_t last_built; /* number of the buffer that holds its last frame */

    uint32_t method_id;
    grille_metadata_view metadata; /* of CALL or HEADERS that wait */
    grille_status_header status;   /* that waits */

    grille_time_us deadline_us;
    grille_time_us half_time_us; /* half of its time is over; NEVER without a deadline */
    uint32_t heap_index;

    uint32_t send_credit;       /* bytes that the peer still takes */
    uint32_t receive_credit;    /* bytes that the peer may still send */
    uint32_t max_message_bytes; /* of the peer, below the session's; 0: that one */
    uint64_t undone_bytes;      /* charges of messages that were delivered and are not done */

    grille_message_queue inbox;
    uint32_t delivered; /* records at the front of inbox that on_message told */
    bool assembling;    /* the last record of inbox is not whole yet */
    uint32_t assembled; /* its bytes so far */
    uint64_t assembled_charge;

    grille_message_queue outbox;
    uint32_t sent_bytes; /* of the first record of outbox */
    bool reserved;       /* the last record of outbox is not handed over yet */

    grille_arena arena;
    _Alignas(max_align_t) uint8_t arena_memory[GRILLE_SLOT_ARENA_BYTES];
    _Alignas(max_align_t) uint8_t inbox_memory[GRILLE_QUEUE_HOME_BYTES];
    _Alignas(max_align_t) uint8_t outbox_memory[GRILLE_QUEUE_HOME_BYTES];
};

/* How, and what its message cost. */
typedef struct grille_call_refusal {
    grille_reset_code code;
    uint32_t cost;
} grille_call_refusal;

typedef enum grille_drain_state {
    GRILLE_DRAIN_NONE,
    GRILLE_DRAIN_ANNOUNCE, /* DRAIN with all ones waits to be sent */
    GRILLE_DRAIN_PROBE,    /* it is sent, the answer to a PING behind it is awaited */
    GRILLE_DRAIN_FINAL,    /* DRAIN with the last id waits to be sent */
    GRILLE_DRAIN_DONE
} grille_drain_state;

/* What grille_session_stats tells and is not found elsewhere. */
typedef struct grille_session_counts {
    uint64_t frames_in;
    uint64_t frames_out;
    uint64_t calls_refused;
    uint64_t deadlines_exceeded;
} grille_session_counts;

struct grille_slot_chunk;
struct grille_kit;

/* What each call touches stands first, close together, as in struct grille_connection (loop/connection_private.h). */
struct grille_session {
    grille_time_us now_us; /* as last told */
    bool broken;
    bool goodbye_waits; /* one last DRAIN */
    bool settings_sent;
    bool settings_received;
    bool ping_waits;
    bool pong_waits;
    bool gate_waits;
    bool shrunk; /* nothing was kept since */

    /* recv.c */
    grille_frame_header header;
    bool in_payload;
    bool expects_data; /* the last frame was DATA of a long message of which much is missing */
    uint8_t header_len;
    uint8_t header_bytes[GRILLE_FRAME_HEADER_BYTES];
    uint32_t partial_len;
    uint32_t partial_capacity;
    uint8_t *partial; /* a payload that came in parts */

    grille_time_us received_us;   /* last byte of the peer */
    grille_time_us idle_since_us; /* no slot in use since; only then valid */
    grille_time_us active_us;     /* last byte in or out, last slot given back */

    uint32_t next_own_id;  /* of the next CALL */
    uint32_t last_peer_id; /* highest that the peer opened */
    uint32_t taken_id;     /* highest of these that was not refused */
    uint32_t slots_held;
    uint32_t slots_used;
    uint32_t own_streams;
    uint32_t own_slots;
    uint32_t peer_streams; /* refusals that wait included */
    uint32_t handlers;

    /* credit.c */
    uint32_t send_credit;
    uint32_t receive_credit;
    uint64_t held_bytes; /* of the connection's window, by messages that are not done */
    uint64_t built;      /* buffers built */
    uint64_t written;    /* of these, written */

    /* slot.c */
    struct grille_kit *kit; /* NULL: no call lately */
    struct grille_slot_chunk *chunks;
    grille_link free_slots;
    grille_link all;
    grille_id_map streams;
    grille_budget call_budget; /* what calls may hold: frames and TLS need the rest */

    /* deadline.c */
    grille_stream **heap;
    uint32_t heap_count;
    uint32_t heap_capacity;

    grille_link ready;     /* streams with something to send */
    grille_link blocked;   /* for want of the connection's credit */
    grille_link resets;    /* their RESET waits */
    grille_link credits;   /* their CREDIT waits */
    grille_link unwritten; /* wait only for their last frame to be written */
    grille_link writable;  /* their on_writable waits */
    grille_link holders;   /* open streams that hold a part of the connection's window: what idle ones do not */

    /* drain.c, timer.c */
    grille_drain_state drain_state;
    bool tell_slot_free; /* an open was answered SESSION_STREAMS_FULL */
    bool drained_told;
    uint64_t ping_token;    /* of the newest PING of ours: they are numbered */
    uint64_t ping_answered; /* newest that was answered */
    uint64_t earned_resets; /* one for each answer of ours, as many as the bucket holds */
    /* What our own frames entitle the peer to, besides the rate limits below. */
    uint64_t earned_credits;     /* two for each DATA frame of ours */
    uint64_t earned_late_bytes;  /* credit left on streams that we closed */
    uint64_t earned_late_frames; /* HEADERS and STATUS under way on them */
    grille_session_options options;
    grille_session_counts counts;
    grille_buffer_pool buffers; /* of long messages */
    grille_settings peer;
    grille_stream *data_stream; /* of the DATA frame under way; NULL: its bytes are dropped */
    uint32_t data_left;         /* bytes of it still to come, the length of BEGIN not counted */
    uint32_t peer_drains;       /* DRAIN frames that came */
    grille_refusals refusals;   /* of it, what says that there are none */

    grille_drain_reason goodbye_reason;
    grille_reason failure_reason;

    /* recv_data.c: the DATA frame under way */
    uint8_t data_prefix[GRILLE_MESSAGE_LENGTH_BYTES];
    uint8_t data_prefix_len;

    /* control frames */
    grille_time_us ping_us; /* when the newest was asked for */
    uint64_t pong_token;
    uint8_t *gate;
    size_t gate_len;

    grille_drain_reason drain_reason;
    uint64_t drain_ping_token;
    grille_time_us drain_due_us; /* of the last notice, answered or not */
    uint32_t drain_last_id;
    uint32_t peer_drain_last;

    /* What the peer may do often, but not for ever, besides what is earned above. */
    grille_rate_limit pings;
    grille_rate_limit resets_limit;
    grille_rate_limit credits_limit;
    grille_rate_limit gates;
    grille_rate_limit ignored;
    grille_rate_limit late_frames;

    grille_error failure;
};

/* ---- session.c ---- */

/* Ends the connection: every stream gets its terminal event, the goodbye waits. Returns the reason. */
grille_reason grille_session_fail(grille_session *session, grille_reason reason, const char *format, ...)
    GRILLE_PRINTF(3, 4);
/* Time never goes back. */
void grille_session_set_now(grille_session *session, grille_time_us now_us);
/* Tells events that were put off (on_writable, on_slot_free, on_drained). At the end of recv, tick and sent. */
void grille_session_tell_notices(grille_session *session);
bool grille_session_notices_wait(const grille_session *session);
/* Memory that is kept for what comes next is kept from now on again. */
void grille_session_note_activity(grille_session *session);

/* ---- slot.c ---- */

/* A slot in use, not open, not owned; NULL for want of memory. */
grille_stream *grille_slot_take(grille_session *session, bool ours);
/* Gives the slot back when its stream, its owner and its last frame have ended; else does nothing. */
void grille_slot_settle(grille_stream *stream);
/* A buffer was written: settles what waited for it. */
void grille_slots_written(grille_session *session);
/* Frees memory that no slot in use needs. */
void grille_slots_shrink(grille_session *session);
/* Whether the session has memory that it could give back once it is idle, a lent kit aside. */
bool grille_session_keeps(const grille_session *session);
/* Gives a lent kit back if no slot is in use. At the end of recv, tick and sent: nobody looks at the slots of ended
 * calls any more. */
void grille_slots_rest(grille_session *session);
void grille_slots_deinit(grille_session *session);
/* Makes the stream known by its id; grille_slot_take has made room. */
void grille_slot_register(grille_stream *stream, uint32_t id);
/* Visits each slot that is in use now, once, oldest first. Visits may end streams, free their slots and take others. */
typedef void grille_slot_visitor(grille_stream *stream, const void *argument);
void grille_slots_visit(grille_session *session, grille_slot_visitor *visit, const void *argument);

/* ---- deadline.c ---- */

/* Room for so many deadlines; false for want of memory. */
GRILLE_MUST_USE bool grille_deadlines_reserve(grille_session *session, uint32_t count);
void grille_deadline_set(grille_stream *stream, grille_time_us deadline_us);
void grille_deadline_clear(grille_stream *stream);
grille_stream *grille_deadline_first(const grille_session *session);

/* ---- credit.c ---- */

/* The peer uses credit of the connection; false: more than it had. */
GRILLE_MUST_USE bool grille_credit_take(grille_session *session, uint32_t cost);
/* The same of a stream. */
GRILLE_MUST_USE bool grille_credit_take_stream(grille_stream *stream, uint32_t cost);
/* A delivered message holds credit until it is done. The charge of one message counts up to the stream's window. */
uint32_t grille_credit_hold(grille_stream *stream, uint64_t charge);
void grille_credit_release(grille_stream *stream, uint64_t charge);
/* What the stream holds of its window: a message longer than the window, or a full one, holds all of it. */
uint32_t grille_credit_held(const grille_stream *stream);
/* The stream has closed: what it held of the connection's window is free. */
void grille_credit_close(grille_stream *stream);
/* What may be granted now; 0: too little to be worth a frame. */
uint32_t grille_credit_grant(const grille_session *session);
uint32_t grille_credit_stream_grant(const grille_stream *stream);
/* Puts the stream on the list of grants when one is due. */
void grille_credit_schedule(grille_stream *stream);
/* No message byte can be sent on any stream. */
bool grille_credit_is_used_up(const grille_session *session);
/* The peer granted credit; false over the highest credit. */
GRILLE_MUST_USE bool grille_credit_receive(grille_session *session, uint32_t bytes);
GRILLE_MUST_USE bool grille_credit_receive_stream(grille_stream *stream, uint32_t bytes);

/* ---- stream_end.c ---- */

/* How a stream is ended by this end. */
typedef struct grille_ending {
    grille_reset_code code;
    grille_reason reason;
    const char *text; /* NULL: the reason's */
    bool never_processed;
    bool silent; /* no RESET: the connection is gone, or the peer said that it never took the stream */
} grille_ending;

/* Closes, tells on_reset, sends RESET where the peer knows the stream. */
void grille_stream_end_here(grille_stream *stream, const grille_ending *ending);
/* The peer's RESET. */
void grille_stream_end_by_peer(grille_stream *stream, grille_reset_code code);
/* Closes the stream for good, a RESET that waits included; idempotent. The slot stays. */
void grille_stream_close(grille_stream *stream);
/* Closes the stream and queues RESET where the peer knows it; no event. */
void grille_stream_drop(grille_stream *stream, grille_reset_code code);
/* Ends every stream; ours that were not sent count as never processed. */
void grille_streams_end_all(grille_session *session, grille_reason reason, const char *text);
/* The peer broke a rule of the call: resets it, and counts that against the peer. Not OK: the connection has failed. */
GRILLE_MUST_USE grille_reason grille_stream_fault(grille_stream *stream, const char *text);
/* The call is over a limit of this end: RESOURCE_EXHAUSTED with the text for both ends. Not OK as above. */
GRILLE_MUST_USE grille_reason grille_stream_over_limit(grille_stream *stream, grille_reason reason, const char *text);
/* Empties the inbox, the message under way too. */
void grille_stream_clear_inbox(grille_stream *stream);
/* Something of the answer came (ours): a peer that says that no handler ran is wrong. */
bool grille_stream_is_answered(const grille_stream *stream);
/* Room is there again: on_writable will be told when it was asked for. */
void grille_stream_note_writable(grille_stream *stream);
/* It takes another message, and some more. */
bool grille_stream_is_writable(const grille_stream *stream);

/* ---- stream.c ---- */

/* Copies into the memory of the call what shall live until release; false for want of memory. */
GRILLE_MUST_USE bool grille_stream_keep_bytes(grille_stream *stream, grille_bytes *bytes);
GRILLE_MUST_USE bool grille_stream_keep_metadata(grille_stream *stream, grille_metadata_view *metadata);

/* ---- recv_*.c: one whole payload; not OK: the connection has failed ---- */

GRILLE_MUST_USE grille_reason grille_recv_call(grille_session *session, grille_bytes payload);
GRILLE_MUST_USE grille_reason grille_recv_headers(grille_session *session, grille_bytes payload);
GRILLE_MUST_USE grille_reason grille_recv_status(grille_session *session, grille_bytes payload);
GRILLE_MUST_USE grille_reason grille_recv_reset(grille_session *session, grille_bytes payload);
GRILLE_MUST_USE grille_reason grille_recv_settings(grille_session *session, grille_bytes payload);
GRILLE_MUST_USE grille_reason grille_recv_credit(grille_session *session, grille_bytes payload);
GRILLE_MUST_USE grille_reason grille_recv_ping(grille_session *session, grille_bytes payload);
GRILLE_MUST_USE grille_reason grille_recv_drain(grille_session *session, grille_bytes payload);
GRILLE_MUST_USE grille_reason grille_recv_gate(grille_session *session, grille_bytes payload);

/* The first `len` bytes of *input, or as many as there are; *input moves on. */
grille_bytes grille_recv_take(grille_bytes *input, size_t len);
/* The stream that a frame names. OK with *stream NULL: closed already, the frame is late (it may still be in the map,
 * not open, with a RESET that waits). Not OK: never opened. */
GRILLE_MUST_USE grille_reason grille_recv_find(grille_session *session, uint32_t id, grille_stream **stream);
/* Accounts for a late frame, and one with message bytes. */
GRILLE_MUST_USE grille_reason grille_recv_late(grille_session *session);
GRILLE_MUST_USE grille_reason grille_recv_late_bytes(grille_session *session, uint32_t cost);
/* More message bytes than credit: fails the connection. */
GRILLE_MUST_USE grille_reason grille_recv_over_credit(grille_session *session, uint32_t cost, uint32_t credit);

/* DATA is taken as it comes. begin: after the header; body: some of its bytes (moves *input); end: after the last. */
GRILLE_MUST_USE grille_reason grille_recv_data_begin(grille_session *session);
/* MORE: the frame is not whole yet. */
GRILLE_MUST_USE grille_reason grille_recv_data_body(grille_session *session, grille_bytes *input);
GRILLE_MUST_USE grille_reason grille_recv_data_end(grille_session *session);
/* A whole message inside CALL or STATUS, whose credit is taken already. Tells on_message, or ends the call. */
GRILLE_MUST_USE grille_reason grille_recv_whole_message(grille_stream *stream, grille_bytes message);
/* Whether the owner still wants what the peer sends. */
bool grille_stream_listens(const grille_stream *stream);
/* The credit that HAS_MESSAGE costs; 0 without. Reads the lengths only, of a payload whose layout is right. */
uint32_t grille_recv_message_cost(uint8_t flags, grille_bytes payload);
/* "message of 70000 bytes is over the limit of 65536 bytes" */
enum { GRILLE_LIMIT_TEXT_BYTES = 96 };
/* The limits of single fields that wire/ holds up: one text for all of them. */
extern const char grille_field_limit_text[];
void grille_limit_text(char text[GRILLE_LIMIT_TEXT_BYTES], const char *what, uint64_t size, uint64_t limit);

/* ---- send_stream.c ---- */

typedef enum grille_turn {
    GRILLE_TURN_SENT,    /* a frame was built, more may follow */
    GRILLE_TURN_NOTHING, /* nothing to send, or it waits for something else than room */
    GRILLE_TURN_BLOCKED, /* for want of the connection's credit */
    GRILLE_TURN_FULL     /* the buffer has no room */
} grille_turn;

/* Builds one frame of the stream. */
grille_turn grille_send_stream(grille_stream *stream, grille_writer *writer);
/* Puts the stream in line when it has something that it may send. */
void grille_stream_make_ready(grille_stream *stream);
/* Whether the stream could build a frame, the connection's credit and room aside. */
bool grille_stream_can_send(const grille_stream *stream);

/* ---- drain.c ---- */

grille_time_us grille_drain_expiry(const grille_session *session);
/* The peer answered, or time came. */
void grille_drain_advance(grille_session *session);
/* Our last notice is out and no stream of the peer is left. */
bool grille_drain_is_complete(const grille_session *session);
/* A CALL comes too late. */
bool grille_drain_refuses(const grille_session *session, uint32_t id);
/* Asks for a PING now. */
void grille_session_ping(grille_session *session);
/* What still may be opened here at once. */
uint32_t grille_session_own_limit(const grille_session *session);

#endif
