/* SPDX-License-Identifier: Apache-2.0
 * What a bad peer does, as text, so that one table drives both roles. Words, separated by spaces:
 *
 *   as:no-certificate as:alpn=NAME as:no-alpn as:chain-of-two as:expired as:future    before the start
 *   raw:NAME     bytes of bad_bytes.h, outside of TLS       start   the TLS end is made (a client's hello is ready)
 *   first:N      the first N bytes of what TLS says, then no more of it
 *   tls          TLS to its end                             open    tls, hello, evidence, confirm, and the victim's
 *   hello[:HOW] evidence[:HOW] confirm[:HOW]                gate messages (bad_gate.c); HOW may name an identity:
 *                evidence:cloned, evidence:expired, evidence:unlisted
 *   gate:N[:L]   a gate message of type N, L zeros behind it
 *   {…}          frames, as session_script.h writes them    zeros:N  so much plaintext
 *   call:ID[:TEXT]  a call of this method on stream 1, whole; its message is TEXT
 *   begin:ID[:TEXT] the same, to be continued (END_STREAM is not said); without a text no message
 *   stuff:N:L    N further calls of METHOD_WORK that hold their worker, each with a message of L bytes, in DATA frames
 *   rapid:N[:ID] N times CALL (of METHOD_DO) and RESET      tickets:N  N tickets of a TLS server
 *   dribble:N    N records of one byte                      byte:N   one byte of plaintext
 *   empties:N    N empty records                            updates:N  N KeyUpdates that ask for an answer
 *   inner:NAME   a handshake message inside TLS             drip:MS  from here on byte by byte, with pauses
 *   pause:MS     takes what comes meanwhile                 fin      our direction ends (shutdown)
 *   bye          close_notify                               mute     nothing is sent any more
 *   vanish       the descriptor goes
 */
#ifndef GRILLE_TESTS_BADPEER_BAD_SCRIPT_H
#define GRILLE_TESTS_BADPEER_BAD_SCRIPT_H

#include "bad_peer.h"
#include "victims.h"

typedef struct bad_script {
    const victim_world *world;
    grille_bytes replayed; /* body of evidence:replayed */
    unsigned calls;        /* `open` waits until so many calls of the victim came */
} bad_script;

/* Plays it; ends early, without a complaint, when the victim is gone. */
void bad_script_play(bad_peer *peer, const bad_script *about, const char *script);

#endif
