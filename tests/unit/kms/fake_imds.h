/* SPDX-License-Identifier: Apache-2.0
 * A metadata service on loopback, on a thread of its own: version 2 only, as told. */
#ifndef GRILLE_TESTS_FAKE_IMDS_H
#define GRILLE_TESTS_FAKE_IMDS_H

#include <pthread.h>
#include <stdbool.h>

#define FAKE_IMDS_ROLE "Enclave-Host"

typedef enum fake_imds_mood {
    FAKE_IMDS_ANSWERS,
    FAKE_IMDS_HANGS, /* takes the request and says nothing */
    FAKE_IMDS_CUTS   /* half an answer */
} fake_imds_mood;

/* What it does from the next request on; under its lock. */
typedef struct fake_imds_way {
    fake_imds_mood mood;
    unsigned token_status, role_status, credentials_status, region_status; /* 0: 200 */
    char credentials[1024];                                                /* JSON */
} fake_imds_way;

typedef struct fake_imds {
    char address[64]; /* "tcp:127.0.0.1:…" */
    int listener;
    int hanging; /* a connection that waits for its answer, or -1 */
    int stop[2];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    fake_imds_way way;
    unsigned requests;
    unsigned unauthorized; /* GETs without the token */
    char last_host[64];
} fake_imds;

void fake_imds_open(fake_imds *imds);
void fake_imds_close(fake_imds *imds);

/* Credentials of this access key id, which end at this time ("2026-01-01T18:00:00Z"). */
void fake_imds_set(fake_imds *imds, const char *access_key_id, const char *expiration);
void fake_imds_set_way(fake_imds *imds, fake_imds_way way);
/* Waits until it has had so many requests. */
void fake_imds_wait(fake_imds *imds, unsigned requests);

#endif
