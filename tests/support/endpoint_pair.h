/* SPDX-License-Identifier: Apache-2.0
 * Two endpoints that talk through memory, with virtual time, a policy of one switch and an executor run by hand. */
#ifndef GRILLE_TESTS_ENDPOINT_PAIR_H
#define GRILLE_TESTS_ENDPOINT_PAIR_H

#include <pthread.h>

#include "rpc/endpoint.h"

typedef struct endpoint_pair {
    grille_budget budgets[2];
    grille_services *registry;
    grille_call_pool *pool;
    grille_endpoint *client;
    grille_endpoint *server;
    grille_time_us now_us;
    grille_executor executor;
    pthread_t thread; /* that turns the loop: who opened the pair */
    pthread_mutex_t mail_lock;
    grille_link mail; /* tasks that were posted; under mail_lock */
    grille_link tasks;
    bool executor_full;
    size_t bytes[2];  /* carried from client, from server */
    size_t writes[2]; /* grille_endpoint_send calls that gave bytes */
} endpoint_pair;

/* The server serves `service`; limits of 0 are defaults. Exits the test on failure. */
void endpoint_pair_open(endpoint_pair *pair, const grille_service *service, const grille_method_handler *methods,
                        void *user, size_t max_message_bytes);
/* The same without a client: raw_caller.h is one. */
void endpoint_pair_open_server(endpoint_pair *pair, const grille_service *service, const grille_method_handler *methods,
                               void *user, size_t max_message_bytes);
void endpoint_pair_close(endpoint_pair *pair);

/* Carries bytes both ways until nothing is left, `piece` bytes at a time (0: as they come). */
void endpoint_pair_pump(endpoint_pair *pair, size_t piece);
/* Moves time on and ticks both. */
void endpoint_pair_wait(endpoint_pair *pair, uint64_t delay_us);
/* Tells the endpoints what was posted from any thread, as the pump does; whether there was anything. */
bool endpoint_pair_run_mail(endpoint_pair *pair);
/* Runs all offloaded tasks and tells their endpoint. */
void endpoint_pair_run_tasks(endpoint_pair *pair);

/* What the faked policy answers (default true); methods with "Forbidden" in their path are never allowed. */
extern bool endpoint_pair_may_call, endpoint_pair_serves, endpoint_pair_serves_listed;
/* Of the endpoints that are opened next, client and server; NULL (the default): none. */
extern grille_stats_table *endpoint_pair_stats[2];
extern const grille_interceptor_list *endpoint_pair_interceptors[2];
/* Of the client that is opened next (default false). */
extern bool endpoint_pair_exact_schema, endpoint_pair_both_serve;

#endif
