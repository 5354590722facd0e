/* SPDX-License-Identifier: Apache-2.0
 * Goal: an answer's text is whole, however long it is, and lives in the call's memory. */
#include <stdio.h>
#include <string.h>

#include "call_outcome.h"
#include "cmocka_all.h"

static grille_code greet(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    const char *name = ((const fake_message *)request)->text;
    const grille_bytes text = grille_call_format(call, "Hello, %s! %d", name, 42);
    (void)handlers;
    (void)user;
    if (text.data == NULL) return GRILLE_RESOURCE_EXHAUSTED;
    assert_int_equal(text.len, strlen("Hello, ! 42") + strlen(name));
    assert_int_equal(text.data[text.len], 0);
    ((fake_message *)response)->text = (const char *)text.data;
    return GRILLE_OK;
}

static const grille_method methods[] = {{.path = "/p.A/Greet", .id = 1, .request = &fake_type, .response = &fake_type}};
static const grille_service service = {.name = "p.A", .id = 9, .methods = methods, .method_count = 1};
static const grille_method_handler invoke[] = {{.invoke = greet}};

static void expect_answer(const char *name, const char *expected) {
    endpoint_pair pair;
    call_outcome out;
    endpoint_pair_open(&pair, &service, invoke, NULL, 0);
    (void)call_start(&pair, &methods[0], name, NULL, &out);
    endpoint_pair_pump(&pair, 0);
    call_expect(&out, GRILLE_OK, expected);
    grille_reply_free(&out.reply);
    endpoint_pair_close(&pair);
}

static void texts_are_whole(void **state) {
    static char name[20001], expected[20020];
    (void)state;
    expect_answer("Ada", "Hello, Ada! 42");
    expect_answer("", "Hello, ! 42");
    memset(name, 'n', sizeof name - 1);
    (void)snprintf(expected, sizeof expected, "Hello, %s! 42", name);
    expect_answer(name, expected);
}

/* A caller's handle has no such memory. */
static void no_memory_is_no_text(void **state) {
    endpoint_pair pair;
    call_outcome out;
    (void)state;
    endpoint_pair_open(&pair, &service, invoke, NULL, 0);
    grille_call *call = call_start(&pair, &methods[0], "x", NULL, &out);
    const grille_bytes text = grille_call_format(call, "%d", 1);
    assert_null(text.data);
    assert_int_equal(text.len, 0);
    endpoint_pair_pump(&pair, 0);
    grille_reply_free(&out.reply);
    endpoint_pair_close(&pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_whole),
        cmocka_unit_test(no_memory_is_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
