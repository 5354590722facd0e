/* SPDX-License-Identifier: Apache-2.0
 * One unary call after the other. */
#ifndef GRILLE_BENCH_PEERS_GRPC_CPP_CALL_H
#define GRILLE_BENCH_PEERS_GRPC_CPP_CALL_H

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>

#include "echo.grpc.pb.h"
#include "recorder.h"

using grille::bench::peer::Ball;
using grille::bench::peer::Done;
using grille::bench::peer::Echo;

struct Method {
    bool bulk; // Take instead of Ping
    size_t bytes;

    uint64_t message_bytes() const { return bulk ? bytes : 2 * bytes; }
};

/* A place for one call at a time; the object is the tag of its completion. */
class Call {
  public:
    explicit Call(const Method &method) : method_(method) { request_.set_payload(std::string(method.bytes, 'p')); }

    /* Latency counts from `from_ns`. */
    void start(Echo::Stub *stub, grpc::CompletionQueue *queue, uint64_t from_ns) {
        clear();
        from_ns_ = from_ns;
        context_.emplace();
        if (method_.bulk) {
            take_ = stub->AsyncTake(&*context_, request_, queue);
            take_->Finish(&done_, &status_, this);
        } else {
            ping_ = stub->AsyncPing(&*context_, request_, queue);
            ping_->Finish(&ball_, &status_, this);
        }
    }

    /* Lets go of the channel. The readers lie in memory of the call that the context holds. */
    void clear() {
        ping_.reset();
        take_.reset();
        context_.reset();
    }

    uint64_t from_ns() const { return from_ns_; }

    /* Empty: the answer is right. */
    std::string complaint() const {
        if (!status_.ok()) return std::to_string(status_.error_code()) + " " + status_.error_message();
        uint64_t got = method_.bulk ? done_.bytes() : ball_.payload().size();
        return got == method_.bytes ? "" : "an answer for " + std::to_string(got) + " bytes";
    }

  private:
    const Method &method_;
    uint64_t from_ns_ = 0;
    std::optional<grpc::ClientContext> context_;
    std::unique_ptr<grpc::ClientAsyncResponseReader<Ball>> ping_;
    std::unique_ptr<grpc::ClientAsyncResponseReader<Done>> take_;
    grpc::Status status_;
    Ball request_;
    Ball ball_;
    Done done_;
};

#endif
