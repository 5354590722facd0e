/* SPDX-License-Identifier: Apache-2.0 */
#include "grille/status.h"

const char *grille_code_name(grille_code code) {
    switch (code) {
#define X(name, number, text)                                                                                          \
    case GRILLE_##name:                                                                                                \
        return #name;
        GRILLE_CODE_MAP(X)
#undef X
    }
    return "UNKNOWN_CODE";
}

const char *grille_code_text(grille_code code) {
    switch (code) {
#define X(name, number, text)                                                                                          \
    case GRILLE_##name:                                                                                                \
        return text;
        GRILLE_CODE_MAP(X)
#undef X
    }
    return "a code that this version does not know";
}
