/* SPDX-License-Identifier: Apache-2.0
 * What both forms of calls share. */
#ifndef GRILLE_TESTS_CONFORMANCE_CLIENT_PRIVATE_H
#define GRILLE_TESTS_CONFORMANCE_CLIENT_PRIVATE_H

#include "client.h"

enum { CONF_PATIENCE_MS = 60000 };

typedef struct conf_run_state {
    grille_channel *channel;
    const conf_codec *codec;
    conf_server *server;
    const conf_case *one;
    conf_outcome *outcome;
    const grille_method *method;
    unsigned started_before, messages_before;
    grille_metadata_pair pairs[CONF_MOST_PAIRS];
    char keys[CONF_MOST_PAIRS][64];
    uint8_t values[CONF_MOST_PAIRS][256];
    grille_metadata metadata;
    grille_call_options options;
    conf_message request;
    uint8_t *data; /* of the request that is made now */
} conf_run_state;

/* The `index`-th request, in state->request; its bytes live until the next one. */
void conf_make_request(conf_run_state *state, unsigned index);
void conf_take_response(conf_run_state *state, const void *response);
void conf_take_reply(conf_run_state *state, const grille_reply *reply);
/* Until the handler has started and got so many messages; false when it does not. */
GRILLE_MUST_USE bool conf_await_handler(conf_run_state *state, unsigned messages);
bool conf_caller_streams(conf_method method);
bool conf_server_streams(conf_method method);

GRILLE_MUST_USE bool conf_run_blocking(conf_run_state *state);
GRILLE_MUST_USE bool conf_run_async(conf_run_state *state);

#endif
