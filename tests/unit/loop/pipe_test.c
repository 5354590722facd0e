/* SPDX-License-Identifier: Apache-2.0
 * The pipe against what a stream socket does: order, short moves, half-close, and either end closed at any time. */
#include "loop/pipe.h"

#include <errno.h>
#include <pthread.h>

#include "prng.h"
#include "tests/unit/loop/support.h"

static void open_pipe(grille_pipe_end **left, grille_pipe_end **right) {
    assert_int_equal(grille_pipe_new(left, right), GRILLE_REASON_OK);
}

/* Random moves in both directions; each byte says where it stands. */
static void bytes_keep_their_order(void **state) {
    static uint8_t block[GRILLE_PIPE_BYTES + 1000];
    grille_pipe_end *ends[2];
    uint64_t random = 7;
    size_t written[2] = {0}, got[2] = {0}; /* by ends[n], of what ends[n] wrote */
    (void)state;
    open_pipe(&ends[0], &ends[1]);
    for (unsigned turn = 0; turn < 2000; turn++) {
        const unsigned side = (unsigned)prng_below(&random, 2);
        const size_t len = (size_t)prng_below(&random, prng_below(&random, 8) == 0 ? sizeof block : 5000);
        if (prng_below(&random, 2) == 0) {
            for (size_t i = 0; i < len; i++)
                block[i] = (uint8_t)((written[side] + i) * 131 >> 3);
            const size_t room = GRILLE_PIPE_BYTES - (written[side] - got[side]);
            const long moved = grille_pipe_write(ends[side], block, len);
            const size_t expected = len < room ? len : room;
            assert_int_equal(moved, expected == 0 && len > 0 ? -EAGAIN : (long)expected);
            if (moved > 0) written[side] += (size_t)moved;
        } else {
            const size_t waiting = written[side] - got[side];
            const long moved = grille_pipe_read(ends[1 - side], block, len);
            const size_t expected = len < waiting ? len : waiting;
            assert_int_equal(moved, expected == 0 && len > 0 ? -EAGAIN : (long)expected);
            for (long i = 0; i < moved; i++)
                assert_int_equal(block[i], (uint8_t)((got[side] + (size_t)i) * 131 >> 3));
            if (moved > 0) got[side] += (size_t)moved;
        }
    }
    assert_true(got[0] > 4 * GRILLE_PIPE_BYTES && got[1] > 4 * GRILLE_PIPE_BYTES);
    grille_pipe_close(ends[0]);
    grille_pipe_close(ends[1]);
}

static void the_end_comes_behind_the_bytes(void **state) {
    char text[8];
    grille_pipe_end *left, *right;
    (void)state;
    open_pipe(&left, &right);
    assert_int_equal(grille_pipe_write(left, "abc", 3), 3);
    grille_pipe_shutdown(left);
    assert_int_equal(grille_pipe_write(left, "d", 1), -EPIPE);
    assert_int_equal(grille_pipe_read(right, text, 2), 2);
    assert_int_equal(grille_pipe_read(right, text, sizeof text), 1);
    assert_int_equal(grille_pipe_read(right, text, sizeof text), 0);
    assert_int_equal(grille_pipe_write(right, "back", 4), 4); /* the other direction is open */
    assert_int_equal(grille_pipe_read(left, text, sizeof text), 4);
    grille_pipe_close(left);
    assert_int_equal(grille_pipe_write(right, "x", 1), -EPIPE);
    grille_pipe_close(right);
    open_pipe(&left, &right);
    assert_int_equal(grille_pipe_write(left, "last", 4), 4);
    grille_pipe_close(left);
    assert_int_equal(grille_pipe_read(right, text, sizeof text), 4);
    assert_int_equal(grille_pipe_read(right, text, sizeof text), 0);
    grille_pipe_close(right);
    grille_pipe_close(NULL);
}

/* ---- Events ---- */

typedef struct watcher {
    grille_pipe_end *end;
    unsigned told;
    int events;
    bool close_inside;
} watcher;

static void on_ready(void *user, int events) {
    watcher *own = user;
    own->told++;
    own->events = events;
    if (own->close_inside) grille_pipe_close(own->end);
}

static void events_are_told_while_they_are_true(void **state) {
    grille_loop loop;
    grille_pipe_end *far;
    watcher near = {0};
    char byte;
    (void)state;
    open_loop(&loop, 0);
    open_pipe(&near.end, &far);
    grille_pipe_attach(near.end, &loop, on_ready, &near);
    grille_pipe_watch(near.end, UV_READABLE);
    grille_loop_turn(&loop, false);
    assert_int_equal(near.told, 0);
    assert_int_equal(grille_pipe_write(far, "x", 1), 1);
    grille_loop_turn(&loop, true);
    assert_true(near.told >= 1);
    assert_int_equal(near.events, UV_READABLE);
    const unsigned before = near.told;
    grille_loop_turn(&loop, true); /* nobody read: told again */
    assert_true(near.told > before);
    grille_pipe_watch(near.end, UV_READABLE | UV_WRITABLE);
    grille_loop_turn(&loop, true);
    assert_int_equal(near.events, UV_READABLE | UV_WRITABLE);
    assert_int_equal(grille_pipe_read(near.end, &byte, 1), 1);
    grille_pipe_watch(near.end, UV_READABLE);
    for (int i = 0; i < 3; i++)
        grille_loop_turn(&loop, false);
    const unsigned quiet = near.told;
    for (int i = 0; i < 3; i++)
        grille_loop_turn(&loop, false);
    assert_int_equal(near.told, quiet);
    grille_pipe_close(far); /* the end of the stream is readable */
    grille_loop_turn(&loop, true);
    assert_int_equal(near.events, UV_READABLE);
    grille_pipe_close(near.end);
    grille_loop_deinit(&loop);
}

/* A full ring is writable again when the other end has read. */
static void room_is_told(void **state) {
    static uint8_t block[GRILLE_PIPE_BYTES];
    grille_loop loop;
    grille_pipe_end *far;
    watcher near = {0};
    (void)state;
    open_loop(&loop, 0);
    open_pipe(&near.end, &far);
    grille_pipe_attach(near.end, &loop, on_ready, &near);
    assert_int_equal(grille_pipe_write(near.end, block, sizeof block), sizeof block);
    grille_pipe_watch(near.end, UV_WRITABLE);
    grille_loop_turn(&loop, false);
    assert_int_equal(near.told, 0);
    assert_int_equal(grille_pipe_read(far, block, 1), 1);
    grille_loop_turn(&loop, true);
    assert_int_equal(near.events, UV_WRITABLE);
    grille_pipe_close(near.end);
    grille_pipe_close(far);
    grille_loop_deinit(&loop);
}

static void an_end_may_be_closed_when_it_is_told(void **state) {
    grille_loop loop;
    grille_pipe_end *far;
    watcher near = {.close_inside = true};
    (void)state;
    open_loop(&loop, 0);
    open_pipe(&near.end, &far);
    grille_pipe_attach(near.end, &loop, on_ready, &near);
    grille_pipe_watch(near.end, UV_READABLE);
    assert_int_equal(grille_pipe_write(far, "x", 1), 1);
    for (int i = 0; i < 3; i++)
        grille_loop_turn(&loop, false);
    assert_int_equal(near.told, 1);
    assert_int_equal(grille_pipe_write(far, "y", 1), -EPIPE);
    grille_pipe_close(far);
    grille_loop_deinit(&loop);
}

/* ---- Two threads ---- */

enum { TOTAL = 8 << 20 };

typedef struct mover {
    grille_loop loop;
    grille_pipe_end *end;
    bool writes;
    size_t moved;
    bool wrong;
    bool over;
} mover;

static void move(void *user, int events) {
    mover *own = user;
    uint8_t block[3000];
    (void)events;
    grille_loop_active(&own->loop);
    for (;;) {
        for (size_t i = 0; own->writes && i < sizeof block; i++)
            block[i] = (uint8_t)((own->moved + i) % 251);
        const size_t left = TOTAL - own->moved;
        const long moved = own->writes ? grille_pipe_write(own->end, block, left < sizeof block ? left : sizeof block)
                                       : grille_pipe_read(own->end, block, sizeof block);
        if (moved == -EAGAIN) return;
        for (long i = 0; !own->writes && i < moved; i++)
            if (block[i] != (uint8_t)((own->moved + (size_t)i) % 251)) own->wrong = true;
        if (moved > 0) own->moved += (size_t)moved;
        if (moved <= 0 || (own->writes && own->moved == TOTAL)) {
            own->over = true;
            grille_pipe_close(own->end);
            return;
        }
    }
}

static void *run_mover(void *argument) {
    mover *own = argument;
    grille_pipe_attach(own->end, &own->loop, move, own);
    grille_pipe_watch(own->end, own->writes ? UV_WRITABLE : UV_READABLE);
    while (!own->over)
        grille_loop_turn(&own->loop, true);
    return NULL;
}

static void two_loops_move_megabytes(void **state) {
    mover movers[2] = {{.writes = true}, {.writes = false}};
    pthread_t threads[2];
    (void)state;
    open_pipe(&movers[0].end, &movers[1].end);
    for (int i = 0; i < 2; i++)
        open_loop(&movers[i].loop, 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_mover, &movers[i]), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(movers[i].moved, TOTAL);
        assert_false(movers[i].wrong);
        grille_loop_deinit(&movers[i].loop);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_keep_their_order),
        cmocka_unit_test(the_end_comes_behind_the_bytes),
        cmocka_unit_test(events_are_told_while_they_are_true),
        cmocka_unit_test(room_is_told),
        cmocka_unit_test(an_end_may_be_closed_when_it_is_told),
        cmocka_unit_test(two_loops_move_megabytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
