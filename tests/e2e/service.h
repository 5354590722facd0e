/* SPDX-License-Identifier: Apache-2.0
 * The service of the end-to-end tests. A request's text says what the handler does:
 *   "sleep:N"  answers after N ms        "fail:CODE"  fails with that number and the text "failed as asked"
 *   "who"      answers the peer's name   "exit"       ends the process without a word
 *   "peer"     answers the peer's kind, set and psk id, with slashes between them
 *   "back"     answers what a blocking call made inside the handler returned
 *   "hold"     (E2E_WORK) waits until the call is cancelled or its deadline has passed, then echoes
 *   "attempt:N" fails with UNAVAILABLE unless N attempts of this call went before
 *   "pushed:N"  the same, and asks for the next attempt at once; "pushed:never": for none
 *   "health"    answers after 1 ms what e2e_counts.health says
 * anything else is answered as it came. */
#ifndef GRILLE_TESTS_E2E_SERVICE_H
#define GRILLE_TESTS_E2E_SERVICE_H

#include <stdatomic.h>

#include "fake_codec.h"
#include "grille/grille.h"

typedef enum e2e_method {
    E2E_ECHO,   /* on the loop thread */
    E2E_WORK,   /* on a worker */
    E2E_SECRET, /* the policies of the tests allow it to nobody */
    E2E_METHODS
} e2e_method;

extern const grille_method e2e_methods[E2E_METHODS];
extern const grille_service e2e_service;

/* What handlers did; shared by a server's threads. */
typedef struct e2e_counts {
    atomic_uint started;
    atomic_uint finished;
    atomic_uint cancelled; /* finished when nobody waited any more */
    grille_channel *back;  /* for "back" */
    atomic_int health;     /* what "health" is answered: 0 "serving", 1 "not serving", else it fails with this code */
    atomic_uint asked;     /* calls "health" among those that started */
} e2e_counts;

/* Registers it; asserts nothing, so that a server program may use it. */
grille_code e2e_register(grille_server *server, e2e_counts *counts, grille_error *error);

/* One blocking call. The answer's text is cut into `answer`; the reply's message when the code is not OK. */
grille_code e2e_call(grille_channel *channel, e2e_method method, const char *text, const grille_call_options *options,
                     char *answer, size_t answer_size);

/* One asynchronous call; `done` gets the code and the answer as e2e_call would give it. */
typedef void e2e_done_fn(grille_code code, const char *answer, void *user);
typedef struct e2e_async {
    e2e_done_fn *done;
    void *user;
} e2e_async;
grille_code e2e_call_method_async(grille_channel *channel, const grille_method *method, const char *text,
                                  const grille_call_options *options, e2e_async *async, grille_call **call);
grille_code e2e_call_async(grille_channel *channel, e2e_method method, const char *text,
                           const grille_call_options *options, e2e_async *async, grille_call **call);

#endif
