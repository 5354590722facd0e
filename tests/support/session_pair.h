/* SPDX-License-Identifier: Apache-2.0
 * Two sessions of one process, back to back, with virtual time; or one session and frames that the test writes itself.
 * Each end records its events and may act on them by simple rules. */
#ifndef GRILLE_TESTS_SESSION_PAIR_H
#define GRILLE_TESTS_SESSION_PAIR_H

#include "base/bytes.h"
#include "session/session.h"

typedef enum pair_event_kind {
    PAIR_SETTINGS,
    PAIR_CALL,
    PAIR_HEADERS,
    PAIR_MESSAGE,
    PAIR_HALF_CLOSE,
    PAIR_STATUS,
    PAIR_RESET,
    PAIR_WRITABLE,
    PAIR_SLOT_FREE,
    PAIR_PEER_DRAIN,
    PAIR_DRAINED,
    PAIR_GATE,
    PAIR_EVENT_KINDS
} pair_event_kind;

/* What was told; text and bytes are copied, cut to their room. */
typedef struct pair_event {
    pair_event_kind kind;
    grille_stream *stream;
    uint32_t id;
    size_t len;       /* of the message */
    grille_code code; /* STATUS: the code; RESET: what a caller is told */
    grille_stream_end end;
    uint32_t number; /* CALL: the method; PEER_DRAIN: the reason */
    uint64_t timeout_us;
    uint32_t metadata_count;
    char text[128]; /* STATUS: the message; RESET: the text; MESSAGE: the first bytes */
} pair_event;

enum { PAIR_EVENTS = 1024, PAIR_BUFFER_BYTES = 4 * GRILLE_SESSION_SEND_BYTES };

typedef struct pair_end {
    grille_session *session;
    grille_budget budget;
    grille_session_events table;
    /* Rules. */
    bool answers;  /* a call's first message comes back with OK once it half-closes; then the call is released */
    bool releases; /* calls of ours are released with their terminal event */
    bool consumes; /* messages are done at once */
    /* Record: the first PAIR_EVENTS, and counts of all. */
    pair_event events[PAIR_EVENTS];
    size_t event_count;
    size_t counts[PAIR_EVENT_KINDS];
    uint64_t message_bytes;
    uint32_t most_handlers;
    uint32_t most_slots;
    grille_reason reason;  /* of the last recv or tick that was not OK */
    grille_stream *newest; /* of the last CALL */
} pair_end;

typedef struct session_pair {
    pair_end initiator;
    pair_end responder;
    grille_time_us now_us;
    size_t piece; /* bytes of one recv; 0: all at once */
    bool direct;  /* what is received goes where the session wishes it */
    uint64_t direct_bytes;
    uint64_t carried_bytes;
    uint8_t buffer[PAIR_BUFFER_BYTES];
} session_pair;

/* Options of both ends before pair_open: defaults, 64 MiB budget. */
typedef struct pair_options {
    grille_session_options initiator;
    grille_session_options responder;
    size_t budget_bytes;
} pair_options;

pair_options pair_options_default(void);
/* Messages of up to 128 MiB, and nothing that the initiator sends waits for credit. */
pair_options pair_options_wide(void);

/* Makes both ends (or, with `one` set to an end, only that one); asserts that it works. */
session_pair *pair_new(const pair_options *options);
/* The same, until both know the settings of the other and nothing waits. */
session_pair *pair_start(const pair_options *options);
/* Frees both; asserts that each budget is back at 0. */
void pair_free(session_pair *pair);

/* Carries what one end has to send to the other, once; false when there was nothing. */
bool pair_carry(session_pair *pair, pair_end *from, pair_end *to);
/* Until nothing is left to send. */
void pair_run(session_pair *pair);
/* Moves time on and ticks both. */
void pair_pass(session_pair *pair, uint64_t us);

pair_end *pair_other(session_pair *pair, pair_end *end);

/* A unary call: opens, queues the message, half-closes. */
grille_stream *pair_call(session_pair *pair, pair_end *from, grille_bytes message);
/* `len` bytes that repeat; static, at most 128 MiB. */
grille_bytes pair_bytes(size_t len);

/* The n-th event of a kind (0: first), or NULL; the last one. */
const pair_event *pair_find(const pair_end *end, pair_event_kind kind, size_t n);
const pair_event *pair_last(const pair_end *end, pair_event_kind kind);

/* ---- One end against frames of the test ---- */

/* Everything that the end sends now, as frames in a static buffer; each is listed as "TYPE:stream" in *list. */
grille_bytes pair_take_output(session_pair *pair, pair_end *end);
/* A writer with a static buffer for frames; pair_feed gives what was written to the end and starts anew. */
grille_writer *pair_writer(session_pair *pair);
grille_reason pair_feed(session_pair *pair, pair_end *end);
/* Gives bytes to the end: `first` of them, then `piece` at a time (0: all the rest), until it is not OK any more. */
grille_reason pair_feed_cut(session_pair *pair, pair_end *end, grille_bytes bytes, size_t first, size_t piece);
/* Writes SETTINGS with these numbers; NULL: the minima. */
void pair_write_settings(grille_writer *writer, const grille_settings *settings);
/* A CALL without message; `flags` of the frame. */
void pair_write_call(grille_writer *writer, uint32_t stream, bool end_stream);
void pair_write_call_message(grille_writer *writer, uint32_t stream, grille_bytes message, bool end_stream);
void pair_write_data(grille_writer *writer, uint32_t stream, bool begin, uint32_t whole, grille_bytes bytes,
                     bool end_stream);
void pair_write_status(grille_writer *writer, uint32_t stream, grille_code code);

/* The n-th frame of a type in bytes that a session sent; false when there is none. */
bool pair_frame(grille_bytes output, uint8_t type, size_t n, grille_frame_header *header, grille_bytes *payload);
size_t pair_frame_count(grille_bytes output, uint8_t type);

#endif
