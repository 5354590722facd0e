/* SPDX-License-Identifier: Apache-2.0
 * Goal: interceptors run in order, hear of each call's end exactly once, and change only what they may, when they may.
 */
#include "rpc/interceptor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "wire/limits.h"

enum { INTERCEPTORS = 3 };

typedef struct fixture {
    grille_budget budget;
    grille_arena arena;
    uint8_t first[2048];
    grille_interceptor_list list;
    grille_interception *interception;
    grille_metadata_builder request;
    const char *text;
} fixture;

static const grille_method method = {.path = "/t.S/M", .id = 1};

/* What the interceptors "0", "1" and "2" did, one word each. */
static char told[1024];
static grille_time_us clock_now_us;
static int refuse_at = -1;
static grille_code refuse_with;
static void (*in_start)(grille_intercepted *call);
static void (*in_headers)(grille_intercepted *call);
static void (*in_end)(grille_intercepted *call);

static grille_time_us test_clock_us(void) {
    return clock_now_us;
}

static void tell(const char *what, const void *user) {
    size_t len = strlen(told);
    (void)snprintf(told + len, sizeof told - len, "%s%s ", what, (const char *)user);
}

static grille_code on_start(grille_intercepted *call, void *user) {
    tell("start", user);
    if (in_start != NULL && *(const char *)user == '0') in_start(call);
    if (refuse_at == *(const char *)user - '0') return refuse_with;
    return GRILLE_OK;
}

static void on_headers(grille_intercepted *call, void *user) {
    tell("headers", user);
    if (in_headers != NULL && *(const char *)user == '0') in_headers(call);
}

static void on_message(grille_intercepted *call, grille_message_direction direction, size_t bytes, void *user) {
    char what[32];
    (void)call;
    (void)snprintf(what, sizeof what, "%s%zu-", direction == GRILLE_MESSAGE_SENT ? "sent" : "received", bytes);
    tell(what, user);
}

static void on_end(grille_intercepted *call, grille_code code, const char *message, void *user) {
    char what[96];
    (void)snprintf(what, sizeof what, "end(%d:%s)", (int)code, message);
    tell(what, user);
    if (in_end != NULL && *(const char *)user == '0') in_end(call);
}

static char names[INTERCEPTORS][2] = {"0", "1", "2"};

static void fixture_init(fixture *f, size_t budget_bytes) {
    grille_interceptor items[INTERCEPTORS];
    *f = (fixture){0};
    told[0] = '\0';
    clock_now_us = 1000;
    refuse_at = -1;
    in_start = in_headers = in_end = NULL;
    grille_budget_init(&f->budget, budget_bytes);
    grille_arena_init(&f->arena, f->first, sizeof f->first, &f->budget);
    for (int i = 0; i < INTERCEPTORS; i++)
        items[i] = (grille_interceptor){on_start, on_headers, on_message, on_end, names[i]};
    assert_int_equal(grille_interceptor_list_copy(&f->list, items, INTERCEPTORS), GRILLE_REASON_OK);
}

static void add_request(fixture *f, const char *key, const char *value) {
    assert_int_equal(grille_metadata_builder_add(&f->request, &f->arena, key, grille_bytes_of_text(value)),
                     GRILLE_REASON_OK);
}

static grille_code start(fixture *f, bool is_caller) {
    grille_interception_options options = {
        .list = &f->list, .method = &method, .is_caller = is_caller, .arena = &f->arena, .clock_us = test_clock_us};
    assert_int_equal(grille_metadata_builder_view(&f->request, &options.request), GRILLE_REASON_OK);
    return grille_interception_start(&options, &f->interception, &f->text);
}

static void fixture_deinit(fixture *f) {
    grille_arena_reset(&f->arena);
    grille_interceptor_list_free(&f->list);
    assert_null(f->list.items);
}

static void assert_told(const char *expected) {
    assert_string_equal(told, expected);
    told[0] = '\0';
}

static const grille_metadata none = {0};

static void requests_go_down_the_list_and_answers_up(void **state) {
    fixture f;
    (void)state;
    for (int is_caller = 0; is_caller < 2; is_caller++) {
        fixture_init(&f, 1 << 20);
        assert_int_equal(start(&f, is_caller), GRILLE_OK);
        assert_told("start0 start1 start2 ");
        grille_interception_message(f.interception, GRILLE_MESSAGE_SENT, 7);
        assert_told(is_caller ? "sent7-0 sent7-1 sent7-2 " : "sent7-2 sent7-1 sent7-0 ");
        grille_interception_message(f.interception, GRILLE_MESSAGE_RECEIVED, 9);
        assert_told(is_caller ? "received9-2 received9-1 received9-0 " : "received9-0 received9-1 received9-2 ");
        grille_interception_headers(f.interception, &none);
        assert_told("headers2 headers1 headers0 ");
        grille_interception_end(f.interception, GRILLE_NOT_FOUND, "no", &none);
        assert_told("end(5:no)2 end(5:no)1 end(5:no)0 ");
        fixture_deinit(&f);
    }
}

static void the_end_is_told_once_and_nothing_after_it(void **state) {
    fixture f;
    grille_metadata_view view = {0};
    (void)state;
    fixture_init(&f, 1 << 20);
    assert_int_equal(start(&f, true), GRILLE_OK);
    grille_interception_end(f.interception, GRILLE_OK, NULL, &none);
    assert_told("start0 start1 start2 end(0:)2 end(0:)1 end(0:)0 ");
    grille_interception_end(f.interception, GRILLE_CANCELLED, "again", &none);
    grille_interception_end_view(f.interception, GRILLE_CANCELLED, "again", &view);
    grille_interception_headers(f.interception, &none);
    grille_interception_headers_view(f.interception, &view);
    grille_interception_message(f.interception, GRILLE_MESSAGE_SENT, 1);
    assert_told("");
    fixture_deinit(&f);
}

static void headers_are_told_once(void **state) {
    fixture f;
    (void)state;
    fixture_init(&f, 1 << 20);
    assert_int_equal(start(&f, true), GRILLE_OK);
    told[0] = '\0';
    grille_interception_headers(f.interception, &none);
    grille_interception_headers(f.interception, &none);
    assert_told("headers2 headers1 headers0 ");
    fixture_deinit(&f);
}

static void say_why(grille_intercepted *call) {
    (void)grille_intercepted_fail(call, GRILLE_ABORTED, "quota of %d", 3);
}

static void a_refusal_ends_the_call_for_those_that_let_it_pass(void **state) {
    fixture f;
    (void)state;
    fixture_init(&f, 1 << 20);
    refuse_at = 2;
    refuse_with = GRILLE_RESOURCE_EXHAUSTED;
    in_start = say_why;
    assert_int_equal(start(&f, false), GRILLE_RESOURCE_EXHAUSTED);
    assert_null(f.interception);
    assert_string_equal(f.text, "quota of 3");
    assert_told("start0 start1 start2 end(8:quota of 3)1 end(8:quota of 3)0 ");
    fixture_deinit(&f);

    fixture_init(&f, 1 << 20);
    refuse_at = 0;
    refuse_with = GRILLE_AGAIN;
    assert_int_equal(start(&f, false), GRILLE_INTERNAL);
    assert_string_equal(f.text, "an interceptor refused the call");
    assert_told("start0 ");
    fixture_deinit(&f);
}

static void without_interceptors_there_is_nothing(void **state) {
    fixture f;
    grille_metadata pairs;
    grille_metadata_view view = {0};
    grille_metadata_builder builder = {0};
    grille_interceptor_list empty;
    grille_interception_options options = {.list = &empty, .method = &method, .arena = &f.arena};
    (void)state;
    fixture_init(&f, 0);
    assert_int_equal(grille_interceptor_list_copy(&empty, NULL, 0), GRILLE_REASON_OK);
    assert_int_equal(grille_interceptor_list_copy(&empty, NULL, 1), GRILLE_REASON_BAD_ARGUMENT);
    f.interception = (grille_interception *)&f;
    assert_int_equal(grille_interception_start(&options, &f.interception, &f.text), GRILLE_OK);
    assert_null(f.interception);
    assert_int_equal(f.arena.first_used, 0);
    options.list = NULL;
    assert_int_equal(grille_interception_start(&options, &f.interception, &f.text), GRILLE_OK);
    grille_interception_set_peer(NULL, NULL);
    grille_interception_headers(NULL, &none);
    grille_interception_headers_view(NULL, &view);
    grille_interception_message(NULL, GRILLE_MESSAGE_SENT, 1);
    grille_interception_end(NULL, GRILLE_OK, NULL, &none);
    grille_interception_end_view(NULL, GRILLE_OK, NULL, &view);
    assert_false(grille_interception_changed(NULL, GRILLE_METADATA_REQUEST, &pairs));
    assert_int_equal(grille_interception_rebuild(NULL, GRILLE_METADATA_REQUEST, &builder), GRILLE_REASON_OK);
    fixture_deinit(&f);
}

static void no_memory_refuses_the_call(void **state) {
    fixture f;
    (void)state;
    fixture_init(&f, 0);
    assert_non_null(grille_arena_alloc(&f.arena, sizeof f.first - 64));
    assert_int_equal(start(&f, false), GRILLE_RESOURCE_EXHAUSTED);
    assert_null(f.interception);
    assert_string_equal(f.text, "no memory for the interceptors of the call");
    assert_told("");
    fixture_deinit(&f);
}

/* ---- metadata ---- */

static grille_code codes[8];
static size_t removed;
static size_t seen_count;
static char seen_value[64];

static void see(grille_intercepted *call, grille_metadata_place place, const char *key) {
    const grille_metadata *pairs = grille_intercepted_metadata(call, place);
    grille_bytes value = grille_metadata_get(pairs, key, 0);
    seen_count = pairs->count;
    (void)snprintf(seen_value, sizeof seen_value, "%.*s", (int)value.len, value.data ? (const char *)value.data : "");
}

static void change_request(grille_intercepted *call) {
    see(call, GRILLE_METADATA_REQUEST, "tenant");
    removed = grille_intercepted_remove(call, GRILLE_METADATA_REQUEST, "drop");
    codes[0] = grille_intercepted_add(call, GRILLE_METADATA_REQUEST, "trace", grille_bytes_of_text("t1"));
    codes[1] = grille_intercepted_add(call, GRILLE_METADATA_REQUEST, "Upper", grille_bytes_of_text("x"));
    codes[2] = grille_intercepted_add(call, GRILLE_METADATA_REQUEST, "grille-x", grille_bytes_of_text("x"));
    codes[3] = grille_intercepted_add(call, GRILLE_METADATA_HEADERS, "a", grille_bytes_of_text("x"));
    codes[4] = grille_intercepted_add(call, GRILLE_METADATA_TRAILERS, "a", grille_bytes_of_text("x"));
    codes[5] = grille_intercepted_add(call, (grille_metadata_place)9, "a", grille_bytes_of_text("x"));
    codes[6] = grille_intercepted_add(call, GRILLE_METADATA_REQUEST, NULL, grille_bytes_of_text("x"));
}

static void request_metadata_changes_in_on_start(void **state) {
    fixture f;
    grille_metadata pairs;
    (void)state;
    fixture_init(&f, 1 << 20);
    add_request(&f, "tenant", "blue");
    add_request(&f, "drop", "1");
    add_request(&f, "keep", "2");
    add_request(&f, "drop", "3");
    in_start = change_request;
    assert_int_equal(start(&f, true), GRILLE_OK);
    assert_string_equal(seen_value, "blue");
    assert_int_equal(seen_count, 4);
    assert_int_equal(removed, 2);
    assert_int_equal(codes[0], GRILLE_OK);
    assert_int_equal(codes[1], GRILLE_INVALID_ARGUMENT);
    assert_int_equal(codes[2], GRILLE_INVALID_ARGUMENT);
    assert_int_equal(codes[3], GRILLE_FAILED_PRECONDITION);
    assert_int_equal(codes[4], GRILLE_FAILED_PRECONDITION);
    assert_int_equal(codes[5], GRILLE_FAILED_PRECONDITION);
    assert_int_equal(codes[6], GRILLE_INVALID_ARGUMENT);
    assert_int_equal(grille_interception_rebuild(f.interception, GRILLE_METADATA_REQUEST, &f.request),
                     GRILLE_REASON_OK);
    grille_metadata_view view;
    assert_int_equal(grille_metadata_builder_view(&f.request, &view), GRILLE_REASON_OK);
    assert_true(grille_metadata_to_pairs(&view, &f.arena, &pairs));
    assert_int_equal(pairs.count, 3);
    assert_string_equal(pairs.pairs[0].key, "tenant");
    assert_string_equal(pairs.pairs[1].key, "keep");
    assert_string_equal(pairs.pairs[2].key, "trace");
    fixture_deinit(&f);
}

static void change_headers(grille_intercepted *call) {
    see(call, GRILLE_METADATA_HEADERS, "h");
    codes[0] = grille_intercepted_add(call, GRILLE_METADATA_HEADERS, "h2", grille_bytes_of_text("new"));
    codes[1] = grille_intercepted_add(call, GRILLE_METADATA_REQUEST, "h2", grille_bytes_of_text("new"));
    removed = grille_intercepted_remove(call, GRILLE_METADATA_REQUEST, "tenant");
}

static void change_trailers(grille_intercepted *call) {
    see(call, GRILLE_METADATA_TRAILERS, "t");
    removed = grille_intercepted_remove(call, GRILLE_METADATA_TRAILERS, "t");
    codes[2] = grille_intercepted_add(call, GRILLE_METADATA_TRAILERS, "raw-bin", grille_bytes_of("\0\1", 2));
}

static void headers_and_trailers_change_on_their_way(void **state) {
    static const grille_metadata_pair header = {"h", {(const uint8_t *)"old", 3}};
    static const grille_metadata_pair trailer = {"t", {(const uint8_t *)"", 0}};
    grille_metadata headers = {&header, 1}, trailers = {&trailer, 1}, pairs;
    fixture f;
    (void)state;
    fixture_init(&f, 1 << 20);
    in_headers = change_headers;
    in_end = change_trailers;
    add_request(&f, "tenant", "blue");
    assert_int_equal(start(&f, true), GRILLE_OK);
    assert_false(grille_interception_changed(f.interception, GRILLE_METADATA_REQUEST, &pairs));
    grille_interception_headers(f.interception, &headers);
    assert_string_equal(seen_value, "old");
    assert_int_equal(codes[0], GRILLE_OK);
    assert_int_equal(codes[1], GRILLE_FAILED_PRECONDITION);
    assert_int_equal(removed, 0);
    assert_true(grille_interception_changed(f.interception, GRILLE_METADATA_HEADERS, &pairs));
    assert_int_equal(pairs.count, 2);
    assert_string_equal(pairs.pairs[1].key, "h2");
    grille_interception_end(f.interception, GRILLE_OK, NULL, &trailers);
    assert_int_equal(removed, 1);
    assert_int_equal(codes[2], GRILLE_OK);
    assert_true(grille_interception_changed(f.interception, GRILLE_METADATA_TRAILERS, &pairs));
    assert_int_equal(pairs.count, 1);
    assert_string_equal(pairs.pairs[0].key, "raw-bin");
    assert_int_equal(pairs.pairs[0].value.len, 2);
    /* What the application gave is as it was. */
    assert_string_equal(header.key, "h");
    assert_int_equal(headers.count, 1);
    fixture_deinit(&f);
}

static void read_headers_early(grille_intercepted *call) {
    see(call, GRILLE_METADATA_HEADERS, "h");
    assert_null(grille_intercepted_peer(call));
    assert_true(grille_intercepted_method(call) == &method);
    assert_false(grille_intercepted_is_caller(call));
    assert_null(grille_intercepted_data(call));
    grille_intercepted_set_data(call, told);
}

static uint64_t elapsed_us;

static void look_at_the_end(grille_intercepted *call) {
    see(call, GRILLE_METADATA_HEADERS, "h");
    elapsed_us = grille_intercepted_elapsed_us(call);
    assert_ptr_equal(grille_intercepted_data(call), told);
    assert_non_null(grille_intercepted_peer(call));
    /* Only on_start may refuse. */
    assert_int_equal(grille_intercepted_fail(call, GRILLE_ABORTED, "late"), GRILLE_ABORTED);
    assert_int_equal(grille_intercepted_metadata(call, (grille_metadata_place)7)->count, 0);
}

static void what_can_be_asked_and_when(void **state) {
    static const grille_peer_identity peer = {.set = "them"};
    fixture f;
    grille_metadata_builder built = {0};
    grille_metadata_view view;
    (void)state;
    fixture_init(&f, 1 << 20);
    in_start = read_headers_early;
    in_end = look_at_the_end;
    seen_count = 9;
    assert_int_equal(start(&f, false), GRILLE_OK);
    assert_int_equal(seen_count, 0);
    grille_interception_set_peer(f.interception, &peer);
    assert_int_equal(grille_metadata_builder_add(&built, &f.arena, "h", grille_bytes_of_text("v")), GRILLE_REASON_OK);
    assert_int_equal(grille_metadata_builder_view(&built, &view), GRILLE_REASON_OK);
    grille_interception_headers_view(f.interception, &view);
    clock_now_us += 250;
    grille_interception_end(f.interception, GRILLE_OK, NULL, &none);
    assert_int_equal(elapsed_us, 250);
    assert_string_equal(seen_value, "v");
    fixture_deinit(&f);
}

static void add_until_full(grille_intercepted *call) {
    static uint8_t large[GRILLE_LIMIT_METADATA_BYTES + 1];
    char key[16];
    memset(large, 'x', sizeof large);
    codes[0] = grille_intercepted_add(call, GRILLE_METADATA_REQUEST, "large",
                                      grille_bytes_of(large, GRILLE_LIMIT_METADATA_BYTES - 4));
    codes[1] = grille_intercepted_add(call, GRILLE_METADATA_REQUEST, "larger", grille_bytes_of(large, sizeof large));
    for (int at = 0; at < GRILLE_LIMIT_METADATA_ENTRIES; at++) {
        (void)snprintf(key, sizeof key, "k%d", at);
        assert_int_equal(grille_intercepted_add(call, GRILLE_METADATA_REQUEST, key, grille_bytes_of_text("")),
                         GRILLE_OK);
    }
    codes[2] = grille_intercepted_add(call, GRILLE_METADATA_REQUEST, "one-more", grille_bytes_of_text(""));
    /* Room comes back when pairs go. */
    removed = grille_intercepted_remove(call, GRILLE_METADATA_REQUEST, "k7");
    codes[3] = grille_intercepted_add(call, GRILLE_METADATA_REQUEST, "one-more", grille_bytes_of_text(""));
}

static void what_is_added_stays_within_the_limits(void **state) {
    fixture f;
    (void)state;
    fixture_init(&f, 1 << 20);
    in_start = add_until_full;
    assert_int_equal(start(&f, true), GRILLE_OK);
    assert_int_equal(codes[0], GRILLE_RESOURCE_EXHAUSTED);
    assert_int_equal(codes[1], GRILLE_RESOURCE_EXHAUSTED);
    assert_int_equal(codes[2], GRILLE_RESOURCE_EXHAUSTED);
    assert_int_equal(removed, 1);
    assert_int_equal(codes[3], GRILLE_OK);
    assert_int_equal(grille_interception_rebuild(f.interception, GRILLE_METADATA_REQUEST, &f.request),
                     GRILLE_REASON_OK);
    assert_int_equal(f.request.count, GRILLE_LIMIT_METADATA_ENTRIES);
    fixture_deinit(&f);
}

static void add_one(grille_intercepted *call) {
    see(call, GRILLE_METADATA_REQUEST, "tenant");
    codes[0] = grille_intercepted_add(call, GRILLE_METADATA_REQUEST, "k", grille_bytes_of_text("v"));
    removed = grille_intercepted_remove(call, GRILLE_METADATA_REQUEST, "tenant");
}

/* Whatever allocation fails, nothing is half done. */
static void no_memory_changes_nothing(void **state) {
    int outcomes = 0;
    (void)state;
    for (size_t room = 0; room < 1200; room += 8) {
        fixture f;
        fixture_init(&f, 0);
        add_request(&f, "tenant", "blue");
        size_t used = f.arena.first_used;
        in_start = add_one;
        codes[0] = GRILLE_UNKNOWN;
        if (f.arena.first_capacity - used > room) {
            assert_non_null(grille_arena_alloc(&f.arena, f.arena.first_capacity - used - room));
        }
        grille_code code = start(&f, true);
        if (code == GRILLE_OK) {
            grille_metadata pairs = {0};
            bool changed = grille_interception_changed(f.interception, GRILLE_METADATA_REQUEST, &pairs);
            assert_int_equal(changed, codes[0] == GRILLE_OK || removed == 1);
            assert_true(codes[0] == GRILLE_OK || codes[0] == GRILLE_RESOURCE_EXHAUSTED);
            outcomes |= codes[0] == GRILLE_OK ? 1 : 2;
        } else {
            assert_int_equal(code, GRILLE_RESOURCE_EXHAUSTED);
            outcomes |= 4;
        }
        fixture_deinit(&f);
    }
    assert_int_equal(outcomes, 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_go_down_the_list_and_answers_up),
        cmocka_unit_test(the_end_is_told_once_and_nothing_after_it),
        cmocka_unit_test(headers_are_told_once),
        cmocka_unit_test(a_refusal_ends_the_call_for_those_that_let_it_pass),
        cmocka_unit_test(without_interceptors_there_is_nothing),
        cmocka_unit_test(no_memory_refuses_the_call),
        cmocka_unit_test(request_metadata_changes_in_on_start),
        cmocka_unit_test(headers_and_trailers_change_on_their_way),
        cmocka_unit_test(what_can_be_asked_and_when),
        cmocka_unit_test(what_is_added_stays_within_the_limits),
        cmocka_unit_test(no_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
