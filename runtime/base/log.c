/* SPDX-License-Identifier: Apache-2.0 */
#include "grille/log.h"

#include <stdarg.h>
#include <stdio.h>

/* A longer line is cut; a peer can't make us format more. */
enum { LINE_BYTES = 1024 };

static void write_to_standard_error(grille_log_level level, const char *line, void *user) {
    static const char *const names[] = {"error", "warning", "info", "debug"};
    (void)user;
    (void)fprintf(stderr, "grille: %s: %s\n", names[level], line);
}

static grille_log_fn *current_sink = write_to_standard_error;
static void *current_user;
static grille_log_level current_level = GRILLE_LOG_WARNING;

void grille_log_set(grille_log_fn *sink, void *user, grille_log_level most_verbose) {
    current_sink = sink == NULL ? write_to_standard_error : sink;
    current_user = sink == NULL ? NULL : user;
    current_level = sink == NULL ? GRILLE_LOG_WARNING : most_verbose;
}

/* A peer's text must not forge a second line or drive a terminal. */
static void replace_control_characters(char *line) {
    for (char *at = line; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) *at = '?';
    }
}

void grille_log(grille_log_level level, const char *format, ...) {
    char line[LINE_BYTES];
    va_list arguments;
    if (level > current_level) return;
    va_start(arguments, format);
    if (vsnprintf(line, sizeof line, format, arguments) < 0) line[0] = '\0';
    va_end(arguments);
    replace_control_characters(line);
    current_sink(level, line, current_user);
}
