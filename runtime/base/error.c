/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void grille_error_clear(grille_error *error) {
    if (error == NULL) return;
    error->code = GRILLE_OK;
    error->name[0] = '\0';
    error->text[0] = '\0';
}

static void set_code_and_name(grille_error *error, grille_reason reason) {
    error->code = grille_reason_code(reason);
    (void)snprintf(error->name, sizeof error->name, "%s", grille_reason_name(reason));
}

/* ". Likely CAUSE. Next: WHAT TO DO" */
static void add_advice(grille_error *error, grille_reason reason) {
    const char *next = grille_reason_next(reason);
    bool has_cause = strstr(error->text, "Likely ") != NULL;
    size_t used = strlen(error->text);
    if (next[0] == '\0') return;
    (void)snprintf(&error->text[used], sizeof error->text - used, "%s%s. Next: %s", has_cause ? "" : ". Likely ",
                   has_cause ? "" : grille_reason_cause(reason), next);
}

grille_reason grille_error_set(grille_error *error, grille_reason reason, const char *format, ...) {
    va_list arguments;
    if (error == NULL) return reason;
    set_code_and_name(error, reason);
    va_start(arguments, format);
    if (vsnprintf(error->text, sizeof error->text, format, arguments) < 0) error->text[0] = '\0';
    va_end(arguments);
    add_advice(error, reason);
    return reason;
}

grille_reason grille_error_default(grille_error *error, grille_reason reason) {
    if (error == NULL || error->text[0] != '\0') return reason;
    set_code_and_name(error, reason);
    (void)snprintf(error->text, sizeof error->text, "%s", grille_reason_text(reason));
    add_advice(error, reason);
    return reason;
}

void grille_error_describe(const grille_error *error, char *line, size_t capacity) {
    const char *separator = error->name[0] != 0 && error->text[0] != 0 ? ": " : "";
    (void)snprintf(line, capacity, "%s%s%s", error->name, separator, error->text);
}
