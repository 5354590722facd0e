/* SPDX-License-Identifier: Apache-2.0
 * The two notices of a drain. Calls that cross the first one are processed: a PING goes out behind it, and when its
 * answer is there the peer has seen the notice, so that the last id is final. */
#include "session/private.h"

/* A peer that does not answer does not hold the drain up. */
static const uint64_t longest_probe_us = 1000000;

void grille_session_ping(grille_session *session) {
    session->ping_waits = true;
    session->ping_token++;
    session->ping_us = session->now_us;
}

void grille_session_drain(grille_session *session, grille_drain_reason reason, grille_time_us now_us) {
    if (session->broken || session->drain_state != GRILLE_DRAIN_NONE) return;
    grille_session_set_now(session, now_us);
    session->drain_state = GRILLE_DRAIN_ANNOUNCE;
    session->drain_reason = reason;
    grille_session_ping(session);
    session->drain_ping_token = session->ping_token;
    session->drain_due_us = grille_time_after(session->now_us, longest_probe_us);
}

grille_time_us grille_drain_expiry(const grille_session *session) {
    return session->drain_state == GRILLE_DRAIN_PROBE ? session->drain_due_us : GRILLE_TIME_NEVER;
}

void grille_drain_advance(grille_session *session) {
    const bool answered = session->ping_answered >= session->drain_ping_token;
    if (session->drain_state != GRILLE_DRAIN_PROBE) return;
    if (!answered && session->now_us < session->drain_due_us) return;
    session->drain_state = GRILLE_DRAIN_FINAL;
    session->drain_last_id = session->taken_id;
}

bool grille_drain_refuses(const grille_session *session, uint32_t id) {
    const bool decided = session->drain_state == GRILLE_DRAIN_FINAL || session->drain_state == GRILLE_DRAIN_DONE;
    return decided && id > session->drain_last_id;
}

bool grille_drain_is_complete(const grille_session *session) {
    return session->drain_state == GRILLE_DRAIN_DONE && session->peer_streams == 0 && session->handlers == 0 &&
           session->built == session->written;
}
