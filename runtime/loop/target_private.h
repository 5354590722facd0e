/* SPDX-License-Identifier: Apache-2.0
 * What the files of a target share: target.c dials and is asked, target_events.c follows what becomes of connections,
 * target_health.c asks peers how they are. */
#ifndef GRILLE_LOOP_TARGET_PRIVATE_H
#define GRILLE_LOOP_TARGET_PRIVATE_H

#include "loop/target.h"

/* Its user is a channel_connection. */
extern const grille_connection_events grille_target_connection_events;

/* For jitter. */
uint32_t grille_target_draw(const grille_target *target);
bool grille_target_is_attempting(const grille_target *target);
void grille_target_attempt_failed(grille_target *target, const grille_error *why);
/* The current connection takes no more calls, is left to those that run on it, and closes when the peer's have ended
 * too. Harmless without one. */
void grille_target_retire(grille_target *target, grille_drain_reason reason);

/* target_health.c: of the current connection; harmless without a source. */
void grille_target_begin_watch(grille_target *target);
void grille_target_end_watch(grille_target *target);
grille_time_us grille_target_watch_expiry(const grille_target *target);
void grille_target_tick_watch(grille_target *target, grille_time_us now_us);

#endif
