/* SPDX-License-Identifier: Apache-2.0
 * Two channel ends in one process with a wire of memory between them, virtual time and no sockets. */
#ifndef GRILLE_TESTS_SUPPORT_SECURE_PAIR_H
#define GRILLE_TESTS_SUPPORT_SECURE_PAIR_H

#include "secure/secure.h"

/* One side: its end and what it read. */
typedef struct secure_side {
    grille_secure *secure;
    grille_budget budget;
    grille_error error; /* of grille_secure_new */
    grille_reason last; /* the last answer that was neither OK nor MORE */
    uint8_t read[65536];
    size_t read_len;
} secure_side;

typedef struct secure_pair {
    secure_side initiator;
    secure_side responder;
    grille_time_us now_us;
    grille_wall_ms wall_ms;
    size_t chunk;        /* bytes per feed; 0: all at hand */
    uint64_t split_at;   /* one feed of each direction ends at this byte of its stream; 0: none */
    uint64_t flip_at[2]; /* 1 + the byte of each stream whose lowest bit is flipped; 0: none */
    uint64_t carried[2]; /* bytes that went to the responder, to the initiator */
} secure_pair;

/* Where the clocks of the tests stand: 2026-11-22T12:00:00Z. */
#define SECURE_PAIR_WALL_MS 1795348800000

typedef struct secure_pair_options {
    const grille_identity *initiator_identity;
    grille_policy *initiator_policy;
    const grille_identity *responder_identity;
    grille_policy *responder_policy;
    grille_cipher initiator_cipher;
    grille_cipher responder_cipher;
    grille_bytes initiator_claims;
    grille_bytes responder_claims;
    size_t budget_bytes; /* of each; 0: 1 MiB */
    uint64_t records_per_key;
    grille_wall_ms wall_ms;        /* 0: SECURE_PAIR_WALL_MS */
    void (*on_proved)(void *user); /* of both ends, with the options' own user */
    void *on_proved_user;
} secure_pair_options;

/* Options of one end with a fresh nonce. */
grille_secure_options secure_pair_end_options(const secure_pair *pair, const secure_pair_options *options,
                                              grille_secure_role role, grille_budget *budget);

/* Makes both ends; answers the first reason that is not OK. Call close whatever it answers. */
grille_reason secure_pair_open(secure_pair *pair, const secure_pair_options *options);
void secure_pair_close(secure_pair *pair);

/* Steps one side until it has nothing to do, and reads what it gives. */
void secure_side_run(secure_side *side, grille_time_us now_us, grille_wall_ms wall_ms);
/* Carries at most one chunk from one side to the other; false: nothing was outgoing, or there was no room. */
bool secure_pair_carry(secure_pair *pair, secure_side *from, secure_side *to);
/* Runs and carries until nothing moves. */
void secure_pair_run(secure_pair *pair);

/* The same for open channels: GATE frames that were read are handed back as the session does, others are dropped. */
void secure_pair_run_frames(secure_pair *pair);

#endif
