/* SPDX-License-Identifier: Apache-2.0
 * Goal: the NSM does one thing at a time; neither the application nor channels can keep it from the other; nothing that
 * waits is lost or told twice, whether it is served, cancelled or ended by closing. */
#include "nsm/managed.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "cmocka_all.h"
#include "scripted_nsm.h"
#include "wire/limits.h"

enum { US_PER_SECOND = 1000000, MANY = 8 };

/* By the linker's --wrap. */
void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);

static atomic_bool malloc_fails, calloc_fails, threads_fail;

void *__wrap_malloc(size_t bytes) {
    return atomic_load(&malloc_fails) ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes) {
    return atomic_load(&calloc_fails) ? NULL : __real_calloc(count, bytes);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    return atomic_load(&threads_fail) ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
}

/* A clock that goes on when told. */
static _Atomic grille_time_us clock_us;

static grille_time_us clock_now(void *user) {
    (void)user;
    return atomic_load(&clock_us);
}

typedef struct test_world {
    scripted_nsm scripted;
    grille_nsm *nsm;
} test_world;

static const grille_nsm_managed_options still_clock = {.now = clock_now};

static void open_world(test_world *world, bool gated, const grille_nsm_managed_options *options) {
    grille_error error;
    scripted_nsm_init(&world->scripted, gated);
    assert_int_equal(GRILLE_REASON_OK, grille_nsm_manage(&world->scripted.nsm, options, &world->nsm, &error));
    assert_true(grille_nsm_is_managed(world->nsm));
    assert_false(grille_nsm_is_managed(&world->scripted.nsm));
}

static void close_world(test_world *world) {
    scripted_nsm_open(&world->scripted);
    world->nsm->functions->close(world->nsm);
    assert_int_equal(1, world->scripted.closed);
    scripted_nsm_deinit(&world->scripted);
}

static grille_nsm_counters counters_of(const test_world *world) {
    grille_nsm_counters counters;
    grille_nsm_get_counters(world->nsm, &counters);
    return counters;
}

/* Until so many of the application's requests wait. */
static void wait_application_depth(const test_world *world, uint32_t depth) {
    while (counters_of(world).application_depth != depth)
        sched_yield();
}

/* ---- Jobs, and who is told of them ---- */

typedef struct told_count {
    atomic_int count;
} told_count;

static void tell(void *user) {
    atomic_fetch_add(&((told_count *)user)->count, 1);
}

static grille_nsm_job *job_of(test_world *world, const char *user_data, told_count *told) {
    const grille_nsm_request request = {.user_data = grille_bytes_of_text(user_data)};
    grille_nsm_job *job = NULL;
    grille_error error;
    assert_int_equal(GRILLE_REASON_OK,
                     grille_nsm_attest_later(world->nsm, &request, told != NULL ? tell : NULL, told, &job, &error));
    assert_non_null(job);
    return job;
}

static grille_reason result_of(grille_nsm_job *job) {
    grille_bytes document;
    grille_error error;
    grille_reason reason = grille_nsm_job_result(job, &document, &error);
    assert_true((reason == GRILLE_REASON_OK) == (document.data != NULL));
    return reason;
}

static grille_reason wait_result(grille_nsm_job *job) {
    grille_reason reason;
    while ((reason = result_of(job)) == GRILLE_REASON_MORE)
        sched_yield();
    return reason;
}

/* ---- The application's calls, on threads of their own ---- */

typedef struct app_caller {
    pthread_t thread;
    grille_nsm *nsm;
    const char *user_data; /* NULL: randomness */
    size_t random_len;
    grille_reason reason;
    grille_error error;
    uint8_t out[3 * GRILLE_LIMIT_NSM_RANDOM_BYTES];
    size_t len;
} app_caller;

static void *run_caller(void *argument) {
    app_caller *caller = argument;
    if (caller->user_data != NULL) {
        const grille_nsm_request request = {.user_data = grille_bytes_of_text(caller->user_data)};
        caller->reason = caller->nsm->functions->attest(caller->nsm, &request, caller->out, sizeof caller->out,
                                                        &caller->len, &caller->error);
    } else {
        caller->reason = caller->nsm->functions->random(caller->nsm, caller->out, caller->random_len, &caller->error);
    }
    return NULL;
}

/* Starts one whose request waits before this returns: `depth` wait then. */
static void start_caller(app_caller *caller, const test_world *world, const char *user_data, uint32_t depth) {
    caller->nsm = world->nsm;
    caller->user_data = user_data;
    if (caller->random_len == 0) caller->random_len = 32;
    assert_int_equal(0, pthread_create(&caller->thread, NULL, run_caller, caller));
    wait_application_depth(world, depth);
}

static void end_caller(app_caller *caller, grille_reason expected) {
    assert_int_equal(0, pthread_join(caller->thread, NULL));
    assert_int_equal(expected, caller->reason);
    if (expected != GRILLE_REASON_OK) assert_string_not_equal("", caller->error.text);
}

/* ---- Tests ---- */

static void calls_and_jobs_get_what_the_nsm_answers(void **state) {
    const grille_nsm_request request = {.user_data = grille_bytes_of_text("user"),
                                        .nonce = grille_bytes_of_text("nonce"),
                                        .public_key = grille_bytes_of_text("key")};
    char changing[] = "once";
    grille_nsm_request copied = {.user_data = grille_bytes_of_text(changing)};
    uint8_t out[64], value[GRILLE_NSM_PCR_BYTES];
    grille_nsm_description description;
    grille_nsm_counters counters;
    grille_nsm_job *job = NULL;
    grille_bytes document;
    grille_error error;
    bool locked = false;
    size_t len = 0;
    char log[SCRIPTED_LOG_MAX];
    test_world world;
    (void)state;
    open_world(&world, false, NULL);
    assert_int_equal(GRILLE_REASON_OK,
                     world.nsm->functions->attest(world.nsm, &request, out, sizeof out, &len, &error));
    assert_true(grille_bytes_equal(grille_bytes_of(out, len), grille_bytes_of_text("usernoncekey")));
    assert_int_equal(GRILLE_REASON_OK, world.nsm->functions->random(world.nsm, out, sizeof out, &error));
    assert_int_equal('r', out[63]);
    assert_int_equal(GRILLE_REASON_OK, world.nsm->functions->describe(world.nsm, &description, &error));
    assert_string_equal("i-scripted", description.module_id);
    assert_int_equal(GRILLE_REASON_OK, world.nsm->functions->describe_pcr(world.nsm, 7, value, &locked, &error));
    assert_int_equal(7, value[47]);
    assert_true(locked);
    assert_int_equal(GRILLE_REASON_OK, world.nsm->functions->extend_pcr(world.nsm, 16, request.nonce, value, &error));
    assert_int_equal(21, value[0]);
    assert_int_equal(GRILLE_REASON_OK, world.nsm->functions->lock_pcr(world.nsm, 16, &error));
    assert_int_equal(GRILLE_REASON_OK, world.nsm->functions->lock_pcrs(world.nsm, 32, &error));

    assert_int_equal(GRILLE_REASON_OK, grille_nsm_attest_later(world.nsm, &copied, NULL, NULL, &job, &error));
    memset(changing, 'x', sizeof changing - 1);
    assert_int_equal(GRILLE_REASON_OK, wait_result(job));
    assert_int_equal(GRILLE_REASON_OK, grille_nsm_job_result(job, &document, &error));
    assert_true(grille_bytes_equal(document, grille_bytes_of_text("once")));
    grille_nsm_job_free(job);
    grille_nsm_job_free(NULL);

    assert_string_equal("uRDPELSo", scripted_nsm_log(&world.scripted, log));
    counters = counters_of(&world);
    assert_int_equal(1, counters.application_documents);
    assert_int_equal(1, counters.channel_documents);
    assert_int_equal(1, counters.randoms);
    assert_int_equal(5, counters.others);
    assert_int_equal(0, counters.failures + counters.refused + counters.cancelled + counters.forgotten);
    close_world(&world);
}

static void many_threads_are_served_one_at_a_time(void **state) {
    static app_caller callers[MANY];
    grille_nsm_job *jobs[100];
    told_count told = {0};
    test_world world;
    (void)state;
    open_world(&world, false, NULL);
    for (int i = 0; i < MANY; i++) {
        callers[i] = (app_caller){.nsm = world.nsm, .user_data = i % 2 == 0 ? "a" : NULL, .random_len = 9000};
        assert_int_equal(0, pthread_create(&callers[i].thread, NULL, run_caller, &callers[i]));
    }
    for (size_t i = 0; i < 100; i++)
        jobs[i] = job_of(&world, "c", &told);
    for (int i = 0; i < MANY; i++)
        end_caller(&callers[i], GRILLE_REASON_OK);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(GRILLE_REASON_OK, wait_result(jobs[i]));
        grille_nsm_job_free(jobs[i]);
    }
    assert_int_equal(100, told.count);
    assert_int_equal(100, counters_of(&world).channel_documents);
    close_world(&world);
}

/* A queue full of jobs, of which every second is cancelled: what the application asks for then comes after the one that
 * is being made and at most one more. */
static void a_flood_of_jobs_holds_up_the_application_by_one_document(void **state) {
    static grille_nsm_job *jobs[GRILLE_DEFAULT_NSM_QUEUE];
    const grille_nsm_request request = {.user_data = grille_bytes_of_text("c")};
    static app_caller random, document;
    grille_nsm_job *first = NULL, *refused = NULL;
    grille_nsm_counters counters;
    char log[SCRIPTED_LOG_MAX];
    grille_error error;
    told_count told = {0};
    test_world world;
    (void)state;
    open_world(&world, true, &still_clock);
    first = job_of(&world, "c", &told);
    scripted_nsm_wait_entered(&world.scripted, 1);
    for (size_t i = 0; i < GRILLE_DEFAULT_NSM_QUEUE; i++)
        jobs[i] = job_of(&world, "c", &told);
    assert_int_equal(GRILLE_REASON_NSM_BUSY,
                     grille_nsm_attest_later(world.nsm, &request, tell, &told, &refused, &error));
    assert_null(refused);
    assert_string_equal("NSM-BUSY", error.name);
    assert_non_null(strstr(error.text, "256 requests of channels wait"));
    for (size_t i = 0; i < GRILLE_DEFAULT_NSM_QUEUE; i += 2)
        grille_nsm_job_free(jobs[i]);
    start_caller(&random, &world, NULL, 1);
    start_caller(&document, &world, "a", 2);

    scripted_nsm_permit(&world.scripted, 2); /* the one being made, and one more */
    end_caller(&random, GRILLE_REASON_OK);
    scripted_nsm_permit(&world.scripted, 2); /* a job's turn, and the application's again */
    end_caller(&document, GRILLE_REASON_OK);
    assert_memory_equal("cRca", scripted_nsm_log(&world.scripted, log), 4);

    scripted_nsm_open(&world.scripted);
    for (size_t i = 1; i < GRILLE_DEFAULT_NSM_QUEUE; i += 2) {
        assert_int_equal(GRILLE_REASON_OK, wait_result(jobs[i]));
        grille_nsm_job_free(jobs[i]);
    }
    grille_nsm_job_free(first);
    counters = counters_of(&world);
    assert_int_equal(1 + GRILLE_DEFAULT_NSM_QUEUE / 2, told.count);
    assert_int_equal(1 + GRILLE_DEFAULT_NSM_QUEUE / 2, counters.channel_documents);
    assert_int_equal(GRILLE_DEFAULT_NSM_QUEUE / 2, counters.cancelled);
    assert_int_equal(1, counters.refused);
    assert_int_equal(GRILLE_DEFAULT_NSM_QUEUE, counters.channel_depth_highest);
    assert_int_equal(2, counters.application_depth_highest);
    assert_int_equal(0, counters.channel_depth + counters.application_depth + counters.forgotten);
    close_world(&world);
}

static void a_flood_of_the_application_holds_up_a_channel_by_one_request(void **state) {
    const grille_nsm_managed_options options = {.queue_length = MANY};
    static app_caller callers[MANY + 1], refused;
    grille_nsm_job *job = NULL;
    char log[SCRIPTED_LOG_MAX];
    told_count told = {0};
    test_world world;
    (void)state;
    open_world(&world, true, &options);
    callers[0] = (app_caller){.nsm = world.nsm, .user_data = "a"};
    assert_int_equal(0, pthread_create(&callers[0].thread, NULL, run_caller, &callers[0]));
    scripted_nsm_wait_entered(&world.scripted, 1);
    for (uint32_t i = 1; i <= MANY; i++) {
        callers[i] = (app_caller){.random_len = 0};
        start_caller(&callers[i], &world, NULL, i);
    }
    refused = (app_caller){.nsm = world.nsm, .user_data = "x"};
    (void)run_caller(&refused);
    assert_int_equal(GRILLE_REASON_NSM_BUSY, refused.reason);
    assert_non_null(strstr(refused.error.text, "8 requests of the application wait"));
    job = job_of(&world, "c", &told);

    scripted_nsm_permit(&world.scripted, 2);
    assert_int_equal(GRILLE_REASON_OK, wait_result(job));
    assert_memory_equal("ac", scripted_nsm_log(&world.scripted, log), 2);
    grille_nsm_job_free(job);
    assert_int_equal(1, told.count);
    scripted_nsm_open(&world.scripted);
    for (size_t i = 0; i <= MANY; i++)
        end_caller(&callers[i], GRILLE_REASON_OK);
    assert_int_equal(1, counters_of(&world).refused);
    close_world(&world);
}

/* A long request for randomness lets others in between. */
static void both_classes_take_turns(void **state) {
    static app_caller long_random, document;
    grille_nsm_job *jobs[4];
    char log[SCRIPTED_LOG_MAX];
    test_world world;
    (void)state;
    open_world(&world, true, NULL);
    jobs[0] = job_of(&world, "1", NULL);
    scripted_nsm_wait_entered(&world.scripted, 1);
    for (size_t i = 1; i < 4; i++)
        jobs[i] = job_of(&world, i == 1 ? "2" : i == 2 ? "3" : "4", NULL);
    long_random = (app_caller){.random_len = 2 * GRILLE_LIMIT_NSM_RANDOM_BYTES + 1};
    start_caller(&long_random, &world, NULL, 1);
    document = (app_caller){.random_len = 0};
    start_caller(&document, &world, "a", 2);
    scripted_nsm_permit(&world.scripted, 4); /* 1 R 2 a: the rest of the randomness is behind the document */
    end_caller(&document, GRILLE_REASON_OK);
    scripted_nsm_open(&world.scripted);
    end_caller(&long_random, GRILLE_REASON_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(GRILLE_REASON_OK, wait_result(jobs[i]));
        grille_nsm_job_free(jobs[i]);
    }
    assert_memory_equal("1R2a", scripted_nsm_log(&world.scripted, log), 4);
    for (size_t i = 0; i < long_random.random_len; i++)
        assert_int_equal('r', long_random.out[i]);
    assert_int_equal(3, counters_of(&world).randoms);
    close_world(&world);
}

static void jobs_wait_for_their_tokens_and_the_application_does_not(void **state) {
    const grille_nsm_managed_options options = {.now = clock_now, .documents_per_second = 2, .document_burst = 2};
    static app_caller callers[3];
    grille_nsm_job *jobs[5];
    grille_nsm_counters counters;
    test_world world;
    (void)state;
    open_world(&world, false, &options);
    for (size_t i = 0; i < 5; i++)
        jobs[i] = job_of(&world, "c", NULL);
    assert_int_equal(GRILLE_REASON_OK, wait_result(jobs[0]));
    assert_int_equal(GRILLE_REASON_OK, wait_result(jobs[1]));
    for (size_t i = 0; i < 3; i++) {
        callers[i] = (app_caller){.nsm = world.nsm, .user_data = "a"};
        (void)run_caller(&callers[i]);
        assert_int_equal(GRILLE_REASON_OK, callers[i].reason);
    }
    assert_int_equal(GRILLE_REASON_MORE, result_of(jobs[2]));
    atomic_fetch_add(&clock_us, US_PER_SECOND / 2 - 1);
    grille_nsm_clock_moved(world.nsm);
    (void)run_caller(&callers[0]); /* the thread has looked at its clock now */
    assert_int_equal(GRILLE_REASON_MORE, result_of(jobs[2]));
    grille_nsm_job_free(jobs[2]); /* takes no token with it */
    atomic_fetch_add(&clock_us, 1);
    grille_nsm_clock_moved(world.nsm);
    assert_int_equal(GRILLE_REASON_OK, wait_result(jobs[3]));
    (void)run_caller(&callers[0]);
    assert_int_equal(GRILLE_REASON_MORE, result_of(jobs[4]));
    atomic_fetch_add(&clock_us, US_PER_SECOND / 2);
    grille_nsm_clock_moved(world.nsm);
    assert_int_equal(GRILLE_REASON_OK, wait_result(jobs[4]));
    counters = counters_of(&world);
    assert_int_equal(4, counters.channel_documents);
    assert_int_equal(1, counters.cancelled);
    assert_in_range(counters.waited_for_token, 2, 3);
    assert_int_equal(0, counters.refused);
    grille_nsm_job_free(jobs[0]);
    grille_nsm_job_free(jobs[1]);
    grille_nsm_job_free(jobs[3]);
    grille_nsm_job_free(jobs[4]);
    close_world(&world);
}

/* By default a burst of 256 and then 1,000 a second. */
static void the_default_bucket(void **state) {
    static grille_nsm_job *jobs[GRILLE_DEFAULT_NSM_DOCUMENT_BURST + 1];
    static app_caller caller;
    test_world world;
    (void)state;
    open_world(&world, false, &still_clock);
    for (size_t i = 0; i < GRILLE_DEFAULT_NSM_DOCUMENT_BURST; i++) {
        jobs[i] = job_of(&world, "c", NULL);
        assert_int_equal(GRILLE_REASON_OK, wait_result(jobs[i]));
        grille_nsm_job_free(jobs[i]);
    }
    jobs[0] = job_of(&world, "c", NULL);
    caller = (app_caller){.nsm = world.nsm, .user_data = "a"};
    (void)run_caller(&caller);
    assert_int_equal(GRILLE_REASON_MORE, result_of(jobs[0]));
    atomic_fetch_add(&clock_us, US_PER_SECOND / GRILLE_DEFAULT_NSM_DOCUMENTS_PER_SECOND);
    grille_nsm_clock_moved(world.nsm);
    assert_int_equal(GRILLE_REASON_OK, wait_result(jobs[0]));
    grille_nsm_job_free(jobs[0]);
    close_world(&world);
}

/* The same by the system's clock: the thread wakes by itself. */
static void tokens_come_with_time(void **state) {
    const grille_nsm_managed_options options = {.documents_per_second = 1000, .document_burst = 1};
    grille_nsm_job *jobs[5];
    test_world world;
    (void)state;
    open_world(&world, false, &options);
    for (size_t i = 0; i < 5; i++)
        jobs[i] = job_of(&world, "c", NULL);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(GRILLE_REASON_OK, wait_result(jobs[i]));
        grille_nsm_job_free(jobs[i]);
    }
    close_world(&world);
}

static void a_job_that_is_freed_while_it_is_served_is_forgotten(void **state) {
    grille_nsm_job *job = NULL, *next = NULL;
    told_count forgotten = {0}, told = {0};
    test_world world;
    (void)state;
    open_world(&world, true, NULL);
    job = job_of(&world, "c", &forgotten);
    scripted_nsm_wait_entered(&world.scripted, 1);
    next = job_of(&world, "d", &told);
    assert_int_equal(GRILLE_REASON_MORE, result_of(job));
    grille_nsm_job_free(job); /* returns though the device still works */
    assert_int_equal(1, counters_of(&world).forgotten);
    scripted_nsm_open(&world.scripted);
    assert_int_equal(GRILLE_REASON_OK, wait_result(next));
    grille_nsm_job_free(next);
    assert_int_equal(0, forgotten.count);
    assert_int_equal(1, told.count);
    close_world(&world);
}

/* A `done` that stays until it is let go. */
typedef struct slow_done {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool entered, may_return, returned, freed_too_early;
    grille_nsm_job *job;
} slow_done;

static void be_slow(void *user) {
    slow_done *slow = user;
    pthread_mutex_lock(&slow->lock);
    slow->entered = true;
    pthread_cond_broadcast(&slow->changed);
    while (!slow->may_return)
        pthread_cond_wait(&slow->changed, &slow->lock);
    slow->returned = true;
    pthread_mutex_unlock(&slow->lock);
}

static void *free_job(void *argument) {
    slow_done *slow = argument;
    grille_nsm_job_free(slow->job);
    pthread_mutex_lock(&slow->lock);
    slow->freed_too_early = !slow->returned;
    pthread_mutex_unlock(&slow->lock);
    return NULL;
}

static void freeing_waits_for_a_done_that_runs(void **state) {
    slow_done slow = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    const grille_nsm_request request = {.user_data = grille_bytes_of_text("c")};
    grille_error error;
    pthread_t thread;
    test_world world;
    (void)state;
    open_world(&world, false, NULL);
    assert_int_equal(GRILLE_REASON_OK, grille_nsm_attest_later(world.nsm, &request, be_slow, &slow, &slow.job, &error));
    pthread_mutex_lock(&slow.lock);
    while (!slow.entered)
        pthread_cond_wait(&slow.changed, &slow.lock);
    pthread_mutex_unlock(&slow.lock);
    assert_int_equal(GRILLE_REASON_OK, result_of(slow.job)); /* there is a result already */
    assert_int_equal(0, pthread_create(&thread, NULL, free_job, &slow));
    pthread_mutex_lock(&slow.lock);
    assert_false(slow.freed_too_early);
    slow.may_return = true;
    pthread_cond_broadcast(&slow.changed);
    pthread_mutex_unlock(&slow.lock);
    assert_int_equal(0, pthread_join(thread, NULL));
    assert_false(slow.freed_too_early);
    close_world(&world);
}

/* What a `done` may do, and what it may not. */
typedef struct inside_done {
    test_world world;
    grille_nsm_job *job;
    grille_reason result, random;
    atomic_bool over;
} inside_done;

static void look_around(void *user) {
    inside_done *inside = user;
    uint8_t out[8];
    grille_error error;
    inside->result = result_of(inside->job);
    inside->random = inside->world.nsm->functions->random(inside->world.nsm, out, sizeof out, &error);
    grille_nsm_job_free(inside->job);
    atomic_store(&inside->over, true);
}

static void a_done_may_free_its_job_and_may_not_call_the_nsm(void **state) {
    const grille_nsm_request request = {.user_data = grille_bytes_of_text("c")};
    inside_done inside = {.job = NULL};
    grille_error error;
    (void)state;
    open_world(&inside.world, true, NULL);
    assert_int_equal(GRILLE_REASON_OK,
                     grille_nsm_attest_later(inside.world.nsm, &request, look_around, &inside, &inside.job, &error));
    scripted_nsm_open(&inside.world.scripted);
    while (!atomic_load(&inside.over))
        sched_yield();
    assert_int_equal(GRILLE_REASON_OK, inside.result);
    assert_int_equal(GRILLE_REASON_LOOP_WOULD_DEADLOCK, inside.random);
    close_world(&inside.world);
}

/* What `done` touches is freed with its job: a sanitizer sees one that comes later. */
static void done_never_runs_after_free(void **state) {
    static app_caller callers[2];
    test_world world;
    (void)state;
    open_world(&world, false, &(grille_nsm_managed_options){.documents_per_second = 1000000});
    for (int round = 0; round < 300; round++) {
        grille_nsm_job *jobs[3];
        told_count *told[3];
        for (size_t i = 0; i < 3; i++) {
            told[i] = calloc(1, sizeof *told[i]);
            jobs[i] = job_of(&world, "c", told[i]);
        }
        if (round % 3 == 1) (void)wait_result(jobs[0]);
        if (round % 50 == 2) {
            callers[0] = (app_caller){.nsm = world.nsm, .user_data = "a"};
            (void)run_caller(&callers[0]);
        }
        for (size_t i = 3; i-- > 0;) {
            grille_nsm_job_free(jobs[i]);
            assert_in_range(told[i]->count, 0, 1);
            free(told[i]);
        }
    }
    close_world(&world);
}

static void *close_nsm(void *argument) {
    grille_nsm *nsm = argument;
    nsm->functions->close(nsm);
    return NULL;
}

/* Until the NSM takes nothing more, though the device still works. */
static void wait_closing(test_world *world) {
    const grille_nsm_request request = {.user_data = grille_bytes_of_text("late")};
    grille_nsm_job *job = NULL;
    grille_error error;
    while (grille_nsm_attest_later(world->nsm, &request, NULL, NULL, &job, &error) == GRILLE_REASON_OK) {
        grille_nsm_job_free(job);
        sched_yield();
    }
    assert_string_equal("NSM-CLOSED", error.name);
}

static void closing_ends_all_who_wait(void **state) {
    static app_caller served, waiting[2];
    grille_nsm_job *jobs[3];
    grille_bytes document;
    grille_error error;
    told_count told = {0};
    pthread_t closer;
    test_world world;
    (void)state;
    open_world(&world, true, NULL);
    served = (app_caller){.nsm = world.nsm, .user_data = "a"};
    assert_int_equal(0, pthread_create(&served.thread, NULL, run_caller, &served));
    scripted_nsm_wait_entered(&world.scripted, 1);
    waiting[0] = waiting[1] = (app_caller){.random_len = 5000};
    start_caller(&waiting[0], &world, NULL, 1);
    start_caller(&waiting[1], &world, "b", 2);
    for (size_t i = 0; i < 3; i++)
        jobs[i] = job_of(&world, "c", &told);
    assert_int_equal(0, pthread_create(&closer, NULL, close_nsm, world.nsm));
    wait_closing(&world);
    scripted_nsm_permit(&world.scripted, 1); /* what is being done is finished */
    end_caller(&served, GRILLE_REASON_OK);
    for (size_t i = 0; i < 2; i++) {
        end_caller(&waiting[i], GRILLE_REASON_NSM_CLOSED);
        assert_string_equal("NSM-CLOSED", waiting[i].error.name);
    }
    assert_int_equal(0, pthread_join(closer, NULL));
    assert_int_equal(1, world.scripted.entered);
    assert_int_equal(3, told.count);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(GRILLE_REASON_NSM_CLOSED, grille_nsm_job_result(jobs[i], &document, &error));
        assert_string_equal("NSM-CLOSED", error.name);
        grille_nsm_job_free(jobs[i]);
    }
    assert_int_equal(1, world.scripted.closed);
    scripted_nsm_deinit(&world.scripted);
}

/* The same where nothing of what waits can be served first: the jobs have no tokens. */
static void closing_ends_jobs_without_tokens(void **state) {
    const grille_nsm_managed_options options = {.now = clock_now, .document_burst = 1};
    grille_nsm_job *jobs[3];
    grille_bytes document;
    grille_error error;
    told_count told = {0};
    test_world world;
    (void)state;
    open_world(&world, false, &options);
    for (size_t i = 0; i < 3; i++)
        jobs[i] = job_of(&world, "c", &told);
    assert_int_equal(GRILLE_REASON_OK, wait_result(jobs[0]));
    close_world(&world);
    assert_int_equal(3, told.count);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(i == 0 ? GRILLE_REASON_OK : GRILLE_REASON_NSM_CLOSED,
                         grille_nsm_job_result(jobs[i], &document, &error));
        if (i > 0) assert_non_null(strstr(error.text, "closed while this request waited"));
        grille_nsm_job_free(jobs[i]);
    }
}

static void each_failure_reaches_who_asked(void **state) {
    const grille_reason reasons[] = {GRILLE_REASON_NSM_FAILED, GRILLE_REASON_NSM_MALFORMED, GRILLE_REASON_NO_SPACE,
                                     GRILLE_REASON_BAD_ARGUMENT, GRILLE_REASON_SYSTEM};
    const grille_nsm_request request = {.user_data = grille_bytes_of_text("c")};
    uint8_t out[GRILLE_NSM_PCR_BYTES];
    grille_nsm_description description;
    grille_bytes document;
    grille_error error;
    size_t len = 0;
    test_world world;
    (void)state;
    open_world(&world, false, NULL);
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        const grille_nsm_functions *functions = world.nsm->functions;
        grille_nsm_job *job = NULL;
        scripted_nsm_fail(&world.scripted, reasons[i]);
#define FAILS(call, letter)                                                                                            \
    do {                                                                                                               \
        memset(&error, 'x', sizeof error);                                                                             \
        assert_int_equal(reasons[i], call);                                                                            \
        assert_string_equal("scripted: " letter, error.text);                                                          \
    } while (0)
        FAILS(functions->attest(world.nsm, &request, out, sizeof out, &len, &error), "c");
        memset(out, 1, sizeof out);
        FAILS(functions->random(world.nsm, out, sizeof out, &error), "R");
        assert_true(grille_bytes_all_zero(grille_bytes_of(out, sizeof out)));
        FAILS(functions->describe(world.nsm, &description, &error), "D");
        FAILS(functions->describe_pcr(world.nsm, 0, out, NULL, &error), "P");
        FAILS(functions->extend_pcr(world.nsm, 16, request.user_data, out, &error), "E");
        FAILS(functions->lock_pcr(world.nsm, 16, &error), "L");
        FAILS(functions->lock_pcrs(world.nsm, 16, &error), "S");
        job = job_of(&world, "j", NULL);
        assert_int_equal(reasons[i], wait_result(job));
        FAILS(grille_nsm_job_result(job, &document, &error), "j");
        grille_nsm_job_free(job);
        assert_int_equal(8 * (i + 1), counters_of(&world).failures);
    }
    close_world(&world);
}

static void fields_have_their_limit(void **state) {
    static const uint8_t bytes[GRILLE_NSM_FIELD_MAX + 1];
    test_world world;
    (void)state;
    open_world(&world, false, NULL);
    for (int field = 0; field < 3; field++) {
        grille_nsm_request request = {.user_data = grille_bytes_of_text("c")};
        grille_bytes *changed = field == 0 ? &request.user_data : field == 1 ? &request.nonce : &request.public_key;
        grille_nsm_job *job = NULL;
        grille_error error;
        *changed = grille_bytes_of(bytes, sizeof bytes);
        assert_int_equal(GRILLE_REASON_BAD_ARGUMENT,
                         grille_nsm_attest_later(world.nsm, &request, NULL, NULL, &job, &error));
        assert_null(job);
        assert_non_null(strstr(error.text, "1025"));
        *changed = grille_bytes_of(bytes, sizeof bytes - 1);
        assert_int_equal(GRILLE_REASON_OK, grille_nsm_attest_later(world.nsm, &request, NULL, NULL, &job, &error));
        assert_int_equal(GRILLE_REASON_OK, wait_result(job));
        grille_nsm_job_free(job);
    }
    close_world(&world);
}

/* ---- Observers ---- */

typedef struct seen_documents {
    char documents[64];
    grille_time_us done_us;
    grille_reason call; /* of the NSM, inside */
    grille_nsm *nsm;
} seen_documents;

static void see(void *user, const grille_nsm_request *request, grille_bytes document, grille_time_us done_us) {
    seen_documents *seen = user;
    grille_error error;
    assert_true(grille_bytes_equal(request->user_data, document));
    strncat(seen->documents, (const char *)document.data, document.len);
    seen->done_us = done_us;
    seen->call = seen->nsm->functions->lock_pcr(seen->nsm, 16, &error);
}

static void each_document_is_shown_before_it_is_given(void **state) {
    static app_caller caller;
    grille_nsm_job *job = NULL;
    seen_documents seen = {.done_us = 0};
    test_world world;
    (void)state;
    open_world(&world, false, &still_clock);
    seen.nsm = world.nsm;
    atomic_fetch_add(&clock_us, 5);
    assert_int_equal(atomic_load(&clock_us), grille_nsm_now_us(world.nsm));
    grille_nsm_observe(world.nsm, see, &seen);
    job = job_of(&world, "1", NULL);
    assert_int_equal(GRILLE_REASON_OK, wait_result(job));
    assert_string_equal("1", seen.documents);
    grille_nsm_job_free(job);
    caller = (app_caller){.nsm = world.nsm, .user_data = "2"};
    (void)run_caller(&caller);
    assert_string_equal("12", seen.documents);
    assert_int_equal(atomic_load(&clock_us), seen.done_us);
    assert_int_equal(GRILLE_REASON_LOOP_WOULD_DEADLOCK, seen.call);
    scripted_nsm_fail(&world.scripted, GRILLE_REASON_NSM_FAILED);
    (void)run_caller(&caller);
    scripted_nsm_fail(&world.scripted, GRILLE_REASON_OK);
    grille_nsm_observe(world.nsm, NULL, NULL);
    (void)run_caller(&caller);
    assert_string_equal("12", seen.documents);
    close_world(&world);
}

/* ---- Without memory, without threads ---- */

static void what_can_not_be_managed_is_closed(void **state) {
    scripted_nsm scripted;
    grille_nsm *nsm = NULL;
    grille_error error;
    (void)state;
    scripted_nsm_init(&scripted, false);
    atomic_store(&calloc_fails, true);
    assert_int_equal(GRILLE_REASON_OUT_OF_MEMORY, grille_nsm_manage(&scripted.nsm, NULL, &nsm, &error));
    atomic_store(&calloc_fails, false);
    assert_null(nsm);
    assert_int_equal(1, scripted.closed);
    atomic_store(&threads_fail, true);
    assert_int_equal(GRILLE_REASON_SYSTEM, grille_nsm_manage(&scripted.nsm, NULL, &nsm, &error));
    atomic_store(&threads_fail, false);
    assert_null(nsm);
    assert_non_null(strstr(error.text, "thread"));
    assert_int_equal(2, scripted.closed);
    scripted_nsm_deinit(&scripted);
}

static void jobs_without_memory(void **state) {
    const grille_nsm_request request = {.user_data = grille_bytes_of_text("c")};
    grille_nsm_job *job = NULL;
    grille_error error;
    test_world world;
    (void)state;
    open_world(&world, false, NULL);
    atomic_store(&calloc_fails, true);
    assert_int_equal(GRILLE_REASON_OUT_OF_MEMORY,
                     grille_nsm_attest_later(world.nsm, &request, NULL, NULL, &job, &error));
    atomic_store(&calloc_fails, false);
    assert_null(job);
    atomic_store(&malloc_fails, true);
    job = job_of(&world, "c", NULL);
    assert_int_equal(GRILLE_REASON_OUT_OF_MEMORY, wait_result(job));
    atomic_store(&malloc_fails, false);
    grille_nsm_job_free(job);
    close_world(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_and_jobs_get_what_the_nsm_answers),
        cmocka_unit_test(many_threads_are_served_one_at_a_time),
        cmocka_unit_test(a_flood_of_jobs_holds_up_the_application_by_one_document),
        cmocka_unit_test(a_flood_of_the_application_holds_up_a_channel_by_one_request),
        cmocka_unit_test(both_classes_take_turns),
        cmocka_unit_test(jobs_wait_for_their_tokens_and_the_application_does_not),
        cmocka_unit_test(the_default_bucket),
        cmocka_unit_test(tokens_come_with_time),
        cmocka_unit_test(a_job_that_is_freed_while_it_is_served_is_forgotten),
        cmocka_unit_test(freeing_waits_for_a_done_that_runs),
        cmocka_unit_test(a_done_may_free_its_job_and_may_not_call_the_nsm),
        cmocka_unit_test(done_never_runs_after_free),
        cmocka_unit_test(closing_ends_all_who_wait),
        cmocka_unit_test(closing_ends_jobs_without_tokens),
        cmocka_unit_test(each_failure_reaches_who_asked),
        cmocka_unit_test(fields_have_their_limit),
        cmocka_unit_test(each_document_is_shown_before_it_is_given),
        cmocka_unit_test(what_can_not_be_managed_is_closed),
        cmocka_unit_test(jobs_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
