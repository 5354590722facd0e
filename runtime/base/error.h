/* SPDX-License-Identifier: Apache-2.0
 * Filling grille_error from a reason. */
#ifndef GRILLE_BASE_ERROR_H
#define GRILLE_BASE_ERROR_H

#include "grille/reasons.h"

/* Sets OK and empty strings; `error` may be NULL. */
void grille_error_clear(grille_error *error);

/* Sets code and name from the reason and the text from the format; returns the reason, so that
 * `return grille_error_set(error, GRILLE_REASON_X, …)` is one line. Where the reason has advice (base/advice.h) it is
 * added: the format says what was observed and what was expected. A format that knows better than the table writes its
 * own "Likely …" at the end. `error` may be NULL. */
grille_reason grille_error_set(grille_error *error, grille_reason reason, const char *format, ...) GRILLE_PRINTF(3, 4);

/* The same with the reason's own meaning as text, only when `error` holds no text yet. */
grille_reason grille_error_default(grille_error *error, grille_reason reason);

/* "NAME: text", or the text alone when there is no name: for a place that has one line for both. Cut to `capacity`. */
void grille_error_describe(const grille_error *error, char *line, size_t capacity);

#endif
