/* SPDX-License-Identifier: Apache-2.0 */
#include "attacks.h"

#include "bad_peer.h"
#include "middle.h"

#define DEFENCE_NAME(name) #name,
const char *const defence_names[defence_count] = {DEFENCES(DEFENCE_NAME)};

static const attack_list *const lists[] = {
    &relay_attacks, &replay_attacks,  &impostor_attacks, &psk_attacks,
    &epoch_attacks, &message_attacks, &resource_attacks, &flood_attacks,
};

const attack *attack_at(size_t index) {
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (index < lists[i]->count) return &lists[i]->attacks[index];
        index -= lists[i]->count;
    }
    return NULL;
}

bool attack_succeeds(const attack *a) {
    /* What a connection of the attack before ends with is not taken for this one's reason. */
    if (!stage_is_empty(BAD_PEER_PATIENCE_MS)) return true;
    middle_set_reason("");
    return a->succeeds();
}

const char *attack_last_reason(void) {
    return middle_reason();
}

void attacks_begin(void) {
    stage_begin();
}

void attacks_end(void) {
    stage_end();
}
