/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/worker.h"

#include "tests/unit/loop/support.h"
#include "wire/limits.h"

typedef struct counted_task {
    grille_task task;
    grille_loop *loop;
    atomic_bool *go;
    atomic_bool started;
    bool ran_on_loop, done_on_loop;
    unsigned ran, done;
    unsigned *all_done;
} counted_task;

static void run(grille_task *base) {
    counted_task *task = (counted_task *)base;
    atomic_store(&task->started, true);
    while (!atomic_load(task->go))
        usleep(100);
    task->ran++;
    task->ran_on_loop = grille_loop_in_turn() != NULL;
}

static void done(grille_task *base) {
    counted_task *task = (counted_task *)base;
    assert_int_equal(task->ran, 1);
    task->done++;
    task->done_on_loop = grille_loop_in_turn() == task->loop;
    (*task->all_done)++;
}

typedef struct bed {
    grille_loop loop;
    grille_workers *workers;
    grille_loop_executor executor;
    atomic_bool go;
    unsigned all_done;
} bed;

static void open_bed(bed *b, uint32_t count, size_t max_queued) {
    grille_error error;
    memset(b, 0, sizeof *b);
    open_loop(&b->loop, 0);
    assert_int_equal(grille_workers_new(count, max_queued, &b->workers, &error), GRILLE_REASON_OK);
    grille_loop_executor_init(&b->executor, b->workers, &b->loop);
}

static void close_bed(bed *b) {
    grille_workers_free(b->workers);
    grille_loop_deinit(&b->loop);
    grille_loop_executor_deinit(&b->executor);
}

static bool offload(bed *b, counted_task *task) {
    *task =
        (counted_task){.task = {.run = run, .done = done}, .loop = &b->loop, .go = &b->go, .all_done = &b->all_done};
    grille_list_init(&task->task.link);
    return b->executor.executor.offload(&b->executor.executor, &task->task);
}

static void turn_until_done(bed *b, unsigned count) {
    while (b->all_done < count)
        grille_loop_turn(&b->loop, true);
    assert_int_equal(b->all_done, count);
}

static void test_runs_elsewhere_and_is_done_here(void **state) {
    enum { TASKS = 500 };
    static counted_task tasks[TASKS];
    bed b;
    (void)state;
    open_bed(&b, 3, TASKS);
    atomic_store(&b.go, true);
    for (int i = 0; i < TASKS; i++)
        assert_true(offload(&b, &tasks[i]));
    turn_until_done(&b, TASKS);
    for (int i = 0; i < TASKS; i++) {
        assert_int_equal(tasks[i].done, 1);
        assert_false(tasks[i].ran_on_loop);
        assert_true(tasks[i].done_on_loop);
    }
    close_bed(&b);
}

/* One more than the queue holds is refused, and taken again when there is room. */
static void test_the_queue_is_bounded(void **state) {
    static counted_task tasks[GRILLE_LIMIT_QUEUED_TASKS + 2];
    size_t taken = 0;
    bed b;
    (void)state;
    open_bed(&b, 1, GRILLE_LIMIT_QUEUED_TASKS);
    assert_true(offload(&b, &tasks[taken++]));
    while (!atomic_load(&tasks[0].started))
        usleep(100);
    while (taken < GRILLE_LIMIT_QUEUED_TASKS + 1)
        assert_true(offload(&b, &tasks[taken++]));
    assert_false(offload(&b, &tasks[taken]));
    atomic_store(&b.go, true);
    turn_until_done(&b, (unsigned)taken);
    assert_true(offload(&b, &tasks[taken++]));
    turn_until_done(&b, (unsigned)taken);
    close_bed(&b);
}

static void test_two_loops_share_workers(void **state) {
    enum { TASKS = 100 };
    static counted_task first[TASKS], second[TASKS];
    bed b;
    grille_loop other;
    grille_loop_executor other_executor;
    unsigned other_done = 0;
    (void)state;
    open_bed(&b, 2, 2 * TASKS);
    open_loop(&other, 0);
    grille_loop_executor_init(&other_executor, b.workers, &other);
    atomic_store(&b.go, true);
    for (int i = 0; i < TASKS; i++) {
        assert_true(offload(&b, &first[i]));

        second[i] =
            (counted_task){.task = {.run = run, .done = done}, .loop = &other, .go = &b.go, .all_done = &other_done};
        grille_list_init(&second[i].task.link);
        assert_true(other_executor.executor.offload(&other_executor.executor, &second[i].task));
    }
    turn_until_done(&b, TASKS);
    while (other_done < TASKS)
        grille_loop_turn(&other, true);
    for (int i = 0; i < TASKS; i++)
        assert_true(first[i].done_on_loop && second[i].done_on_loop);
    grille_loop_deinit(&other);
    close_bed(&b);
    grille_loop_executor_deinit(&other_executor);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_elsewhere_and_is_done_here),
        cmocka_unit_test(test_the_queue_is_bounded),
        cmocka_unit_test(test_two_loops_share_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
