/* SPDX-License-Identifier: Apache-2.0
 * The table of bad peers: what each does (bad_script.h), how the victim's connection ends or that it goes on, what the
 * peer is answered, and what it may cost. Written down once for servers and channels. */
#ifndef GRILLE_TESTS_BADPEER_BAD_ROWS_H
#define GRILLE_TESTS_BADPEER_BAD_ROWS_H

#include "bad_script.h"

enum { SERVER = 1, CHANNEL = 2, BOTH = SERVER | CHANNEL };

typedef enum bad_answer {
    ANSWER_NOTHING, /* not one byte beyond what an honest peer would have got so far */
    ANSWER_ALERT,   /* TLS's own, `number`, and no more */
    ANSWER_REFUSED, /* REFUSED, empty, then close_notify: the same bytes whatever the reason */
    ANSWER_CLOSE,   /* close_notify alone: the peer knows */
    ANSWER_GOODBYE, /* one DRAIN, then close_notify */
    ANSWER_STATUS,  /* the call ends with STATUS `number`, the connection goes on */
    ANSWER_RESET,   /* the call ends with RESET `number`, the connection goes on */
    ANSWER_ALIVE    /* the connection goes on */
} bad_answer;

typedef struct bad_row {
    const char *name;
    unsigned against;
    const char *script;
    const char *reason;         /* stable name in the victim's log; NULL where the connection goes on */
    const char *channel_reason; /* where TLS's client finds another word for it than its server; NULL: the same */
    int channel_number;         /* and another alert; 0: the same */
    const char *or_reason;      /* the kernel may tell one end of a socket in two ways */
    const char *also;           /* part of one more line of the log */
    bad_answer answer;
    int number;
    uint32_t stream;       /* of the answer */
    size_t most_kib;       /* of the connection's memory; 0: 128 before the gate is open, 256 after it */
    unsigned most_ms;      /* from the start to the connection's end; 0: 10,000, for slow machines */
    unsigned handlers;     /* of a server that run for the peer */
    bool or_more_handlers; /* a worker may begin another call while the connection ends */
    unsigned calls;        /* of a channel under way when frames begin; 0: 1 */
    grille_code call_code; /* of one of them at least; OK where the connection ends: what the reason says, for all */
    const char *told;      /* part of what the channel's last call is told; NULL: not looked at */
    bool tcp;              /* against a server: by its TCP address */
} bad_row;

extern const bad_row gate_rows[];
extern const size_t gate_row_count;
extern const bad_row frame_rows[];
extern const size_t frame_row_count;
extern const bad_row stream_rows[];
extern const size_t stream_row_count;
/* Those that say nothing any more: each ends when the victim's deadline for the gate passes. */
extern const bad_row silent_rows[];
extern const size_t silent_row_count;

/* A row with further fields behind it. */
#define ROW(row_name, row_against, row_script, row_reason, row_answer, ...)                                            \
    {                                                                                                                  \
        .name = (row_name), .against = (row_against), .script = (row_script), .reason = (row_reason),                  \
        .answer = (row_answer), __VA_ARGS__                                                                            \
    }

/* The row as a channel has it. */
bad_row bad_row_of_channel(const bad_row *row);
/* True when the script comes to an honest gate. */
bool bad_row_opens(const bad_row *row);
unsigned bad_row_most_ms(const bad_row *row);

/* Rows that failed so far; each is told when it does, and the others go on. */
unsigned bad_rows_failed(void);
void bad_row_fail(const bad_row *row, const char *format, ...) GRILLE_PRINTF(2, 3);

/* Waits until the victim has said all that it will say to this row's peer; ends the connection where the victim does
 * not. */
void bad_row_check_answer(const bad_row *row, bad_peer *peer);
/* What the victim's connection and the log say after it has gone. `who` begins the log line. */
void bad_row_check_end(const bad_row *row, const char *who);

#endif
