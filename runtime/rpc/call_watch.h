/* SPDX-License-Identifier: Apache-2.0
 * What is seen of one call from outside: counters, probes, interceptors. In the call's own memory; one thread at a
 * time. Zeroed storage watches nothing. */
#ifndef GRILLE_RPC_CALL_WATCH_H
#define GRILLE_RPC_CALL_WATCH_H

#include "rpc/interceptor.h"
#include "rpc/stats.h"

typedef struct grille_call_watch {
    const grille_method *method; /* NULL: the call is not watched, or has ended */
    bool is_caller;
    grille_method_counters *counters;
    grille_interception *interception; /* NULL: no interceptors */
    grille_time_us start_us;
} grille_call_watch;

/* The call starts: counted and probed. `table` may be NULL. */
void grille_call_watch_start(grille_call_watch *watch, grille_stats_table *table, const grille_method *method,
                             bool is_caller, grille_time_us now_us);
/* One message, by its encoded size: counted, interceptors told. */
void grille_call_watch_message(grille_call_watch *watch, grille_message_direction direction, size_t bytes);
/* The call is over: counted and probed, the first time. Interceptors are told by grille_interception_end, since they
 * may change the trailers. */
void grille_call_watch_end(grille_call_watch *watch, grille_code code, grille_time_us now_us);

#endif
