/* SPDX-License-Identifier: Apache-2.0
 * What the files of the dialer share. */
#ifndef GRILLE_LOOP_DIALER_PRIVATE_H
#define GRILLE_LOOP_DIALER_PRIVATE_H

#include "loop/dialer.h"
#include "loop/hybrid.h"
#include "loop/nitro_cli.h"

typedef enum dialer_stage {
    DIALER_ASKING, /* where the enclave of a name is */
    DIALER_CONNECTING,
    DIALER_BACKLOG_FULL,
    DIALER_HYBRID_ANSWER,
    DIALER_OVER
} dialer_stage;

struct grille_dialer {
    grille_loop *loop;
    grille_address address;
    char name[2 * GRILLE_ADDRESS_TEXT_BYTES + 4]; /* as given; an enclave's with where it is */
    grille_nitro_cli *question;                   /* while asking */
    grille_dialed_fn *done;
    void *user;
    dialer_stage stage;
    unsigned attempt;
    uint64_t share_us; /* time for one attempt */
    uint32_t timeout_ms;
    grille_time_us attempt_ends_us;
    int fd;
    grille_pipe_end *end; /* inproc: instead of fd */
    uv_timer_t timer;
    uv_poll_t *poll; /* memory of its own: libuv wants a fresh one per descriptor, and keeps it until it is closed */
    grille_hybrid_answer answer;
    grille_job finish; /* tells the result in a turn of its own */
    grille_error error;
};

/* The first attempt at dialer->address, or the next one; with the time that attempts have. */
void grille_dialer_try_next(grille_dialer *dialer);
/* The result is told in a turn of its own: dialer->error, or what is connected. */
void grille_dialer_over(grille_dialer *dialer);
/* Starts the timer for the rest of this attempt's time. */
void grille_dialer_arm(grille_dialer *dialer);

/* Finds out where the enclave of dialer->address is, then tries there. */
void grille_dialer_ask(grille_dialer *dialer);
/* Gives up asking; harmless when nothing is asked. */
void grille_dialer_stop_asking(grille_dialer *dialer);

#endif
