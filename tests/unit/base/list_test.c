/* SPDX-License-Identifier: Apache-2.0
 * The list keeps its order, in both directions. */
#include "base/list.h"

#include <string.h>

#include "cmocka_all.h"
#include "prng.h"

typedef struct member {
    int number;
    grille_link link;
} member;

/* The list holds exactly these members, forwards and backwards. */
static void check(const grille_link *head, member *const *expected, size_t count) {
    const grille_link *link = head;
    for (size_t i = 0; i < count; i++) {
        link = link->next;
        assert_ptr_equal(grille_container(link, member, link), expected[i]);
    }
    assert_ptr_equal(link->next, head);
    for (size_t i = count; i > 0; i--) {
        assert_ptr_equal(link, &expected[i - 1]->link);
        link = link->previous;
    }
    assert_ptr_equal(link, head);
    assert_int_equal(grille_list_empty(head), count == 0);
}

static void test_order(void **state) {
    grille_link head;
    member a = {.number = 1};
    member b = {.number = 2};
    member c = {.number = 3};
    (void)state;
    grille_list_init(&head);
    check(&head, NULL, 0);
    assert_null(grille_list_take_first(&head));
    grille_list_append(&head, &b.link);
    grille_list_append(&head, &c.link);
    grille_list_prepend(&head, &a.link);
    check(&head, (member *[]){&a, &b, &c}, 3);
    grille_list_remove(&b.link);
    assert_true(grille_list_empty(&b.link));
    check(&head, (member *[]){&a, &c}, 2);
    grille_list_remove(&b.link);
    check(&head, (member *[]){&a, &c}, 2);
    assert_ptr_equal(grille_list_take_first(&head), &a.link);
    assert_ptr_equal(grille_list_take_first(&head), &c.link);
    assert_null(grille_list_take_first(&head));
    assert_int_equal(grille_container(&c.link, member, link)->number, 3);
}

static void test_move_all(void **state) {
    grille_link to;
    grille_link from;
    member a = {.number = 1};
    member b = {.number = 2};
    member c = {.number = 3};
    (void)state;
    grille_list_init(&to);
    grille_list_init(&from);
    grille_list_move_all(&to, &from);
    check(&to, NULL, 0);
    grille_list_append(&from, &b.link);
    grille_list_append(&from, &c.link);
    grille_list_move_all(&to, &from);
    check(&to, (member *[]){&b, &c}, 2);
    check(&from, NULL, 0);
    grille_list_append(&from, &a.link);
    grille_list_move_all(&to, &from);
    check(&to, (member *[]){&b, &c, &a}, 3);
    check(&from, NULL, 0);
    grille_list_move_all(&to, &from);
    check(&to, (member *[]){&b, &c, &a}, 3);
}

enum { MEMBERS = 20 };

static void model_insert(member **model, size_t *count, size_t at, member *inserted) {
    memmove(&model[at + 1], &model[at], (*count - at) * sizeof *model);
    model[at] = inserted;
    (*count)++;
}

static void model_remove(member **model, size_t *count, const member *removed) {
    for (size_t i = 0; i < *count; i++) {
        if (model[i] != removed) continue;
        memmove(&model[i], &model[i + 1], (*count - i - 1) * sizeof *model);
        (*count)--;
        return;
    }
}

static void play(uint64_t seed) {
    uint64_t random = seed;
    member members[MEMBERS];
    member *model[MEMBERS + 1];
    size_t count = 0;
    grille_link head;
    grille_list_init(&head);
    for (int i = 0; i < MEMBERS; i++) {
        members[i].number = i;
        grille_list_init(&members[i].link);
    }
    for (int step = 0; step < 2000; step++) {
        member *chosen = &members[prng_below(&random, MEMBERS)];
        bool inside = !grille_list_empty(&chosen->link);
        if (inside || prng_below(&random, 4) == 0) {
            grille_list_remove(&chosen->link);
            model_remove(model, &count, chosen);
        } else if (prng_below(&random, 2) == 0) {
            grille_list_append(&head, &chosen->link);
            model_insert(model, &count, count, chosen);
        } else {
            grille_list_prepend(&head, &chosen->link);
            model_insert(model, &count, 0, chosen);
        }
        check(&head, model, count);
    }
}

static void test_model(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++)
        play(seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_move_all),
                                       cmocka_unit_test(test_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
