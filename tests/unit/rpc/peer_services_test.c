/* SPDX-License-Identifier: Apache-2.0
 * Goal: services that both sides know under one id and different schemas are found, said once, and refused where that
 * is asked for; nothing is refused for what nobody can know. */
#include "rpc/peer_services.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "grille/log.h"

static const grille_service services[] = {
    {.name = "p.A", .id = 5, .schema_digest = {1}},
    {.name = "p.B", .id = 7, .schema_digest = {2}},
    {.name = "p.C", .id = 900, .schema_digest = {3}},
};

static int lines;
static char last_line[512];

static void keep_line(grille_log_level level, const char *module, const char *line, void *user) {
    (void)module;
    (void)level;
    (void)user;
    lines++;
    (void)strncpy(last_line, line, sizeof last_line - 1);
}

/* Settings with the first `count` services; the digest of number `wrong` is another one. */
static grille_settings settings_of(uint8_t *buffer, size_t capacity, size_t count, size_t wrong) {
    static uint8_t digests[3][GRILLE_SCHEMA_DIGEST_BYTES];
    grille_service_digest list[3];
    const grille_settings minimum = grille_settings_minimum();
    grille_settings read = {0};
    grille_writer writer = grille_writer_into(buffer, capacity);
    for (size_t i = 0; i < count; i++) {
        memcpy(digests[i], services[i].schema_digest, sizeof digests[i]);
        if (i == wrong) digests[i][31] ^= 1;
        list[i] = (grille_service_digest){services[i].id, grille_bytes_of(digests[i], sizeof digests[i])};
    }
    grille_settings_write(&writer, &minimum, list, count);
    assert_int_equal(grille_writer_end(&writer), GRILLE_REASON_OK);
    assert_int_equal(grille_settings_decode(grille_written(&writer), &read), GRILLE_REASON_OK);
    return read;
}

static void check(grille_peer_services *known, const grille_service *service, bool exact, grille_reason expected) {
    grille_error error = {.code = GRILLE_OK};
    assert_int_equal(grille_peer_services_check(known, service, exact, &error), expected);
    if (expected == GRILLE_REASON_OK) return;
    assert_int_equal(error.code, GRILLE_FAILED_PRECONDITION);
    assert_non_null(strstr(error.text, service->name));
}

static void finds_what_differs_and_says_it_once(void **state) {
    uint8_t buffer[512];
    grille_budget budget;
    grille_peer_services known = {0};
    const grille_settings settings = settings_of(buffer, sizeof buffer, 3, 1);
    (void)state;
    lines = 0;
    grille_budget_init(&budget, 4096);
    check(&known, &services[1], true, GRILLE_REASON_OK); /* SETTINGS have not come */
    assert_int_equal(grille_peer_services_take(&known, &settings, &budget), GRILLE_REASON_OK);
    assert_int_equal(budget.used_bytes, 3 * sizeof(grille_peer_service));
    check(&known, NULL, true, GRILLE_REASON_OK);
    check(&known, &services[0], true, GRILLE_REASON_OK);
    check(&known, &services[2], true, GRILLE_REASON_OK);
    assert_int_equal(lines, 0);
    check(&known, &services[1], false, GRILLE_REASON_OK);
    check(&known, &services[1], false, GRILLE_REASON_OK);
    check(&known, &services[1], true, GRILLE_REASON_RPC_SCHEMA_MISMATCH);
    assert_int_equal(lines, 1);
    assert_non_null(strstr(last_line, "p.B"));
    assert_non_null(strstr(last_line, "02000000"));
    assert_int_equal(known.different, 1);
    grille_peer_services_free(&known, &budget);
    assert_int_equal(budget.used_bytes, 0);
}

static void a_service_that_is_not_listed_is_refused_only_when_exact(void **state) {
    uint8_t buffer[512];
    grille_budget budget;
    grille_peer_services known = {0};
    const grille_settings two = settings_of(buffer, sizeof buffer, 2, 9);
    (void)state;
    grille_budget_init(&budget, 4096);
    assert_int_equal(grille_peer_services_take(&known, &two, &budget), GRILLE_REASON_OK);
    check(&known, &services[2], false, GRILLE_REASON_OK);
    check(&known, &services[2], true, GRILLE_REASON_RPC_SCHEMA_MISMATCH);
    grille_peer_services_free(&known, &budget);
    assert_int_equal(grille_peer_services_take(&known, &(grille_settings){0}, &budget), GRILLE_REASON_OK);
    check(&known, &services[0], false, GRILLE_REASON_OK);
    check(&known, &services[0], true, GRILLE_REASON_RPC_SCHEMA_MISMATCH);
    grille_peer_services_free(&known, &budget);
}

/* What could not be kept is not taken for agreement. */
static void without_memory_exact_refuses(void **state) {
    uint8_t buffer[512];
    grille_budget budget;
    grille_peer_services known = {0};
    const grille_settings settings = settings_of(buffer, sizeof buffer, 3, 9);
    (void)state;
    grille_budget_init(&budget, 3 * sizeof(grille_peer_service) - 1);
    assert_int_equal(grille_peer_services_take(&known, &settings, &budget), GRILLE_REASON_BUDGET);
    assert_true(known.known);
    check(&known, &services[0], false, GRILLE_REASON_OK);
    check(&known, &services[0], true, GRILLE_REASON_RPC_SCHEMA_MISMATCH);
    grille_peer_services_free(&known, &budget);
    assert_int_equal(budget.used_bytes, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_differs_and_says_it_once),
        cmocka_unit_test(a_service_that_is_not_listed_is_refused_only_when_exact),
        cmocka_unit_test(without_memory_exact_refuses),
    };
    grille_log_set(keep_line, NULL, GRILLE_LOG_DEBUG);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
