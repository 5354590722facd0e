/* SPDX-License-Identifier: Apache-2.0
 * Somebody between a caller and an enclave's server who ends TLS on both sides with keys of its own, or with theirs,
 * and forwards, keeps, changes and makes up gate messages. Each half may be missing. */
#ifndef GRILLE_TESTS_ATTACK_MIDDLE_H
#define GRILLE_TESTS_ATTACK_MIDDLE_H

#include "stage.h"

typedef struct middle {
    bad_peer *to_caller; /* plays the responder */
    victim_channel caller;
    bad_peer *to_server; /* plays the initiator */
    stage_server *server;
    unsigned ran_before;
    unsigned server_ends_before;
    /* With their keys: whoever is in the middle is told them as soon as they are made. */
    grille_leaf callers_leaf;
    grille_leaf servers_leaf;
} middle;

/* A genuine caller with a call under way (STAGE_SECRET), whose bytes come here; TLS has not begun. */
void middle_catch_caller(middle *m, const grille_identity *identity, grille_policy *policy);
/* A connection to a server; TLS has not begun. */
void middle_reach_server(middle *m, stage_server *server);
/* TLS to the end, with these leafs (NULL: of its own). */
void middle_meet_caller(middle *m, const grille_leaf *leaf);
void middle_meet_server(middle *m, const grille_leaf *leaf);

/* BAD_PEER_HELLO or BAD_PEER_EVIDENCE, byte for byte; false when the sender has ended before. */
bool middle_forward(bad_peer *from, bad_peer *to, size_t index);
/* What `from` said, put into `to` as its own words and not sent yet; middle_say sends them. */
bool middle_keep(bad_peer *from, bad_peer *to, size_t index);
void middle_say(bad_peer *to, size_t index);
/* Messages of its own, for the session that they are sent in. */
void middle_hello(bad_peer *to, uint8_t flags, const uint8_t *nonce, uint8_t kind);
bool middle_prove(bad_peer *to, const grille_identity *identity);
void middle_confirm(bad_peer *to);

/* True when the caller took it for the enclave: its call lies open. */
bool middle_reads_call(middle *m);
/* Calls the server as whoever it was taken for; true when a handler ran. */
bool middle_calls(middle *m);
/* The same of a call that is under way. */
bool middle_was_answered(middle *m);
/* The reason why the caller's channel has ended. */
void middle_note_channel(middle *m);

/* Ends all; why the last victim refused is then in middle_reason ("": it did not). */
void middle_end(middle *m);
const char *middle_reason(void);
void middle_set_reason(const char *name);

#endif
