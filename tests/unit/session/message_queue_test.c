/* SPDX-License-Identifier: Apache-2.0
 * The queue against a plain list, with random pushes and pops; its memory; that nothing stays behind. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "prng.h"
#include "session/message_queue.h"

enum { MODEL = 512, LONG_BYTES = 5000 };

typedef struct fixture {
    grille_message_queue queue;
    grille_budget budget;
    grille_buffer_pool pool;
    _Alignas(max_align_t) uint8_t home[GRILLE_QUEUE_HOME_BYTES];
} fixture;

static void setup(fixture *f, size_t budget_bytes) {
    memset(f->home, 0, sizeof f->home);
    grille_budget_init(&f->budget, budget_bytes);
    grille_buffer_pool_init(&f->pool, &f->budget);
    grille_message_queue_init(&f->queue, f->home, &f->pool);
}

static grille_record *push(fixture *f, uint32_t len, uint8_t fill) {
    const bool is_short = len <= GRILLE_QUEUE_SHORT_BYTES;
    grille_record *record =
        grille_message_queue_push(&f->queue, len, is_short ? GRILLE_RECORD_SHORT : GRILLE_RECORD_LONG);
    assert_non_null(record);
    if (!is_short) record->data = grille_buffer_take(&f->pool, len, len);
    assert_non_null(record->data);
    memset(record->data, fill, len);
    return record;
}

static void check_first(const fixture *f, uint32_t len, uint8_t fill) {
    const grille_record *record = grille_message_queue_first(&f->queue);
    assert_non_null(record);
    assert_int_equal(record->len, len);
    for (uint32_t i = 0; i < len; i++)
        assert_int_equal(record->data[i], fill);
}

static void behaves_as_a_list(void **state) {
    fixture f;
    uint32_t lens[MODEL];
    uint8_t fills[MODEL];
    size_t first = 0;
    size_t count = 0;
    uint64_t random = 1;
    (void)state;
    setup(&f, 1 << 24);
    for (uint32_t turn = 0; turn < 20000; turn++) {
        if (count < MODEL && prng_below(&random, 100) < (turn / 1000 % 2 == 0 ? 60 : 40)) {
            const size_t at = (first + count++) % MODEL;
            lens[at] = (uint32_t)prng_below(&random, prng_below(&random, 10) == 0 ? LONG_BYTES : 40);
            fills[at] = (uint8_t)turn;
            (void)push(&f, lens[at], fills[at]);
        } else if (count > 0) {
            check_first(&f, lens[first], fills[first]);
            grille_message_queue_pop(&f.queue);
            first = (first + 1) % MODEL;
            count--;
        }
        assert_int_equal(f.queue.count, count);
        assert_true((grille_message_queue_first(&f.queue) == NULL) == (count == 0));
        assert_true((grille_message_queue_last(&f.queue) == NULL) == (count == 0));
    }
    grille_message_queue_clear(&f.queue);
    grille_buffer_pool_shrink(&f.pool);
    assert_int_equal(f.queue.bytes, 0);
    assert_int_equal(f.budget.used_bytes, 0);
}

static void iterates_in_order(void **state) {
    fixture f;
    grille_record_iterator iterator;
    const grille_record *record = NULL;
    uint32_t len = 0;
    (void)state;
    setup(&f, 1 << 20);
    for (uint32_t i = 0; i < 300; i++)
        (void)push(&f, i, 0);
    grille_message_queue_pop(&f.queue);
    iterator = grille_message_queue_iterate(&f.queue);
    for (len = 1; (record = grille_message_queue_next(&iterator)) != NULL; len++)
        assert_int_equal(record->len, len);
    assert_int_equal(len, 300);
    grille_message_queue_clear(&f.queue);
    grille_buffer_pool_shrink(&f.pool);
    assert_int_equal(f.budget.used_bytes, 0);
}

/* One short message of any length needs no memory but the home, again and again. */
static void home_holds_one_short_message(void **state) {
    fixture f;
    (void)state;
    setup(&f, 0);
    for (uint32_t len = 0; len <= GRILLE_QUEUE_SHORT_BYTES; len++) {
        (void)push(&f, len, 1);
        grille_message_queue_pop(&f.queue);
    }
    assert_null(grille_message_queue_push(&f.queue, GRILLE_QUEUE_SHORT_BYTES + 1, GRILLE_RECORD_SHORT));
    (void)push(&f, GRILLE_QUEUE_SHORT_BYTES, 1);
    assert_null(grille_message_queue_push(&f.queue, 0, GRILLE_RECORD_SHORT));
    grille_message_queue_clear(&f.queue);
    grille_buffer_pool_shrink(&f.pool);
}

/* Empty messages cost at most two and a half times what their credit of 8 bytes says. */
static void short_messages_are_packed(void **state) {
    fixture f;
    (void)state;
    setup(&f, 1 << 24);
    for (uint32_t i = 0; i < 10000; i++)
        (void)push(&f, 0, 0);
    assert_true(f.budget.used_bytes <= 10000 * 8 * 5 / 2);
    grille_message_queue_clear(&f.queue);
    grille_buffer_pool_shrink(&f.pool);
    assert_int_equal(f.budget.used_bytes, 0);
}

static void popped_bytes_are_wiped(void **state) {
    fixture f;
    (void)state;
    setup(&f, 1 << 20);
    (void)push(&f, GRILLE_QUEUE_SHORT_BYTES, 0xaa);
    assert_non_null(memchr(f.home, 0xaa, sizeof f.home));
    grille_message_queue_pop(&f.queue);
    assert_null(memchr(f.home, 0xaa, sizeof f.home));
}

static void borrowed_bytes_are_left_alone(void **state) {
    fixture f;
    uint8_t mine[] = {1, 2, 3};
    grille_record *record = NULL;
    (void)state;
    setup(&f, 0);
    record = grille_message_queue_push(&f.queue, sizeof mine, GRILLE_RECORD_BORROWED);
    record->data = mine;
    grille_message_queue_pop(&f.queue);
    assert_int_equal(mine[2], 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behaves_as_a_list),
        cmocka_unit_test(iterates_in_order),
        cmocka_unit_test(home_holds_one_short_message),
        cmocka_unit_test(short_messages_are_packed),
        cmocka_unit_test(popped_bytes_are_wiped),
        cmocka_unit_test(borrowed_bytes_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
