/* SPDX-License-Identifier: Apache-2.0
 * What a completion queue gives back: the owner of an operation that ended. */
#ifndef GRILLE_BENCH_PEERS_GRPC_CPP_STEP_H
#define GRILLE_BENCH_PEERS_GRPC_CPP_STEP_H

#include <functional>
#include <utility>

class Step {
  public:
    virtual ~Step() = default;
    /* ok as grpc::CompletionQueue::Next gives it. */
    virtual void proceed(bool ok) = 0;
};

/* A step for objects that wait for more than one operation. */
class Then : public Step {
  public:
    explicit Then(std::function<void(bool)> what) : what_(std::move(what)) {}
    void proceed(bool ok) override { what_(ok); }

  private:
    std::function<void(bool)> what_;
};

#endif
