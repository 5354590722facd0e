/* SPDX-License-Identifier: Apache-2.0
 * The options of an agent (bench/README.md "Writing an agent for another framework"), as bench/agent/spec.h has them.
 */
#ifndef GRILLE_BENCH_PEERS_GRPC_CPP_SPEC_H
#define GRILLE_BENCH_PEERS_GRPC_CPP_SPEC_H

#include <cstddef>
#include <cstdint>
#include <string>

enum ExitCode { kFailed = 1, kUsage = 2, kUnsupported = 3 };

struct Spec {
    std::string side;                  // serve or load
    std::string pattern = "ping-pong"; // as typed; main.cc knows which there are
    size_t bytes = 64;
    uint32_t in_flight = 1;
    uint32_t connections = 1;
    uint32_t idle_streams = 0;
    uint32_t idle_connections = 0;
    double rate = 0;
    double seconds = 1;
    uint64_t count = 0;
    uint32_t warm_up_ms = 200;
    std::string address;
    int server_pid = 0;
    uint32_t loops = 1;
};

/* Reads `serve|load ROW OPTIONS…` into the spec; ends the process with kUsage and a reason for what it can't read. */
Spec spec_read(int argc, char **argv);

/* Ends the process with a reason on standard error. */
[[noreturn]] void fail(ExitCode code, const std::string &why);

#endif
