/* SPDX-License-Identifier: Apache-2.0 */
#include "spec.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <map>

void fail(ExitCode code, const std::string &why) {
    fprintf(stderr, "grpc_cpp: %s\n", why.c_str());
    fflush(stdout);
    std::_Exit(code);
}

/* Digits, and Ki or Mi behind them. */
static uint64_t whole(const std::string &name, const std::string &text, uint64_t most) {
    char *rest = nullptr;
    errno = 0;
    uint64_t value = strtoull(text.c_str(), &rest, 10);
    std::string suffix = rest;
    uint64_t unit = suffix == "Ki" ? 1024 : suffix == "Mi" ? 1024 * 1024 : 1;
    bool digits = !text.empty() && text[0] >= '0' && text[0] <= '9' && (suffix.empty() || unit > 1);
    if (!digits || errno != 0 || value > most / unit)
        fail(kUsage, "option --" + name + ": not a number up to " + std::to_string(most) + ": " + text);
    return value * unit;
}

static double real(const std::string &name, const std::string &text) {
    char *rest = nullptr;
    double value = strtod(text.c_str(), &rest);
    if (text.empty() || *rest != '\0' || !std::isfinite(value) || value < 0)
        fail(kUsage, "option --" + name + ": not a number from 0: " + text);
    return value;
}

Spec spec_read(int argc, char **argv) {
    Spec spec;
    constexpr uint64_t kMost32 = std::numeric_limits<uint32_t>::max();
    auto small = [](uint32_t *into) {
        return [into](const std::string &name, const std::string &text) {
            *into = static_cast<uint32_t>(whole(name, text, kMost32));
        };
    };
    auto ignored = [](const std::string &, const std::string &) {};
    const std::map<std::string, std::function<void(const std::string &, const std::string &)>> options = {
        {"pattern", [&](auto &, auto &text) { spec.pattern = text; }},
        {"bytes", [&](auto &name, auto &text) { spec.bytes = whole(name, text, 1 << 30); }},
        {"in-flight", small(&spec.in_flight)},
        {"connections", small(&spec.connections)},
        {"idle-streams", small(&spec.idle_streams)},
        {"idle-connections", small(&spec.idle_connections)},
        {"rate", [&](auto &name, auto &text) { spec.rate = real(name, text); }},
        {"seconds", [&](auto &name, auto &text) { spec.seconds = real(name, text); }},
        {"count", [&](auto &name, auto &text) { spec.count = whole(name, text, 1ULL << 40); }},
        {"warm-up-ms", small(&spec.warm_up_ms)},
        {"to", [&](auto &, auto &text) { spec.address = text; }},
        {"server-pid", [&](auto &name, auto &text) { spec.server_pid = static_cast<int>(whole(name, text, 1 << 30)); }},
        {"loops", small(&spec.loops)},
        {"folder", ignored},   // the certificates lie beside the program
        {"counters", ignored}, // heap calls are not counted here
        {"spin-us", ignored},  // gRPC has no such setting
    };
    if (argc < 3) fail(kUsage, "usage: grpc_cpp serve|load ROW --to ADDRESS [--OPTION VALUE]…");
    spec.side = argv[1];
    if (spec.side != "serve" && spec.side != "load") fail(kUsage, "not a side, serve or load: " + spec.side);
    for (int at = 3; at < argc; at += 2) {
        std::string name = argv[at];
        auto option = name.rfind("--", 0) == 0 ? options.find(name.substr(2)) : options.end();
        if (option == options.end()) fail(kUsage, "unknown option: " + name);
        if (at + 1 == argc) fail(kUsage, "an option without a value: " + name);
        option->second(option->first, argv[at + 1]);
    }
    if (spec.address.empty()) fail(kUsage, "--to ADDRESS is missing");
    if (spec.in_flight == 0 || spec.connections == 0 || spec.loops == 0)
        fail(kUsage, "--in-flight, --connections and --loops begin at 1");
    if (spec.count == 0 && spec.seconds <= 0) fail(kUsage, "neither --count nor --seconds tells the end");
    if (spec.pattern == "open-loop" && spec.rate <= 0) fail(kUsage, "open-loop needs --rate");
    return spec;
}
