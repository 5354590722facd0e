/* SPDX-License-Identifier: Apache-2.0
 * Where the library's log lines go. */
#ifndef GRILLE_LOG_H
#define GRILLE_LOG_H

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

/* Gets one line without a newline; the text lives until the function returns. Called from any thread of the library. */
typedef void grille_log_fn(grille_log_level level, const char *line, void *user);

/* Replaces the process-wide sink and level. NULL restores the default: warnings and errors to standard error. Call it
 * before any other thread of the library runs. */
void grille_log_set(grille_log_fn *sink, void *user, grille_log_level most_verbose);

/* Writes one line to the sink. Never give it a secret, a key or a payload. Any thread. */
void grille_log(grille_log_level level, const char *format, ...) GRILLE_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif
#endif
