/* SPDX-License-Identifier: Apache-2.0
 * After an honest gate: a listed peer that breaks the rules of streaming calls, against a server. */
#include "bad_rows.h"
#include "session/session.h"

#define RESET_PROTOCOL (int)GRILLE_RESET_PROTOCOL
/* Methods of victims.h: CHAT 10, FEED 11, CHORE 12. */
#define STATUS_ROW(row_name, row_script, row_code, ...)                                                                \
    ROW(row_name, SERVER, row_script, NULL, ANSWER_STATUS, .number = (row_code), .stream = 1, __VA_ARGS__)
#define RESET_ROW(row_name, row_script, ...)                                                                           \
    ROW(row_name, SERVER, row_script, NULL, ANSWER_RESET, .number = RESET_PROTOCOL, .stream = 1, __VA_ARGS__)
#define FLOOD_ROW(row_name, row_script, ...)                                                                           \
    ROW(row_name, SERVER, row_script, "SESSION-FLOOD", ANSWER_GOODBYE, .number = -1, .or_more_handlers = true,         \
        __VA_ARGS__)

/* clang-format off */
const bad_row stream_rows[] = {
    /* good ones, so that the others fail for their own reason */
    STATUS_ROW("a chat", "open {S} begin:10:x {D1:1:1b E1}", GRILLE_OK, .handlers = 1),
    STATUS_ROW("a feed", "open {S} call:11:x", GRILLE_OK, .handlers = 1),
    STATUS_ROW("a chore", "open {S} begin:12:x {D1:1:1b E1}", GRILLE_OK, .handlers = 1),

    /* one request where there is one */
    STATUS_ROW("a second message of a server-streaming call", "open {S} begin:11:x {D1:1:1be}", GRILLE_INTERNAL, .told = "more than one message"),
    STATUS_ROW("a server-streaming call without a message", "open {S} begin:11 {E1}", GRILLE_INTERNAL, .told = "has no message"),
    RESET_ROW("a message after the request of a server-streaming call", "open {S} call:11:hold pause:50 {D1:1:1b}", .handlers = 1),

    /* order */
    RESET_ROW("DATA after END_STREAM of a chat", "open {S} call:10:hold pause:50 {D1:1:1b}", .handlers = 1),
    RESET_ROW("END_STREAM twice", "open {S} call:10:hold pause:50 {E1}", .handlers = 1),
    RESET_ROW("STATUS of the caller of a chat", "open {S} begin:10:hold {T1:0}", .handlers = 1),
    RESET_ROW("HEADERS of the caller of a chat", "open {S} begin:10:hold {H1:20}", .handlers = 1),
    RESET_ROW("STATUS of the caller of a chore", "open {S} begin:12:x pause:50 {T1:0}", .handlers = 1),
    RESET_ROW("a message inside another of a chat", "open {S} begin:10 {D1:9:5b D1:9:5b}", .handlers = 1),
    RESET_ROW("END_STREAM inside a message of a chore", "open {S} begin:12 pause:50 {D1:9:5be}", .handlers = 1),
    ROW("DATA on a chat that was answered", SERVER, "open {S} call:10:x pause:20 {D1:1:1b}", NULL, ANSWER_STATUS, .number = GRILLE_OK, .stream = 1, .handlers = 1),
    ROW("RESET of a chore", SERVER, "open {S} begin:12:x pause:50 {X1:1}", NULL, ANSWER_ALIVE, .number = -1, .handlers = 1),
    ROW("RESET of a chat, twice", SERVER, "open {S} begin:10:hold {X1:1 X1:1}", NULL, ANSWER_ALIVE, .number = -1, .handlers = 1),

    /* sizes */
    STATUS_ROW("a chat's message over the limit", "open {S} begin:10:hold {D1:4194305:10b}", GRILLE_RESOURCE_EXHAUSTED, .handlers = 1, .told = "a message of 4194305 bytes is over the limit of 4194304 bytes"),
    STATUS_ROW("a chore's message over the limit", "open {S} begin:12:x pause:50 {D1:4294967295:10b}", GRILLE_RESOURCE_EXHAUSTED, .handlers = 1, .told = "4294967295"),
    ROW("a chat of 20,000 empty messages", SERVER, "open {S} begin:10:hold {20000=D1:0:0b}", NULL, ANSWER_ALIVE, .number = -1, .handlers = 1, .most_kib = 4096),

    /* opened and given up, far more often than may be */
    FLOOD_ROW("rapid reset of chats", "open {S} rapid:100000:10", .handlers = 5000),
    FLOOD_ROW("rapid reset of feeds", "open {S} rapid:100000:11", .handlers = 5000),
    FLOOD_ROW("rapid reset of chores", "open {S} rapid:100000:12", .most_kib = 4096),
    FLOOD_ROW("rapid reset of work", "open {S} rapid:100000:8", .most_kib = 4096),
};
/* clang-format on */
const size_t stream_row_count = sizeof stream_rows / sizeof *stream_rows;
