/* SPDX-License-Identifier: Apache-2.0
 * Runs one case, in either form of calls. */
#ifndef GRILLE_TESTS_CONFORMANCE_CLIENT_H
#define GRILLE_TESTS_CONFORMANCE_CLIENT_H

#include "cases.h"
#include "server.h"

typedef enum conf_form { CONF_BLOCKING, CONF_ASYNC } conf_form;

/* What came of it; what is text is cut. */
typedef struct conf_outcome {
    grille_code code;
    char message[2048];
    char details[512];  /* hexadecimal */
    char headers[2048]; /* KEY=VALUE; … */
    char trailers[2048];
    unsigned responses;
    size_t response_bytes[CONF_MOST_MESSAGES];
    bool wrong_payload;
    char seen[4096];
} conf_outcome;

/* Whether this form can play the case (a blocking unary call has no handle to cancel). */
bool conf_plays(const conf_case *one, conf_form form);

/* Makes the call and waits for its end. `server` tells how far the handler is. False when nothing comes for a minute.
 */
GRILLE_MUST_USE bool conf_run(grille_channel *channel, const conf_codec *codec, conf_server *server,
                              const conf_case *one, conf_form form, conf_outcome *outcome);

#endif
