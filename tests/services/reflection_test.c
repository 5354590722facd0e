/* SPDX-License-Identifier: Apache-2.0
 * Goal: a peer learns of the services that it may call, and of nothing else; descriptors are those of the .proto and of
 * what it imports; an enclave tells nothing unless its policy says so. */
#include "grille/reflection.h"

#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "grille/health.h"
#include "grille/v1/reflection.grille-nano.h"
#include "pair.h"
#include "tests/services/described.grille-nano.h"

static services_pair pair;
static grille_reflection *reflection;
static grille_health *health;
static e2e_counts counts;

static grille_code new_reflection(const char *top, const grille_identity *identity, grille_error *error) {
    grille_policy *policy = services_policy("[\"/test.E2e/Echo\"]", top);
    grille_reflection *made = NULL;
    grille_code code = grille_reflection_new(policy, identity, &made, error);
    assert_int_equal(made != NULL, code == GRILLE_OK);
    grille_reflection_free(made);
    grille_policy_free(policy);
    return code;
}

static int open_pair(const char *may_call) {
    static const test_described_clock_handlers none = {.tell = NULL};
    grille_policy *policy = services_policy(may_call, "");
    grille_services *services = NULL;
    grille_error error;
    services_pair_new(&pair, grille_policy_ref(policy), NULL);
    services = grille_server_services(pair.server);
    assert_int_equal(grille_reflection_new(policy, services_world.gateway, &reflection, &error), GRILLE_OK);
    assert_int_equal(grille_reflection_register(reflection, services, &error), GRILLE_OK);
    assert_int_equal(
        grille_reflection_describe(reflection, &test_described_clock_service, test_described_clock_descriptors),
        GRILLE_OK);
    assert_int_equal(grille_health_new(&health, &error), GRILLE_OK);
    assert_int_equal(grille_health_register(health, services, &error), GRILLE_OK);
    assert_int_equal(e2e_register(pair.server, &counts, &error), GRILLE_OK);
    assert_int_equal(test_described_clock_serve(services, &none, NULL, &error), GRILLE_OK);
    services_pair_start(&pair, "reflection", NULL);
    grille_policy_free(policy);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    services_pair_close(&pair);
    grille_reflection_free(reflection);
    grille_health_free(health);
    return 0;
}

static void add(char *into, size_t size, grille_bytes text, const char *more) {
    size_t len = strlen(into);
    (void)snprintf(into + len, size - len, "%.*s%s ", (int)text.len, (const char *)text.data, more);
}

/* "NAME:COUNT[d] " of each. */
static grille_code list_services(char *into, size_t size) {
    const grille_v1_ListServicesRequest request = {0};
    const grille_v1_ServiceDescription *message = NULL;
    grille_own_grille_v1_reflection_list_services_stream *stream = NULL;
    grille_own_grille_v1_reflection_list_services_reply reply;
    grille_error error;
    char more[32];
    into[0] = '\0';
    assert_int_equal(grille_own_grille_v1_reflection_list_services_begin(pair.channel, &request, NULL, &stream, &error),
                     GRILLE_OK);
    while (grille_own_grille_v1_reflection_list_services_read(stream, &message) == GRILLE_OK) {
        assert_int_equal(message->schema_digest.len, 32);
        assert_true(message->id != 0);
        (void)snprintf(more, sizeof more, ":%u%s", (unsigned)message->method_count,
                       message->has_descriptors ? "d" : "");
        add(into, size, message->name, more);
    }
    grille_code code = grille_own_grille_v1_reflection_list_services_finish(stream, &reply);
    grille_own_grille_v1_reflection_list_services_reply_free(&reply);
    return code;
}

static grille_bytes bytes_of(const char *text) {
    return (grille_bytes){(const uint8_t *)text, strlen(text)};
}

/* "PATH[<][>] " of each: whether the caller, the server streams. */
static grille_code list_methods(const char *service, char *into, size_t size) {
    const grille_v1_ListMethodsRequest request = {.service = bytes_of(service)};
    const grille_v1_MethodDescription *message = NULL;
    grille_own_grille_v1_reflection_list_methods_stream *stream = NULL;
    grille_own_grille_v1_reflection_list_methods_reply reply;
    grille_error error;
    into[0] = '\0';
    assert_int_equal(grille_own_grille_v1_reflection_list_methods_begin(pair.channel, &request, NULL, &stream, &error),
                     GRILLE_OK);
    while (grille_own_grille_v1_reflection_list_methods_read(stream, &message) == GRILLE_OK) {
        assert_true(message->request_type.len > 0 && message->response_type.len > 0);
        add(into, size, message->path,
            message->client_streaming ? (message->server_streaming ? "<>" : "<")
                                      : (message->server_streaming ? ">" : ""));
    }
    grille_code code = grille_own_grille_v1_reflection_list_methods_finish(stream, &reply);
    grille_own_grille_v1_reflection_list_methods_reply_free(&reply);
    return code;
}

static void services_and_methods_are_listed(void **state) {
    char text[1024];
    (void)state;
    (void)open_pair("[\"/grille.v1.Reflection/*\", \"/grille.v1.Health/*\", \"/test.described.Clock/*\"]");
    assert_int_equal(list_services(text, sizeof text), GRILLE_OK);
    assert_string_equal(text, "grille.v1.Reflection:3 grille.v1.Health:3 test.described.Clock:3d ");
    assert_int_equal(list_methods("test.described.Clock", text, sizeof text), GRILLE_OK);
    assert_string_equal(text, "/test.described.Clock/Tell /test.described.Clock/Tick> /test.described.Clock/Wind< ");
}

static void what_a_peer_may_not_call_it_does_not_see(void **state) {
    char text[1024];
    (void)state;
    (void)open_pair("[\"/grille.v1.Reflection/*\", \"/test.E2e/Echo\"]");
    assert_int_equal(list_services(text, sizeof text), GRILLE_OK);
    assert_string_equal(text, "grille.v1.Reflection:3 test.E2e:1 ");
    assert_int_equal(list_methods("test.E2e", text, sizeof text), GRILLE_OK);
    assert_string_equal(text, "/test.E2e/Echo ");
    assert_int_equal(list_methods("test.described.Clock", text, sizeof text), GRILLE_NOT_FOUND);
    assert_int_equal(list_methods("no.such.Service", text, sizeof text), GRILLE_NOT_FOUND);
    assert_int_equal(list_methods("", text, sizeof text), GRILLE_NOT_FOUND);
}

static void it_is_a_service_like_any_other(void **state) {
    char text[1024];
    (void)state;
    (void)open_pair("[\"/test.E2e/Echo\"]");
    assert_int_equal(list_services(text, sizeof text), GRILLE_PERMISSION_DENIED);
    assert_string_equal(text, "");
}

static grille_code get(const char *service, grille_own_grille_v1_reflection_get_descriptors_reply *reply) {
    const grille_v1_GetDescriptorsRequest request = {.service = bytes_of(service)};
    return grille_own_grille_v1_reflection_get_descriptors(pair.channel, &request, NULL, reply);
}

static void descriptors_are_the_file_and_what_it_imports(void **state) {
    grille_own_grille_v1_reflection_get_descriptors_reply reply;
    Google__Protobuf__FileDescriptorSet *set = NULL;
    (void)state;
    (void)open_pair("[\"/grille.v1.Reflection/*\", \"/grille.v1.Health/*\", \"/test.described.Clock/*\"]");
    assert_int_equal(get("test.described.Clock", &reply), GRILLE_OK);
    set = google__protobuf__file_descriptor_set__unpack(NULL, reply.response->file_descriptor_set.len,
                                                        reply.response->file_descriptor_set.data);
    assert_non_null(set);
    assert_int_equal(set->n_file, 2);
    assert_string_equal(set->file[0]->name, "google/protobuf/timestamp.proto");
    assert_string_equal(set->file[1]->name, "tests/services/described.proto");
    assert_string_equal(set->file[1]->service[0]->name, "Clock");
    assert_int_equal(set->file[1]->service[0]->n_method, 3);
    assert_string_equal(set->file[1]->message_type[0]->field[0]->name, "zone");
    assert_null(set->file[1]->source_code_info);
    google__protobuf__file_descriptor_set__free_unpacked(set, NULL);
    grille_own_grille_v1_reflection_get_descriptors_reply_free(&reply);
    assert_int_equal(get("grille.v1.Health", &reply), GRILLE_NOT_FOUND);
    assert_string_equal(reply.message, "this server carries no descriptors of grille.v1.Health");
    grille_own_grille_v1_reflection_get_descriptors_reply_free(&reply);
    assert_int_equal(get("test.E2e", &reply), GRILLE_NOT_FOUND);
    grille_own_grille_v1_reflection_get_descriptors_reply_free(&reply);
}

static void an_enclave_tells_only_what_its_policy_says(void **state) {
    grille_identity *enclave = NULL;
    grille_error error;
    (void)state;
    assert_int_equal(grille_identity_open_nsm(world_path(&services_world, "sim"), &enclave, &error), GRILLE_OK);
    assert_int_equal(grille_identity_get_kind(enclave), GRILLE_IDENTITY_NITRO);
    assert_int_equal(new_reflection("", enclave, &error), GRILLE_FAILED_PRECONDITION);
    assert_string_equal(error.name, "POLICY-FORBIDS");
    assert_int_equal(new_reflection("reflection: false\n", enclave, &error), GRILLE_FAILED_PRECONDITION);
    assert_int_equal(new_reflection("reflection: true\n", enclave, &error), GRILLE_OK);
    assert_int_equal(new_reflection("stats: true\n", enclave, &error), GRILLE_FAILED_PRECONDITION);
    grille_identity_free(enclave);
    assert_int_equal(new_reflection("", services_world.gateway, &error), GRILLE_OK);
    assert_int_equal(new_reflection("reflection: false\n", services_world.gateway, &error), GRILLE_FAILED_PRECONDITION);
}

int main(int count, char **arguments) {
#define CASE(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(services_and_methods_are_listed),
        CASE(what_a_peer_may_not_call_it_does_not_see),
        CASE(it_is_a_service_like_any_other),
        CASE(descriptors_are_the_file_and_what_it_imports),
        cmocka_unit_test(an_enclave_tells_only_what_its_policy_says),
    };
    (void)count;
    services_arguments(arguments);
    return cmocka_run_group_tests(tests, services_set_up, services_tear_down);
}
