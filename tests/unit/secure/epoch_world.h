/* SPDX-License-Identifier: Apache-2.0
 * Two real ends that attest each other again, with virtual time and evidence that is made by script. What an end must
 * not send is written as plaintext behind its back. */
#ifndef GRILLE_TESTS_EPOCH_WORLD_H
#define GRILLE_TESTS_EPOCH_WORLD_H

#include "base/bytes.h"
#include "fake_evidence.h"
#include "secure/secure_private.h"
#include "secure_pair.h"

enum { I = GRILLE_INITIATOR, R = GRILLE_RESPONDER };

enum { minute_ms = 60000, hour_ms = 3600000 };

/* What one end read: GATE payloads of the epoch under way, in order, and how many other frames. */
typedef struct end_log {
    uint8_t payloads[8][1024];
    size_t lens[8];
    size_t count;
    size_t others;
    uint8_t types[64]; /* of all GATE payloads */
    size_t type_count;
} end_log;

typedef struct world {
    secure_pair pair;
    grille_identity identities[2];
    grille_policy policies[2];
    end_log logs[2];
    bool mute[2]; /* nothing that this end sends arrives */
    int proved_calls;
} world;

secure_side *side(world *w, int role);
grille_secure *end_of(world *w, int role);
/* One thing after the other until nothing moves. */
void run(world *w);
void pass(world *w, int64_t ms);
/* Goes to the next time at which one of the ends has something to do; how far it went, or -1: never. */
int64_t pass_to_next(world *w);
world *new_world(grille_identity_kind responder_kind);
void open_world(world *w);
/* The responder's evidence ends three hours after the start, as that of an enclave does. */
world *open_kind(grille_identity_kind responder_kind);
world *open_enclave(void);
/* Counts; for secure_pair_options. */
void on_proved(void *user);
void close_world(world *w);
void assert_epoch(world *w, uint32_t epoch);
/* `role` ended the channel for this reason, the other end got REFUSED and nothing else. */
void assert_ended(world *w, int role, grille_reason reason);
/* A GATE frame that the end would not send by itself. */
void inject(world *w, int role, grille_bytes payload);
void inject_type(world *w, int role, uint8_t type);
void inject_hello(world *w, int role, uint32_t epoch);
void inject_confirm(world *w, int role);
void inject_evidence(world *w, int role);
void reattest(world *w, int role);
/* A frame of the session, which no epoch may disturb. */
void write_other(world *w, int role);
int64_t since_start_ms(const world *w);

#endif
