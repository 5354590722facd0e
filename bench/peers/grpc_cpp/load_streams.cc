/* SPDX-License-Identifier: Apache-2.0
 * A call in the figures is one message; its latency is the time since the one before it on its stream; one that goes
 * both ways counts when it is back. */
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "echo.grpc.pb.h"
#include "load.h"
#include "step.h"

using grille::bench::peer::Ask;
using grille::bench::peer::Ball;
using grille::bench::peer::Done;
using grille::bench::peer::Echo;

namespace {

class Stream {
  public:
    Stream(const Spec &spec, Recorder *recorder, size_t *running)
        : spec_(spec), recorder_(recorder), running_(running) {
        outgoing_.set_payload(std::string(spec.bytes, 's'));
        ++*running;
    }
    virtual ~Stream() = default;

  protected:
    bool note(uint64_t message_bytes) {
        uint64_t now = now_ns();
        uint64_t since = now - last_ns_;
        last_ns_ = now;
        return recorder_->note(now, since, message_bytes);
    }

    void finished(grpc::StatusCode expected, uint64_t sent, uint64_t arrived) {
        if (status_.error_code() != expected)
            fail(kFailed,
                 "a stream ended with " + std::to_string(status_.error_code()) + " " + status_.error_message());
        if (sent != arrived)
            fail(kFailed, std::to_string(sent) + " messages went out, " + std::to_string(arrived) + " arrived");
        --*running_;
    }

    const Spec &spec_;
    Recorder *recorder_;
    size_t *running_;
    grpc::ClientContext context_;
    grpc::Status status_;
    Ball outgoing_;
    Ball incoming_;
    uint64_t last_ns_ = now_ns();
};

class Up : public Stream {
  public:
    Up(const Spec &spec, Recorder *recorder, size_t *running, Echo::Stub *stub, grpc::CompletionQueue *queue)
        : Stream(spec, recorder, running), writer_(stub->AsyncUp(&context_, &done_, queue, &on_begin_)) {}

  private:
    void write() { writer_->Write(outgoing_, &on_written_); }

    void was_written(bool ok) {
        sent_ += ok;
        if (ok && note(spec_.bytes)) {
            write();
        } else if (ok) {
            writer_->WritesDone(&on_done_);
        } else {
            writer_->Finish(&status_, &on_finished_);
        }
    }

    Done done_;
    uint64_t sent_ = 0;
    Then on_begin_{[this](bool ok) { ok ? write() : writer_->Finish(&status_, &on_finished_); }};
    Then on_written_{[this](bool ok) { was_written(ok); }};
    Then on_done_{[this](bool) { writer_->Finish(&status_, &on_finished_); }};
    Then on_finished_{[this](bool) { finished(grpc::StatusCode::OK, sent_, done_.messages()); }};
    std::unique_ptr<grpc::ClientAsyncWriter<Ball>> writer_;
};

class Down : public Stream {
  public:
    Down(const Spec &spec, Recorder *recorder, size_t *running, Echo::Stub *stub, grpc::CompletionQueue *queue)
        : Stream(spec, recorder, running) {
        Ask ask;
        ask.set_bytes(spec.bytes);
        reader_ = stub->AsyncDown(&context_, ask, queue, &on_begin_);
    }

  private:
    void read() { reader_->Read(&incoming_, &on_read_); }

    void was_read(bool ok) {
        if (!ok) {
            reader_->Finish(&status_, &on_finished_);
            return;
        }
        if (incoming_.payload().size() != spec_.bytes) fail(kFailed, "a message of another size");
        if (!note(spec_.bytes)) context_.TryCancel();
        read();
    }

    void began() { read(); }

    Then on_begin_{[this](bool) { began(); }};
    Then on_read_{[this](bool ok) { was_read(ok); }};
    Then on_finished_{[this](bool) { finished(grpc::StatusCode::CANCELLED, 0, 0); }};
    std::unique_ptr<grpc::ClientAsyncReader<Ball>> reader_;
};

class Both : public Stream {
  public:
    Both(const Spec &spec, Recorder *recorder, size_t *running, Echo::Stub *stub, grpc::CompletionQueue *queue)
        : Stream(spec, recorder, running), stream_(stub->AsyncBoth(&context_, queue, &on_begin_)) {}

  private:
    void began(bool ok) {
        reading_ = true;
        stream_->Read(&incoming_, &on_read_);
        if (ok) write();
    }

    void write() {
        writing_ = true;
        if (recorder_->may_send()) {
            sent_++;
            stream_->Write(outgoing_, &on_written_);
        } else {
            stream_->WritesDone(&on_done_);
        }
    }

    void was_written(bool ok) {
        writing_ = false;
        if (ok) write();
        end_when_still();
    }

    void was_read(bool ok) {
        reading_ = ok;
        if (ok) {
            if (incoming_.payload().size() != spec_.bytes) fail(kFailed, "a message of another size came back");
            arrived_++;
            note(2 * spec_.bytes);
            stream_->Read(&incoming_, &on_read_);
        }
        end_when_still();
    }

    void end_when_still() {
        if (!reading_ && !writing_) stream_->Finish(&status_, &on_finished_);
    }

    uint64_t sent_ = 0;
    uint64_t arrived_ = 0;
    bool reading_ = false;
    bool writing_ = false;
    Then on_begin_{[this](bool ok) { began(ok); }};
    Then on_written_{[this](bool ok) { was_written(ok); }};
    Then on_done_{[this](bool) {
        writing_ = false;
        end_when_still();
    }};
    Then on_read_{[this](bool ok) { was_read(ok); }};
    Then on_finished_{[this](bool) { finished(grpc::StatusCode::OK, sent_, arrived_); }};
    std::unique_ptr<grpc::ClientAsyncReaderWriter<Ball, Ball>> stream_;
};

} // namespace

void load_streams(const Spec &spec, const Dialer &dialer, Recorder *recorder) {
    grpc::CompletionQueue queue;
    std::vector<std::unique_ptr<Echo::Stub>> stubs;
    std::vector<std::unique_ptr<Stream>> streams;
    size_t running = 0;
    for (uint32_t at = 0; at < spec.connections; at++)
        stubs.push_back(Echo::NewStub(dialer.dial()));
    recorder->start(now_ns());
    for (uint64_t at = 0; at < static_cast<uint64_t>(spec.connections) * spec.in_flight; at++) {
        Echo::Stub *stub = stubs[at % stubs.size()].get();
        if (spec.pattern == "stream-up") {
            streams.push_back(std::make_unique<Up>(spec, recorder, &running, stub, &queue));
        } else if (spec.pattern == "stream-down") {
            streams.push_back(std::make_unique<Down>(spec, recorder, &running, stub, &queue));
        } else {
            streams.push_back(std::make_unique<Both>(spec, recorder, &running, stub, &queue));
        }
    }
    void *tag = nullptr;
    for (bool ok = false; running > 0 && queue.Next(&tag, &ok);)
        static_cast<Then *>(tag)->proceed(ok);
}
