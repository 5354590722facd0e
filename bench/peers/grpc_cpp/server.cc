/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include <grpcpp/grpcpp.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>
#include <thread>
#include <vector>

#include "channel.h"
#include "step.h"

using grille::bench::peer::Ball;
using grille::bench::peer::Done;

/* Calls of one method that wait for a client; more are made when all are busy. */
static constexpr int kExpectedPings = 100;
static constexpr int kExpectedTakes = 4;

static void answer(Ball *request, Ball *response) {
    response->mutable_payload()->swap(*request->mutable_payload());
}

static void answer(Ball *request, Done *response) {
    response->set_messages(1);
    response->set_bytes(request->payload().size());
}

/* One call after the other of one unary method; messages keep their memory. */
template <class Response> class Unary : public Step {
  public:
    using Request = void (EchoService::*)(grpc::ServerContext *, Ball *, grpc::ServerAsyncResponseWriter<Response> *,
                                          grpc::CompletionQueue *, grpc::ServerCompletionQueue *, void *);

    Unary(EchoService *service, grpc::ServerCompletionQueue *queue, Request request, int *waiting)
        : service_(service), queue_(queue), request_(request), waiting_(waiting) {
        expect();
    }

    void proceed(bool ok) override {
        if (answering_) {
            expect();
            return;
        }
        if (!ok) return; // the server ends
        if (--*waiting_ == 0) new Unary(service_, queue_, request_, waiting_);
        answering_ = true;
        answer(&ball_, &response_);
        writer_->Finish(response_, grpc::Status::OK, this);
    }

  private:
    void expect() {
        answering_ = false;
        ++*waiting_;
        writer_.reset();
        context_.emplace();
        writer_.emplace(&*context_);
        (service_->*request_)(&*context_, &ball_, &*writer_, queue_, queue_, this);
    }

    EchoService *service_;
    grpc::ServerCompletionQueue *queue_;
    Request request_;
    int *waiting_; // of this queue, whose one thread it belongs to
    bool answering_ = false;
    std::optional<grpc::ServerContext> context_;
    std::optional<grpc::ServerAsyncResponseWriter<Response>> writer_;
    Ball ball_;
    Response response_;
};

static void run(EchoService *service, grpc::ServerCompletionQueue *queue) {
    int pings = 0;
    int takes = 0;
    for (int at = 0; at < kExpectedPings; at++)
        new Unary<Ball>(service, queue, &EchoService::RequestPing, &pings);
    for (int at = 0; at < kExpectedTakes; at++)
        new Unary<Done>(service, queue, &EchoService::RequestTake, &takes);
    expect_streams(service, queue);
    void *tag = nullptr;
    for (bool ok = false; queue->Next(&tag, &ok);)
        static_cast<Step *>(tag)->proceed(ok);
}

/* Returns at SIGTERM, or when whoever started this process is gone. */
static void wait_for_the_end(const sigset_t &signals) {
    pollfd ends[2] = {{STDIN_FILENO, POLLIN, 0}, {signalfd(-1, &signals, SFD_CLOEXEC), POLLIN, 0}};
    for (char byte = 0; poll(ends, 2, -1) > 0 && ends[1].revents == 0;)
        if (ends[0].revents != 0 && read(STDIN_FILENO, &byte, 1) <= 0) return;
}

void serve(const Spec &spec) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr); // before there are threads
    EchoService service;
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(target_of(spec.address), server_credentials(), &port);
    builder.RegisterService(&service);
    builder.SetMaxReceiveMessageSize(-1);
    builder.SetMaxSendMessageSize(-1);
    std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues;
    for (uint32_t at = 0; at < spec.loops; at++)
        queues.push_back(builder.AddCompletionQueue());
    std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
    if (!server || port == 0) fail(kFailed, "cannot listen on " + spec.address);
    for (auto &queue : queues)
        std::thread(run, &service, queue.get()).detach();
    std::string bound = spec.address;
    if (bound.rfind("tcp:", 0) == 0) bound = bound.substr(0, bound.rfind(':') + 1) + std::to_string(port);
    printf("ready %s\n", bound.c_str());
    fflush(stdout);
    wait_for_the_end(signals);
    // Calls that are still open keep gRPC from an orderly end; that of the process needs none.
    if (bound.rfind("unix:", 0) == 0) unlink(bound.substr(5).c_str());
    std::_Exit(0);
}
