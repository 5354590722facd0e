#include "codegen/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The comment that `leading` and `trailing` become. */
static void check(char *leading, char *trailing, const char *expected) {
    grille_gen_pool pool = {0};
    Google__Protobuf__SourceCodeInfo__Location location, *locations[] = {&location};
    Google__Protobuf__SourceCodeInfo info = GOOGLE__PROTOBUF__SOURCE_CODE_INFO__INIT;
    Google__Protobuf__FileDescriptorProto file = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_PROTO__INIT;
    int32_t steps[] = {GRILLE_GEN_FILE_SERVICE, 0}, span[] = {4, 2, 9};
    google__protobuf__source_code_info__location__init(&location);
    location.path = steps;
    location.n_path = 2;
    location.span = span;
    location.n_span = 3;
    location.leading_comments = leading;
    location.trailing_comments = trailing;
    info.location = locations;
    info.n_location = 1;
    file.source_code_info = &info;
    file.name = (char *)(uintptr_t) "x.proto";
    grille_gen_path top = grille_gen_path_of(&file), path = grille_gen_path_into(&top, GRILLE_GEN_FILE_SERVICE, 0);
    grille_gen_path below = grille_gen_path_into(&path, GRILLE_GEN_SERVICE_METHOD, 3);
    grille_gen_text text = grille_gen_text_of(&pool);
    grille_gen_add_comment(&text, &path, "  ");
    assert_string_equal(text.start, expected);
    assert_string_equal(grille_gen_place(&pool, &path), "x.proto:5:3");
    assert_string_equal(grille_gen_place(&pool, &below), "x.proto:5:3");
    assert_string_equal(grille_gen_place(&pool, &top), "x.proto");
    grille_gen_pool_free(&pool);
}

static void test_comments(void **state) {
    static const struct {
        const char *leading, *trailing, *expected;
    } rows[] = {
        {NULL, NULL, ""},
        {" One.\n", NULL, "  /* One. */\n"},
        {NULL, " Behind.\n", "  /* Behind. */\n"},
        {" One.\n", " Behind.\n", "  /* One. */\n"},
        {" One.\n Two.  \n\n   Indented.\n", NULL, "  /* One.\n   * Two.\n   *\n   * Indented. */\n"},
        {" \n\n", NULL, ""},
        {" a */ b /* c */\n", NULL, "  /* a * / b / * c * / */\n"},
        {" **/ //* */*\n", NULL, "  /* ** / // * * / * */\n"},
        {" end \\\n/ next\n", NULL, "  /* end \\ .\n   * / next */\n"},
        {" end ?"
         "?/\n next\n",
         NULL,
         "  /* end ?"
         "?/ .\n   * next */\n"},
        {" tab\there \x01\x7f bell\a\r\n", NULL, "  /* tab here    bell */\n"},
        {" \xc3\xa4 caf\xc3\xa9\n", NULL, "  /* \xc3\xa4 caf\xc3\xa9 */\n"},
        {" *\n/\n", NULL, "  /* *\n   * / */\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        check((char *)(uintptr_t)rows[i].leading, (char *)(uintptr_t)rows[i].trailing, rows[i].expected);
}

static void test_paths_have_an_end(void **state) {
    Google__Protobuf__FileDescriptorProto file = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_PROTO__INIT;
    grille_gen_path path = grille_gen_path_of(&file);
    (void)state;
    for (int i = 0; i < 1000; i++)
        path = grille_gen_path_into(&path, GRILLE_GEN_MESSAGE_NESTED, 1);
    assert_int_equal(path.count, sizeof(path.steps) / sizeof(*path.steps));
    assert_null(grille_gen_location(&path));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comments),
        cmocka_unit_test(test_paths_have_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
