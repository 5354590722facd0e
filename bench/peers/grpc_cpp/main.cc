/* SPDX-License-Identifier: Apache-2.0
 * gRPC C++ as an agent of the benchmark: bench/README.md "Writing an agent for another framework". */
#include <absl/synchronization/mutex.h>

#include <cstdlib>
#include <map>

#include "load.h"
#include "server.h"

static void load(const Spec &spec) {
    const std::map<std::string, void (*)(const Spec &, const Dialer &, Recorder *)> patterns = {
        {"ping-pong", load_unary},     {"in-flight", load_unary},     {"bulk", load_unary},
        {"open-loop", load_open_loop}, {"connect", load_connect},     {"idle", load_idle},
        {"stream-up", load_streams},   {"stream-down", load_streams}, {"stream-both", load_streams},
    };
    auto pattern = patterns.find(spec.pattern);
    if (pattern == patterns.end()) fail(kUsage, "no such pattern: " + spec.pattern);
    if (spec.idle_streams > 0) fail(kUnsupported, "--idle-streams is for rows of Grille");
    if (spec.idle_connections > 0) fail(kUnsupported, "--idle-connections is for rows of Grille");
    Dialer dialer(spec);
    Recorder recorder(spec);
    pattern->second(spec, dialer, &recorder);
    recorder.print(negotiated_cipher());
}

int main(int argc, char **argv) {
    // Debian's build of absl looks for cycles of locks, which a release does not; a tenth of a call and more.
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    Spec spec = spec_read(argc, argv);
    if (spec.side == "serve") {
        serve(spec);
    } else {
        load(spec);
    }
    // gRPC's own threads need not come to an end.
    std::_Exit(0);
}
