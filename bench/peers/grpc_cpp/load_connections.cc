/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/resource.h>

#include <chrono>
#include <deque>
#include <map>
#include <thread>
#include <vector>

#include "call.h"
#include "load.h"

/* A connection with its one call. */
struct Visit {
    explicit Visit(const Method &method) : call(method) {}

    void start(const Dialer &dialer, grpc::CompletionQueue *queue) {
        uint64_t from_ns = now_ns();
        stub = Echo::NewStub(dialer.dial());
        call.start(stub.get(), queue, from_ns);
    }

    std::unique_ptr<Echo::Stub> stub; // holds the channel
    Call call;
};

static void allow_many_files() {
    rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void load_connect(const Spec &spec, const Dialer &dialer, Recorder *recorder) {
    const Method method = {false, spec.bytes};
    grpc::CompletionQueue queue;
    std::deque<Visit> visits;
    std::map<void *, Visit *> owners;
    for (uint32_t at = 0; at < spec.in_flight; at++) {
        Visit *visit = &visits.emplace_back(method);
        owners[&visit->call] = visit;
    }
    recorder->start(now_ns());
    for (Visit &visit : visits)
        visit.start(dialer, &queue);
    void *tag = nullptr;
    size_t running = visits.size();
    for (bool ok = false; running > 0 && queue.Next(&tag, &ok);) {
        Visit *visit = owners[tag];
        std::string complaint = visit->call.complaint();
        visit->call.clear();
        visit->stub.reset(); // closes
        uint64_t now = now_ns();
        bool more = complaint.empty() ? recorder->note(now, now - visit->call.from_ns(), method.message_bytes())
                                      : recorder->note_failed(now, complaint);
        if (more) {
            visit->start(dialer, &queue);
        } else {
            running--;
        }
    }
}

void load_idle(const Spec &spec, const Dialer &dialer, Recorder *recorder) {
    const Method method = {false, spec.bytes};
    grpc::CompletionQueue queue;
    std::deque<Visit> visits;
    allow_many_files();
    recorder->begin(now_ns());
    for (uint32_t at = 0; at < spec.connections; at++) {
        Visit *visit = &visits.emplace_back(method);
        visit->start(dialer, &queue);
        void *tag = nullptr;
        bool ok = false;
        queue.Next(&tag, &ok);
        uint64_t now = now_ns();
        std::string complaint = visit->call.complaint();
        if (!complaint.empty()) fail(kFailed, "connection " + std::to_string(at + 1) + ": " + complaint);
        recorder->add(now - visit->call.from_ns(), method.message_bytes());
        if (at > 0) continue;
        std::this_thread::sleep_for(std::chrono::seconds(1));
        recorder->set_first_rss(recorder->server_rss_kib());
    }
    std::this_thread::sleep_for(std::chrono::seconds(1));
    recorder->end(now_ns());
}
