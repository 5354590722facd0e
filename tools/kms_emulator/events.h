/* SPDX-License-Identifier: Apache-2.0
 * The log of requests: FOLDER/events.jsonl, a line of JSON each. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_EVENTS_H
#define GRILLE_TOOLS_KMS_EMULATOR_EVENTS_H

#include <stdbool.h>

#include "grille/reasons.h"

/* Any thread; lines never mix. */
typedef struct kms_events kms_events;

/* Opens FOLDER/events.jsonl to append to it; made when it is not there, readable by its owner only. NULL: SYSTEM.
 * kms_events_close. */
GRILLE_MUST_USE kms_events *kms_events_open(const char *folder, grille_error *error);
void kms_events_close(kms_events *events);

/* Adds a line; NULL adds nothing. False: it is not in the file, or not whole. */
GRILLE_MUST_USE bool kms_events_add(kms_events *events, const char *line);

#endif
