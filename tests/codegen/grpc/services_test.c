/* Every service of grpc-proto, with both codecs in one program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "grpc/channelz/v1/channelz.grille-nano.h"
#include "grpc/channelz/v1/channelz.grille-pb.h"
#include "grpc/examples/helloworld.grille-nano.h"
#include "grpc/examples/helloworld.grille-pb.h"
#include "grpc/gcp/handshaker.grille-nano.h"
#include "grpc/gcp/handshaker.grille-pb.h"
#include "grpc/health/v1/health.grille-nano.h"
#include "grpc/health/v1/health.grille-pb.h"
#include "grpc/lb/v1/load_balancer.grille-nano.h"
#include "grpc/lb/v1/load_balancer.grille-pb.h"
#include "grpc/lb/v1/load_reporter.grille-nano.h"
#include "grpc/lb/v1/load_reporter.grille-pb.h"
#include "grpc/lookup/v1/rls.grille-nano.h"
#include "grpc/lookup/v1/rls.grille-pb.h"
#include "grpc/reflection/v1/reflection.grille-nano.h"
#include "grpc/reflection/v1/reflection.grille-pb.h"
#include "grpc/reflection/v1alpha/reflection.grille-nano.h"
#include "grpc/reflection/v1alpha/reflection.grille-pb.h"
#include "grpc/testing/benchmark_service.grille-nano.h"
#include "grpc/testing/benchmark_service.grille-pb.h"
#include "grpc/testing/report_qps_scenario_service.grille-nano.h"
#include "grpc/testing/report_qps_scenario_service.grille-pb.h"
#include "grpc/testing/test.grille-nano.h"
#include "grpc/testing/test.grille-pb.h"
#include "grpc/testing/worker_service.grille-nano.h"
#include "grpc/testing/worker_service.grille-pb.h"

#define SERVICES(X)                                                                                                    \
    X(grpc_channelz_v1_channelz)                                                                                       \
    X(grpc_gcp_handshaker_service)                                                                                     \
    X(grpc_health_v1_health)                                                                                           \
    X(grpc_lb_v1_load_balancer)                                                                                        \
    X(grpc_lb_v1_load_reporter)                                                                                        \
    X(grpc_lookup_v1_route_lookup_service)                                                                             \
    X(grpc_reflection_v1_server_reflection)                                                                            \
    X(grpc_reflection_v1alpha_server_reflection)                                                                       \
    X(grpc_testing_benchmark_service)                                                                                  \
    X(grpc_testing_load_balancer_stats_service)                                                                        \
    X(grpc_testing_reconnect_service)                                                                                  \
    X(grpc_testing_report_qps_scenario_service)                                                                        \
    X(grpc_testing_test_service)                                                                                       \
    X(grpc_testing_unimplemented_service)                                                                              \
    X(grpc_testing_worker_service)                                                                                     \
    X(grpc_testing_xds_update_client_configure_service)                                                                \
    X(grpc_testing_xds_update_health_service)                                                                          \
    X(helloworld_greeter)

#define PAIR(name) {&name##_service, &nano_##name##_service},

static const struct { const grille_service *protobuf_c, *nanopb; } services[] = {SERVICES(PAIR)};

static void check_method(const grille_method *a, const grille_method *b) {
    assert_string_equal(a->path, b->path);
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->kind, b->kind);
    assert_ptr_equal(a->request->codec, &grille_codec_protobuf_c);
    assert_ptr_equal(b->request->codec, &grille_codec_nanopb);
    assert_string_equal(a->request->name, b->request->name);
    assert_string_equal(a->response->name, b->response->name);
}

static void test_both_codecs_agree(void **state) {
    size_t methods = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++) {
        const grille_service *a = services[i].protobuf_c, *b = services[i].nanopb;
        assert_string_equal(a->name, b->name);
        assert_int_equal(a->id, b->id);
        assert_memory_equal(a->schema_digest, b->schema_digest, sizeof(a->schema_digest));
        assert_int_equal(a->method_count, b->method_count);
        for (size_t j = 0; j < a->method_count; j++, methods++)
            check_method(&a->methods[j], &b->methods[j]);
    }
    assert_int_equal(methods, 42);
}

/* The id of a well-known method, by sha256sum. */
static void test_id_of_health_check(void **state) {
    (void)state;
    assert_string_equal(grpc_health_v1_health_service.methods[0].path, "/grpc.health.v1.Health/Check");
    assert_int_equal(grpc_health_v1_health_service.methods[0].id, 0xd94cec2c);
    assert_int_equal(grpc_health_v1_health_service.methods[1].kind, GRILLE_METHOD_SERVER_STREAMING);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_codecs_agree),
        cmocka_unit_test(test_id_of_health_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
