/* SPDX-License-Identifier: Apache-2.0 */
#include "canary.h"

#include "attacks.h"
#include "attest/defence.h"

static unsigned off;
static unsigned asked;

void canary_switch_off(unsigned defences) {
    off = defences;
}

unsigned canary_asked(void) {
    const unsigned answer = asked;
    asked = 0;
    return answer;
}

/* Defines what --wrap puts in place of one comparison. */
#define CANARY_2(name, bit)                                                                                            \
    bool __real_##name(grille_bytes first, grille_bytes second);                                                       \
    bool __wrap_##name(grille_bytes first, grille_bytes second);                                                       \
    bool __wrap_##name(grille_bytes first, grille_bytes second) {                                                      \
        asked |= (bit);                                                                                                \
        return (off & (bit)) != 0 || __real_##name(first, second);                                                     \
    }

CANARY_2(grille_defence_binder_matches, defence_binder)
CANARY_2(grille_defence_key_matches, defence_key)
CANARY_2(grille_defence_nonce_matches, defence_nonce)
CANARY_2(grille_defence_key_is_not_ours, defence_key_is_not_ours)
CANARY_2(grille_defence_nonce_is_not_ours, defence_nonce_is_not_ours)
CANARY_2(grille_defence_root_matches, defence_root)
CANARY_2(grille_defence_pcr_matches, defence_pcr)
CANARY_2(grille_defence_confirm_matches, defence_confirm)

bool __real_grille_defence_not_debug(grille_bytes pcr0);
bool __wrap_grille_defence_not_debug(grille_bytes pcr0);
bool __wrap_grille_defence_not_debug(grille_bytes pcr0) {
    asked |= defence_not_debug;
    return (off & defence_not_debug) != 0 || __real_grille_defence_not_debug(pcr0);
}
