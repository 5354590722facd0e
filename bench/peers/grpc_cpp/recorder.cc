/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder.h"

#include <time.h>

#include <cstdio>
#include <fstream>

/* More than that, and the figures mean nothing. */
static constexpr uint64_t kMostFailures = 100;

static int64_t clock_ns(clockid_t clock) {
    timespec time;
    if (clock_gettime(clock, &time) != 0) return -1;
    return static_cast<int64_t>(time.tv_sec) * 1000000000 + time.tv_nsec;
}

uint64_t now_ns() {
    return static_cast<uint64_t>(clock_ns(CLOCK_MONOTONIC));
}

static int64_t rss_kib(int pid) {
    std::ifstream status("/proc/" + (pid == 0 ? "self" : std::to_string(pid)) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind("VmRSS:", 0) == 0) return std::stoll(line.substr(6));
    return -1;
}

void Histogram::add(uint64_t value) {
    constexpr uint64_t kMost = (1ULL << kMostBits) - 1;
    if (value > kMost) value = kMost;
    if (value == 0) value = 1;
    int bits = 64 - __builtin_clzll(value);
    int shift = bits > kSubBits + 1 ? bits - kSubBits - 1 : 0;
    counts_[(static_cast<size_t>(shift) << kSubBits) + (value >> shift)]++;
}

std::string Histogram::json() const {
    std::string text = "[";
    for (size_t at = 0; at < counts_.size(); at++) {
        if (counts_[at] == 0) continue;
        size_t shift = at >> kSubBits;
        if (shift > 0) shift--;
        uint64_t highest = ((at - (shift << kSubBits) + 1) << shift) - 1;
        if (text.size() > 1) text += ',';
        text += '[' + std::to_string(highest) + ',' + std::to_string(counts_[at]) + ']';
    }
    return text + ']';
}

Recorder::Recorder(const Spec &spec) : spec_(spec) {}

int64_t Recorder::server_cpu() const {
    clockid_t clock;
    if (spec_.server_pid == 0 || clock_getcpuclockid(spec_.server_pid, &clock) != 0) return -1;
    return clock_ns(clock);
}

int64_t Recorder::server_rss_kib() const {
    return spec_.server_pid == 0 ? -1 : rss_kib(spec_.server_pid);
}

void Recorder::start(uint64_t now) {
    warm_until_ = now + spec_.warm_up_ms * 1000000ULL;
    warm_left_ = warm_calls_ = spec_.warm_up_ms > 0 ? spec_.count / 10 : 0;
    if (spec_.warm_up_ms == 0 || (spec_.count > 0 && warm_left_ == 0)) begin(now);
}

void Recorder::begin(uint64_t now) {
    if (began_ != 0) return;
    client_cpu_ = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    server_cpu_ns_ = server_cpu();
    began_ = now;
}

void Recorder::end(uint64_t now) {
    if (ended_ != 0) return;
    ended_ = now;
    client_cpu_ = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - client_cpu_;
    int64_t server = server_cpu();
    server_cpu_ns_ = server < 0 || server_cpu_ns_ < 0 ? -1 : server - server_cpu_ns_;
    rss_kib_ = server_rss_kib();
    client_rss_kib_ = rss_kib(0);
}

bool Recorder::more(uint64_t now) {
    bool done = spec_.count > 0 ? calls_ >= spec_.count : now >= began_ + static_cast<uint64_t>(spec_.seconds * 1e9);
    if (done) end(now);
    return !done;
}

void Recorder::add(uint64_t latency_ns, uint64_t message_bytes) {
    calls_++;
    message_bytes_ += message_bytes;
    latency_.add(latency_ns);
}

bool Recorder::note(uint64_t now, uint64_t latency_ns, uint64_t message_bytes) {
    if (ended_ != 0) return false;
    if (began_ == 0) {
        if (warm_left_ > 0) warm_left_--;
        if (spec_.count > 0 ? warm_left_ == 0 : now >= warm_until_) begin(now);
        return true;
    }
    add(latency_ns, message_bytes);
    return more(now);
}

void Recorder::failed(const std::string &why) {
    fprintf(stderr, "grpc_cpp: a call failed: %s\n", why.c_str());
    if (++failures_ > kMostFailures) fail(kFailed, "more than " + std::to_string(kMostFailures) + " calls failed");
    if (began_ != 0) errors_++;
}

bool Recorder::note_failed(uint64_t now, const std::string &why) {
    if (ended_ != 0) return false;
    failed(why);
    return began_ == 0 || more(now);
}

static std::string known(int64_t value) {
    return value < 0 ? "null" : std::to_string(value);
}

void Recorder::print(const std::string &cipher) const {
    std::string line =
        "{\"calls\":" + std::to_string(calls_) + ",\"errors\":" + std::to_string(errors_) +
        ",\"message_bytes\":" + std::to_string(message_bytes_) + ",\"wall_ns\":" + std::to_string(ended_ - began_) +
        ",\"client_cpu_ns\":" + known(client_cpu_) + ",\"server_cpu_ns\":" + known(server_cpu_ns_) +
        ",\"client_heap_calls\":null,\"server_heap_calls\":null" + ",\"server_rss_kib\":" + known(rss_kib_) +
        ",\"server_first_rss_kib\":" + known(first_rss_kib_) + ",\"client_rss_kib\":" + known(client_rss_kib_) +
        ",\"cipher\":\"" + cipher + "\",\"latency_ns\":" + latency_.json() + "}\n";
    if (fputs(line.c_str(), stdout) < 0 || fflush(stdout) != 0) fail(kFailed, "the answer could not be written");
}
