/* SPDX-License-Identifier: Apache-2.0
 * What the files of a server share. */
#ifndef GRILLE_LOOP_SERVER_PRIVATE_H
#define GRILLE_LOOP_SERVER_PRIVATE_H

#include "grille/server.h"
#include "loop/loop_thread.h"
#include "loop/renewal.h"

/* Addresses that one server may listen on. */
#define GRILLE_SERVER_MAX_LISTENERS 16

typedef enum server_state { SERVER_NEW, SERVER_STARTED, SERVER_STOPPING, SERVER_STOPPED } server_state;

struct grille_server {
    grille_server_options options; /* policy: a reference, under lock */
    grille_identity *identity;     /* the same */
    grille_services *registry;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    server_state state; /* under lock */
    int run_fd;         /* eventfd of grille_server_run, or -1; under lock */
    char addresses[GRILLE_SERVER_MAX_LISTENERS][GRILLE_ADDRESS_TEXT_BYTES];
    size_t address_count;
    grille_listener *listeners[GRILLE_SERVER_MAX_LISTENERS];
    bool listeners_given; /* to the first loop, which closes them */
    grille_connection_counts counts;
    grille_interceptor_list interceptors;
    grille_stats_table **stats_tables; /* one for each loop */
    size_t stats_count;
    grille_connection_options connection_options;
    grille_workers *workers;
    uint64_t renewals; /* how many there were; under lock */
    uint32_t renewing; /* threads that bring the loops another policy or identity; under lock */
    grille_loop_thread *threads;
    uint32_t thread_count;
    uint32_t next_thread; /* for the next connection; the accepting loop's */
};

#endif
