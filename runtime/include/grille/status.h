/* SPDX-License-Identifier: Apache-2.0
 * Status codes of calls (gRPC's 17) and of the library itself. */
#ifndef GRILLE_STATUS_H
#define GRILLE_STATUS_H

#include "grille/bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Codes 0 to 16 are gRPC's (grpc doc/statuscodes.md) and may cross the wire. From 1000 on they are this library's own
 * answers to its caller and never cross the wire: a handler that returns one answers INTERNAL. */
#define GRILLE_CODE_MAP(X)                                                                                             \
    X(OK, 0, "success")                                                                                                \
    X(CANCELLED, 1, "the call was cancelled")                                                                          \
    X(UNKNOWN, 2, "an error without a better code")                                                                    \
    X(INVALID_ARGUMENT, 3, "an argument can't be right in any state")                                                  \
    X(DEADLINE_EXCEEDED, 4, "the time for the call ran out")                                                           \
    X(NOT_FOUND, 5, "the named thing does not exist")                                                                  \
    X(ALREADY_EXISTS, 6, "the thing to create exists")                                                                 \
    X(PERMISSION_DENIED, 7, "this peer may not do that")                                                               \
    X(RESOURCE_EXHAUSTED, 8, "a limit was reached")                                                                    \
    X(FAILED_PRECONDITION, 9, "the state does not allow it")                                                           \
    X(ABORTED, 10, "a conflict ended it")                                                                              \
    X(OUT_OF_RANGE, 11, "past the valid range")                                                                        \
    X(UNIMPLEMENTED, 12, "the method is not served here")                                                              \
    X(INTERNAL, 13, "an invariant broke")                                                                              \
    X(UNAVAILABLE, 14, "the peer can't be reached now")                                                                \
    X(DATA_LOSS, 15, "data is lost or corrupt")                                                                        \
    X(UNAUTHENTICATED, 16, "no accepted identity")                                                                     \
    X(AGAIN, 1000, "the window is full; wait for on_writable")                                                         \
    X(WOULD_DEADLOCK, 1001, "a blocking call from the thread that would have to complete it")                          \
    X(CLOSED, 1002, "the handle is closed")                                                                            \
    X(OUT_OF_MEMORY, 1003, "memory could not be allocated")                                                            \
    X(SYSTEM, 1004, "the operating system refused; see errno in the text")                                             \
    X(END_OF_STREAM, 1005, "no message follows")

typedef enum grille_code {
#define X(name, number, text) GRILLE_##name = (number),
    GRILLE_CODE_MAP(X)
#undef X
} grille_code;

/* Stable upper-case name of a code ("DEADLINE_EXCEEDED"), or "UNKNOWN_CODE". Static storage; any thread. */
const char *grille_code_name(grille_code code);

/* One line that says what a code means. Static storage; any thread. */
const char *grille_code_text(grille_code code);

/* Bytes of the explanation in grille_error, terminator included. */
#define GRILLE_ERROR_TEXT_BYTES 512
#define GRILLE_ERROR_NAME_BYTES 48

/* Why something failed, in storage of the caller. `name` is stable and made for programs ("ATTEST-PCR-MISMATCH");
 * `text` is made for the local operator (what failed, observed, expected, likely cause, next command). It never holds a
 * secret, a key or a payload. A function that succeeds sets it to OK and empty strings. */
typedef struct grille_error {
    grille_code code;
    char name[GRILLE_ERROR_NAME_BYTES];
    char text[GRILLE_ERROR_TEXT_BYTES];
} grille_error;

/* For programs that stop at their first error: unless the code is OK, writes one line with the program's name and the
 * error's to standard error, and ends the process with status 1 (exit). Any thread. */
void grille_check(grille_code code, const grille_error *error);

#ifdef __cplusplus
}
#endif
#endif
