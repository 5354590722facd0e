/* SPDX-License-Identifier: Apache-2.0
 * What calls of both sides share: the handle that applications hold. The public functions of a call that both sides
 * have (call.c) go through its table. */
#ifndef GRILLE_RPC_CALL_H
#define GRILLE_RPC_CALL_H

#include "base/list.h"
#include "base/time.h"
#include "grille/call.h"
#include "grille/reasons.h"

typedef enum grille_call_side { GRILLE_CALL_OF_CALLER, GRILLE_CALL_OF_HANDLER } grille_call_side;

/* What a call of one side and form does for the functions of grille/call.h of the same name. A NULL member answers
 * FAILED_PRECONDITION, or does nothing. */
typedef struct grille_call_ops {
    grille_code (*send)(grille_call *call, const void *message);
    grille_code (*write)(grille_call *call, const void *message);
    grille_code (*read)(grille_call *call, const void **message);
    grille_code (*half_close)(grille_call *call);
    grille_code (*send_headers)(grille_call *call);
    void (*pause)(grille_call *call);
    void (*resume)(grille_call *call);
    void (*ref)(grille_call *call);
    void (*unref)(grille_call *call);
} grille_call_ops;

/* First member of grille_client_call and grille_server_call. */
struct grille_call {
    grille_call_side side;
    const grille_call_ops *ops; /* NULL: every function of the table answers FAILED_PRECONDITION */
    void *data;                 /* the application's */
    grille_time_us deadline_us; /* or GRILLE_TIME_NEVER; does not change: any thread may read it */
    grille_link children;       /* calls made on behalf of this one; family.c's, under its lock */
    bool over;                  /* no child joins any more; under the same lock */
};

/* Whether the policy in force lets the caller of this handler's call also call a method with this full name. On the
 * connection's loop thread. */
bool grille_call_peer_may_call(const grille_call *call, const char *path);

/* ---- family.c: calls made on behalf of another one (options.parent) ----
 * A handler's call is a parent, a caller's call a child. The end of the parent cancels its children. */

/* Ends every child with CANCELLED, and lets none join any more; at the end of the parent. Zeroed memory is a call
 * without children. Any thread, any number of times. */
void grille_call_family_end(grille_call *parent);
/* `link` is the child's grille_client_call.family_link. False when the parent is over. The child leaves before it can
 * be used for another call. Any thread. */
GRILLE_MUST_USE bool grille_call_family_join(grille_call *parent, grille_link *link);
void grille_call_family_leave(grille_link *link);

#endif
