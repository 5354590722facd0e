/* SPDX-License-Identifier: Apache-2.0
 * What a request tells the server to do: words, each a letter and its argument, separated by the byte 0x1f (SEP).
 *
 *   hKEY=VALUE   initial metadata (values of -bin keys in hexadecimal)
 *   tKEY=VALUE   trailing metadata
 *   rN           one response of N bytes (several: where responses stream, one after the other)
 *   s            responses say what was seen: metadata, messages, bytes, whether there is a deadline
 *   cN mTEXT dHEX   the status: code, message, details
 *   w            after that nothing more: the call is left open until it ends
 *   e            the status right now, not at the caller's half-close
 *   k            responses at the caller's half-close, not as the messages come
 *
 * Where the caller streams, the first message's script is the call's; r of each message is its own. */
#ifndef GRILLE_TESTS_CONFORMANCE_SCRIPT_H
#define GRILLE_TESTS_CONFORMANCE_SCRIPT_H

#include "grille/grille.h"

#define SEP "\x1f"

enum { SCRIPT_MOST_RESPONSES = 8, SCRIPT_MOST_WORDS = 24, SCRIPT_TEXT_BYTES = 2048 };

typedef struct script {
    char text[SCRIPT_TEXT_BYTES]; /* cut into words */
    const char *headers[SCRIPT_MOST_WORDS];
    const char *trailers[SCRIPT_MOST_WORDS];
    size_t header_count, trailer_count;
    size_t response_bytes[SCRIPT_MOST_RESPONSES];
    size_t response_count;
    bool see, wait, end_now, collect;
    grille_code code;
    const char *message;
    const char *details;
} script;

/* False when it is too long or has a word that is none of the above. */
GRILLE_MUST_USE bool script_read(script *own, grille_bytes text);

/* Bytes of hexadecimal text; at most `capacity`. */
size_t script_hex(const char *text, uint8_t *bytes, size_t capacity);

/* KEY=VALUE as a pair of metadata; `bytes` holds a -bin value. */
grille_metadata_pair script_pair(const char *word, char key[64], uint8_t bytes[256]);

/* What all payloads are made of: byte n of a payload of `len` bytes. */
uint8_t script_byte(size_t len, size_t n);

#endif
