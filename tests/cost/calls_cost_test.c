/* SPDX-License-Identifier: Apache-2.0
 * Goal: what a unary call asks of the heap, of the sockets and of the wire does not grow: counted for the process that
 * holds both ends, once warm, with one call and with a hundred in flight.
 * The same while other connections stand idle.
 * With "beside IDLE ALONE TOGETHER" at the end it makes so many calls one by one and so many a hundred at a time,
 * beside so many idle connections, and has callgrind count each of the two by itself (instructions_test.py,
 * idle_test.py). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>
#include <valgrind/callgrind.h>

#include "cmocka_all.h"
#include "counted.h"
#include "load.h"
#include "wire/limits.h"

enum {
    ROUND = 400,       /* calls between two looks at the counters */
    ROUNDS = 8,        /* that count */
    MOST_ROUNDS = 200, /* with those that another process paused */
    HUNDRED = 100,
    IDLE = 200,     /* connections that stand beside */
    SETTLE_MS = 400 /* until all of them have given back what their handshakes needed */
};

enum {
    /* TLS 1.3 (RFC 8446, 5.2): header, content type, tag. */
    RECORD_BYTES = 5 + 1 + 16,
    /* The payload as protobuf: tag, length, bytes. */
    MESSAGE_BYTES = 1 + 1 + COST_PAYLOAD_BYTES,
    /* Frame header, u16 length, CallHeader with the method id alone (tag, fixed32), u32 length, message. */
    CALL_BYTES = 8 + 2 + 5 + 4 + MESSAGE_BYTES,
    /* Frame header, u16 length, an empty StatusHeader, u32 length, message. */
    STATUS_BYTES = 8 + 2 + 0 + 4 + MESSAGE_BYTES,
    /* Now and then a frame of CREDIT goes along. */
    CREDIT_BYTES = 8 + 4,
    ALONE_BYTES = CALL_BYTES + STATUS_BYTES + 2 * RECORD_BYTES
};
_Static_assert(ALONE_BYTES == 209, "what a call of 64 bytes and its answer take on the wire");

static const char *grille_program, *server_program;
static cost_pair pair;

static int set_up(void **state) {
    (void)state;
    cost_open(&pair, grille_program, server_program);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    cost_close(&pair);
    return 0;
}

typedef struct figures {
    unsigned long heap, reads, empty_reads, writes, written_bytes, watches;
} figures;

static figures now(void) {
    return (figures){atomic_load(&counted.heap),          atomic_load(&counted.reads),
                     atomic_load(&counted.empty_reads),   atomic_load(&counted.writes),
                     atomic_load(&counted.written_bytes), atomic_load(&counted.watches)};
}

static figures less(figures left, figures right) {
    return (figures){left.heap - right.heap,
                     left.reads - right.reads,
                     left.empty_reads - right.empty_reads,
                     left.writes - right.writes,
                     left.written_bytes - right.written_bytes,
                     left.watches - right.watches};
}

/* One round that nothing paused. */
static figures count_round(unsigned in_flight, unsigned *rounds) {
    for (;;) {
        assert_true((*rounds)++ < MOST_ROUNDS);
        const figures before = now();
        const bool steady = cost_call_many(&pair, in_flight, ROUND);
        const figures made = less(now(), before);
        if (steady) return made;
        (void)cost_call_many(&pair, in_flight, ROUND);
    }
}

static void test_one_in_flight(void **state) {
    unsigned rounds = 0;
    (void)state;
    (void)count_round(1, &rounds);
    for (unsigned i = 0; i < ROUNDS; i++) {
        const figures made = count_round(1, &rounds);
        const unsigned long credit_bytes = made.written_bytes - (unsigned long)ALONE_BYTES * ROUND;
        print_message("%d calls: %lu heap calls, %lu reads (%lu empty), %lu writes, %lu bytes\n", ROUND, made.heap,
                      made.reads, made.empty_reads, made.writes, made.written_bytes);
        assert_int_equal(made.heap, 0);
        assert_int_equal(made.reads, 2 * ROUND);
        assert_int_equal(made.empty_reads, 0);
        assert_int_equal(made.writes, 2 * ROUND);
        assert_int_equal(made.watches, 0);
        assert_int_equal(credit_bytes % CREDIT_BYTES, 0);
        assert_true(credit_bytes <= 2 * CREDIT_BYTES);
    }
}

/* The frames of one turn leave in one record and one write: both directions together. */
static void test_a_hundred_in_flight(void **state) {
    unsigned rounds = 0;
    figures sum = {0};
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        (void)count_round(HUNDRED, &rounds);
    for (unsigned i = 0; i < ROUNDS; i++) {
        const figures made = count_round(HUNDRED, &rounds);
        sum = less(sum, less((figures){0}, made));
    }
    print_message("%d calls: %lu heap calls, %lu reads (%lu empty), %lu writes, %lu bytes\n", ROUND * ROUNDS, sum.heap,
                  sum.reads, sum.empty_reads, sum.writes, sum.written_bytes);
    assert_int_equal(sum.heap, 0);
    assert_int_equal(sum.watches, 0);
    assert_true(sum.writes <= ROUND * ROUNDS / 10);
    assert_true(sum.reads <= ROUND * ROUNDS / 10);
    assert_in_range(sum.written_bytes, (CALL_BYTES + STATUS_BYTES) * ROUND * ROUNDS,
                    (CALL_BYTES + STATUS_BYTES) * ROUND * ROUNDS + (RECORD_BYTES + CREDIT_BYTES) * sum.writes);
}

/* After the others, which have counted without. */
static int stand_beside(void **state) {
    (void)state;
    cost_stand_beside(&pair, IDLE);
    (void)usleep(SETTLE_MS * 1000);
    return 0;
}

static void count_in_callgrind(unsigned in_flight, unsigned count, const char *name) {
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
    (void)cost_call_many(&pair, in_flight, count);
    /* However fast the calls were, loops tidy up behind them. */
    (void)usleep(SETTLE_MS * 1000);
    CALLGRIND_DUMP_STATS_AT(name);
    CALLGRIND_STOP_INSTRUMENTATION;
}

static int run_beside(const char *idle, const char *alone, const char *together) {
    cost_open(&pair, grille_program, server_program);
    cost_stand_beside(&pair, (unsigned)strtoul(idle, NULL, 10));
    (void)cost_call_many(&pair, HUNDRED, ROUND);
    (void)cost_call_many(&pair, 1, ROUND);
    (void)usleep(SETTLE_MS * 1000);
    (void)cost_call_many(&pair, HUNDRED, ROUND);
    (void)cost_call_many(&pair, 1, ROUND);
    count_in_callgrind(1, (unsigned)strtoul(alone, NULL, 10), "alone");
    (void)cost_call_many(&pair, HUNDRED, ROUND);
    count_in_callgrind(HUNDRED, (unsigned)strtoul(together, NULL, 10), "together");
    cost_close(&pair);
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_in_flight),
        cmocka_unit_test(test_a_hundred_in_flight),
        cmocka_unit_test_setup(test_one_in_flight, stand_beside),
        cmocka_unit_test(test_a_hundred_in_flight),
    };
    if (argc < 3) return 2;
    grille_program = argv[1];
    server_program = argv[2];
    if (argc == 7 && strcmp(argv[3], "beside") == 0) return run_beside(argv[4], argv[5], argv[6]);
    return argc == 3 ? cmocka_run_group_tests(tests, set_up, tear_down) : 2;
}
