/* SPDX-License-Identifier: Apache-2.0
 * Goal: a service is registered whole or not at all; ids never mean two methods. */
#include "rpc/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_codec.h"
#include "wire/limits.h"

static grille_code echo(grille_call *call, const void *request, void *response, const void *handlers, void *user) {
    (void)call;
    (void)request;
    (void)response;
    (void)handlers;
    (void)user;
    return GRILLE_OK;
}

static const grille_method_handler invoke_two[] = {{.invoke = echo}, {0}};

static const grille_method methods_a[] = {
    {.path = "/p.A/One", .id = 1, .request = &fake_type, .response = &fake_type},
    {.path = "/p.A/Two", .id = 2, .request = &fake_type, .response = &fake_type},
};
static const grille_service service_a = {.name = "p.A", .id = 11, .methods = methods_a, .method_count = 2};

static void finds_each_registered_method_by_id(void **state) {
    grille_services *registry = NULL;
    grille_error error;
    int user = 0;
    (void)state;
    assert_int_equal(grille_services_new(&registry, NULL), GRILLE_OK);
    assert_int_equal(grille_services_add(registry, &service_a, invoke_two, &user, &user, &error), GRILLE_REASON_OK);
    assert_int_equal(error.code, GRILLE_OK);
    assert_ptr_equal(grille_services_find(registry, 1)->method, &methods_a[0]);
    assert_ptr_equal(grille_services_find(registry, 1)->user, &user);
    assert_true(grille_services_find(registry, 1)->handler.invoke == echo);
    assert_true(grille_services_find(registry, 2)->handler.invoke == NULL);
    assert_null(grille_services_find(registry, 3));
    assert_null(grille_services_find(registry, 0));
    assert_int_equal(grille_services_service_count(registry), 1);
    assert_ptr_equal(grille_services_service(registry, 0), &service_a);
    assert_null(grille_services_service(registry, 1));
    grille_services_free(registry);
}

typedef struct bad_service {
    const char *what;
    grille_method methods[2];
    const char *name;
    grille_reason reason;
    const char *text;
} bad_service;

static const bad_service bad_services[] = {
    {"same service",
     {{"/p.A/X", 7, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0},
      {"/p.A/Y", 8, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0}},
     "p.A",
     GRILLE_REASON_RPC_DUPLICATE_SERVICE,
     "p.A is registered already"},
    {"id of another service",
     {{"/p.B/X", 7, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0},
      {"/p.B/Y", 2, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0}},
     "p.B",
     GRILLE_REASON_RPC_METHOD_COLLISION,
     "/p.A/Two and /p.B/Y"},
    {"id twice in one service",
     {{"/p.B/X", 7, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0},
      {"/p.B/Y", 7, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0}},
     "p.B",
     GRILLE_REASON_RPC_METHOD_COLLISION,
     "/p.B/X and /p.B/Y"},
    {"id 0",
     {{"/p.B/X", 7, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0},
      {"/p.B/Y", 0, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0}},
     "p.B",
     GRILLE_REASON_RPC_BAD_METHOD,
     "0x00000000"},
    {"path without slash",
     {{"p.B/X", 7, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0},
      {"/p.B/Y", 8, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0}},
     "p.B",
     GRILLE_REASON_RPC_BAD_METHOD,
     "p.B/X"},
    {"path of another service",
     {{"/p.C/X", 7, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0},
      {"/p.B/Y", 8, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0}},
     "p.B",
     GRILLE_REASON_RPC_BAD_METHOD,
     "/p.C/X"},
    {"longer service name",
     {{"/p.BB/X", 7, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0},
      {"/p.B/Y", 8, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0}},
     "p.B",
     GRILLE_REASON_RPC_BAD_METHOD,
     "/p.BB/X"},
    {"two slashes",
     {{"/p.B/X/Z", 7, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0},
      {"/p.B/Y", 8, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0}},
     "p.B",
     GRILLE_REASON_RPC_BAD_METHOD,
     "/p.B/X/Z"},
    {"empty method",
     {{"/p.B/", 7, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0},
      {"/p.B/Y", 8, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0}},
     "p.B",
     GRILLE_REASON_RPC_BAD_METHOD,
     "/p.B/"},
    {"no message type",
     {{"/p.B/X", 7, 0, 0, 0, NULL, &fake_type, NULL, 0, 0, 0},
      {"/p.B/Y", 8, 0, 0, 0, &fake_type, &fake_type, NULL, 0, 0, 0}},
     "p.B",
     GRILLE_REASON_RPC_BAD_METHOD,
     "/p.B/X"},
};

static void refuses_bad_services_whole(void **state) {
    size_t at = 0;
    (void)state;
    for (at = 0; at < sizeof bad_services / sizeof *bad_services; at++) {
        const bad_service *bad = &bad_services[at];
        grille_service service = {.name = bad->name, .id = 12, .methods = bad->methods, .method_count = 2};
        grille_services *registry = NULL;
        grille_error error;
        assert_int_equal(grille_services_new(&registry, NULL), GRILLE_OK);
        assert_int_equal(grille_services_add(registry, &service_a, invoke_two, NULL, NULL, &error), GRILLE_REASON_OK);
        assert_int_equal(grille_services_add(registry, &service, invoke_two, NULL, NULL, &error), bad->reason);
        if (strstr(error.text, bad->text) == NULL)
            fail_msg("%s: \"%s\" lacks \"%s\"", bad->what, error.text, bad->text);
        assert_null(grille_services_find(registry, 7));
        assert_null(grille_services_find(registry, 8));
        assert_int_equal(grille_services_service_count(registry), 1);
        grille_services_free(registry);
    }
}

/* One over GRILLE_LIMIT_METHODS and one over GRILLE_LIMIT_SERVICES. */
static void refuses_one_method_and_one_service_too_many(void **state) {
    static grille_method methods[GRILLE_LIMIT_METHODS];
    static grille_method_handler invoke[GRILLE_LIMIT_METHODS + 1];
    static char paths[GRILLE_LIMIT_METHODS][24];
    static grille_service services[GRILLE_LIMIT_SERVICES + 1];
    static char names[GRILLE_LIMIT_SERVICES + 1][16];
    grille_service many = {.name = "p.M", .id = 1, .methods = methods, .method_count = GRILLE_LIMIT_METHODS};
    grille_services *registry = NULL;
    grille_error error;
    size_t at = 0;
    (void)state;
    for (at = 0; at < GRILLE_LIMIT_METHODS; at++) {
        (void)snprintf(paths[at], sizeof paths[at], "/p.M/m%zu", at);
        methods[at] =
            (grille_method){.path = paths[at], .id = (uint32_t)at + 100, .request = &fake_type, .response = &fake_type};
    }
    assert_int_equal(grille_services_new(&registry, NULL), GRILLE_OK);
    assert_int_equal(grille_services_add(registry, &many, invoke, NULL, NULL, &error), GRILLE_REASON_OK);
    assert_int_equal(grille_services_add(registry, &service_a, invoke_two, NULL, NULL, &error),
                     GRILLE_REASON_RPC_TOO_MANY_METHODS);
    assert_non_null(grille_services_find(registry, 100 + GRILLE_LIMIT_METHODS - 1));
    grille_services_free(registry);

    assert_int_equal(grille_services_new(&registry, NULL), GRILLE_OK);
    for (at = 0; at <= GRILLE_LIMIT_SERVICES; at++) {
        (void)snprintf(names[at], sizeof names[at], "p.S%zu", at);
        services[at] = (grille_service){.name = names[at], .id = (uint32_t)at + 1};
        assert_int_equal(grille_services_add(registry, &services[at], invoke, NULL, NULL, &error),
                         at < GRILLE_LIMIT_SERVICES ? GRILLE_REASON_OK : GRILLE_REASON_RPC_TOO_MANY_METHODS);
    }
    assert_non_null(strstr(error.text, "256 of 256 services"));
    grille_services_free(registry);
}

/* One over GRILLE_LIMIT_METHOD_NAME_BYTES. */
static void refuses_a_path_one_byte_too_long(void **state) {
    static char path[GRILLE_LIMIT_METHOD_NAME_BYTES + 2];
    grille_method method = {.path = path, .id = 9, .request = &fake_type, .response = &fake_type};
    grille_service service = {.name = "p.L", .id = 1, .methods = &method, .method_count = 1};
    grille_services *registry = NULL;
    (void)state;
    memset(path, 'a', GRILLE_LIMIT_METHOD_NAME_BYTES + 1);
    memcpy(path, "/p.L/", 5);
    assert_int_equal(grille_services_new(&registry, NULL), GRILLE_OK);
    assert_int_equal(grille_services_add(registry, &service, invoke_two, NULL, NULL, NULL),
                     GRILLE_REASON_RPC_BAD_METHOD);
    path[GRILLE_LIMIT_METHOD_NAME_BYTES] = 0;
    assert_int_equal(grille_services_add(registry, &service, invoke_two, NULL, NULL, NULL), GRILLE_REASON_OK);
    grille_services_free(registry);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_registered_method_by_id),
        cmocka_unit_test(refuses_bad_services_whole),
        cmocka_unit_test(refuses_one_method_and_one_service_too_many),
        cmocka_unit_test(refuses_a_path_one_byte_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
