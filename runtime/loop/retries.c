/* SPDX-License-Identifier: Apache-2.0
 * Calls of a channel that are tried again: at the end of the turn in which an attempt ended, or after a pause. */
#include "base/error.h"
#include "loop/channel_private.h"

static uint32_t draw(const dialed_channel *channel) {
    uint32_t drawn = 0;
    if (channel->connection_options.crypto->random((uint8_t *)&drawn, sizeof drawn) != GRILLE_REASON_OK) return 0;
    return drawn;
}

static void keep_for_later(dialed_channel *channel, grille_link *list, grille_call *call) {
    grille_channel_leave_connection(channel, call);
    grille_list_append(list, grille_client_call_link(call));
    channel->waiting_count++;
}

bool grille_channel_retry(grille_channel *base, grille_call *call, const grille_retry_facts *end) {
    dialed_channel *channel = grille_container(base, dialed_channel, base);
    call_owner *owner = grille_client_call_owner_space(call);
    if (channel->closed) return false;
    if (owner->retry.attempts == 0) grille_retry_init(&owner->retry);
    const uint32_t random = end->code == GRILLE_OK ? 0 : draw(channel);
    const grille_retry_verdict verdict =
        grille_retry_judge(&owner->retry, &channel->throttle, &channel->retry_options, end, channel->loop.now_us,
                           grille_client_call_deadline(call), random, &owner->retry_at_us);
    if (verdict == GRILLE_RETRY_OVER || channel->waiting_count >= GRILLE_LIMIT_WAITING_CALLS) return false;
    grille_client_call_set_previous_attempts(call, grille_retry_previous_attempts(&owner->retry));
    if (verdict == GRILLE_RETRY_AT_ONCE) {
        keep_for_later(channel, &channel->again, call);
        grille_loop_at_end_of_turn(&channel->loop, &channel->again_job);
    } else {
        keep_for_later(channel, &channel->resting, call);
        grille_channel_arm(channel);
    }
    return true;
}

static void accept_all(dialed_channel *channel, grille_link *due) {
    for (grille_link *link; (link = grille_list_take_first(due)) != NULL;) {
        channel->waiting_count--;
        grille_channel_accept_call(channel, grille_client_call_of_link(link));
    }
}

void grille_channel_on_again(grille_job *job) {
    dialed_channel *channel = grille_container(job, dialed_channel, again_job);
    grille_link due;
    grille_list_init(&due);
    grille_list_move_all(&due, &channel->again);
    accept_all(channel, &due);
}

static grille_time_us due_at(grille_link *link) {
    const call_owner *owner = grille_client_call_owner_space(grille_client_call_of_link(link));
    return owner->retry_at_us;
}

grille_time_us grille_channel_first_retry(const dialed_channel *channel) {
    grille_time_us first = GRILLE_TIME_NEVER;
    for (grille_link *link = channel->resting.next; link != &channel->resting; link = link->next) {
        if (due_at(link) < first) first = due_at(link);
    }
    return first;
}

void grille_channel_retry_due(dialed_channel *channel, grille_time_us now_us) {
    grille_link due;
    grille_list_init(&due);
    for (grille_link *link = channel->resting.next, *next; link != &channel->resting; link = next) {
        next = link->next;
        if (due_at(link) > now_us) continue;
        grille_list_remove(link);
        grille_list_append(&due, link);
    }
    accept_all(channel, &due);
}

void grille_channel_end_retries(dialed_channel *channel) {
    grille_link ending;
    grille_list_init(&ending);
    grille_list_move_all(&ending, &channel->again);
    grille_list_move_all(&ending, &channel->resting);
    /* A closed channel fails what it is given. */
    accept_all(channel, &ending);
}
