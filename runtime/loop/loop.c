/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/loop.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/turn.h"

grille_time_us grille_clock_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (grille_time_us)now.tv_sec * 1000000 + (grille_time_us)now.tv_nsec / 1000;
}

grille_time_us grille_loop_clock_us(void) {
    grille_loop *turning = grille_loop_in_turn();
    return turning != NULL ? grille_loop_refresh(turning) : grille_clock_us();
}

grille_wall_ms grille_clock_wall_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (grille_wall_ms)now.tv_sec * 1000 + (grille_wall_ms)now.tv_nsec / 1000000;
}

grille_time_us grille_loop_refresh(grille_loop *loop) {
    loop->now_us = grille_clock_us();
    return loop->now_us;
}

/* libuv calls timers that are due before it waits, and then would wait whatever they have left to be done. */
static void stay_awake(grille_loop *loop) {
    if (loop->dozes) uv_stop(&loop->uv);
}

void grille_loop_active(grille_loop *loop) {
    loop->active = true;
    stay_awake(loop);
}

static void on_wake(uv_async_t *waker) {
    grille_loop_active(waker->data);
}

static grille_reason start_uv(grille_loop *loop, grille_error *error) {
    int status = uv_loop_init(&loop->uv);
    if (status != 0) {
        return grille_error_set(error, GRILLE_REASON_SYSTEM, "an event loop could not be made: %s",
                                uv_strerror(status));
    }
    status = uv_async_init(&loop->uv, &loop->waker, on_wake);
    if (status != 0) {
        (void)uv_loop_close(&loop->uv);
        return grille_error_set(error, GRILLE_REASON_SYSTEM, "an event loop's waker could not be made: %s",
                                uv_strerror(status));
    }
    loop->waker.data = loop;
    (void)uv_timer_init(&loop->uv, &loop->tidy_timer);
    loop->tidy_timer.data = loop;
    return GRILLE_REASON_OK;
}

/* Callbacks, and what TLS does in them, belong to this loop now. Answers the loop that they belonged to before: a
 * callback of one loop may end another. */
static grille_loop *begin_turn(grille_loop *loop) {
    grille_loop *outer = grille_loop_in_turn();
    grille_turn_of = loop;
    grille_record_pool_use(loop->records);
    return outer;
}

static void end_turn(grille_loop *outer) {
    grille_record_pool_use(outer != NULL ? outer->records : NULL);
    grille_turn_of = outer;
}

static void free_scratch(grille_loop *loop) {
    grille_record_pool_free(loop->records);
    grille_depot_free(loop->depot);
    free(loop->receive);
    free(loop->plain);
    free(loop->send);
    free(loop->outgoing);
}

grille_reason grille_loop_init(grille_loop *loop, uint32_t spin_us, grille_error *error) {
    *loop = (grille_loop){.now_us = grille_clock_us()};
    grille_poller_init(&loop->poller, spin_us);
    grille_list_init(&loop->mail);
    grille_list_init(&loop->end_of_turn);
    grille_list_init(&loop->steps);
    grille_list_init(&loop->tidying);
    loop->receive = malloc(GRILLE_LOOP_RECEIVE_BYTES);
    loop->plain = malloc(GRILLE_LOOP_PLAIN_BYTES);
    loop->send = malloc(GRILLE_LOOP_SEND_BYTES);
    loop->outgoing = malloc(GRILLE_LOOP_OUTGOING_BYTES);
    loop->records = grille_record_pool_new();
    loop->depot = grille_depot_new();
    if (loop->receive == NULL || loop->plain == NULL || loop->send == NULL || loop->outgoing == NULL ||
        loop->records == NULL || loop->depot == NULL) {
        free_scratch(loop);
        return grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY);
    }
    grille_reason reason = start_uv(loop, error);
    if (reason != GRILLE_REASON_OK) {
        free_scratch(loop);
        return reason;
    }
    pthread_mutex_init(&loop->mail_lock, NULL);
    return GRILLE_REASON_OK;
}

void grille_loop_deinit(grille_loop *loop) {
    uv_close((uv_handle_t *)&loop->waker, NULL);
    uv_close((uv_handle_t *)&loop->tidy_timer, NULL);
    grille_loop *outer = begin_turn(loop);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    end_turn(outer);
    (void)uv_loop_close(&loop->uv);
    pthread_mutex_destroy(&loop->mail_lock);
    grille_loop_wipe(loop);
    free_scratch(loop);
}

void grille_loop_wipe(grille_loop *loop) {
    grille_wipe(loop->plain, loop->plain_dirty);
    grille_wipe(loop->send, loop->send_dirty);
    loop->plain_dirty = 0;
    loop->send_dirty = 0;
}

static grille_job *take(grille_link *list) {
    grille_link *link = grille_list_take_first(list);
    return link == NULL ? NULL : grille_container(link, grille_job, link);
}

/* Only what was queued when it started: a job that queues itself again runs the next time. */
static void run_all(grille_link *list) {
    grille_link now;
    grille_list_init(&now);
    grille_list_move_all(&now, list);
    for (grille_job *job; (job = take(&now)) != NULL;)
        job->run(job);
}

/* Of thousands of connections in use each is tidied up less often: its memory is cold, and calls wait meanwhile. */
static void run_some(grille_link *list) {
    grille_job *job = NULL;
    for (unsigned left = GRILLE_LOOP_TIDY_JOBS; left > 0 && (job = take(list)) != NULL; left--)
        job->run(job);
}

static void on_tidy(uv_timer_t *timer) {
    grille_loop *loop = timer->data;
    loop->tidies = false;
    grille_loop_refresh(loop);
    run_some(&loop->tidying);
    grille_loop_wipe(loop);
    if (grille_depot_trim(loop->depot) || !grille_list_empty(&loop->tidying)) grille_loop_tidy_later(loop);
}

void grille_loop_tidy_later(grille_loop *loop) {
    if (loop->tidies) return;
    loop->tidies = true;
    uv_update_time(&loop->uv);
    (void)uv_timer_start(&loop->tidy_timer, on_tidy, GRILLE_CONNECTION_IDLE_MS, 0);
}

void grille_loop_when_tidying(grille_loop *loop, grille_job *job) {
    if (!grille_list_empty(&job->link)) return;
    grille_list_append(&loop->tidying, &job->link);
    grille_loop_tidy_later(loop);
}

void grille_job_init(grille_job *job, void (*run)(grille_job *job)) {
    grille_list_init(&job->link);
    job->run = run;
}

void grille_loop_post(grille_loop *loop, grille_job *job) {
    pthread_mutex_lock(&loop->mail_lock);
    bool queued = !grille_list_empty(&job->link);
    if (!queued) {
        grille_list_append(&loop->mail, &job->link);
        atomic_fetch_add(&loop->mail_count, 1);
    }
    /* Read under the lock: the leader sets it before it looks into the mail for the last time. Sent under the lock too,
     * so that a loop whose job has run can be freed. */
    if (!queued && atomic_load(&loop->sleeping)) (void)uv_async_send(&loop->waker);
    pthread_mutex_unlock(&loop->mail_lock);
}

void grille_loop_unpost(grille_loop *loop, grille_job *job) {
    pthread_mutex_lock(&loop->mail_lock);
    if (!grille_list_empty(&job->link)) {
        grille_list_remove(&job->link);
        atomic_fetch_sub(&loop->mail_count, 1);
    }
    pthread_mutex_unlock(&loop->mail_lock);
}

void grille_loop_wake(grille_loop *loop) {
    (void)uv_async_send(&loop->waker);
}

void grille_loop_at_end_of_turn(grille_loop *loop, grille_job *job) {
    if (grille_list_empty(&job->link)) grille_list_append(&loop->end_of_turn, &job->link);
    stay_awake(loop);
}

void grille_loop_step(grille_loop *loop, grille_job *job) {
    if (grille_list_empty(&job->link)) grille_list_append(&loop->steps, &job->link);
    stay_awake(loop);
}

void grille_job_cancel(grille_job *job) {
    grille_list_remove(&job->link);
}

static void run_mail(grille_loop *loop) {
    while (atomic_load(&loop->mail_count) != 0) {
        loop->active = true;
        pthread_mutex_lock(&loop->mail_lock);
        grille_job *job = take(&loop->mail);
        if (job != NULL) atomic_fetch_sub(&loop->mail_count, 1);
        pthread_mutex_unlock(&loop->mail_lock);
        if (job == NULL) return;
        job->run(job);
    }
}

static void run_step(grille_loop *loop) {
    grille_job *job = take(&loop->steps);
    if (job == NULL) return;
    loop->active = true;
    job->run(job);
}

static void run_end_of_turn(grille_loop *loop) {
    if (!grille_list_empty(&loop->end_of_turn)) run_all(&loop->end_of_turn);
}

static bool is_busy(grille_loop *loop) {
    return atomic_load(&loop->mail_count) != 0 || !grille_list_empty(&loop->steps) ||
           !grille_list_empty(&loop->end_of_turn);
}

/* Until something happened or the budget is spent. True when something did. */
static bool poll_events(grille_loop *loop, grille_time_us start_us) {
    uint64_t budget_us = grille_poller_budget(&loop->poller, start_us);
    for (grille_time_us last_us = start_us; last_us - start_us < budget_us;) {
        (void)sched_yield();
        (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
        bool happened = loop->active || is_busy(loop);
        /* Work that came may have taken its time: that is no sign of others on this CPU. */
        grille_time_us now_us = loop->active ? loop->now_us : grille_clock_us();
        if (happened) grille_poller_hit(&loop->poller);
        grille_poller_round(&loop->poller, now_us - last_us, now_us);
        if (happened) return true;
        last_us = now_us;
    }
    return false;
}

static void sleep_for_events(grille_loop *loop, grille_time_us start_us) {
    pthread_mutex_lock(&loop->mail_lock);
    bool quiet = grille_list_empty(&loop->mail);
    atomic_store(&loop->sleeping, quiet);
    pthread_mutex_unlock(&loop->mail_lock);
    if (!quiet) return;
    loop->sleeps++;
    loop->dozes = true;
    (void)uv_run(&loop->uv, UV_RUN_ONCE);
    loop->dozes = false;
    atomic_store(&loop->sleeping, false);
    if (loop->poller.max_us != 0) grille_poller_missed(&loop->poller, grille_clock_us() - start_us);
}

void grille_loop_turn(grille_loop *loop, bool wait) {
    grille_loop *outer = begin_turn(loop);
    loop->active = false;
    grille_loop_refresh(loop);
    run_mail(loop);
    run_step(loop);
    const bool wrote = !grille_list_empty(&loop->end_of_turn);
    run_end_of_turn(loop);
    /* What has happened so far may be what the leader waits for. */
    if (!wait || loop->active || is_busy(loop)) {
        (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
    } else {
        grille_time_us start_us = wrote ? grille_clock_us() : loop->now_us;
        if (!poll_events(loop, start_us)) sleep_for_events(loop, start_us);
    }
    run_end_of_turn(loop);
    end_turn(outer);
}
