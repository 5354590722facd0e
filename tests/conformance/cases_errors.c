/* SPDX-License-Identifier: Apache-2.0
 * Statuses: every code by every kind of method, before and behind messages, with text, details and trailers. */
#include "cases.h"

/* What the google.rpc.Status of an application may look like. */
#define DETAILS "08051203616263"

#define EVERY_CODE(X)                                                                                                  \
    X(CANCELLED)                                                                                                       \
    X(UNKNOWN)                                                                                                         \
    X(INVALID_ARGUMENT)                                                                                                \
    X(DEADLINE_EXCEEDED)                                                                                               \
    X(NOT_FOUND)                                                                                                       \
    X(ALREADY_EXISTS)                                                                                                  \
    X(PERMISSION_DENIED)                                                                                               \
    X(RESOURCE_EXHAUSTED)                                                                                              \
    X(FAILED_PRECONDITION)                                                                                             \
    X(ABORTED)                                                                                                         \
    X(OUT_OF_RANGE)                                                                                                    \
    X(UNIMPLEMENTED)                                                                                                   \
    X(INTERNAL)                                                                                                        \
    X(UNAVAILABLE)                                                                                                     \
    X(DATA_LOSS)                                                                                                       \
    X(UNAUTHENTICATED)

/* The number as text, for the script. */
#define CODE_CANCELLED           "1"
#define CODE_UNKNOWN             "2"
#define CODE_INVALID_ARGUMENT    "3"
#define CODE_DEADLINE_EXCEEDED   "4"
#define CODE_NOT_FOUND           "5"
#define CODE_ALREADY_EXISTS      "6"
#define CODE_PERMISSION_DENIED   "7"
#define CODE_RESOURCE_EXHAUSTED  "8"
#define CODE_FAILED_PRECONDITION "9"
#define CODE_ABORTED             "10"
#define CODE_OUT_OF_RANGE        "11"
#define CODE_UNIMPLEMENTED       "12"
#define CODE_INTERNAL            "13"
#define CODE_UNAVAILABLE         "14"
#define CODE_DATA_LOSS           "15"
#define CODE_UNAUTHENTICATED     "16"

#define STATUS(named) "c" CODE_##named SEP "mwhat went wrong" SEP "d" DETAILS SEP "ha=1" SEP "tb=2"
#define FAILS(named)                                                                                                   \
    .code = GRILLE_##named, .message = "what went wrong", .details = DETAILS, .headers = {"a=1"}, .trailers = {"b=2"}

#define UNARY(c) {.name = "unary, " #c, .method = CONF_UNARY, .script = STATUS(c), .requests = 1, FAILS(c)},
#define SERVER(c)                                                                                                      \
    {.name = "server stream, " #c, .method = CONF_SERVER_STREAM, .script = STATUS(c), .requests = 1, FAILS(c)},
#define CLIENT(c)                                                                                                      \
    {.name = "client stream, " #c, .method = CONF_CLIENT_STREAM, .script = STATUS(c), .requests = 2, FAILS(c)},
#define BIDI(c) {.name = "bidi, " #c, .method = CONF_BIDI_STREAM, .script = STATUS(c), .requests = 2, FAILS(c)},

static const conf_case cases[] = {
    EVERY_CODE(UNARY) EVERY_CODE(SERVER) EVERY_CODE(CLIENT) EVERY_CODE(BIDI){.name = "unary, no text and no details",
                                                                             .method = CONF_UNARY,
                                                                             .script = "c5",
                                                                             .requests = 1,
                                                                             .code = GRILLE_NOT_FOUND,
                                                                             .message = "",
                                                                             .details = ""},
    {.name = "unary, details without text",
     .method = CONF_UNARY,
     .script = "c5" SEP "d" DETAILS,
     .requests = 1,
     .code = GRILLE_NOT_FOUND,
     .message = "",
     .details = DETAILS},
    {.name = "unary, a response does not come along with an error",
     .method = CONF_UNARY,
     .script = "r100" SEP "c5",
     .requests = 1,
     .code = GRILLE_NOT_FOUND},
    {.name = "unary, text of every kind",
     .method = CONF_UNARY,
     .script = "c2" SEP "m\t\ntest with whitespace\r\nand Unicode BMP \xe2\x98\xba and non-BMP \xf0\x9f\x98\x88\t\n",
     .requests = 1,
     .code = GRILLE_UNKNOWN,
     .message = "\t\ntest with whitespace\r\nand Unicode BMP \xe2\x98\xba and non-BMP \xf0\x9f\x98\x88\t\n"},
    {.name = "unary, text that is no UTF-8 is made travel",
     .method = CONF_UNARY,
     .script = "c2" SEP "ma\xff\xfez",
     .requests = 1,
     .code = GRILLE_UNKNOWN,
     .message = "a??z"},
    {.name = "unary, a code of the library becomes INTERNAL",
     .method = CONF_UNARY,
     .script = "c1000",
     .requests = 1,
     .code = GRILLE_INTERNAL},
    {.name = "unary, a code that there is not becomes INTERNAL",
     .method = CONF_UNARY,
     .script = "c17",
     .requests = 1,
     .code = GRILLE_INTERNAL},
    {.name = "server stream, an error behind messages",
     .method = CONF_SERVER_STREAM,
     .script = "r10" SEP "r20" SEP STATUS(ABORTED),
     .requests = 1,
     .responses = 2,
     .response_bytes = {10, 20},
     FAILS(ABORTED)},
    {.name = "bidi, an error behind messages",
     .method = CONF_BIDI_STREAM,
     .script = "r10" SEP STATUS(DATA_LOSS),
     .scripts = {NULL, "r20"},
     .requests = 2,
     .await_each = true,
     .responses = 2,
     .response_bytes = {10, 20},
     FAILS(DATA_LOSS)},
    {.name = "client stream, an error before the half-close",
     .method = CONF_CLIENT_STREAM,
     .script = "e" SEP STATUS(OUT_OF_RANGE),
     .requests = 1,
     FAILS(OUT_OF_RANGE)},
    {.name = "client stream, an error while much is still sent",
     .method = CONF_CLIENT_STREAM,
     .script = "e" SEP STATUS(OUT_OF_RANGE),
     .requests = 8,
     .request_bytes = {1, 100000, 100000, 100000, 100000, 100000, 100000, 100000},
     FAILS(OUT_OF_RANGE)},
    {.name = "bidi, an error at the first message",
     .method = CONF_BIDI_STREAM,
     .script = "e" SEP STATUS(INTERNAL),
     .requests = 1,
     FAILS(INTERNAL)},
    {.name = "a method that is declared and not served",
     .method = CONF_UNIMPLEMENTED,
     .requests = 1,
     .code = GRILLE_UNIMPLEMENTED},
    {.name = "a service that nobody serves", .method = CONF_UNREGISTERED, .requests = 1, .code = GRILLE_UNIMPLEMENTED},
};

const conf_table conf_errors = {"errors", cases, sizeof cases / sizeof cases[0]};
