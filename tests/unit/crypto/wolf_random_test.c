/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/crypto/crypto_test.h"

#include <errno.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/wolf.h"

enum { drawn_bytes = 32, thread_count = 4 };

/* The system's entropy, as the library sees it; takes libc's place. */
static enum { SYSTEM_REAL, SYSTEM_FIXED, SYSTEM_IN_PIECES, SYSTEM_BROKEN } system_entropy = SYSTEM_REAL;

ssize_t getrandom(void *out, size_t len, unsigned flags) {
    static unsigned calls;
    switch (system_entropy) {
    case SYSTEM_FIXED:
        memset(out, 0x5a, len);
        return (ssize_t)len;
    case SYSTEM_IN_PIECES:
        if (calls++ % 2 == 0) {
            errno = EINTR;
            return -1;
        }
        memset(out, (int)calls, 1);
        return 1;
    case SYSTEM_BROKEN:
        errno = ENOSYS;
        return -1;
    default:
        return syscall(SYS_getrandom, out, len, flags);
    }
}

static void draw(uint8_t out[drawn_bytes]) {
    assert_reason(OK, grille_crypto_wolf()->random(out, drawn_bytes));
}

static void draws_differ(void **state) {
    uint8_t drawn[50][drawn_bytes];
    (void)state;
    for (size_t i = 0; i < 50; i++) {
        draw(drawn[i]);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(drawn[k], drawn[i], drawn_bytes);
    }
}

/* wolfCrypt's generator gives at most 65,536 bytes at once. */
static void any_number_of_bytes_is_filled_and_no_more(void **state) {
    static const size_t lens[] = {0, 1, 65535, 65536, 65537, 200000};
    static uint8_t out[200000 + 1];
    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        size_t tail = lens[i] < 16 ? lens[i] : 16;
        memset(out, 0, sizeof out);
        assert_reason(OK, grille_crypto_wolf()->random(out, lens[i]));
        assert_int_equal(0, out[lens[i]]);
        if (tail == 16) assert_false(grille_bytes_all_zero(grille_bytes_of(out + lens[i] - tail, tail)));
    }
}

/* Each bit is set about half the time: 3 sigma at 20,000 draws are 212. */
static void bits_are_balanced(void **state) {
    static uint8_t out[20000];
    (void)state;
    assert_reason(OK, grille_crypto_wolf()->random(out, sizeof out));
    for (unsigned bit = 0; bit < 8; bit++) {
        int set = 0;
        for (size_t i = 0; i < sizeof out; i++)
            set += out[i] >> bit & 1;
        assert_in_range(set, 10000 - 600, 10000 + 600);
    }
}

static uint32_t draws_since_seeding(void) {
    WC_RNG *generator = NULL;
    assert_reason(OK, grille_wolf_generator(&generator));
    return ((const struct DRBG_internal *)generator->drbg)->reseedCtr;
}

static void new_entropy_seeds_anew(void **state) {
    uint8_t drawn[drawn_bytes];
    uint32_t before;
    (void)state;
    draw(drawn);
    before = draws_since_seeding();
    draw(drawn);
    assert_int_equal(before + 1, draws_since_seeding());
    assert_reason(OK, grille_crypto_add_entropy(grille_bytes_of_text("from the NSM")));
    assert_int_equal(1, draws_since_seeding());
    draw(drawn);
    assert_int_equal(2, draws_since_seeding());
    assert_reason(OK, grille_crypto_add_entropy(grille_bytes_of(NULL, 0)));
    assert_int_equal(1, draws_since_seeding());
}

/* What a child draws after it added `entropy`. All children start from the same state. */
static void draw_in_child(const char *entropy, uint8_t out[drawn_bytes]) {
    int ends[2], status = 1;
    pid_t child;
    assert_int_equal(0, pipe(ends));
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool good = grille_crypto_add_entropy(grille_bytes_of_text(entropy)) == GRILLE_REASON_OK &&
                    grille_crypto_wolf()->random(out, drawn_bytes) == GRILLE_REASON_OK &&
                    write(ends[1], out, drawn_bytes) == drawn_bytes;
        _exit(good ? 0 : 1);
    }
    assert_int_equal(drawn_bytes, read(ends[0], out, drawn_bytes));
    assert_int_equal(child, waitpid(child, &status, 0));
    assert_int_equal(0, status);
    assert_int_equal(0, close(ends[0]));
    assert_int_equal(0, close(ends[1]));
}

/* With a system that always gives the same bytes, the added entropy alone decides; with another, either does. */
static void added_entropy_and_the_systems_are_both_in_the_seed(void **state) {
    uint8_t one[drawn_bytes], same[drawn_bytes], other[drawn_bytes];
    (void)state;
    system_entropy = SYSTEM_FIXED;
    draw_in_child("one", one);
    draw_in_child("one", same);
    draw_in_child("other", other);
    assert_memory_equal(one, same, drawn_bytes);
    assert_memory_not_equal(one, other, drawn_bytes);
    system_entropy = SYSTEM_REAL;
    draw_in_child("one", other);
    assert_memory_not_equal(one, other, drawn_bytes);
}

static void an_interrupted_system_call_is_repeated(void **state) {
    uint8_t drawn[drawn_bytes];
    (void)state;
    system_entropy = SYSTEM_IN_PIECES;
    assert_reason(OK, grille_crypto_add_entropy(grille_bytes_of_text("x")));
    draw(drawn);
    system_entropy = SYSTEM_REAL;
    assert_reason(OK, grille_crypto_add_entropy(grille_bytes_of_text("x")));
}

static void without_entropy_there_is_no_randomness_and_no_key(void **state) {
    uint8_t drawn[drawn_bytes];
    grille_private_key *key = NULL;
    (void)state;
    system_entropy = SYSTEM_BROKEN;
    assert_reason(OK, grille_crypto_add_entropy(grille_bytes_of_text("x")));
    assert_reason(CRYPTO_FAILED, grille_crypto_wolf()->random(drawn, sizeof drawn));
    assert_reason(CRYPTO_FAILED, grille_crypto_wolf()->key_generate(GRILLE_P256, &key));
    assert_null(key);
    system_entropy = SYSTEM_REAL;
    draw(drawn);
}

/* Parent and child must not go on from the same state. */
static void a_forked_child_draws_something_else(void **state) {
    uint8_t own[drawn_bytes], of_child[drawn_bytes];
    int ends[2], status = 1;
    pid_t child;
    (void)state;
    draw(own);
    assert_int_equal(0, pipe(ends));
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool good = grille_crypto_wolf()->random(of_child, sizeof of_child) == GRILLE_REASON_OK &&
                    write(ends[1], of_child, sizeof of_child) == sizeof of_child;
        _exit(good ? 0 : 1);
    }
    draw(own);
    assert_int_equal(sizeof of_child, read(ends[0], of_child, sizeof of_child));
    assert_int_equal(child, waitpid(child, &status, 0));
    assert_int_equal(0, status);
    assert_memory_not_equal(own, of_child, sizeof own);
    assert_int_equal(0, close(ends[0]));
    assert_int_equal(0, close(ends[1]));
}

typedef struct drawer {
    uint8_t drawn[20][drawn_bytes];
    size_t good;
} drawer;

static void *draw_many(void *argument) {
    drawer *self = argument;
    for (size_t i = 0; i < 20; i++) {
        if (i % 5 == 4 && grille_crypto_add_entropy(grille_bytes_of(&i, sizeof i)) != GRILLE_REASON_OK) break;
        self->good += grille_crypto_wolf()->random(self->drawn[i], drawn_bytes) == GRILLE_REASON_OK;
    }
    return NULL;
}

static void threads_draw_without_repeating(void **state) {
    static drawer drawers[thread_count];
    pthread_t threads[thread_count];
    (void)state;
    for (size_t i = 0; i < thread_count; i++)
        assert_int_equal(0, pthread_create(&threads[i], NULL, draw_many, &drawers[i]));
    for (size_t i = 0; i < thread_count; i++) {
        assert_int_equal(0, pthread_join(threads[i], NULL));
        assert_int_equal(20, drawers[i].good);
    }
    for (size_t i = 0; i < thread_count * 20; i++)
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(drawers[i / 20].drawn[i % 20], drawers[k / 20].drawn[k % 20], drawn_bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_differ),
        cmocka_unit_test(any_number_of_bytes_is_filled_and_no_more),
        cmocka_unit_test(bits_are_balanced),
        cmocka_unit_test(new_entropy_seeds_anew),
        cmocka_unit_test(added_entropy_and_the_systems_are_both_in_the_seed),
        cmocka_unit_test(an_interrupted_system_call_is_repeated),
        cmocka_unit_test(without_entropy_there_is_no_randomness_and_no_key),
        cmocka_unit_test(a_forked_child_draws_something_else),
        cmocka_unit_test(threads_draw_without_repeating),
    };
    return cmocka_run_group_tests_name("wolf_random", tests, NULL, NULL);
}
