/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/driver/syscalls.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "bench/driver/plan_axes.h"
#include "bench/driver/tracer.h"

enum { CALLS = 1000, LEAST_CALLS = 16, MOST_IN_FLIGHT = 1000, MOST_BYTES = 32 << 20 };

bool bench_syscalls_fit(const bench_plan_row *row) {
    const bench_pattern pattern = row->spec.pattern;
    if (strcmp(row->transport, "inproc") == 0 || strcmp(row->transport, "target") == 0) return false;
    if (row->spec.in_flight > MOST_IN_FLIGHT) return false;
    if (row->spec.connections > 1 || row->spec.idle_streams > 0 || row->spec.idle_connections > 0) return false;
    return pattern == BENCH_PING_PONG || pattern == BENCH_IN_FLIGHT || pattern == BENCH_BULK ||
           bench_pattern_is_stream(pattern);
}

uint64_t bench_syscalls_count(const bench_spec *spec) {
    uint64_t count = spec->bytes > MOST_BYTES / CALLS ? MOST_BYTES / spec->bytes : CALLS;
    if (count < LEAST_CALLS) count = LEAST_CALLS;
    return count < spec->in_flight * 10u ? spec->in_flight * 10u : count;
}

static bench_outcome told(bench_wait wait, const bench_process *process, const char *who, char why[256]) {
    char text[256];
    bench_process_tell(process, text);
    (void)snprintf(why, 256, "%s, traced: %s%.200s", who, wait == BENCH_WAIT_LATE ? "no answer in time; " : "", text);
    return wait == BENCH_WAIT_INTERRUPTED ? BENCH_INTERRUPTED : BENCH_FAILED;
}

/* Its threads are ours to reap, too. */
static void kill_traced(bench_process *process) {
    int status = 0;
    if (process->pid == 0) return;
    (void)kill(process->pid, SIGKILL);
    while (process->pid != 0) {
        const pid_t tid = waitpid(-1, &status, __WALL);
        if (tid <= 0) break;
        if (tid == process->pid && !WIFSTOPPED(status)) bench_process_reaped(process, status);
    }
}

static bench_outcome run_traced(bench_bed *bed, const bench_plan_row *row, bench_pair *pair, bench_tracer *tracer,
                                char why[256]) {
    const uint64_t deadline_ns = bench_pair_deadline_ns(bed, &pair->spec);
    bench_result result = {.calls = 0};
    bench_outcome outcome;
    bench_wait wait;
    if (!bench_pair_start_server(bed, row, pair, true, why)) return BENCH_FAILED;
    tracer->processes[0] = &pair->server;
    wait = bench_tracer_run(tracer, &pair->server, true, deadline_ns);
    if (wait != BENCH_WAIT_DONE) return told(wait, &pair->server, "server", why);
    if (!bench_pair_ready(bed, row, pair, why)) return BENCH_FAILED;
    pair->spec.server_pid = 0; /* nothing is timed here */
    if (!bench_pair_start_load(bed, row, pair, true, why)) return BENCH_FAILED;
    tracer->processes[1] = &pair->load;
    wait = bench_tracer_run(tracer, &pair->load, false, deadline_ns);
    if (wait != BENCH_WAIT_DONE) return told(wait, &pair->load, "load", why);
    outcome = bench_pair_answer(pair, &result, why);
    bench_histogram_free(result.latency_ns);
    if (outcome == BENCH_MEASURED && (tracer->lost || result.calls != pair->spec.count)) {
        (void)snprintf(why, 256, tracer->lost ? "ptrace does not work here" : "the load made another number of calls");
        outcome = BENCH_FAILED;
    }
    return outcome;
}

static bench_outcome count(bench_bed *bed, const bench_plan_row *row, uint64_t calls, bench_syscall_counts *counts,
                           char why[256]) {
    static bench_tracer tracer;
    bench_spec spec = row->spec;
    bench_pair pair;
    bench_outcome outcome = BENCH_FAILED;
    memset(&tracer, 0, sizeof tracer);
    spec.count = calls;
    spec.seconds = 0;
    spec.warm_up_ms = 0; /* each call counts */
    if (bench_pair_spec(bed, row, &spec, &pair, why)) outcome = run_traced(bed, row, &pair, &tracer, why);
    kill_traced(&pair.load);
    kill_traced(&pair.server);
    bench_pair_stop(&pair);
    *counts = tracer.counts;
    return outcome;
}

bench_outcome bench_syscalls_measure(bench_bed *bed, const bench_plan_row *row, bench_per_call *per_call,
                                     char why[256]) {
    const uint64_t calls = bench_syscalls_count(&row->spec);
    bench_syscall_counts once, twice;
    bench_outcome outcome = count(bed, row, calls, &once, why);
    if (outcome == BENCH_MEASURED) outcome = count(bed, row, 2 * calls, &twice, why);
    if (outcome != BENCH_MEASURED) return outcome;
    per_call->system_calls = ((double)twice.calls - (double)once.calls) / (double)calls;
    per_call->wire_bytes = ((double)twice.wire_bytes - (double)once.wire_bytes) / (double)calls;
    return BENCH_MEASURED;
}
