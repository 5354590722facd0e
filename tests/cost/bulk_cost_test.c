/* SPDX-License-Identifier: Apache-2.0
 * Goal: what a message of 1 MiB asks of the heap, of the sockets and of the wire does not grow: counted for the process
 * that holds both ends, once warm. */
#include <stdio.h>

#include "cmocka_all.h"
#include "counted.h"
#include "load.h"

enum {
    ROUND = 4,        /* calls between two looks at the counters */
    ROUNDS = 4,       /* that count */
    MOST_ROUNDS = 60, /* with those that another process paused */
    PAYLOAD_BYTES = 1 << 20,
    MESSAGES = 2 * ROUND * ROUNDS /* there and back */
};

enum {
    /* 65 full records of 16,384 bytes with header, content type and tag (RFC 8446, 5.2), frame headers, the call, the
     * status, now and then CREDIT. */
    MOST_BYTES = PAYLOAD_BYTES + 65 * (22 + 8) + 256,
    /* Eight records leave in one write; a socket takes at most what its buffer holds, so that some are cut in two. */
    MOST_WRITES = 18,
    /* One for each write that came in the meantime. */
    MOST_READS = 16,
    /* Nothing is allocated but by the decoder of the answer, for its one message: a block for bytes that are copied. */
    MOST_HEAP = 2
};

static const char *grille_program, *server_program;
static uint8_t payload[PAYLOAD_BYTES];

static unsigned long each(const char *what, unsigned long before, unsigned long after, unsigned long most) {
    const unsigned long mean = (after - before + MESSAGES - 1) / MESSAGES;
    print_message("%lu %s for each MiB, at most %lu\n", mean, what, most);
    return mean;
}

static void a_large_message_asks_for_little(void **state) {
    cost_pair pair = {0};
    unsigned long heap = 0, writes = 0, reads = 0, bytes = 0;
    bool steady = false;
    (void)state;
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i * 167 + (i >> 8));
    cost_open(&pair, grille_program, server_program);
    for (unsigned round = 0, counting = 0; counting < ROUNDS; round++) {
        assert_true(round < MOST_ROUNDS);
        if (!steady) (void)cost_call_large(&pair, payload, sizeof payload, ROUND);
        const unsigned long before[] = {atomic_load(&counted.heap), atomic_load(&counted.writes),
                                        atomic_load(&counted.reads), atomic_load(&counted.written_bytes)};
        steady = cost_call_large(&pair, payload, sizeof payload, ROUND);
        if (!steady) continue;
        heap += atomic_load(&counted.heap) - before[0];
        writes += atomic_load(&counted.writes) - before[1];
        reads += atomic_load(&counted.reads) - before[2];
        bytes += atomic_load(&counted.written_bytes) - before[3];
        counting++;
    }
    const unsigned long heap_each = each("heap calls", 0, heap, MOST_HEAP);
    const unsigned long writes_each = each("writes", 0, writes, MOST_WRITES);
    const unsigned long reads_each = each("reads", 0, reads, MOST_READS);
    const unsigned long bytes_each = each("bytes written", 0, bytes, MOST_BYTES);
    assert_true(heap_each <= MOST_HEAP);
    assert_true(writes_each <= MOST_WRITES);
    assert_true(reads_each <= MOST_READS);
    assert_in_range(bytes_each, PAYLOAD_BYTES, MOST_BYTES);
    cost_close(&pair);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_large_message_asks_for_little)};
    if (argc != 3) return 2;
    grille_program = argv[1];
    server_program = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
