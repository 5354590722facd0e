/* SPDX-License-Identifier: Apache-2.0
 * A caller that is a bare session, in front of the server of an endpoint_pair: it may send what no channel would, and
 * takes messages only when it is told to. */
#ifndef GRILLE_TESTS_RAW_CALLER_H
#define GRILLE_TESTS_RAW_CALLER_H

#include "endpoint_pair.h"
#include "fake_codec.h"
#include "session/session.h"

enum { RAW_CALLS = 64, RAW_TEXT_BYTES = 4096 };

/* What one call of the caller saw. */
typedef struct raw_call {
    grille_stream *stream; /* NULL once it ended */
    size_t messages;
    uint64_t bytes;
    char texts[RAW_TEXT_BYTES]; /* of short messages, each followed by '|', as many as fit */
    size_t header_pairs;
    size_t trailer_pairs;
    bool answered; /* `code` and `text` of the status */
    grille_code code;
    char text[1200];
    bool reset; /* or `reset_code` */
    grille_reset_code reset_code;
    bool holds; /* messages are not taken: they hold credit until raw_caller_take */
} raw_call;

typedef struct raw_caller {
    endpoint_pair pair;
    grille_budget budget;
    grille_session *session;
    raw_call calls[RAW_CALLS];
    grille_reason server_reason; /* what the server's last recv answered */
} raw_caller;

void raw_caller_open(raw_caller *caller, const grille_service *service, const grille_method_handler *methods,
                     void *user, size_t max_message_bytes);
/* Closes both; every call of the peer must be over, and no memory may be left. */
void raw_caller_close(raw_caller *caller);
/* Carries bytes both ways, and mail, until nothing is left. */
void raw_caller_pump(raw_caller *caller);
/* Moves time on, ticks both, pumps. */
void raw_caller_wait(raw_caller *caller, uint64_t delay_us);

/* Opens a call; `timeout_us` 0: none. What was in calls[index] is forgotten. */
raw_call *raw_caller_call(raw_caller *caller, size_t index, uint32_t method_id, uint64_t timeout_us);
/* One message of this text ("huge:N" as in fake_codec.h), and half-close with `last`. */
void raw_caller_send(raw_call *call, const char *text, bool last);
void raw_caller_half_close(raw_call *call);
void raw_caller_cancel(raw_call *call);
/* Takes all messages that were held. */
void raw_caller_take(raw_call *call);
/* Ended by a status of this code, whose text has `text` in it. */
void raw_caller_expect(const raw_call *call, grille_code code, const char *text);

#endif
