/* What holds for every request: the same one gives the same bytes; what no protoc would send is refused, not written.
 */
#include "codegen/generate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/source.h"
#include "requests.h"

static const char *path;

static char *text(const char *literal) {
    return (char *)(uintptr_t)literal;
}

static grille_gen_response generate(grille_gen_pool *pool, void (*change)(Grille__Codegen__Request *),
                                    const char *parameter) {
    grille_gen_response response;
    Grille__Codegen__Request *request = request_read(pool, path);
    request->parameter = text(parameter);
    if (change) change(request);
    grille_gen_response_init(&response, pool);
    grille_gen_generate(pool, request, &response);
    return response;
}

static void test_same_bytes_every_time(void **state) {
    static const char *const parameters[] = {"", "codec=nanopb", "side=client", "side=server,prefix=x_", "side=fake"};
    static const size_t files[] = {4, 4, 3, 3, 2};
    (void)state;
    for (size_t i = 0; i < sizeof(parameters) / sizeof(*parameters); i++) {
        grille_gen_pool pool = {0};
        grille_gen_response a = generate(&pool, NULL, parameters[i]), b = generate(&pool, NULL, parameters[i]);
        assert_null(a.message.error);
        assert_int_equal(a.message.n_file, files[i]);
        assert_int_equal(a.message.n_file, b.message.n_file);
        for (size_t j = 0; j < a.message.n_file; j++) {
            assert_string_equal(a.message.file[j]->name, b.message.file[j]->name);
            assert_string_equal(a.message.file[j]->content, b.message.file[j]->content);
        }
        grille_gen_pool_free(&pool);
    }
}

static grille_gen_file_proto *file_of(Grille__Codegen__Request *request) {
    return request->proto_file[request->n_proto_file - 1];
}

static void bad_package(Grille__Codegen__Request *request) {
    file_of(request)->package = text("unit; int x");
}

static void bad_service(Grille__Codegen__Request *request) {
    file_of(request)->service[0]->name = text("A B");
}

static void bad_method(Grille__Codegen__Request *request) {
    file_of(request)->service[0]->method[0]->name = text("\"");
}

static void no_method_name(Grille__Codegen__Request *request) {
    file_of(request)->service[0]->method[0]->name = NULL;
}

static void bad_message(Grille__Codegen__Request *request) {
    file_of(request)->message_type[0]->name = text("");
}

static void unknown_type(Grille__Codegen__Request *request) {
    file_of(request)->service[0]->method[0]->input_type = text(".unit.Gone");
}

static void no_type(Grille__Codegen__Request *request) {
    file_of(request)->service[0]->method[0]->output_type = NULL;
}

static void bad_file(Grille__Codegen__Request *request) {
    file_of(request)->name = text("a\"b.proto");
    request->file_to_generate[0] = text("a\"b.proto");
}

static void test_requests_of_nobody(void **state) {
    static const struct {
        void (*change)(Grille__Codegen__Request *);
        const char *error;
    } rows[] = {
        {bad_package, "`unit; int x` is not a package name"},
        {bad_service, "`A B` is not a name for a service"},
        {bad_method, "`\"` is not a name for a method"},
        {no_method_name, "`` is not a name for a method"},
        {bad_message, "`` is not a name for a message"},
        {unknown_type, "`One`: there is no message `.unit.Gone`"},
        {no_type, "`One`: there is no message ``"},
        {bad_file, "the file's name can't stand in an #include; rename the file"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        grille_gen_pool pool = {0};
        grille_gen_response response = generate(&pool, rows[i].change, NULL);
        assert_non_null(response.message.error);
        assert_int_equal(response.message.n_file, 0);
        if (!strstr(response.message.error, rows[i].error)) fail_msg("row %zu: %s", i, response.message.error);
        grille_gen_pool_free(&pool);
    }
}

/* source.c */
static void test_problems_are_counted(void **state) {
    grille_gen_pool pool = {0};
    grille_gen_problems problems = {.text = grille_gen_text_of(&pool)};
    size_t lines = 0;
    (void)state;
    for (int i = 0; i < 105; i++)
        grille_gen_problem_at(&problems, "x.options:1", "number %d", i);
    const char *all = grille_gen_problem_text(&problems);
    for (const char *c = all; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 101);
    assert_string_equal(strrchr(all, 'a'), "and 5 more\n");
    grille_gen_pool_free(&pool);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes_every_time),
        cmocka_unit_test(test_requests_of_nobody),
        cmocka_unit_test(test_problems_are_counted),
    };
    if (argc != 2) return 2;
    path = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
