/* SPDX-License-Identifier: Apache-2.0
 * Attacks on the gate, played against real ends with real evidence. Each names the smallest set of defences that stops
 * it: with all of them off it succeeds, with any one of them on it fails (canary_test.c shows both). */
#ifndef GRILLE_TESTS_ATTEST_CANARY_ATTACKS_H
#define GRILLE_TESTS_ATTEST_CANARY_ATTACKS_H

#include <stdbool.h>
#include <stddef.h>

/* One bit for each function of attest/defence.h. */
enum {
    defence_binder = 1 << 0,
    defence_key = 1 << 1,
    defence_nonce = 1 << 2,
    defence_key_is_not_ours = 1 << 3,
    defence_nonce_is_not_ours = 1 << 4,
    defence_root = 1 << 5,
    defence_not_debug = 1 << 6,
    defence_pcr = 1 << 7,
    defence_confirm = 1 << 8,
    defence_all = (1 << 9) - 1
};

typedef struct attack {
    const char *name;
    unsigned stopped_by; /* each of these defences alone stops it */
    bool (*succeeds)(void);
    const char *reason; /* of the victim, when all defences are on */
} attack;

extern const attack attacks[];
extern const size_t attack_count;

/* Makes and ends the world that the attacks take place in. */
void attacks_begin(void);
void attacks_end(void);

/* A relay of x509 evidence both ways. No comparison stops it that could be left out: the binder is what the evidence's
 * signature is over. */
bool attack_relay_of_x509_evidence(void);

/* Reason name of the victim of the last attack; "" when it succeeded. */
const char *attack_last_reason(void);

#endif
