/* SPDX-License-Identifier: Apache-2.0
 * The server: one completion queue and one thread for each of --loops, which of gRPC C++'s servers costs least. */
#ifndef GRILLE_BENCH_PEERS_GRPC_CPP_SERVER_H
#define GRILLE_BENCH_PEERS_GRPC_CPP_SERVER_H

#include "echo.grpc.pb.h"
#include "spec.h"

using EchoService = grille::bench::peer::Echo::AsyncService;

/* Serves until SIGTERM or the end of standard input. */
void serve(const Spec &spec);

/* Waits for calls of the streaming methods. server_streams.cc */
void expect_streams(EchoService *service, grpc::ServerCompletionQueue *queue);

#endif
