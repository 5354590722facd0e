/* SPDX-License-Identifier: Apache-2.0 */
#include "grille/reasons.h"

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
