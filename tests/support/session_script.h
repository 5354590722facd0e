/* SPDX-License-Identifier: Apache-2.0
 * Frames as text, so that what a bad peer sends is data. Tokens, separated by spaces; numbers, separated by colons;
 * then letters e (END_STREAM) and b (BEGIN):
 *
 *   S                      SETTINGS with the minima       S:streams:handlers:message:metadata:window:window  unchecked
 *   C id [e]               CALL                           M id:len [e]          CALL with a message
 *   O id:timeout_us [e]    CALL with a timeout            Q id:bytes [e]        CALL with so much metadata
 *   D id:whole:len [be]    DATA                           E id                  DATA with nothing but END_STREAM
 *   H id:bytes             HEADERS                        T id:code             STATUS
 *   V id:len               STATUS with OK and a message   X id:code             RESET
 *   K id:bytes             CREDIT                         P token, A token      PING, its answer
 *   N last:reason          DRAIN                          G len                 GATE
 *   U type:flags:id:len    any frame, zeros inside        L length:type:flags:id  a header alone
 *
 * "40*C1e" repeats a token; its first number rises by 2 each time ("40=K0:1": it stays). */
#ifndef GRILLE_TESTS_SESSION_SCRIPT_H
#define GRILLE_TESTS_SESSION_SCRIPT_H

#include "base/writer.h"

/* Writes the frames of a script; asserts that the script is well formed and fits. */
void script_write(grille_writer *writer, const char *script);

#endif
