/* SPDX-License-Identifier: Apache-2.0
 * One exchange and the service that it is with, in memory. Everything asserts, also that no byte of the budget is left
 * at the end, and that nothing of a request reaches a service that was refused. */
#ifndef GRILLE_TESTS_UNIT_KMS_EXCHANGE_WORLD_H
#define GRILLE_TESTS_UNIT_KMS_EXCHANGE_WORLD_H

#include "https_server.h"
#include "kms/exchange.h"
#include "wire/limits.h"

#define WORLD_REQUEST                                                                                                  \
    "POST / HTTP/1.1\r\nhost: " HTTPS_NAME "\r\nauthorization: a-secret-of-ours\r\ncontent-length: 2\r\n\r\n{}"
#define WORLD_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"good\":true}"

typedef struct exchange_world {
    https_options service;
    grille_kms_exchange_options options; /* good ones; to be changed before world_open */
    grille_bytes anchors[2];
    grille_budget budget;
    size_t step_bytes;  /* pieces that go either way; 0: all at once */
    const char *answer; /* what the service says once it has the request; NULL: nothing */
    size_t answer_len;  /* 0: all of it */
    https_server *server;
    grille_kms_exchange *exchange;
    bool answered;
    size_t fed_bytes;     /* to the exchange */
    size_t feed_most;     /* and then no more */
    size_t changed_place; /* of what is fed */
    uint8_t changed_bits;
    grille_reason reason;
    grille_error error;
    grille_kms_exchange_result result;
    uint8_t body[GRILLE_LIMIT_KMS_ANSWER_BYTES];
} exchange_world;

/* Caller's storage, a good world: static, as it is large. */
void world_init(exchange_world *world);
/* Makes the service and the exchange. */
void world_open(exchange_world *world);
/* Carries bytes until none are left or the exchange has ended; the last reason. */
grille_reason world_play(exchange_world *world);
void world_close(exchange_world *world);
/* All of it; the reason. */
grille_reason world_run(exchange_world *world);

#endif
