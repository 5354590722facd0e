/* SPDX-License-Identifier: Apache-2.0
 * One case: what the caller does, what it asks of the server, and what has to come of it. */
#ifndef GRILLE_TESTS_CONFORMANCE_CASES_H
#define GRILLE_TESTS_CONFORMANCE_CASES_H

#include "codec.h"
#include "script.h"

/* The methods of Conformance in their order, then that of the service that nobody serves. */
typedef enum conf_method {
    CONF_UNARY,
    CONF_CLIENT_STREAM,
    CONF_SERVER_STREAM,
    CONF_BIDI_STREAM,
    CONF_UNIMPLEMENTED,
    CONF_UNREGISTERED
} conf_method;

typedef enum conf_cancel {
    CONF_NO_CANCEL,
    CONF_CANCEL_AT_ONCE,           /* the handler may never hear of it */
    CONF_CANCEL_BEFORE_HALF_CLOSE, /* once the handler has what was sent */
    CONF_CANCEL_AFTER_HALF_CLOSE,  /* once the handler runs */
    CONF_CANCEL_AFTER_RESPONSES    /* once so many came as the case has responses */
} conf_cancel;

enum { CONF_MOST_MESSAGES = 8, CONF_MOST_PAIRS = 16 };

typedef struct conf_case {
    const char *name;
    conf_method method;
    /* Of the first message; the others carry what `scripts` says, or nothing. */
    const char *script;
    const char *scripts[CONF_MOST_MESSAGES];
    unsigned requests; /* 1 where the caller does not stream */
    size_t request_bytes[CONF_MOST_MESSAGES];
    const char *metadata[CONF_MOST_PAIRS]; /* KEY=VALUE */
    uint32_t timeout_ms;
    size_t max_response_bytes;
    conf_cancel cancel;
    bool await_each; /* sends a request only when the one before was answered */

    grille_code code;
    const char *message; /* exactly; NULL: whatever */
    const char *part;    /* of the message */
    const char *details; /* in hexadecimal */
    unsigned responses;
    size_t response_bytes[CONF_MOST_MESSAGES];
    const char *headers[CONF_MOST_PAIRS];
    const char *trailers[CONF_MOST_PAIRS];
    const char *seen;  /* part of the last response's */
    bool handler_ends; /* with a reason: the one that goes with the code */
} conf_case;

typedef struct conf_table {
    const char *name;
    const conf_case *cases;
    size_t count;
} conf_table;

extern const conf_table conf_basic, conf_errors, conf_cancellation, conf_deadlines, conf_metadata, conf_sizes,
    conf_interop;

/* The server's limit for requests; callers' limit for responses. */
enum { CONF_LIMIT_BYTES = 200 * 1024 };

#endif
