/* SPDX-License-Identifier: Apache-2.0
 * A footprint names whole lines, no more than it has room for, and may be asked for when its memory is gone. */
#include "base/footprint.h"

#include <sys/mman.h>

#include "cmocka_all.h"

static uintptr_t first_line(uintptr_t part) {
    return part & ~(uintptr_t)(GRILLE_LINE_BYTES - 1);
}

static uintptr_t lines(uintptr_t part) {
    return (part & (GRILLE_LINE_BYTES - 1)) + 1;
}

static void test_whole_lines(void **state) {
    static const struct {
        size_t offset;
        size_t bytes;
        size_t first;
        size_t lines;
    } cases[] = {
        {0, 1, 0, 1},     {0, 64, 0, 1},    {0, 65, 0, 2},      {63, 1, 0, 1},       {63, 2, 0, 2},
        {64, 64, 64, 1},  {70, 58, 64, 1},  {70, 59, 64, 2},    {130, 640, 128, 11}, {0, 4096, 0, 64},
        {1, 4096, 0, 64}, {0, 8192, 0, 64}, {5, 100000, 0, 64}, {127, 66, 64, 3},
    };
    static _Alignas(GRILLE_LINE_BYTES) uint8_t memory[256];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        grille_footprint footprint = {0};
        grille_footprint_add(&footprint, memory + cases[i].offset, cases[i].bytes);
        assert_int_equal(first_line(footprint.parts[0]), (uintptr_t)memory + cases[i].first);
        assert_int_equal(lines(footprint.parts[0]), cases[i].lines);
        assert_int_equal(footprint.parts[1], 0);
    }
}

static void test_nothing(void **state) {
    grille_footprint footprint = {0};
    uint8_t byte = 0;
    (void)state;
    grille_footprint_add(&footprint, NULL, 64);
    grille_footprint_add(&footprint, &byte, 0);
    assert_int_equal(footprint.parts[0], 0);
    grille_footprint_fetch(&footprint);
}

static void test_full(void **state) {
    static uint8_t memory[GRILLE_FOOTPRINT_PARTS + 1][GRILLE_LINE_BYTES];
    grille_footprint footprint = {0};
    (void)state;
    for (size_t i = 0; i <= GRILLE_FOOTPRINT_PARTS; i++)
        grille_footprint_add(&footprint, memory[i], 1);
    for (size_t i = 0; i < GRILLE_FOOTPRINT_PARTS; i++)
        assert_int_equal(first_line(footprint.parts[i]), first_line((uintptr_t)memory[i]));
    assert_int_equal(footprint.parts[GRILLE_FOOTPRINT_PARTS], 0);
    grille_footprint_fetch(&footprint);
    grille_footprint_clear(&footprint);
    for (size_t i = 0; i <= GRILLE_FOOTPRINT_PARTS; i++)
        assert_int_equal(footprint.parts[i], 0);
}

static void test_memory_that_is_gone(void **state) {
    grille_footprint footprint = {0};
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)state;
    assert_ptr_not_equal(page, MAP_FAILED);
    grille_footprint_add(&footprint, page, 4096);
    assert_int_equal(munmap(page, 4096), 0);
    grille_footprint_fetch(&footprint);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_lines),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_memory_that_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
