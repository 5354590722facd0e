/* SPDX-License-Identifier: Apache-2.0
 * A strict reader of JSON (RFC 8259), one token at a time: no tree, no memory of its own, nothing accepted beyond the
 * grammar, and nothing after the one value. Pure; any thread, one reader one thread at a time. */
#ifndef GRILLE_BASE_JSON_H
#define GRILLE_BASE_JSON_H

#include "base/reader.h"
#include "base/writer.h"

/* Objects and arrays that may be open at once. */
#define GRILLE_JSON_DEPTH 32

typedef enum grille_json_kind {
    GRILLE_JSON_BAD, /* not JSON, or too deep; every later token is bad, too */
    GRILLE_JSON_END, /* the one value was whole, and nothing but blanks came after it */
    GRILLE_JSON_OBJECT,
    GRILLE_JSON_OBJECT_END,
    GRILLE_JSON_ARRAY,
    GRILLE_JSON_ARRAY_END,
    GRILLE_JSON_KEY, /* of an object's member; its value is next */
    GRILLE_JSON_TEXT,
    GRILLE_JSON_NUMBER,
    GRILLE_JSON_TRUE,
    GRILLE_JSON_FALSE,
    GRILLE_JSON_NULL
} grille_json_kind;

typedef struct grille_json_token {
    grille_json_kind kind;
    grille_bytes raw; /* KEY and TEXT: what is between the quotes, escapes as they stand; NUMBER: its characters */
} grille_json_token;

/* What may come next. */
typedef enum grille_json_expect {
    GRILLE_JSON_EXPECT_VALUE,
    GRILLE_JSON_EXPECT_VALUE_OR_END,
    GRILLE_JSON_EXPECT_KEY_OR_END,
    GRILLE_JSON_EXPECT_COMMA_OR_END
} grille_json_expect;

/* Caller's storage; borrows the bytes. */
typedef struct grille_json {
    grille_reader input;
    uint32_t objects; /* a bit for each depth: an object or an array */
    unsigned depth;
    grille_json_expect expect;
    bool bad;
} grille_json;

/* Starts before the first token of `text`, which must outlive the reader and its tokens. Cannot fail. */
grille_json grille_json_of(grille_bytes text);

/* The next token. */
grille_json_token grille_json_next(grille_json *json);

/* Passes over what `token`, the last one read, begins: a member's value after KEY, an object's or an array's rest.
 * False when that is bad. */
GRILLE_MUST_USE bool grille_json_skip(grille_json *json, grille_json_token token);

/* Writes the text that a KEY or TEXT stands for, escapes resolved, as UTF-8. False: an escape of U+0000 or of half a
 * pair of surrogates (texts become C strings), or no room. Bytes that are no UTF-8 are written as they are. */
GRILLE_MUST_USE bool grille_json_text(grille_json_token token, grille_writer *text);

/* Whether a KEY or TEXT stands for exactly this text, written without escapes. */
bool grille_json_is(grille_json_token token, const char *text);

/* The value of a NUMBER without sign, fraction and exponent; false for others and above `max`. */
GRILLE_MUST_USE bool grille_json_number(grille_json_token token, uint64_t max, uint64_t *number);

#endif
