/* SPDX-License-Identifier: Apache-2.0
 * One event loop: libuv's, with mail from other threads, work at the end of a turn, one slow step per turn, and bounded
 * polling before sleep. At any time at most one thread, its leader, turns it; which one may change between turns. */
#ifndef GRILLE_LOOP_LOOP_H
#define GRILLE_LOOP_LOOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "base/list.h"
#include "base/time.h"
#include "base/turn.h"
#include "grille/reasons.h"
#include "loop/poller.h"
#include "secure/record_pool.h"
#include "session/depot.h"
#include "wire/limits.h"

/* What one read takes at most: more than a socket buffer usually holds, so that one read empties it. */
#define GRILLE_LOOP_RECEIVE_BYTES 262144
/* Plaintext of one record. */
#define GRILLE_LOOP_PLAIN_BYTES 16384
/* Frames of one full record. */
#define GRILLE_LOOP_SEND_BYTES (GRILLE_FRAME_HEADER_BYTES + GRILLE_LIMIT_FRAME_PAYLOAD_BYTES)
/* Records that leave in one write, and the ciphertext of so many: each has 22 bytes around its plaintext (RFC
 * 8446 5.2), and a KeyUpdate may stand between them. Resident as far as it is used. */
#define GRILLE_LOOP_WRITE_RECORDS  8
#define GRILLE_LOOP_OUTGOING_BYTES (GRILLE_LOOP_WRITE_RECORDS * (GRILLE_LOOP_SEND_BYTES + 128))

/* Jobs that one tidying runs at most: the others are run by the next ones. */
#define GRILLE_LOOP_TIDY_JOBS 64

/* Something to do on the loop's thread; inside its owner, who must not touch it while it is queued. */
typedef struct grille_job {
    grille_link link;
    void (*run)(struct grille_job *job);
} grille_job;

/* Caller's storage. Everything but post and wake belongs to the leader. */
typedef struct grille_loop {
    uv_loop_t uv;
    uv_async_t waker;
    grille_poller poller;
    pthread_mutex_t mail_lock;
    grille_link mail;         /* under mail_lock */
    atomic_size_t mail_count; /* how many are in mail */
    atomic_bool sleeping;     /* the leader may be in the kernel: post has to wake it */
    grille_link end_of_turn;
    grille_link steps;
    grille_time_us now_us;       /* as of the last refresh */
    bool active;                 /* something happened in this turn */
    bool dozes;                  /* the leader is in the kernel, or about to go there */
    uint64_t sleeps;             /* times the loop went to sleep; for tests and statistics */
    grille_record_pool *records; /* TLS's blocks, in use during turns */
    grille_depot *depot;         /* of the sessions of its connections */
    uint8_t *receive;            /* scratch of whoever runs on the loop: GRILLE_LOOP_RECEIVE_BYTES of ciphertext */
    uint8_t *plain;              /* GRILLE_LOOP_PLAIN_BYTES */
    uint8_t *send;               /* GRILLE_LOOP_SEND_BYTES */
    uint8_t *outgoing;           /* GRILLE_LOOP_OUTGOING_BYTES of ciphertext */
    size_t plain_dirty;          /* bytes of plain and send that hold plaintext */
    size_t send_dirty;
    const void *latest;     /* the connection that was used last: its memory is here; compared only, as the next */
    const void *coming;     /* the one that comes next: its memory was asked for, too */
    uv_timer_t tidy_timer;  /* while they are dirty */
    bool tidies;            /* it is set */
    grille_link tidying;    /* jobs for then */
    grille_time_us tell_us; /* connections tell how they stand as they go, not before */
} grille_loop;

/* SYSTEM with errno's text, or OUT_OF_MEMORY. */
GRILLE_MUST_USE grille_reason grille_loop_init(grille_loop *loop, uint32_t spin_us, grille_error *error);

/* Closes what is left of its own, turns until every handle is closed, wipes and frees. All connections, timers and
 * listeners on it must have been closed (their handles may still be closing). */
void grille_loop_deinit(grille_loop *loop);

/* Makes a job ready to be queued. */
void grille_job_init(grille_job *job, void (*run)(grille_job *job));

/* Runs the job on the leader's thread, in its next turn; wakes it if it sleeps. Harmless when it is queued. Any thread;
 * the job must outlive its run. */
void grille_loop_post(grille_loop *loop, grille_job *job);
/* Takes a posted job back; harmless when it is not queued. Leader; nobody may post it at the same time. */
void grille_loop_unpost(grille_loop *loop, grille_job *job);
/* Makes a sleeping leader return from its turn. Any thread. */
void grille_loop_wake(grille_loop *loop);

/* Runs the job once, after the events of this turn (leader). Harmless when it is queued. */
void grille_loop_at_end_of_turn(grille_loop *loop, grille_job *job);
/* Queues an expensive job; one of them runs per turn (leader). Harmless when it is queued. */
void grille_loop_step(grille_loop *loop, grille_job *job);
/* Takes a job out of either queue; harmless when it is in none. */
void grille_job_cancel(grille_job *job);

/* One turn: mail, one step, end of turn, then events. With `wait` it polls and sleeps until something happens. Not
 * inside a turn. */
void grille_loop_turn(grille_loop *loop, bool wait);

/* Reads the clock: monotonic microseconds. `refresh` stores it as the loop's own time. */
grille_time_us grille_clock_us(void);
/* The same, and stored as the time of the loop that this thread turns, if it does. */
grille_time_us grille_loop_clock_us(void);
grille_wall_ms grille_clock_wall_ms(void);
grille_time_us grille_loop_refresh(grille_loop *loop);
/* Tells the loop that something happened: it will poll before it sleeps again. */
void grille_loop_active(grille_loop *loop);

/* Overwrites plaintext that is left in the scratch buffers. */
void grille_loop_wipe(grille_loop *loop);
/* The same GRILLE_CONNECTION_IDLE_MS from now at the latest, whatever goes on then, and frees what calls needed that
 * are over. For whoever leaves plaintext there; leader. One timer for all connections, so that one which is used now
 * and then needs none. */
void grille_loop_tidy_later(grille_loop *loop);
/* Runs the job then, or when others that were queued before it have had their turn. Harmless when it is queued;
 * grille_job_cancel takes it back. */
void grille_loop_when_tidying(grille_loop *loop, grille_job *job);

/* The loop that this thread is turning: not NULL in callbacks and in handlers on loop threads. */
static inline grille_loop *grille_loop_in_turn(void) {
    return (grille_loop *)(uintptr_t)grille_turn_of;
}

#endif
