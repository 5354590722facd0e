#include "codegen/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codegen/text.h"

typedef char *convert_fn(grille_gen_pool *pool, const char *text);

static void check(convert_fn *convert, const char *const (*rows)[2], size_t count) {
    grille_gen_pool pool = {0};
    for (size_t i = 0; i < count; i++)
        assert_string_equal(convert(&pool, rows[i][0]), rows[i][1]);
    grille_gen_pool_free(&pool);
}

#define CHECK(convert, rows) check(convert, rows, sizeof(rows) / sizeof(*rows))

static void test_snake(void **state) {
    static const char *const rows[][2] = {{"", ""},
                                          {"Decrypt", "decrypt"},
                                          {"acme.cryptor.v1.Cryptor", "acme_cryptor_v1_cryptor"},
                                          {"GetURL", "get_url"},
                                          {"HTTPServer", "http_server"},
                                          {"V1Beta", "v1_beta"},
                                          {"SHA256Sum", "sha256_sum"},
                                          {"already_snake", "already_snake"},
                                          {"Mixed_Case", "mixed_case"},
                                          {"ABC", "abc"},
                                          {"aB", "a_b"},
                                          {"a.B", "a_b"},
                                          {"GetV2", "get_v2"}};
    (void)state;
    CHECK(grille_gen_snake, rows);
}

static void test_protobuf_c(void **state) {
    static const char *const types[][2] = {{"Foo", "Foo"},
                                           {"acme.v1.DecryptRequest", "Acme__V1__DecryptRequest"},
                                           {"a_b.foo_bar.X", "AB__FooBar__X"},
                                           {"p.HTTPThing.inner", "P__HTTPThing__Inner"}};
    static const char *const lower[][2] = {{"Foo", "foo"},
                                           {"acme.v1.DecryptRequest", "acme__v1__decrypt_request"},
                                           {"p.HTTPThing.inner", "p__httpthing__inner"},
                                           {"p.aB_C", "p__a_b__c"}};
    (void)state;
    CHECK(grille_gen_protobuf_c_type, types);
    CHECK(grille_gen_protobuf_c_lower, lower);
}

static void test_files(void **state) {
    static const char *const guards[][2] = {{"a/b-c.proto", "A_B_C_PROTO"}, {"", ""}};
    static const char *const stems[][2] = {
        {"a/b.proto", "a/b"}, {"b", "b"}, {".proto", ".proto"}, {"x.proto.proto", "x.proto"}};
    static const char *const types[][2] = {{"acme.v1.Foo", "acme_v1_Foo"}};
    (void)state;
    CHECK(grille_gen_guard, guards);
    CHECK(grille_gen_stem, stems);
    CHECK(grille_gen_nanopb_type, types);
}

static void test_reserved(void **state) {
    static const char *const rows[][2] = {
        {"decrypt", "decrypt"}, {"delete", "delete_"}, {"register", "register_"}, {"errno", "errno_"}};
    (void)state;
    CHECK(grille_gen_member, rows);
    assert_true(grille_gen_is_reserved("co_await"));
    assert_true(grille_gen_is_reserved("_Static_assert"));
    assert_false(grille_gen_is_reserved("Delete"));
}

static void test_identifiers(void **state) {
    (void)state;
    assert_true(grille_gen_is_identifier("_a1"));
    assert_false(grille_gen_is_identifier(""));
    assert_false(grille_gen_is_identifier(NULL));
    assert_false(grille_gen_is_identifier("1a"));
    assert_false(grille_gen_is_identifier("a-b"));
    assert_false(grille_gen_is_identifier("a b"));
    assert_false(grille_gen_is_identifier("\xc3\xa4"));
}

/* text.c, pool.c */
static void test_text_grows(void **state) {
    grille_gen_pool pool = {0};
    grille_gen_text text = grille_gen_text_of(&pool);
    (void)state;
    assert_string_equal(text.start, "");
    for (int i = 0; i < 1000; i++)
        grille_gen_add(&text, "%d,", i % 10);
    grille_gen_add_raw(&text, "end", 3);
    grille_gen_add(&text, "%s", "");
    assert_int_equal(text.len, 2003);
    assert_memory_equal(text.start, "0,1,2,3,4,5,6,7,8,9,0,", 22);
    assert_string_equal(text.start + 2000, "end");
    grille_gen_pool_free(&pool);
    assert_null(pool.blocks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snake),    cmocka_unit_test(test_protobuf_c),  cmocka_unit_test(test_files),
        cmocka_unit_test(test_reserved), cmocka_unit_test(test_identifiers), cmocka_unit_test(test_text_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
