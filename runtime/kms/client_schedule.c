/* SPDX-License-Identifier: Apache-2.0
 * Which call goes on: places, credentials, keys, times. All on the client's thread. */
#include "base/bytes.h"
#include "base/error.h"
#include "kms/client_private.h"

enum { us_per_ms = 1000 };

void grille_kms_look_again(grille_kms *kms) {
    grille_loop_at_end_of_turn(&kms->loop, &kms->again);
}

void grille_kms_count_flying(grille_kms *kms, bool begins) {
    kms->flying_count = begins ? kms->flying_count + 1 : kms->flying_count - 1;
    (void)pthread_mutex_lock(&kms->lock);
    kms->counts.in_flight = kms->flying_count;
    (void)pthread_mutex_unlock(&kms->lock);
}

/* ---- Ends of attempts and of time ---- */

static const char *waited_for(const kms_call *call, bool has_way) {
    switch (call->stage) {
    case KMS_QUEUED:
        return has_way ? "one of its connections" : "a way out: no egress channel was set";
    case KMS_WAITS_FOR_KEY:
        return "a document of the NSM";
    case KMS_DIALS:
        return "a connection";
    case KMS_TALKS:
        return "the answer";
    case KMS_RESTS:
        break;
    }
    return "the next attempt";
}

static bool has_way(grille_kms *kms) {
    bool has = false;
    (void)pthread_mutex_lock(&kms->lock);
    has = kms->way != NULL;
    (void)pthread_mutex_unlock(&kms->lock);
    return has;
}

void grille_kms_time_is_over(kms_call *call) {
    grille_kms *kms = call->kms;
    grille_error error;
    grille_wall_ms expiry_ms = 0;
    uint64_t taken = 0;
    const char *action = grille_kms_action_name(call->request.action);
    const bool lacks_credentials =
        call->stage == KMS_QUEUED && has_way(kms) && !grille_credentials_look(&kms->credentials, &expiry_ms, &taken);
    if (lacks_credentials) {
        (void)grille_error_set(
            &error, GRILLE_REASON_KMS_NO_CREDENTIALS,
            "%s at %s: observed %s within %u ms, expected some from the parent. Likely its feeder does "
            "not run, or has none itself; on the parent: grille kms credentials%s%.160s",
            action, kms->config.host, taken == 0 ? "no credentials" : "no others in the place of expired credentials",
            call->timeout_ms, call->attempts > 0 ? ". The last attempt: " : "", call->last.text);
    } else {
        (void)grille_error_set(&error, GRILLE_REASON_KMS_DEADLINE,
                               "%s at %s waited for %s when its %u ms were over, after %u attempts%s%.240s", action,
                               kms->config.host, waited_for(call, has_way(kms)), call->timeout_ms, call->attempts,
                               call->last.code != GRILLE_OK ? ". The last one: " : "", call->last.text);
    }
    grille_kms_end_failed(call, &error);
}

static void rest(kms_call *call, grille_time_us until_us) {
    grille_kms_count_flying(call->kms, false);
    call->stage = KMS_RESTS;
    call->rest_ends_us = until_us;
    grille_list_remove(&call->link);
    grille_list_append(&call->kms->resting, &call->link);
    grille_kms_look_again(call->kms);
}

void grille_kms_attempt_failed(kms_call *call, bool again, const grille_error *why) {
    grille_kms *kms = call->kms;
    const grille_time_us now_us = kms->seams.now_us();
    uint32_t random = 0;
    uint64_t pause_us = 0;
    call->last = *why;
    grille_kms_attempt_abandon(call->attempt);
    call->attempt = NULL;
    if (kms->seams.crypto->random((uint8_t *)&random, sizeof random) != GRILLE_REASON_OK) random = 0;
    pause_us = grille_backoff_next_us(&call->backoff, random);
    if (again && call->attempts < kms->config.options.max_attempts && call->deadline_us > now_us &&
        call->deadline_us - now_us > pause_us) {
        if (grille_kms_may_log(GRILLE_LOG_INFO))
            grille_log(GRILLE_LOG_INFO, GRILLE_LOG_KMS, "%s: attempt %u of %u again in %llu ms: %.300s",
                       kms->config.host, call->attempts, kms->config.options.max_attempts,
                       (unsigned long long)pause_us / us_per_ms, why->text);
        rest(call, now_us + pause_us);
        return;
    }
    grille_kms_end_failed(call, why);
}

/* ---- Beginning ---- */

static void take_mail(grille_kms *kms) {
    (void)pthread_mutex_lock(&kms->lock);
    grille_list_move_all(&kms->queued, &kms->inbox);
    (void)pthread_mutex_unlock(&kms->lock);
}

static void try_key(kms_call *call) {
    grille_kms *kms = call->kms;
    uint8_t document[GRILLE_NSM_RESPONSE_MAX];
    grille_ring_key *key = NULL;
    size_t len = 0;
    grille_error why;
    const grille_reason reason =
        grille_key_supply_take(kms->supply, &call->supply_failures, &key, document, &len, &why);
    if (reason == GRILLE_REASON_MORE) return;
    if (reason == GRILLE_REASON_OK) {
        grille_kms_attempt_begin(call, key, grille_bytes_of(document, len));
        return;
    }
    call->attempts++;
    grille_kms_attempt_failed(call, true, &why);
}

static bool may_begin(grille_kms *kms) {
    grille_wall_ms expiry_ms = 0;
    uint64_t taken = 0;
    return kms->flying_count < kms->config.options.max_in_flight && has_way(kms) &&
           grille_credentials_look(&kms->credentials, &expiry_ms, &taken);
}

static void begin_some(grille_kms *kms) {
    while (!grille_list_empty(&kms->queued) && may_begin(kms)) {
        kms_call *call = grille_container(grille_list_take_first(&kms->queued), kms_call, link);
        grille_list_append(&kms->flying, &call->link);
        grille_kms_count_flying(kms, true);
        call->stage = KMS_WAITS_FOR_KEY;
        call->supply_failures = grille_key_supply_failures(kms->supply);
        call->attempt_ends_us =
            grille_time_after(kms->seams.now_us(), (uint64_t)kms->config.options.attempt_timeout_ms * us_per_ms);
        try_key(call);
    }
}

static void try_keys(grille_kms *kms) {
    for (grille_link *link = kms->flying.next, *next; link != &kms->flying; link = next) {
        kms_call *call = grille_container(link, kms_call, link);
        next = link->next;
        if (call->stage == KMS_WAITS_FOR_KEY) try_key(call);
    }
}

/* ---- Times ---- */

static void attempt_timed_out(kms_call *call) {
    grille_kms *kms = call->kms;
    grille_error error;
    (void)grille_error_set(&error, GRILLE_REASON_KMS_TIMEOUT,
                           "%s at %s: waited for %s for %u ms (attempt %u of %u). Likely what carries bytes to the "
                           "service holds them; look at the log of the egress on the parent",
                           grille_kms_action_name(call->request.action), kms->config.host, waited_for(call, true),
                           kms->config.options.attempt_timeout_ms, call->attempts, kms->config.options.max_attempts);
    if (call->stage == KMS_WAITS_FOR_KEY) call->attempts++;
    grille_kms_attempt_failed(call, true, &error);
}

/* Ends what is due in one list, and says when the next thing of it is. */
static grille_time_us look_at(grille_link *list, grille_time_us now_us) {
    grille_time_us next_us = GRILLE_TIME_NEVER;
    for (grille_link *link = list->next, *next; link != list; link = next) {
        kms_call *call = grille_container(link, kms_call, link);
        grille_time_us due_us = call->deadline_us;
        next = link->next;
        if (call->stage != KMS_QUEUED && call->stage != KMS_RESTS && call->attempt_ends_us < due_us)
            due_us = call->attempt_ends_us;
        if (call->stage == KMS_RESTS && call->rest_ends_us < due_us) due_us = call->rest_ends_us;
        if (due_us > now_us) {
            if (due_us < next_us) next_us = due_us;
        } else if (due_us == call->deadline_us) {
            grille_kms_time_is_over(call);
        } else if (call->stage == KMS_RESTS) {
            grille_list_remove(&call->link);
            call->stage = KMS_QUEUED;
            grille_list_prepend(&call->kms->queued, &call->link);
        } else {
            attempt_timed_out(call);
        }
    }
    return next_us;
}

static void on_timer(uv_timer_t *timer) {
    grille_kms *kms = grille_container(timer, grille_kms, timer);
    grille_loop_active(&kms->loop);
    grille_kms_look_again(kms);
}

static void arm(grille_kms *kms, grille_time_us next_us, grille_time_us now_us) {
    if (next_us == GRILLE_TIME_NEVER) {
        (void)uv_timer_stop(&kms->timer);
        return;
    }
    uv_update_time(&kms->loop.uv);
    (void)uv_timer_start(&kms->timer, on_timer, (next_us - now_us + us_per_ms - 1) / us_per_ms, 0);
}

/* ---- Closing ---- */

static void end_all(grille_link *list) {
    grille_error error;
    (void)grille_error_set(&error, GRILLE_REASON_KMS_CLOSED, "the client was closed while this call was under way");
    while (!grille_list_empty(list))
        grille_kms_end_failed(grille_container(list->next, kms_call, link), &error);
}

static void on_timer_closed(uv_handle_t *handle) {
    (void)handle;
}

/* Connections close in later turns, and each asks to look again. */
static void close_down(grille_kms *kms) {
    end_all(&kms->queued);
    end_all(&kms->flying);
    end_all(&kms->resting);
    if (!grille_list_empty(&kms->attempts) || kms->over) return;
    kms->over = true;
    grille_job_cancel(&kms->again);
    uv_close((uv_handle_t *)&kms->timer, on_timer_closed);
}

static bool is_closing(grille_kms *kms) {
    bool closing = false;
    (void)pthread_mutex_lock(&kms->lock);
    closing = kms->closing;
    (void)pthread_mutex_unlock(&kms->lock);
    return closing;
}

void grille_kms_tick(grille_kms *kms) {
    const grille_time_us now_us = kms->seams.now_us();
    grille_link *lists[] = {&kms->queued, &kms->flying, &kms->resting};
    grille_time_us next_us = GRILLE_TIME_NEVER;
    take_mail(kms);
    if (is_closing(kms)) {
        close_down(kms);
        return;
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        (void)look_at(lists[i], now_us);
    try_keys(kms);
    begin_some(kms);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const grille_time_us list_us = look_at(lists[i], now_us);
        if (list_us < next_us) next_us = list_us;
    }
    arm(kms, next_us, now_us);
}
