/* SPDX-License-Identifier: Apache-2.0
 * Goal: whatever can't be opened says so: a code, a stable name and a text in an error that held rubbish before, and a
 * handle of NULL; and memory that runs out at any point costs a clean failure and no byte. */
#include <string.h>
#include <uv.h>

#include "attested_world.h"
#include "cmocka_all.h"
#include "failing_malloc.h"
#include "grille/channel.h"
#include "grille/server.h"
#include "tests/unit/loop/support.h"

static char nowhere[64]; /* an address that nobody listens on */
static char own_address[64];
static attested_world w;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void __real_free(void *memory);

static int set_up(void **state) {
    (void)state;
    /* libuv ends the process when its own tables can't grow: its memory does not fail here. */
    assert_int_equal(uv_replace_allocator(__real_malloc, __real_realloc, __real_calloc, __real_free), 0);
    make_abstract(nowhere);
    make_abstract(own_address);
    attested_world_init(&w);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    attested_world_deinit(&w);
    return 0;
}

/* What a caller's storage may hold. */
static void fill_with_rubbish(grille_error *error) {
    memset(error, 'x', sizeof *error);
}

static void expect_told(const grille_error *error, grille_code code, const char *name) {
    assert_int_equal(error->code, code);
    assert_non_null(memchr(error->name, 0, sizeof error->name));
    assert_non_null(memchr(error->text, 0, sizeof error->text));
    if (name != NULL) assert_string_equal(error->name, name);
    assert_null(strstr(error->name, "xxxx"));
    assert_null(strstr(error->text, "xxxx"));
    assert_int_not_equal(error->text[0], 0);
}

static grille_channel_options channel_options(void) {
    grille_channel_options options = grille_channel_options_default();
    options.policy = w.trusts_responder;
    options.identity = w.initiator;
    return options;
}

static grille_server_options server_options(void) {
    grille_server_options options = grille_server_options_default();
    options.policy = w.trusts_initiator;
    options.identity = w.responder;
    return options;
}

static void expect_no_channel(const char *address, const grille_channel_options *options, const char *name) {
    grille_channel *channel = (grille_channel *)(void *)&w;
    grille_error error;
    fill_with_rubbish(&error);
    assert_int_equal(grille_channel_open(address, options, &channel, &error), GRILLE_INVALID_ARGUMENT);
    assert_null(channel);
    expect_told(&error, GRILLE_INVALID_ARGUMENT, name);
    assert_int_equal(grille_channel_open(address, options, &channel, NULL), GRILLE_INVALID_ARGUMENT);
}

static void a_channel_needs_whole_options(void **state) {
    grille_channel_options options = channel_options();
    (void)state;
    expect_no_channel(nowhere, NULL, "LOOP-BAD-OPTIONS");
    options.size = 0;
    expect_no_channel(nowhere, &options, "LOOP-BAD-OPTIONS");
    options = channel_options();
    options.policy = NULL;
    expect_no_channel(nowhere, &options, "LOOP-BAD-OPTIONS");
    options = channel_options();
    options.identity = NULL;
    expect_no_channel(nowhere, &options, "LOOP-BAD-OPTIONS");
    options = channel_options();
    options.connect_timeout_ms = 0;
    expect_no_channel(nowhere, &options, "LOOP-BAD-OPTIONS");
    options = channel_options();
    options.cipher = (grille_cipher_choice)9;
    expect_no_channel(nowhere, &options, "LOOP-BAD-OPTIONS");
    options = channel_options();
    options.max_message_bytes = 0;
    expect_no_channel(nowhere, &options, "LOOP-BAD-OPTIONS");
    options.max_message_bytes = ((size_t)1 << 30) + 1;
    expect_no_channel(nowhere, &options, "LOOP-BAD-OPTIONS");
    options = channel_options();
    options.max_memory_bytes = 0;
    expect_no_channel(nowhere, &options, "LOOP-BAD-OPTIONS");
    options = channel_options();
    options.max_calls = 0;
    expect_no_channel(nowhere, &options, "LOOP-BAD-OPTIONS");
    options.max_calls = 65537;
    expect_no_channel(nowhere, &options, "LOOP-BAD-OPTIONS");
    options = channel_options();
    expect_no_channel(NULL, &options, "LOOP-BAD-ADDRESS");
    expect_no_channel("vsock:any:5", &options, "LOOP-BAD-ADDRESS");
}

static void expect_no_server(const grille_server_options *options) {
    grille_server *server = (grille_server *)(void *)&w;
    grille_error error;
    fill_with_rubbish(&error);
    assert_int_equal(grille_server_new(options, &server, &error), GRILLE_INVALID_ARGUMENT);
    assert_null(server);
    expect_told(&error, GRILLE_INVALID_ARGUMENT, "LOOP-BAD-OPTIONS");
}

static void a_server_needs_whole_options(void **state) {
    grille_server_options options = server_options();
    (void)state;
    expect_no_server(NULL);
    options.size = 0;
    expect_no_server(&options);
    options = server_options();
    options.policy = NULL;
    expect_no_server(&options);
    options = server_options();
    options.identity = NULL;
    expect_no_server(&options);
    options = server_options();
    options.loops = 0;
    expect_no_server(&options);
    options = server_options();
    options.max_message_bytes = 0;
    expect_no_server(&options);
    options = server_options();
    options.max_connections = 0;
    expect_no_server(&options);
}

static void a_channel_opens_whole_or_not_at_all(void **state) {
    const grille_channel_options options = channel_options();
    const size_t before = failing_malloc_living();
    grille_code code = GRILLE_UNKNOWN;
    size_t failing = 0;
    (void)state;
    for (failing = 0; code != GRILLE_OK; failing++) {
        grille_channel *channel = NULL;
        grille_error error;
        assert_true(failing < 1000);
        fill_with_rubbish(&error);
        failing_malloc_from(failing);
        code = grille_channel_open(nowhere, &options, &channel, &error);
        failing_malloc_never();
        if (code == GRILLE_OK) {
            assert_int_equal(error.code, GRILLE_OK);
            grille_channel_close(channel);
        } else {
            assert_null(channel);
            expect_told(&error, code, NULL);
        }
        assert_int_equal(failing_malloc_living(), before);
    }
    assert_true(failing > 3);
}

/* One attempt at new, listen and start. */
static grille_code try_server(grille_error *error) {
    const grille_server_options options = server_options();
    grille_server *server = NULL;
    grille_code code = grille_server_new(&options, &server, error);
    if (code == GRILLE_OK) {
        fill_with_rubbish(error);
        code = grille_server_listen(server, own_address, error);
    }
    if (code == GRILLE_OK) {
        fill_with_rubbish(error);
        code = grille_server_start(server, error);
    }
    failing_malloc_never();
    grille_server_free(server);
    return code;
}

static void a_server_starts_whole_or_not_at_all(void **state) {
    const size_t before = failing_malloc_living();
    grille_code code = GRILLE_UNKNOWN;
    size_t failing = 0;
    (void)state;
    for (failing = 0; code != GRILLE_OK; failing++) {
        grille_error error;
        assert_true(failing < 1000);
        fill_with_rubbish(&error);
        failing_malloc_from(failing);
        code = try_server(&error);
        if (code != GRILLE_OK) expect_told(&error, code, NULL);
        assert_int_equal(failing_malloc_living(), before);
    }
    assert_true(failing > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_channel_needs_whole_options),
        cmocka_unit_test(a_server_needs_whole_options),
        cmocka_unit_test(a_channel_opens_whole_or_not_at_all),
        cmocka_unit_test(a_server_starts_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
