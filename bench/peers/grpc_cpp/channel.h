/* SPDX-License-Identifier: Apache-2.0
 * Mutual TLS 1.3 for gRPC: addresses, certificates, and what was negotiated. */
#ifndef GRILLE_BENCH_PEERS_GRPC_CPP_CHANNEL_H
#define GRILLE_BENCH_PEERS_GRPC_CPP_CHANNEL_H

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "spec.h"

/* gRPC's form of unix:PATH, unix-abstract:NAME or tcp:HOST:PORT; ends the process with kUnsupported for others. */
std::string target_of(const std::string &address);

std::shared_ptr<grpc::ServerCredentials> server_credentials();

/* Makes channels that share nothing but the certificates. */
class Dialer {
  public:
    explicit Dialer(const Spec &spec);
    std::shared_ptr<grpc::Channel> dial() const;

  private:
    std::string target_;
    std::shared_ptr<grpc::ChannelCredentials> credentials_;
    grpc::ChannelArguments arguments_;
};

/* The suite of the handshakes of this process, in the words of bench/agent; ends the process with kFailed if none was
 * seen. handshake.cc */
std::string negotiated_cipher();

#endif
