/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <time.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "call.h"

/* Stubs of so many connections, used in turn. */
class Stubs {
  public:
    Stubs(const Spec &spec, const Dialer &dialer) {
        for (uint32_t at = 0; at < spec.connections; at++)
            stubs_.push_back(Echo::NewStub(dialer.dial()));
    }
    Echo::Stub *next() { return stubs_[turn_++ % stubs_.size()].get(); }

  private:
    std::vector<std::unique_ptr<Echo::Stub>> stubs_;
    size_t turn_ = 0;
};

void load_unary(const Spec &spec, const Dialer &dialer, Recorder *recorder) {
    const Method method = {spec.pattern == "bulk", spec.bytes};
    Stubs stubs(spec, dialer);
    grpc::CompletionQueue queue;
    std::deque<Call> calls;
    size_t running = spec.pattern == "ping-pong" ? 1 : spec.in_flight;
    recorder->start(now_ns());
    for (size_t at = 0; at < running; at++)
        calls.emplace_back(method).start(stubs.next(), &queue, now_ns());
    void *tag = nullptr;
    for (bool ok = false; running > 0 && queue.Next(&tag, &ok);) {
        Call *call = static_cast<Call *>(tag);
        uint64_t now = now_ns();
        std::string complaint = call->complaint();
        bool more = complaint.empty() ? recorder->note(now, now - call->from_ns(), method.message_bytes())
                                      : recorder->note_failed(now, complaint);
        if (more) {
            call->start(stubs.next(), &queue, now_ns());
        } else {
            running--;
        }
    }
}

static void sleep_until(uint64_t time_ns) {
    timespec time = {static_cast<time_t>(time_ns / 1000000000), static_cast<long>(time_ns % 1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) != 0) {
    }
}

/* Calls at their times, sent by one thread and taken by another; as many at once as there must be. */
class OpenLoop {
  public:
    OpenLoop(const Spec &spec, const Dialer &dialer, Recorder *recorder)
        : spec_(spec), method_{false, spec.bytes}, stubs_(spec, dialer), recorder_(recorder) {}

    void run() {
        first_ns_ = now_ns() + 1000000;
        warm_ = spec_.count > 0 ? spec_.count / 10 : static_cast<uint64_t>(spec_.rate * spec_.warm_up_ms / 1000);
        total_ = warm_ + (spec_.count > 0 ? spec_.count : static_cast<uint64_t>(spec_.rate * spec_.seconds));
        std::thread sender(&OpenLoop::send, this);
        take();
        sender.join();
    }

  private:
    uint64_t due_ns(uint64_t number) const {
        return first_ns_ + static_cast<uint64_t>(static_cast<double>(number) * 1e9 / spec_.rate);
    }

    void send() {
        for (uint64_t number = 0; number < total_; number++) {
            if (now_ns() < due_ns(number)) sleep_until(due_ns(number));
            idle()->start(stubs_.next(), &queue_, due_ns(number));
        }
    }

    Call *idle() {
        std::lock_guard<std::mutex> lock(mutex_);
        if (idle_.empty()) return &calls_.emplace_back(method_);
        Call *call = idle_.back();
        idle_.pop_back();
        return call;
    }

    void take() {
        void *tag = nullptr;
        bool ok = false;
        uint64_t measured_from_ns = due_ns(warm_);
        for (uint64_t taken = 0; taken < total_ && queue_.Next(&tag, &ok); taken++) {
            Call *call = static_cast<Call *>(tag);
            uint64_t now = now_ns();
            if (call->from_ns() >= measured_from_ns) {
                recorder_->begin(measured_from_ns);
                std::string complaint = call->complaint();
                if (complaint.empty()) {
                    recorder_->add(now - call->from_ns(), method_.message_bytes());
                } else {
                    recorder_->failed(complaint);
                }
            }
            std::lock_guard<std::mutex> lock(mutex_);
            idle_.push_back(call);
        }
        recorder_->end(now_ns());
    }

    const Spec &spec_;
    const Method method_;
    Stubs stubs_;
    Recorder *recorder_;
    grpc::CompletionQueue queue_;
    uint64_t first_ns_ = 0;
    uint64_t warm_ = 0;
    uint64_t total_ = 0;
    std::mutex mutex_;
    std::deque<Call> calls_;
    std::vector<Call *> idle_;
};

void load_open_loop(const Spec &spec, const Dialer &dialer, Recorder *recorder) {
    OpenLoop(spec, dialer, recorder).run();
}
