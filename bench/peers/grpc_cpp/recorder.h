/* SPDX-License-Identifier: Apache-2.0
 * What a load process counts between the begin and the end of its measured part, and the line of JSON that says it. */
#ifndef GRILLE_BENCH_PEERS_GRPC_CPP_RECORDER_H
#define GRILLE_BENCH_PEERS_GRPC_CPP_RECORDER_H

#include <cstdint>
#include <string>
#include <vector>

#include "spec.h"

uint64_t now_ns();

/* Counts of values from 1 to 2^40, each known to one part in 128; larger ones count as the largest. After HdrHistogram
 * (G. Tene): log-linear buckets. */
class Histogram {
  public:
    void add(uint64_t value);
    /* "[[value,count],…]", lowest first; a value is the highest that its bucket stands for. */
    std::string json() const;

  private:
    static constexpr int kSubBits = 7;
    static constexpr int kMostBits = 40;
    std::vector<uint64_t> counts_ = std::vector<uint64_t>((kMostBits - kSubBits + 2) << kSubBits);
};

/* One thread at a time. */
class Recorder {
  public:
    explicit Recorder(const Spec &spec);

    /* Starts the warm-up. */
    void start(uint64_t now);
    /* One call (or message) ended. Goes from warm-up to measuring by itself. True while there is more to do. */
    bool note(uint64_t now, uint64_t latency_ns, uint64_t message_bytes);
    /* A call that failed: it counts when measuring, and in no other figure. */
    bool note_failed(uint64_t now, const std::string &why);
    /* For patterns that begin and end by hand; neither does anything the second time. */
    void begin(uint64_t now);
    void end(uint64_t now);
    /* The same for who begins and ends by hand. */
    void add(uint64_t latency_ns, uint64_t message_bytes);
    void failed(const std::string &why);
    /* For who sends without waiting for answers: one more message. With --count never more than are wanted. */
    bool may_send() { return ended_ == 0 && (spec_.count == 0 || sent_++ < spec_.count + warm_calls_); }

    void set_first_rss(int64_t kib) { first_rss_kib_ = kib; }
    int64_t server_rss_kib() const;
    void print(const std::string &cipher) const;

  private:
    bool more(uint64_t now);
    int64_t server_cpu() const;

    const Spec &spec_;
    Histogram latency_;
    uint64_t warm_until_ = 0;
    uint64_t warm_calls_ = 0;
    uint64_t warm_left_ = 0;
    uint64_t sent_ = 0;
    uint64_t began_ = 0;
    uint64_t ended_ = 0;
    uint64_t calls_ = 0;
    uint64_t errors_ = 0;   // when measuring
    uint64_t failures_ = 0; // ever
    uint64_t message_bytes_ = 0;
    int64_t client_cpu_ = 0;
    int64_t server_cpu_ns_ = 0;
    int64_t rss_kib_ = -1;
    int64_t client_rss_kib_ = -1;
    int64_t first_rss_kib_ = -1;
};

#endif
