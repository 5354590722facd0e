#include "codegen/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/services.h"
#include "requests.h"

static const char *one_path, *two_path, *other_path;

/* The model of a request that `change`, if any, has been at. */
static const grille_gen_service *read_service(grille_gen_pool *pool, grille_gen_model *model, const char *path,
                                              void (*change)(grille_gen_file_proto *)) {
    Grille__Codegen__Request *request = request_read(pool, path);
    if (change) change(request->proto_file[request->n_proto_file - 1]);
    grille_gen_model_read(model, pool, request);
    grille_gen_services_read(model);
    assert_int_equal(model->problems.count, 0);
    return &model->files[model->file_count - 1].services[0];
}

static bool same_digest(const char *path, void (*change)(grille_gen_file_proto *)) {
    grille_gen_pool pool = {0};
    grille_gen_model a, b;
    const grille_gen_service *one = read_service(&pool, &a, one_path, NULL);
    const grille_gen_service *other = read_service(&pool, &b, path, change);
    bool same = !memcmp(one->digest, other->digest, sizeof(one->digest));
    grille_gen_pool_free(&pool);
    return same;
}

static void test_names_order_and_comments_do_not_count(void **state) {
    (void)state;
    assert_true(same_digest(two_path, NULL));
}

static void test_type_counts(void **state) {
    (void)state;
    assert_false(same_digest(other_path, NULL));
}

static void change_nothing(grille_gen_file_proto *file) {
    file->source_code_info = NULL;
    file->message_type[3]->field[0]->number = 77; /* Unused: no method reaches it */
}

static void change_number(grille_gen_file_proto *file) {
    file->message_type[0]->field[1]->number = 9;
}

static void change_label(grille_gen_file_proto *file) {
    file->message_type[0]->field[1]->label = GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_OPTIONAL;
}

static void change_below(grille_gen_file_proto *file) {
    file->message_type[0]->nested_type[0]->n_field = 1;
}

static void change_cardinality(grille_gen_file_proto *file) {
    file->service[0]->method[0]->has_server_streaming = 1;
    file->service[0]->method[0]->server_streaming = 1;
}

static void change_method(grille_gen_file_proto *file) {
    file->service[0]->method[0]->name = (char *)(uintptr_t) "Eins";
}

static void change_methods(grille_gen_file_proto *file) {
    file->service[0]->n_method = 1;
}

static void change_response(grille_gen_file_proto *file) {
    file->service[0]->method[0]->output_type = (char *)(uintptr_t) ".unit.Leaf";
}

static void test_what_counts(void **state) {
    static void (*const changes[])(grille_gen_file_proto *) = {
        change_number, change_label, change_below, change_cardinality, change_method, change_methods, change_response};
    (void)state;
    assert_true(same_digest(one_path, NULL));
    assert_true(same_digest(one_path, change_nothing));
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
        if (same_digest(one_path, changes[i])) fail_msg("change %zu makes no difference", i);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_order_and_comments_do_not_count),
        cmocka_unit_test(test_type_counts),
        cmocka_unit_test(test_what_counts),
    };
    if (argc != 4) return 2;
    one_path = argv[1];
    two_path = argv[2];
    other_path = argv[3];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
