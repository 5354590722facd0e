/* SPDX-License-Identifier: Apache-2.0 */
#include "grille/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

/* A longer line is cut; a peer can't make us format more. */
enum { LINE_BYTES = 1024 };

static const char *const module_names[GRILLE_LOG_MODULE_COUNT] = {
#define X(identifier, name) [GRILLE_LOG_##identifier] = (name),
    GRILLE_LOG_MODULE_MAP(X)
#undef X
};

const char *grille_log_module_name(grille_log_module module) {
    return (unsigned)module < GRILLE_LOG_MODULE_COUNT ? module_names[module] : "unknown";
}

const char *grille_log_level_name(grille_log_level level) {
    static const char *const names[] = {"error", "warning", "info", "debug"};
    return (unsigned)level <= GRILLE_LOG_DEBUG ? names[level] : "unknown";
}

static void write_to_standard_error(grille_log_level level, const char *module, const char *line, void *user) {
    (void)user;
    (void)fprintf(stderr, "grille: %s: %s: %s\n", grille_log_level_name(level), module, line);
}

static grille_log_fn *current_sink = write_to_standard_error;
static void *current_user;
/* Relaxed: a line more or less while the level changes does no harm. */
static atomic_int most_verbose_of[GRILLE_LOG_MODULE_COUNT] = {
#define X(identifier, name) [GRILLE_LOG_##identifier] = GRILLE_LOG_WARNING,
    GRILLE_LOG_MODULE_MAP(X)
#undef X
};

void grille_log_set_module(grille_log_module module, grille_log_level most_verbose) {
    if ((unsigned)module >= GRILLE_LOG_MODULE_COUNT) return;
    atomic_store_explicit(&most_verbose_of[module], (int)most_verbose, memory_order_relaxed);
}

void grille_log_set(grille_log_fn *sink, void *user, grille_log_level most_verbose) {
    current_sink = sink == NULL ? write_to_standard_error : sink;
    current_user = sink == NULL ? NULL : user;
    for (int module = 0; module < GRILLE_LOG_MODULE_COUNT; module++) {
        grille_log_set_module((grille_log_module)module, sink == NULL ? GRILLE_LOG_WARNING : most_verbose);
    }
}

bool grille_log_is_on(grille_log_level level, grille_log_module module) {
    if ((unsigned)module >= GRILLE_LOG_MODULE_COUNT) return false;
    return (int)level <= atomic_load_explicit(&most_verbose_of[module], memory_order_relaxed);
}

/* A peer's text must not forge a second line or drive a terminal. */
static void replace_control_characters(char *line) {
    for (char *at = line; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) *at = '?';
    }
}

void grille_log(grille_log_level level, grille_log_module module, const char *format, ...) {
    char line[LINE_BYTES];
    va_list arguments;
    if (!grille_log_is_on(level, module)) return;
    va_start(arguments, format);
    if (vsnprintf(line, sizeof line, format, arguments) < 0) line[0] = '\0';
    va_end(arguments);
    replace_control_characters(line);
    current_sink(level, grille_log_module_name(module), line, current_user);
}
