/* SPDX-License-Identifier: Apache-2.0
 * The streaming methods: each object is one call and goes with it, after it has made its successor. */
#include <grpcpp/grpcpp.h>

#include <string>

#include "server.h"
#include "step.h"

using grille::bench::peer::Ask;
using grille::bench::peer::Ball;
using grille::bench::peer::Done;

namespace {

class Up : public Step {
  public:
    Up(EchoService *service, grpc::ServerCompletionQueue *queue)
        : service_(service), queue_(queue), reader_(&context_) {
        service->RequestUp(&context_, &reader_, queue, queue, this);
    }

    void proceed(bool ok) override {
        if (finishing_ || (!begun_ && !ok)) {
            delete this;
            return;
        }
        if (!begun_) {
            begun_ = true;
            new Up(service_, queue_);
        } else if (ok) {
            done_.set_messages(done_.messages() + 1);
            done_.set_bytes(done_.bytes() + ball_.payload().size());
        } else {
            finishing_ = true;
            reader_.Finish(done_, grpc::Status::OK, this);
            return;
        }
        reader_.Read(&ball_, this);
    }

  private:
    EchoService *service_;
    grpc::ServerCompletionQueue *queue_;
    grpc::ServerContext context_;
    grpc::ServerAsyncReader<Done, Ball> reader_;
    bool begun_ = false;
    bool finishing_ = false;
    Ball ball_;
    Done done_;
};

class Down : public Step {
  public:
    Down(EchoService *service, grpc::ServerCompletionQueue *queue)
        : service_(service), queue_(queue), writer_(&context_) {
        service->RequestDown(&context_, &ask_, &writer_, queue, queue, this);
    }

    void proceed(bool ok) override {
        if (finishing_ || (!begun_ && !ok)) {
            delete this;
            return;
        }
        if (!begun_) {
            begun_ = true;
            new Down(service_, queue_);
            ball_.set_payload(std::string(ask_.bytes(), 'd'));
        }
        if (ok) {
            writer_.Write(ball_, this);
        } else { // cancelled: that is how it ends
            finishing_ = true;
            writer_.Finish(grpc::Status::CANCELLED, this);
        }
    }

  private:
    EchoService *service_;
    grpc::ServerCompletionQueue *queue_;
    grpc::ServerContext context_;
    grpc::ServerAsyncWriter<Ball> writer_;
    bool begun_ = false;
    bool finishing_ = false;
    Ask ask_;
    Ball ball_;
};

/* Reads the next message while the one before goes back. */
class Both {
  public:
    Both(EchoService *service, grpc::ServerCompletionQueue *queue)
        : service_(service), queue_(queue), stream_(&context_) {
        service->RequestBoth(&context_, &stream_, queue, queue, &on_begin_);
    }

  private:
    void began(bool ok) {
        if (!ok) {
            delete this;
            return;
        }
        new Both(service_, queue_);
        read();
    }

    void read() {
        reading_ = true;
        stream_.Read(&incoming_, &on_read_);
    }

    void advance() {
        if (have_ && !writing_) {
            have_ = false;
            writing_ = true;
            outgoing_.mutable_payload()->swap(*incoming_.mutable_payload());
            stream_.Write(outgoing_, &on_written_);
        }
        if (!have_ && !reading_ && !ended_) read();
        if (ended_ && !reading_ && !have_ && !writing_ && !finishing_) {
            finishing_ = true;
            stream_.Finish(grpc::Status::OK, &on_finished_);
        }
    }

    void was_read(bool ok) {
        reading_ = false;
        have_ = ok;
        ended_ = ended_ || !ok;
        advance();
    }

    void was_written(bool ok) {
        writing_ = false;
        ended_ = ended_ || !ok;
        if (!ok) have_ = false;
        advance();
    }

    EchoService *service_;
    grpc::ServerCompletionQueue *queue_;
    grpc::ServerContext context_;
    grpc::ServerAsyncReaderWriter<Ball, Ball> stream_;
    Then on_begin_{[this](bool ok) { began(ok); }};
    Then on_read_{[this](bool ok) { was_read(ok); }};
    Then on_written_{[this](bool ok) { was_written(ok); }};
    Then on_finished_{[this](bool) { delete this; }};
    bool reading_ = false;
    bool have_ = false; // a message that waits for its way back
    bool writing_ = false;
    bool ended_ = false;
    bool finishing_ = false;
    Ball incoming_;
    Ball outgoing_;
};

} // namespace

void expect_streams(EchoService *service, grpc::ServerCompletionQueue *queue) {
    new Up(service, queue);
    new Down(service, queue);
    new Both(service, queue);
}
