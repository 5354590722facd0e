/* SPDX-License-Identifier: Apache-2.0
 * The map answers as a plain array of pairs does, whatever the ids. */
#include "base/id_map.h"

#include "cmocka_all.h"
#include "failing_malloc.h"
#include "prng.h"

static void test_put_get_remove(void **state) {
    grille_budget budget;
    grille_id_map map;
    int first = 0;
    int second = 0;
    (void)state;
    grille_budget_init(&budget, 100000);
    assert_int_equal(grille_id_map_init(&map, 2, &budget), GRILLE_REASON_OK);
    assert_null(grille_id_map_get(&map, 1));
    assert_true(grille_id_map_put(&map, 1, &first));
    assert_false(grille_id_map_put(&map, 1, &second));
    assert_ptr_equal(grille_id_map_get(&map, 1), &first);
    assert_false(grille_id_map_put(&map, 0, &second));
    assert_false(grille_id_map_put(&map, 2, NULL));
    assert_true(grille_id_map_put(&map, UINT32_MAX, &second));
    assert_false(grille_id_map_put(&map, 3, &first));
    assert_null(grille_id_map_remove(&map, 3));
    assert_null(grille_id_map_remove(&map, 0));
    assert_null(grille_id_map_get(&map, 0));
    assert_ptr_equal(grille_id_map_remove(&map, 1), &first);
    assert_null(grille_id_map_remove(&map, 1));
    assert_ptr_equal(grille_id_map_get(&map, UINT32_MAX), &second);
    assert_int_equal(map.count, 1);
    grille_id_map_deinit(&map);
    assert_int_equal(budget.used_bytes, 0);
    assert_null(grille_id_map_get(&map, UINT32_MAX));
    assert_false(grille_id_map_put(&map, 1, &first));
    assert_null(grille_id_map_remove(&map, 1));
    grille_id_map_deinit(&map);
}

static void test_init_failures(void **state) {
    grille_budget budget;
    grille_id_map map;
    (void)state;
    grille_budget_init(&budget, 100);
    assert_int_equal(grille_id_map_init(&map, 0, &budget), GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(grille_id_map_init(&map, SIZE_MAX, &budget), GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(grille_id_map_init(&map, SIZE_MAX / 2 + 1, &budget), GRILLE_REASON_BAD_ARGUMENT);
    assert_int_equal(grille_id_map_init(&map, 100, &budget), GRILLE_REASON_BUDGET);
    grille_budget_init(&budget, 100000);
    failing_malloc_from(0);
    assert_int_equal(grille_id_map_init(&map, 100, &budget), GRILLE_REASON_OUT_OF_MEMORY);
    failing_malloc_never();
    assert_int_equal(budget.used_bytes, 0);
    grille_id_map_deinit(&map);
}

typedef struct pair {
    uint32_t id;
    char value;
} pair;

static uint32_t next_id(uint64_t *random, int kind, uint32_t *last) {
    switch (kind) {
    case 0: /* as streams rise */
        return *last += 2;
    case 1: /* few ids, often there already */
        return 1 + (uint32_t)prng_below(random, 40);
    case 2: /* multiples of a power of two: bad for a map that takes low bits */
        return (uint32_t)(1 + prng_below(random, 64)) << 20;
    default:
        return (uint32_t)prng_next(random);
    }
}

static pair *model_find(pair *model, size_t capacity, uint32_t id) {
    for (size_t i = 0; i < capacity; i++) {
        if (model[i].id == id) return &model[i];
    }
    return NULL;
}

static void check_same(const grille_id_map *map, pair *model, size_t capacity) {
    size_t count = 0;
    for (size_t i = 0; i < capacity; i++) {
        if (model[i].id == 0) continue;
        assert_ptr_equal(grille_id_map_get(map, model[i].id), &model[i].value);
        count++;
    }
    assert_int_equal(map->count, count);
}

static void play(uint64_t seed, int kind) {
    enum { CAPACITY = 32 };
    uint64_t random = seed;
    uint32_t last = 1;
    pair model[CAPACITY] = {{0}};
    grille_budget budget;
    grille_id_map map;
    grille_budget_init(&budget, 100000);
    assert_int_equal(grille_id_map_init(&map, CAPACITY, &budget), GRILLE_REASON_OK);
    for (int step = 0; step < 3000; step++) {
        bool remove = prng_below(&random, 2) == 0;
        uint32_t id = remove ? model[prng_below(&random, CAPACITY)].id : next_id(&random, kind, &last);
        pair *there = id == 0 ? NULL : model_find(model, CAPACITY, id);
        pair *room = model_find(model, CAPACITY, 0);
        if (remove) {
            assert_ptr_equal(grille_id_map_remove(&map, id), there == NULL ? NULL : &there->value);
            if (there != NULL) there->id = 0;
        } else {
            bool fits = id != 0 && there == NULL && room != NULL;
            assert_int_equal(grille_id_map_put(&map, id, room == NULL ? (void *)model : (void *)&room->value), fits);
            if (fits) room->id = id;
        }
        check_same(&map, model, CAPACITY);
    }
    grille_id_map_deinit(&map);
    assert_int_equal(budget.used_bytes, 0);
}

static void test_model(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        for (int kind = 0; kind < 4; kind++)
            play(seed, kind);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_get_remove),
        cmocka_unit_test(test_init_failures),
        cmocka_unit_test(test_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
