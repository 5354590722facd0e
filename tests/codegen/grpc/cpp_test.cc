// The generated headers of every service of grpc-proto include cleanly from C++17, all in one file.
#include <cstdio>
#include <cstring>

#include "grpc/channelz/v1/channelz.grille-nano.h"
#include "grpc/channelz/v1/channelz.grille-pb.h"
#include "grpc/core/stats.grille-nano.h"
#include "grpc/core/stats.grille-pb.h"
#include "grpc/examples/helloworld.grille-nano.h"
#include "grpc/examples/helloworld.grille-pb.h"
#include "grpc/gcp/handshaker.grille-nano.h"
#include "grpc/gcp/handshaker.grille-pb.h"
#include "grpc/gcp/transport_security_common.grille-nano.h"
#include "grpc/gcp/transport_security_common.grille-pb.h"
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
#include "grpc/testing/control.grille-nano.h"
#include "grpc/testing/control.grille-pb.h"
#include "grpc/testing/empty.grille-nano.h"
#include "grpc/testing/empty.grille-pb.h"
#include "grpc/testing/messages.grille-nano.h"
#include "grpc/testing/messages.grille-pb.h"
#include "grpc/testing/payloads.grille-nano.h"
#include "grpc/testing/payloads.grille-pb.h"
#include "grpc/testing/report_qps_scenario_service.grille-nano.h"
#include "grpc/testing/report_qps_scenario_service.grille-pb.h"
#include "grpc/testing/stats.grille-nano.h"
#include "grpc/testing/stats.grille-pb.h"
#include "grpc/testing/test.grille-nano.h"
#include "grpc/testing/test.grille-pb.h"
#include "grpc/testing/worker_service.grille-nano.h"
#include "grpc/testing/worker_service.grille-pb.h"

int main() {
    bool same = std::strcmp(grpc_health_v1_health_service.name, nano_grpc_health_v1_health_service.name) == 0;
    std::printf("[ RUN      ] headers\n%s headers\n", same ? "[       OK ]" : "[  FAILED  ]");
    return !same;
}
