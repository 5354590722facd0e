/* SPDX-License-Identifier: Apache-2.0
 * An enclave's stand-in in a process of its own, whose memory is searched: it is forked before there is a secret, and
 * is told all of them by calls, or reads them from files. */
#ifndef GRILLE_TESTS_ATTACK_KEEPER_H
#define GRILLE_TESTS_ATTACK_KEEPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "grille/method.h"

/* What its service has: Do and Work (on a worker) echo, Later echoes from another thread, Chat and Chore (on a worker)
 * echo streams, Feed answers three times, Collect takes all and says how many. A text that begins with "hold" is held
 * by Work until a file "released" is in the folder. */
enum { KEEPER_DO, KEEPER_WORK, KEEPER_LATER, KEEPER_CHAT, KEEPER_CHORE, KEEPER_FEED, KEEPER_COLLECT, KEEPER_METHODS };
extern const grille_method keeper_methods[KEEPER_METHODS];

/* What is said to it begins with this. */
#define KEEPER_MARK "canary:"

typedef struct keeper {
    pid_t pid;
    int orders, reports;
} keeper;

/* Forks it. Without `wipes` the library's memory is not wiped there. */
void keeper_fork(keeper *k, const char *folder, bool wipes);
/* It loads FOLDER/vault.psk and FOLDER/policy.yaml and serves at unix:FOLDER/socket. */
void keeper_start(keeper *k);
/* It frees all of that, and stays. */
void keeper_stop(keeper *k);
void keeper_end(keeper *k);

#endif
