/* SPDX-License-Identifier: Apache-2.0
 * Calls of an endpoint pair's client with the message library of fake_codec.h, and what came of them. */
#ifndef GRILLE_TESTS_CALL_OUTCOME_H
#define GRILLE_TESTS_CALL_OUTCOME_H

#include "endpoint_pair.h"
#include "fake_codec.h"

typedef struct call_outcome {
    int done; /* times that the call ended */
    grille_reply reply;
} call_outcome;

/* A grille_client_done_fn; `user` is a call_outcome, which then has a reply to be freed. */
void call_keep_reply(grille_call *call, void *user);

/* Starts a call with this text at once; zeroes *out first. */
grille_call *call_start(endpoint_pair *pair, const grille_method *method, const char *text,
                        const grille_call_options *options, call_outcome *out);

/* The same of either endpoint: the server's is a reverse call. */
grille_call *call_start_on(endpoint_pair *pair, grille_endpoint *endpoint, const grille_method *method,
                           const char *text, const grille_call_options *options, call_outcome *out);

/* Asserts that it ended once with this code, and with this answer (OK) or this part of its message. */
void call_expect(const call_outcome *out, grille_code code, const char *text);

#endif
