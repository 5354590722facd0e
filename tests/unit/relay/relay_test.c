/* SPDX-License-Identifier: Apache-2.0
 * Goal: what is forwarded costs one read, one write and no heap call; blocks come and go with need; numbers have their
 * limits. */
#include "relay/relay.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "counted.h"
#include "failing_watch.h"
#include "grille/log.h"
#include "relay/blocks.h"
#include "relay/limits.h"
#include "relay/peer.h"
#include "tests/unit/loop/support.h"

/* ---- A relay on a thread of its own; the ends are ours ---- */

typedef struct running {
    relay *relay;
    pthread_t thread;
    int near;
    int far;
} running;

static void *run(void *argument) {
    running *r = argument;
    grille_error error;
    if (relay_run(r->relay, &error) != GRILLE_REASON_OK) fail_msg("%s", error.text);
    return NULL;
}

static int abstract_socket(const char *address, struct sockaddr_un *name, socklen_t *len) {
    const char *path = address + strlen("unix-abstract:");
    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(name->sun_path + 1, path, strlen(path));
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(path));
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    return fd;
}

static void start(running *r) {
    char listen_address[64], target_address[64];
    struct sockaddr_un name;
    socklen_t len = 0;
    const relay_options options = relay_options_default();
    grille_error error;
    make_abstract(listen_address);
    make_abstract(target_address);
    const int target = abstract_socket(target_address, &name, &len);
    assert_int_equal(bind(target, (struct sockaddr *)&name, len), 0);
    assert_int_equal(listen(target, 8), 0);
    if (relay_new(&options, &r->relay, &error) != GRILLE_REASON_OK) fail_msg("%s", error.text);
    if (relay_add(r->relay, listen_address, target_address, &error) != GRILLE_REASON_OK) fail_msg("%s", error.text);
    assert_string_equal(relay_listen_address(r->relay, 0), listen_address);
    assert_string_equal(relay_target_address(r->relay, 0), target_address);
    assert_null(relay_listen_address(r->relay, 1));
    assert_int_equal(pthread_create(&r->thread, NULL, run, r), 0);
    r->near = abstract_socket(listen_address, &name, &len);
    assert_int_equal(connect(r->near, (struct sockaddr *)&name, len), 0);
    r->far = accept4(target, NULL, NULL, SOCK_CLOEXEC);
    assert_true(r->far >= 0);
    (void)close(target);
}

static void end(running *r, relay_counters *counters) {
    (void)close(r->near);
    (void)close(r->far);
    relay_stop(r->relay);
    assert_int_equal(pthread_join(r->thread, NULL), 0);
    relay_get_counters(r->relay, counters);
    relay_free(r->relay);
}

/* read and write, which are not counted as the relay's recv and send are. */

static void write_all(int fd, const uint8_t *bytes, size_t len) {
    for (size_t at = 0; at < len;) {
        const ssize_t moved = write(fd, bytes + at, len - at);
        assert_true(moved > 0);
        at += (size_t)moved;
    }
}

static void read_all(int fd, size_t len) {
    static uint8_t bytes[65536];
    for (size_t at = 0; at < len;) {
        const ssize_t moved = read(fd, bytes, len - at < sizeof bytes ? len - at : sizeof bytes);
        assert_true(moved > 0);
        at += (size_t)moved;
    }
}

/* ---- Nothing of the heap ---- */

enum { CHUNKS = 500, CHUNK_BYTES = 2000, STALLED_BYTES = 4 << 20, ROUNDS = 50 };

static uint8_t content[STALLED_BYTES];

/* Writes all of it each time it is asked to: making a thread may cost heap of its own. */
typedef struct content_writer {
    pthread_t thread;
    int fd;
    sem_t go, done;
    bool over;
} content_writer;

static void *write_content(void *argument) {
    content_writer *own = argument;
    for (;;) {
        while (sem_wait(&own->go) != 0) {
        }
        if (own->over) return NULL;
        write_all(own->fd, content, sizeof content);
        (void)sem_post(&own->done);
    }
}

static void start_writer(content_writer *own, int fd) {
    *own = (content_writer){.fd = fd};
    assert_int_equal(sem_init(&own->go, 0, 0), 0);
    assert_int_equal(sem_init(&own->done, 0, 0), 0);
    assert_int_equal(pthread_create(&own->thread, NULL, write_content, own), 0);
}

static void end_writer(content_writer *own) {
    own->over = true;
    (void)sem_post(&own->go);
    assert_int_equal(pthread_join(own->thread, NULL), 0);
}

static void chunks_cost_one_read_and_one_write(void **state) {
    running r;
    relay_counters counters;
    (void)state;
    start(&r);
    write_all(r.near, content, CHUNK_BYTES);
    read_all(r.far, CHUNK_BYTES);
    const unsigned long heap = atomic_load(&counted.heap), reads = atomic_load(&counted.reads),
                        writes = atomic_load(&counted.writes), empty = atomic_load(&counted.empty_reads);
    for (int i = 0; i < CHUNKS; i++) {
        write_all(r.near, content, CHUNK_BYTES);
        read_all(r.far, CHUNK_BYTES);
        write_all(r.far, content, CHUNK_BYTES);
        read_all(r.near, CHUNK_BYTES);
    }
    assert_int_equal(atomic_load(&counted.heap) - heap, 0);
    assert_int_equal(atomic_load(&counted.reads) - reads, 2 * CHUNKS);
    assert_int_equal(atomic_load(&counted.writes) - writes, 2 * CHUNKS);
    assert_int_equal(atomic_load(&counted.empty_reads) - empty, 0);
    end(&r, &counters);
    assert_int_equal(counters.accepted, 1);
    assert_int_equal(counters.highest_connections, 1);
    assert_int_equal(counters.bytes_to_targets, (CHUNKS + 1) * CHUNK_BYTES);
    assert_int_equal(counters.bytes_to_peers, CHUNKS * CHUNK_BYTES);
}

/* A reader that is behind all the time: a block is taken and given back again and again. */
static unsigned long stall_once(running *r, content_writer *writer) {
    const unsigned long before = atomic_load(&counted.heap);
    (void)sem_post(&writer->go);
    for (size_t left = sizeof content; left > 0; left -= 32768)
        read_all(r->far, 32768);
    const unsigned long after = atomic_load(&counted.heap);
    while (sem_wait(&writer->done) != 0) {
    }
    return after - before;
}

static void stalls_cost_no_heap_once_warm(void **state) {
    running r;
    relay_counters counters;
    content_writer writer;
    unsigned long made = 1;
    (void)state;
    start(&r);
    start_writer(&writer, r.near);
    (void)stall_once(&r, &writer);
    /* A pause of a second between two stalls gives the block back: then it is asked for again. */
    for (int round = 0; made != 0 && round < ROUNDS; round++)
        made = stall_once(&r, &writer);
    assert_int_equal(made, 0);
    end_writer(&writer);
    end(&r, &counters);
}

/* A side that waits to be written to and can't be watched: nothing would wake it. */
static void a_side_that_can_not_be_watched_ends_the_connection(void **state) {
    running r;
    relay_counters counters;
    (void)state;
    start(&r);
    write_all(r.near, content, CHUNK_BYTES);
    read_all(r.far, CHUNK_BYTES);
    watches_refused = 1;
    while (send(r.near, content, sizeof content, MSG_NOSIGNAL) > 0) {
    }
    assert_true(errno == EPIPE || errno == ECONNRESET);
    assert_int_equal(watches_refused, 0);
    end(&r, &counters);
    assert_int_equal(counters.accepted, 1);
}

/* ---- Blocks ---- */

static void blocks_go_when_nobody_needs_them(void **state) {
    relay_blocks blocks = {0};
    relay_block *taken[4];
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        taken[i] = relay_blocks_take(&blocks);
        assert_non_null(taken[i]);
        memset(taken[i]->bytes, 0xab, RELAY_LIMIT_BLOCK_BYTES);
    }
    assert_int_equal(blocks.used_count, 4);
    for (size_t i = 0; i < 4; i++)
        relay_blocks_give(&blocks, taken[i]);
    relay_blocks_give(&blocks, NULL);
    assert_int_equal(blocks.free_count, 4);
    /* They were in use since the last time. */
    relay_blocks_trim(&blocks);
    assert_int_equal(blocks.free_count, 4);
    /* One was needed meanwhile. */
    assert_ptr_equal(relay_blocks_take(&blocks), taken[3]);
    relay_blocks_give(&blocks, taken[3]);
    relay_blocks_trim(&blocks);
    assert_int_equal(blocks.free_count, 1);
    relay_blocks_trim(&blocks);
    assert_int_equal(blocks.free_count, 0);
    assert_int_equal(blocks.used_count, 0);
}

/* ---- Peers ---- */

static void peers_as_text(void **state) {
    static const struct {
        grille_allow_peer peer;
        const char *text;
    } rows[] = {
        {{.kind = GRILLE_ADDRESS_TCP, .ip = {10, 0, 0, 7}, .port = 41233}, "tcp:10.0.0.7:41233"},
        {{.kind = GRILLE_ADDRESS_TCP, .ipv6 = true, .ip = {0xfd, [15] = 1}, .port = 1}, "tcp:[fd00::1]:1"},
        {{.kind = GRILLE_ADDRESS_VSOCK, .number = 4294967294, .port = 4294967294}, "vsock:4294967294:4294967294"},
        {{.kind = GRILLE_ADDRESS_UNIX, .number = 1000, .port = 77}, "unix:uid=1000,pid=77"},
    };
    char text[RELAY_PEER_TEXT_BYTES];
    grille_allow_peer peer;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        relay_peer_format(&rows[i].peer, text);
        assert_string_equal(text, rows[i].text);
    }
    assert_false(relay_peer_of_socket(-1, &peer));
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_true(relay_peer_of_socket(ends[0], &peer));
    assert_int_equal(peer.kind, GRILLE_ADDRESS_UNIX);
    assert_int_equal(peer.number, getuid());
    (void)close(ends[0]);
    (void)close(ends[1]);
}

/* ---- Numbers ---- */

static grille_reason make(const relay_options *options) {
    relay *made = NULL;
    grille_error error;
    const grille_reason reason = relay_new(options, &made, &error);
    relay_free(made);
    return reason;
}

static void numbers_have_limits(void **state) {
    relay_options options = relay_options_default();
    const struct {
        uint32_t *number;
        uint32_t least, most;
    } rows[] = {
        {&options.max_connections, 1, RELAY_LIMIT_CONNECTIONS},   {&options.rate, 1, RELAY_LIMIT_RATE},
        {&options.connect_timeout_ms, 1, RELAY_LIMIT_TIMEOUT_MS}, {&options.idle_timeout_ms, 1, RELAY_LIMIT_TIMEOUT_MS},
        {&options.drain_timeout_ms, 0, RELAY_LIMIT_TIMEOUT_MS},   {&options.spin_us, 0, RELAY_LIMIT_SPIN_US},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const uint32_t usual = *rows[i].number;
        *rows[i].number = rows[i].least;
        assert_int_equal(make(&options), GRILLE_REASON_OK);
        *rows[i].number = rows[i].most;
        assert_int_equal(make(&options), GRILLE_REASON_OK);
        *rows[i].number = rows[i].most + 1;
        assert_int_equal(make(&options), GRILLE_REASON_BAD_ARGUMENT);
        *rows[i].number = rows[i].least - 1;
        if (rows[i].least != 0) assert_int_equal(make(&options), GRILLE_REASON_BAD_ARGUMENT);
        *rows[i].number = usual;
    }
    assert_int_equal(make(&options), GRILLE_REASON_OK);
}

static void one_pair_too_many(void **state) {
    const relay_options options = relay_options_default();
    relay *made = NULL;
    grille_error error;
    char address[64];
    (void)state;
    assert_int_equal(relay_new(&options, &made, &error), GRILLE_REASON_OK);
    for (int i = 0; i < RELAY_LIMIT_PAIRS; i++) {
        make_abstract(address);
        assert_int_equal(relay_add(made, address, "unix:/nobody", &error), GRILLE_REASON_OK);
    }
    make_abstract(address);
    assert_int_equal(relay_add(made, address, "unix:/nobody", &error), GRILLE_REASON_BAD_ARGUMENT);
    relay_free(made);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_cost_one_read_and_one_write),
        cmocka_unit_test(stalls_cost_no_heap_once_warm),
        cmocka_unit_test(a_side_that_can_not_be_watched_ends_the_connection),
        cmocka_unit_test(blocks_go_when_nobody_needs_them),
        cmocka_unit_test(peers_as_text),
        cmocka_unit_test(numbers_have_limits),
        cmocka_unit_test(one_pair_too_many),
    };
    grille_log_set(NULL, NULL, GRILLE_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
