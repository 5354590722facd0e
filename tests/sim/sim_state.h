/* SPDX-License-Identifier: Apache-2.0
 * What the files of the simulator share. */
#ifndef GRILLE_TESTS_SIM_STATE_H
#define GRILLE_TESTS_SIM_STATE_H

#include "cmocka_all.h"
#include "prng.h"
#include "session/session.h"
#include "session_sim.h"

enum {
    CALLS = 48,
    MESSAGES = 24, /* of one call in one direction */
    PIPE_BYTES = 2 * GRILLE_SESSION_SEND_BYTES,
    LONGEST_MESSAGE = 300000,
    LONGEST_METADATA = 3000
};

typedef struct flow { /* one direction of a call */
    uint32_t lens[MESSAGES];
    uint32_t most; /* messages that the kind of the call allows */
    uint32_t sent;
    uint32_t received;
    bool closed;       /* half-closed, or STATUS sent */
    bool heard_closed; /* the other side was told */
} flow;

typedef struct sim_side {
    grille_stream *stream; /* NULL before and after */
    uint32_t undone;       /* messages told and not done */
    bool ended;            /* terminal event, own reset or own status */
    bool told_end;
    bool asked;  /* a send was answered SESSION_WINDOW_FULL: on_writable is due, once */
    bool stalls; /* takes no message until everybody finishes */
} sim_side;

typedef struct sim_call {
    struct sim *sim;
    uint32_t number;
    sim_kind kind;
    int opener;        /* index of the end */
    sim_side sides[2]; /* caller's, handler's */
    bool handled;      /* on_call came */
    bool never_processed;
    bool cut_short;          /* ended for want of memory */
    uint32_t metadata_bytes; /* of the request */
    uint32_t headers_bytes;  /* of the answer's HEADERS; 0: none */
    bool headers_heard;
    flow request;
    flow answer;
    grille_code code;
} sim_call;

typedef struct sim_end {
    struct sim *sim;
    int index;
    grille_session *session;
    grille_budget budget;
    size_t idle_bytes; /* of the budget, before anything happens */
    grille_session_options options;
    uint8_t pipe[PIPE_BYTES]; /* the one buffer ahead of the transport */
    size_t pipe_len;
    size_t pipe_at;
    bool heard; /* the other end's SETTINGS */
    bool peer_drains;
    bool drains;
    bool drained;
} sim_end;

typedef struct sim {
    uint64_t seed;
    uint64_t random;
    grille_time_us now_us;
    sim_end ends[2];
    sim_call calls[CALLS];
    uint32_t call_count;
    uint32_t consume_percent;
    uint32_t stall_percent;
    uint32_t timeout_percent;
    uint32_t reset_percent;
    uint32_t inside_percent; /* of events in which the owner acts */
    uint32_t depth;          /* events that acted and are on the stack */
    uint32_t largest_message;
    uint32_t largest_piece;
    bool healing; /* everybody reads, nobody sends */
    bool closing; /* everybody finishes */
    sim_result result;
} sim;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fail_msg("seed %llu: %s:%d: %s", (unsigned long long)s->seed, __FILE__, __LINE__, #condition);             \
        }                                                                                                              \
    } while (0)

static inline uint32_t sim_below(sim *s, uint64_t bound) {
    return (uint32_t)prng_below(&s->random, bound);
}

static inline bool sim_percent(sim *s, uint32_t chance) {
    return sim_below(s, 100) < chance;
}

/* FNV-1a over 64-bit words. */
static inline void sim_trace(sim *s, uint64_t word) {
    s->result.trace = (s->result.trace ^ word) * UINT64_C(0x100000001b3);
}

/* ---- sim_owner.c ---- */

extern const grille_session_events sim_events;

/* Calls from one end: kind, metadata, timeout, first messages as the seed says. */
void sim_open_call(sim *s, int opener);
/* Lets one side of a call do something that its kind allows. */
void sim_act(sim *s, sim_call *call, int side);
/* The side lets go. */
void sim_release(sim_call *call, int side);

#endif
