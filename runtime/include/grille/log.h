/* SPDX-License-Identifier: Apache-2.0
 * Where the library's log lines go. docs/observability.md tells what each module says. */
#ifndef GRILLE_LOG_H
#define GRILLE_LOG_H

#include <stdbool.h>

#include "grille/bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum grille_log_level {
    GRILLE_LOG_ERROR,
    GRILLE_LOG_WARNING,
    GRILLE_LOG_INFO,
    GRILLE_LOG_DEBUG
} grille_log_level;

/* X(identifier, name): where a line comes from. */
#define GRILLE_LOG_MODULE_MAP(X)                                                                                       \
    X(LOOP, "loop")         /* addresses, connections, threads */                                                      \
    X(SECURE, "secure")     /* TLS and the gate */                                                                     \
    X(ATTEST, "attest")     /* evidence and policy */                                                                  \
    X(SESSION, "session")   /* frames, credit, the protocol's rules */                                                 \
    X(RPC, "rpc")           /* calls, handlers, authorization */                                                       \
    X(NSM, "nsm")           /* the security module */                                                                  \
    X(SERVICES, "services") /* health, reflection, stats */                                                            \
    X(KMS, "kms")           /* clients of a key service */                                                             \
    X(APPLICATION, "application")

typedef enum grille_log_module {
#define X(identifier, name) GRILLE_LOG_##identifier,
    GRILLE_LOG_MODULE_MAP(X)
#undef X
        GRILLE_LOG_MODULE_COUNT
} grille_log_module;

/* Stable lower-case names. Static storage; any thread. */
const char *grille_log_module_name(grille_log_module module);
const char *grille_log_level_name(grille_log_level level);

/* Gets one line without a newline; the text lives until the function returns. `module` is a name of the table. Called
 * from any thread of the library. */
typedef void grille_log_fn(grille_log_level level, const char *module, const char *line, void *user);

/* Replaces the process-wide sink and the level of every module. NULL restores the default: warnings and errors to
 * standard error. Call it before any other thread of the library runs. */
void grille_log_set(grille_log_fn *sink, void *user, grille_log_level most_verbose);

/* Makes one module more or less verbose than the rest, until grille_log_set. Any thread, at any time. */
void grille_log_set_module(grille_log_module module, grille_log_level most_verbose);

/* Whether such a line would reach the sink. Any thread. */
bool grille_log_is_on(grille_log_level level, grille_log_module module);

/* Writes one line to the sink. Never give it a secret, a key or a payload. Any thread. */
void grille_log(grille_log_level level, grille_log_module module, const char *format, ...) GRILLE_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif

#endif
