/* SPDX-License-Identifier: Apache-2.0
 * Goal: messages leave the queue in their order, byte for byte, whatever their lengths; what another attempt needs
 * stays up to its limit and can be taken again; nothing is left behind. */
#include "rpc/send_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "prng.h"
#include "wire/limits.h"

static void push(grille_send_queue *queue, uint32_t number, uint32_t len) {
    uint8_t *room = grille_send_queue_push(queue, len);
    assert_non_null(room);
    for (uint32_t i = 0; i < len; i++)
        room[i] = (uint8_t)(number + i);
}

static void expect_next(grille_send_queue *queue, uint32_t number, uint32_t len) {
    grille_bytes message = {0};
    assert_true(grille_send_queue_next(queue, &message));
    assert_int_equal(message.len, len);
    for (uint32_t i = 0; i < len; i++)
        assert_int_equal(message.data[i], (uint8_t)(number + i));
    grille_send_queue_taken(queue);
}

static void is_first_in_first_out(void **state) {
    enum { ROUNDS = 20000, MOST = 64 };
    static uint32_t lengths[ROUNDS];
    grille_send_queue queue = {0};
    uint64_t random = 7;
    uint32_t pushed = 0;
    uint32_t taken = 0;
    size_t waiting = 0;
    (void)state;
    while (taken < ROUNDS) {
        bool full = pushed == ROUNDS || pushed - taken == MOST;
        if (!full && (pushed == taken || prng_below(&random, 2) == 0)) {
            lengths[pushed] = prng_below(&random, 50) == 0 ? 5000 : (uint32_t)prng_below(&random, 40);
            push(&queue, pushed, lengths[pushed]);
            waiting += GRILLE_SEND_QUEUE_RECORD_BYTES + lengths[pushed++];
        } else {
            expect_next(&queue, taken, lengths[taken]);
            waiting -= GRILLE_SEND_QUEUE_RECORD_BYTES + lengths[taken++];
        }
        assert_int_equal(grille_send_queue_waiting(&queue), waiting);
    }
    assert_true(queue.capacity <= 2 * GRILLE_LIMIT_SEND_QUEUE_BYTES + 5000);
    grille_send_queue_reset(&queue, 0);
    assert_null(queue.bytes);
}

static void a_long_message_has_its_buffer_for_itself(void **state) {
    grille_send_queue queue = {0};
    (void)state;
    push(&queue, 1, 1 << 20);
    expect_next(&queue, 1, 1 << 20);
    assert_null(queue.bytes);
    assert_int_equal(grille_send_queue_waiting(&queue), 0);
    push(&queue, 2, 10);
    expect_next(&queue, 2, 10);
    assert_non_null(queue.bytes);
    grille_send_queue_reset(&queue, 0);
}

static void takes_back_what_can_not_be_encoded(void **state) {
    grille_send_queue queue = {0};
    grille_bytes message = {0};
    (void)state;
    push(&queue, 1, 3);
    push(&queue, 2, 100);
    grille_send_queue_take_back(&queue, 100);
    push(&queue, 3, 0);
    expect_next(&queue, 1, 3);
    expect_next(&queue, 3, 0);
    assert_false(grille_send_queue_next(&queue, &message));
    grille_send_queue_taken(&queue);
    grille_send_queue_reset(&queue, 0);
}

/* GRILLE_LIMIT_REPLAY_BYTES: up to it everything can be taken again, one byte over it nothing. */
static void keeps_what_another_attempt_needs_up_to_the_limit(void **state) {
    enum { LEN = 1020, COUNT = GRILLE_LIMIT_REPLAY_BYTES / (LEN + GRILLE_SEND_QUEUE_RECORD_BYTES) };
    grille_send_queue queue = {.keeps = true};
    grille_bytes message = {0};
    (void)state;
    for (int attempt = 0; attempt < 2; attempt++) {
        for (uint32_t i = 0; i < COUNT; i++) {
            if (attempt == 0) push(&queue, i, LEN);
            expect_next(&queue, i, LEN);
        }
        assert_true(queue.keeps);
        assert_false(grille_send_queue_next(&queue, &message));
        if (attempt == 0) grille_send_queue_rewind(&queue);
    }
    push(&queue, 9, 0);
    expect_next(&queue, 9, 0);
    assert_false(queue.keeps);
    grille_send_queue_rewind(&queue);
    assert_false(grille_send_queue_next(&queue, &message));
    grille_send_queue_reset(&queue, 0);
}

static void keeps_nothing_once_the_answer_begins(void **state) {
    grille_send_queue queue = {.keeps = true};
    (void)state;
    push(&queue, 1, 10);
    push(&queue, 2, 10);
    expect_next(&queue, 1, 10);
    grille_send_queue_keep_nothing(&queue);
    grille_send_queue_rewind(&queue);
    expect_next(&queue, 2, 10);
    assert_int_equal(queue.end, 0);
    grille_send_queue_keep_nothing(&queue);
    grille_send_queue_reset(&queue, 0);
}

static void leaves_no_payload_behind(void **state) {
    grille_send_queue queue = {0};
    (void)state;
    memcpy(grille_send_queue_push(&queue, 16), "4111111111111111", 16);
    grille_send_queue_taken(&queue);
    grille_send_queue_reset(&queue, 1 << 20);
    assert_non_null(queue.bytes);
    assert_null(memmem(queue.bytes, queue.capacity, "4111", 4));
    assert_int_equal(queue.end, 0);
    grille_send_queue_reset(&queue, 0);
    assert_int_equal(queue.capacity, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_first_in_first_out),
        cmocka_unit_test(a_long_message_has_its_buffer_for_itself),
        cmocka_unit_test(takes_back_what_can_not_be_encoded),
        cmocka_unit_test(keeps_what_another_attempt_needs_up_to_the_limit),
        cmocka_unit_test(keeps_nothing_once_the_answer_begins),
        cmocka_unit_test(leaves_no_payload_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
