/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/loop.h"

#include "tests/unit/loop/support.h"

typedef struct counted_job {
    grille_job job;
    grille_loop *loop;
    unsigned runs;
    unsigned again; /* queue itself this often */
} counted_job;

static void count(grille_job *job) {
    ((counted_job *)job)->runs++;
}

static void count_and_repeat(grille_job *job) {
    counted_job *counted = (counted_job *)job;
    counted->runs++;
    if (counted->runs <= counted->again) grille_loop_at_end_of_turn(counted->loop, job);
}

static void count_step(grille_job *job) {
    counted_job *counted = (counted_job *)job;
    counted->runs++;
    if (counted->runs <= counted->again) grille_loop_step(counted->loop, job);
}

static void test_mail_runs_once(void **state) {
    grille_loop loop;
    counted_job job = {.runs = 0};
    (void)state;
    open_loop(&loop, 0);
    grille_job_init(&job.job, count);
    grille_loop_post(&loop, &job.job);
    grille_loop_post(&loop, &job.job);
    grille_loop_turn(&loop, true);
    assert_int_equal(job.runs, 1);
    grille_loop_turn(&loop, false);
    assert_int_equal(job.runs, 1);
    grille_loop_post(&loop, &job.job);
    grille_loop_turn(&loop, true);
    assert_int_equal(job.runs, 2);
    grille_loop_deinit(&loop);
}

/* A job that queues itself again runs in the next turn, so that a turn ends. */
static void test_end_of_turn_jobs_run_once_per_phase(void **state) {
    grille_loop loop;
    counted_job job = {.loop = &loop, .again = 100};
    (void)state;
    open_loop(&loop, 0);
    grille_job_init(&job.job, count_and_repeat);
    grille_loop_at_end_of_turn(&loop, &job.job);
    grille_loop_at_end_of_turn(&loop, &job.job);
    grille_loop_turn(&loop, true);
    assert_int_equal(job.runs, 2); /* before the events and after them */
    grille_job_cancel(&job.job);
    grille_loop_turn(&loop, false);
    assert_int_equal(job.runs, 2);
    grille_loop_deinit(&loop);
}

/* However many steps wait, one runs per turn, in turn. */
static void test_one_step_per_turn(void **state) {
    grille_loop loop;
    counted_job first = {.loop = &loop, .again = 2}, second = {.loop = &loop, .again = 0};
    (void)state;
    open_loop(&loop, 0);
    grille_job_init(&first.job, count_step);
    grille_job_init(&second.job, count_step);
    grille_loop_step(&loop, &first.job);
    grille_loop_step(&loop, &second.job);
    for (unsigned turn = 1; turn <= 4; turn++) {
        grille_loop_turn(&loop, true);
        assert_int_equal(first.runs + second.runs, turn);
        if (turn == 2) assert_int_equal(second.runs, 1);
    }
    assert_int_equal(first.runs, 3);
    assert_int_equal(loop.sleeps, 0);
    grille_loop_deinit(&loop);
}

static void *post_later(void *argument) {
    counted_job *job = argument;
    while (!atomic_load(&job->loop->sleeping))
        usleep(100);
    grille_loop_post(job->loop, &job->job);
    return NULL;
}

static void wakes_a_sleeper(uint32_t spin_us) {
    grille_loop loop;
    counted_job job = {.loop = &loop};
    pthread_t thread;
    open_loop(&loop, spin_us);
    grille_job_init(&job.job, count);
    assert_int_equal(pthread_create(&thread, NULL, post_later, &job), 0);
    for (int turn = 0; turn < 10 && job.runs == 0; turn++)
        grille_loop_turn(&loop, true);
    assert_int_equal(job.runs, 1);
    assert_true(loop.sleeps >= 1);
    pthread_join(thread, NULL);
    grille_loop_deinit(&loop);
}

static void test_mail_wakes_a_sleeping_loop(void **state) {
    (void)state;
    wakes_a_sleeper(0);
    wakes_a_sleeper(50);
}

typedef struct poster {
    grille_loop *loop;
    counted_job jobs[1000];
} poster;

static void *post_many(void *argument) {
    poster *own = argument;
    for (size_t i = 0; i < 1000; i++)
        grille_loop_post(own->loop, &own->jobs[i].job);
    return NULL;
}

/* No mail is lost between a leader that goes to sleep and threads that post. */
/* A timer that is due when the loop goes to sleep, and what it leaves to be done. */
typedef struct due_timer {
    uv_timer_t timer;
    grille_loop *loop;
    counted_job job;
    void (*leaves)(struct due_timer *due);
    bool rang;
} due_timer;

static void leave_for_the_end(due_timer *due) {
    grille_loop_at_end_of_turn(due->loop, &due->job.job);
}

static void leave_a_step(due_timer *due) {
    grille_loop_step(due->loop, &due->job.job);
}

static void leave_word(due_timer *due) {
    grille_loop_active(due->loop);
}

static void on_due(uv_timer_t *timer) {
    due_timer *due = timer->data;
    due->rang = true;
    due->leaves(due);
}

static void on_late(uv_timer_t *timer) {
    (void)timer;
    fail_msg("the loop slept on what was to be done");
}

static void test_a_timer_that_is_due_keeps_it_awake(void **state) {
    static void (*const leaves[])(due_timer * due) = {leave_for_the_end, leave_a_step, leave_word};
    (void)state;
    for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++) {
        grille_loop loop;
        uv_timer_t late;
        due_timer due = {.loop = &loop, .leaves = leaves[i]};
        open_loop(&loop, 0);
        grille_job_init(&due.job.job, count);
        assert_int_equal(0, uv_timer_init(&loop.uv, &due.timer));
        assert_int_equal(0, uv_timer_init(&loop.uv, &late));
        due.timer.data = &due;
        assert_int_equal(0, uv_timer_start(&due.timer, on_due, 0, 0));
        assert_int_equal(0, uv_timer_start(&late, on_late, 20000, 0));
        grille_loop_turn(&loop, true);
        assert_true(due.rang);
        assert_int_equal(leaves[i] == leave_for_the_end, due.job.runs);
        grille_loop_turn(&loop, false);
        assert_int_equal(leaves[i] != leave_word, due.job.runs);
        /* And sleeps again where nothing is. */
        assert_int_equal(1, loop.sleeps);
        uv_close((uv_handle_t *)&due.timer, NULL);
        uv_close((uv_handle_t *)&late, NULL);
        grille_loop_deinit(&loop);
    }
}

static void test_mail_of_many_threads(void **state) {
    static poster posters[4];
    grille_loop loop;
    pthread_t threads[4];
    (void)state;
    open_loop(&loop, 5);
    for (size_t i = 0; i < 4; i++) {
        posters[i].loop = &loop;
        for (size_t k = 0; k < 1000; k++)
            grille_job_init(&posters[i].jobs[k].job, count);
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
    }
    for (;;) {
        unsigned runs = 0;
        for (size_t i = 0; i < 4; i++) {
            for (size_t k = 0; k < 1000; k++)
                runs += posters[i].jobs[k].runs;
        }
        if (runs == 4000) break;
        grille_loop_turn(&loop, true);
    }
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    grille_loop_deinit(&loop);
}

static void remember_turning(grille_job *job) {
    counted_job *counted = (counted_job *)job;
    if (grille_loop_in_turn() == counted->loop) counted->runs++;
}

static void test_knows_its_turn(void **state) {
    grille_loop loop;
    counted_job job = {.loop = &loop};
    (void)state;
    open_loop(&loop, 0);
    assert_null(grille_loop_in_turn());
    grille_job_init(&job.job, remember_turning);
    grille_loop_post(&loop, &job.job);
    grille_loop_turn(&loop, true);
    assert_int_equal(job.runs, 1);
    assert_null(grille_loop_in_turn());
    grille_loop_deinit(&loop);
}

static void on_timer(uv_timer_t *timer) {
    grille_loop_active(timer->data);
}

/* An idle loop sleeps once per event, it does not poll on. */
static void test_idle_loop_sleeps(void **state) {
    grille_loop loop;
    uv_timer_t timer;
    (void)state;
    open_loop(&loop, 50);
    uv_timer_init(&loop.uv, &timer);
    timer.data = &loop;
    /* Where others have the CPU the timer may be due before the turn begins. */
    for (int tries = 0; tries < 50 && loop.poller.budget_us == 50; tries++) {
        unsigned long before = loop.sleeps;
        uv_update_time(&loop.uv);
        uv_timer_start(&timer, on_timer, 30, 0);
        grille_loop_turn(&loop, true);
        assert_in_range(loop.sleeps - before, 0, 1);
    }
    assert_true(loop.sleeps >= 1);
    assert_true(loop.poller.budget_us < 50);
    uv_close((uv_handle_t *)&timer, NULL);
    grille_loop_deinit(&loop);
}

static void test_wipe_overwrites_plaintext(void **state) {
    grille_loop loop;
    (void)state;
    open_loop(&loop, 0);
    memset(loop.plain, 0x5a, 100);
    memset(loop.send, 0x5a, 200);
    loop.plain_dirty = 100;
    loop.send_dirty = 200;
    grille_loop_wipe(&loop);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(loop.plain[i], 0);
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(loop.send[i], 0);
    grille_loop_deinit(&loop);
}

typedef struct tidying_job {
    grille_job job;
    unsigned *runs;
} tidying_job;

static void count_tidying(grille_job *job) {
    (*((tidying_job *)job)->runs)++;
}

/* Thousands of connections do not tidy up at once: each of them does in the end, in the order in which they asked. */
static void test_some_tidy_up_at_a_time(void **state) {
    enum { COUNT = 2 * GRILLE_LOOP_TIDY_JOBS + 5 };
    static tidying_job jobs[COUNT];
    grille_loop loop;
    unsigned runs = 0;
    (void)state;
    open_loop(&loop, 0);
    for (size_t i = 0; i < COUNT; i++) {
        jobs[i].runs = &runs;
        grille_job_init(&jobs[i].job, count_tidying);
        grille_loop_when_tidying(&loop, &jobs[i].job);
        grille_loop_when_tidying(&loop, &jobs[i].job);
    }
    for (unsigned expected = GRILLE_LOOP_TIDY_JOBS; runs < COUNT; expected += GRILLE_LOOP_TIDY_JOBS) {
        const unsigned before = runs;
        while (runs == before)
            grille_loop_turn(&loop, true);
        assert_int_equal(runs, expected < COUNT ? expected : COUNT);
        for (size_t i = 0; i < COUNT; i++)
            assert_int_equal(grille_list_empty(&jobs[i].job.link), i < runs);
    }
    grille_loop_deinit(&loop);
}

typedef struct ending_job {
    grille_job job;
    grille_loop other;
    grille_loop *own;
    bool knew_before, knew_after;
} ending_job;

static void end_the_other(grille_job *job) {
    ending_job *ending = (ending_job *)job;
    ending->knew_before = grille_loop_in_turn() == ending->own;
    grille_loop_deinit(&ending->other);
    ending->knew_after = grille_loop_in_turn() == ending->own;
}

/* Or a blocking call later in this callback would wait for its own thread. */
static void test_ending_another_loop_keeps_the_turn(void **state) {
    grille_loop loop;
    static ending_job ending;
    (void)state;
    open_loop(&loop, 0);
    open_loop(&ending.other, 0);
    ending.own = &loop;
    grille_job_init(&ending.job, end_the_other);
    grille_loop_post(&loop, &ending.job);
    grille_loop_turn(&loop, true);
    assert_true(ending.knew_before);
    assert_true(ending.knew_after);
    assert_null(grille_loop_in_turn());
    grille_loop_deinit(&loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ending_another_loop_keeps_the_turn),
        cmocka_unit_test(test_some_tidy_up_at_a_time),
        cmocka_unit_test(test_mail_runs_once),
        cmocka_unit_test(test_end_of_turn_jobs_run_once_per_phase),
        cmocka_unit_test(test_one_step_per_turn),
        cmocka_unit_test(test_mail_wakes_a_sleeping_loop),
        cmocka_unit_test(test_a_timer_that_is_due_keeps_it_awake),
        cmocka_unit_test(test_mail_of_many_threads),
        cmocka_unit_test(test_knows_its_turn),
        cmocka_unit_test(test_idle_loop_sleeps),
        cmocka_unit_test(test_wipe_overwrites_plaintext),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
