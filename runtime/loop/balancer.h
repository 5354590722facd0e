/* SPDX-License-Identifier: Apache-2.0
 * Which of a channel's targets are to be connected, and which gets the next call. Sans-IO: time is an argument. The
 * owner says what became of each target, asks for the next step until there is none, and asks again when a target has
 * changed or at grille_balancer_expiry. Leader. */
#ifndef GRILLE_LOOP_BALANCER_H
#define GRILLE_LOOP_BALANCER_H

#include "base/time.h"
#include "grille/channel.h"
#include "wire/limits.h"

typedef enum grille_target_state {
    GRILLE_TARGET_IDLE,       /* no connection, none under way, and nothing against one */
    GRILLE_TARGET_CONNECTING, /* dialling or in the gate, and no connection that takes calls */
    GRILLE_TARGET_READY,      /* it takes calls */
    GRILLE_TARGET_FAILED      /* the last attempt failed, the next one has a time */
} grille_target_state;

typedef enum grille_target_health {
    GRILLE_TARGET_HEALTH_UNKNOWN, /* not told yet */
    GRILLE_TARGET_SERVING,
    GRILLE_TARGET_NOT_SERVING
} grille_target_health;

typedef struct grille_balancer_entry {
    grille_target_state state;
    grille_target_health health;
    grille_time_us retry_at_us; /* FAILED: or GRILLE_TIME_NEVER, for what can't be tried again */
    bool rejected;              /* FAILED: by the gate */
    bool failing;               /* FAILED or not serving, and not better since */
    bool tried;                 /* pick_first: in this pass */
} grille_balancer_entry;

/* Caller's storage; of the entries no more than are counted have to be there. */
typedef struct grille_balancer {
    grille_balancing kind;
    bool asks_health; /* a READY target takes calls only when it says that it serves */
    size_t count;
    size_t at; /* pick_first: where calls go; round_robin: where the last one went */
    grille_balancer_entry entries[GRILLE_LIMIT_TARGETS];
} grille_balancer;

/* Bytes of a balancer for so many. */
size_t grille_balancer_bytes(size_t count);

/* All are IDLE. `count` is 1 to GRILLE_LIMIT_TARGETS. */
void grille_balancer_init(grille_balancer *balancer, grille_balancing kind, size_t count, bool asks_health);

/* What became of a target. IDLE also after a lasting connection was lost: it is dialled at once. */
void grille_balancer_is_idle(grille_balancer *balancer, size_t target);
void grille_balancer_is_connecting(grille_balancer *balancer, size_t target);
/* A successor that takes over without a gap counts as what its predecessor said until it says something itself. */
void grille_balancer_is_ready(grille_balancer *balancer, size_t target);
void grille_balancer_is_failed(grille_balancer *balancer, size_t target, grille_time_us retry_at_us, bool rejected);
/* What a READY target says of itself. */
void grille_balancer_says(grille_balancer *balancer, size_t target, grille_target_health health);

typedef enum grille_balancer_act {
    GRILLE_BALANCER_REST,
    GRILLE_BALANCER_CONNECT,
    GRILLE_BALANCER_DISCONNECT
} grille_balancer_act;

typedef struct grille_balancer_step {
    grille_balancer_act act;
    size_t target;
} grille_balancer_step;

/* The next thing to do; the target counts as CONNECTING or IDLE from here on. */
grille_balancer_step grille_balancer_next(grille_balancer *balancer, grille_time_us now_us);
/* When there may be something to do without a change of a target, or GRILLE_TIME_NEVER. */
grille_time_us grille_balancer_expiry(const grille_balancer *balancer);

/* Where the next call goes; false when it has to wait. `can_take` is asked of targets that are READY and, while none
 * is, CONNECTING: calls may travel with the end of the gate. */
bool grille_balancer_pick(grille_balancer *balancer, bool (*can_take)(void *user, size_t target), void *user,
                          size_t *target);

/* CONNECTING, READY (some target takes calls) or FAILED (none does, and each had its turn). */
grille_channel_state grille_balancer_state(const grille_balancer *balancer);
/* FAILED, and each target was rejected by the gate or can't be tried again: no use in waiting. */
bool grille_balancer_is_hopeless(const grille_balancer *balancer);
/* The target whose peer stands for the channel: where the next call would go; false unless READY. */
bool grille_balancer_representative(const grille_balancer *balancer, size_t *target);

#endif
