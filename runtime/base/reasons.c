/* SPDX-License-Identifier: Apache-2.0 */
#include "grille/reasons.h"

#include "base/advice.h"

typedef struct reason_row {
    const char *name;
    grille_code code;
    const char *text;
} reason_row;

static const reason_row rows[GRILLE_REASON_COUNT] = {
#define X(identifier, reason_name, status, meaning)                                                                    \
    [GRILLE_REASON_##identifier] = {.name = (reason_name), .code = GRILLE_##status, .text = (meaning)},
    GRILLE_REASON_MAP(X)
#undef X
};

static const reason_row unknown = {
    .name = "UNKNOWN-REASON", .code = GRILLE_INTERNAL, .text = "a reason that this version does not know"};

static const reason_row *row_of(grille_reason reason) {
    size_t index = (size_t)reason;
    return index < sizeof rows / sizeof rows[0] ? &rows[index] : &unknown;
}

const char *grille_reason_name(grille_reason reason) {
    return row_of(reason)->name;
}
grille_code grille_reason_code(grille_reason reason) {
    return row_of(reason)->code;
}
const char *grille_reason_text(grille_reason reason) {
    return row_of(reason)->text;
}

typedef struct advice {
    const char *cause;
    const char *next;
} advice;

static const advice advices[GRILLE_REASON_COUNT] = {
#define X(identifier, likely_cause, what_next)                                                                         \
    [GRILLE_REASON_##identifier] = {.cause = (likely_cause), .next = (what_next)},
    GRILLE_ADVICE_MAP(X)
#undef X
};

static const char *or_empty(const char *text) {
    return text != NULL ? text : "";
}

static const advice *advice_on(grille_reason reason) {
    size_t index = (size_t)reason;
    return &advices[index < GRILLE_REASON_COUNT ? index : GRILLE_REASON_OK];
}

const char *grille_reason_cause(grille_reason reason) {
    return or_empty(advice_on(reason)->cause);
}
const char *grille_reason_next(grille_reason reason) {
    return or_empty(advice_on(reason)->next);
}
