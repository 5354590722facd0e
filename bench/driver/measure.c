/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/driver/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/agent/row.h"
#include "bench/driver/answer.h"
#include "bench/driver/placement.h"

#define START_NS UINT64_C(20000000000)

enum { COUNTERS_BYTES = 4096, PATIENCE_MS = 20000, STOP_MS = 2000, ARGUMENTS_MAX = 72 };

static const char ready_word[] = "ready ";

/* ---- What the agents are told ---- */

static bool is(const bench_plan_row *row, const char *transport) {
    return strcmp(row->transport, transport) == 0;
}

/* Where the server shall listen. */
static bool choose_address(const bench_bed *bed, const bench_plan_row *row, uint32_t number, char *address,
                           size_t size) {
    int len = -1;
    if (is(row, "target")) return true; /* in the spec */
    if (is(row, "unix")) len = snprintf(address, size, "unix:%s/%u.socket", bed->folder, number);
    if (is(row, "unix-abstract")) len = snprintf(address, size, "unix-abstract:grille-bench.%d.%u", getpid(), number);
    if (is(row, "tcp")) len = snprintf(address, size, "tcp:127.0.0.1:0");
    if (is(row, "vsock")) len = snprintf(address, size, "vsock:any:%u", bed->port);
    if (is(row, "hybrid")) len = snprintf(address, size, "hybrid:%s/%u.socket:%u", bed->folder, number, bed->port);
    if (is(row, "inproc")) len = snprintf(address, size, "inproc:bench");
    return len > 0 && (size_t)len < size;
}

static bool make_counters(const char *path) {
    static const char zeros[COUNTERS_BYTES];
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool written = fd >= 0 && write(fd, zeros, sizeof zeros) == (ssize_t)sizeof zeros;
    return (fd < 0 || close(fd) == 0) && written;
}

bool bench_pair_spec(bench_bed *bed, const bench_plan_row *row, const bench_spec *spec, bench_pair *pair,
                     char why[256]) {
    const uint32_t number = bed->next_number++;
    int len;
    memset(pair, 0, sizeof *pair);
    pair->spec = *spec;
    pair->has_server = !is(row, "target") && !is(row, "inproc");
    pair->server.in = pair->server.out = pair->server.err = -1;
    pair->load = pair->server;
    if (!choose_address(bed, row, number, pair->spec.address, sizeof pair->spec.address)) {
        (void)snprintf(why, 256, "no address of %s fits below %s", row->transport, bed->folder);
        return false;
    }
    len = is(row, "target") ? snprintf(pair->spec.folder, sizeof pair->spec.folder, "%s/target", bed->folder)
                            : snprintf(pair->spec.folder, sizeof pair->spec.folder, "%s/%s-%s", bed->folder,
                                       row->server_kind, row->client_kind);
    if (len < 0 || (size_t)len >= sizeof pair->spec.folder) {
        (void)snprintf(why, 256, "the folder %.100s has too long a name", bed->folder);
        return false;
    }
    if (is(row, "target")) return true; /* nobody shares a page with us */
    len = snprintf(pair->spec.counters, sizeof pair->spec.counters, "%s/%u.counters", bed->folder, number);
    if (len < 0 || (size_t)len >= sizeof pair->spec.counters || !make_counters(pair->spec.counters)) {
        (void)snprintf(why, 256, "can't make %.120s: %s", pair->spec.counters, strerror(errno));
        return false;
    }
    return true;
}

static bool start(const bench_bed *bed, const bench_plan_row *row, const bench_spec *spec, const char *verb,
                  bench_process *process, bool traced, char why[256]) {
    bench_words words;
    char *argv[ARGUMENTS_MAX + 1];
    char self[] = "bench", agent[] = "agent", row_name[32], path[512], verb_name[8];
    size_t count = 0;
    (void)snprintf(path, sizeof path, "%s", row->program != NULL ? row->program : bed->self);
    (void)snprintf(verb_name, sizeof verb_name, "%s", verb);
    (void)snprintf(row_name, sizeof row_name, "%s", row->agent_row);
    argv[count++] = path;
    if (row->program == NULL) {
        argv[count++] = self;
        argv[count++] = agent;
    }
    argv[count++] = verb_name;
    argv[count++] = row_name;
    if (!bench_spec_words(spec, &words)) {
        (void)snprintf(why, 256, "the options of this row are too long");
        return false;
    }
    for (int i = 0; i < words.argc && count < ARGUMENTS_MAX; i++)
        argv[count++] = words.argv[i];
    argv[count] = NULL;
    return bench_process_start(process, argv, bench_cpu_of(row->placement, strcmp(verb, "serve") == 0), traced, why);
}

/* ---- The steps ---- */

bool bench_pair_start_server(const bench_bed *bed, const bench_plan_row *row, bench_pair *pair, bool traced,
                             char why[256]) {
    return start(bed, row, &pair->spec, "serve", &pair->server, traced, why);
}

bool bench_pair_ready(const bench_bed *bed, const bench_plan_row *row, bench_pair *pair, char why[256]) {
    const char *line = pair->server.answer, *end = strchr(line, '\n');
    const size_t word = sizeof ready_word - 1;
    size_t len = end == NULL ? 0 : (size_t)(end - line);
    if (len <= word || strncmp(line, ready_word, word) != 0 || len - word >= sizeof pair->spec.address) {
        (void)snprintf(why, 256, "the server said \"%.*s\" and not \"ready ADDRESS\"", (int)(len < 100 ? len : 100),
                       line);
        return false;
    }
    (void)snprintf(pair->spec.address, sizeof pair->spec.address, "%.*s", (int)(len - word), line + word);
    if (is(row, "vsock")) {
        (void)snprintf(pair->spec.address, sizeof pair->spec.address, "vsock:%u:%u", bed->vsock_cid, bed->port);
    }
    pair->spec.server_pid = pair->server.pid;
    return true;
}

bool bench_pair_start_load(const bench_bed *bed, const bench_plan_row *row, bench_pair *pair, bool traced,
                           char why[256]) {
    return start(bed, row, &pair->spec, "load", &pair->load, traced, why);
}

uint64_t bench_pair_deadline_ns(const bench_bed *bed, const bench_spec *spec) {
    const double seconds = spec->seconds + spec->warm_up_ms / 1000.0;
    const double patience = (bed->patience_ms > 0 ? bed->patience_ms : PATIENCE_MS) / 1000.0;
    return bench_now_ns() + (uint64_t)((seconds + patience) * 1e9);
}

bench_outcome bench_pair_answer(bench_pair *pair, bench_result *result, char why[256]) {
    const int status = pair->load.status;
    char text[256];
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        pair->load.answer[pair->load.answer_len] = '\0';
        return bench_answer_read(pair->load.answer, result, why) ? BENCH_MEASURED : BENCH_FAILED;
    }
    bench_process_tell(&pair->load, text);
    (void)snprintf(why, 256, "load: %.240s", text);
    return WIFEXITED(status) && WEXITSTATUS(status) == BENCH_UNSUPPORTED_PATTERN ? BENCH_UNSUPPORTED : BENCH_FAILED;
}

/* Also takes away what the run left in the folder. */
void bench_pair_stop(bench_pair *pair) {
    bench_process_stop(&pair->load, 0);
    bench_process_stop(&pair->server, STOP_MS);
    if (pair->spec.counters[0] != '\0') (void)unlink(pair->spec.counters);
}

/* ---- The whole ---- */

static bench_outcome after_wait(bench_wait wait, const bench_process *process, const char *who, char why[256]) {
    char text[256];
    if (wait == BENCH_WAIT_INTERRUPTED) return BENCH_INTERRUPTED;
    bench_process_tell(process, text);
    if (wait == BENCH_WAIT_ENDED && WIFEXITED(process->status) &&
        WEXITSTATUS(process->status) == BENCH_UNSUPPORTED_PATTERN) {
        (void)snprintf(why, 256, "%s: %.240s", who, text);
        return BENCH_UNSUPPORTED;
    }
    (void)snprintf(why, 256, "%s: %s%.200s", who,
                   wait == BENCH_WAIT_LATE       ? "no answer in time; last words: "
                   : wait == BENCH_WAIT_TOO_MUCH ? "an endless answer; last words: "
                                                 : "",
                   text);
    return BENCH_FAILED;
}

static bench_outcome bring_up_server(const bench_bed *bed, const bench_plan_row *row, bench_pair *pair, char why[256]) {
    bench_wait wait;
    if (!bench_pair_start_server(bed, row, pair, false, why)) return BENCH_FAILED;
    wait = bench_process_line(&pair->server, bench_now_ns() + START_NS);
    if (wait != BENCH_WAIT_DONE) return after_wait(wait, &pair->server, "server", why);
    return bench_pair_ready(bed, row, pair, why) ? BENCH_MEASURED : BENCH_FAILED;
}

static bench_outcome run_load(const bench_bed *bed, const bench_plan_row *row, bench_pair *pair, bench_result *result,
                              char why[256]) {
    bench_wait wait;
    if (!bench_pair_start_load(bed, row, pair, false, why)) return BENCH_FAILED;
    wait = bench_process_end(&pair->load, bench_pair_deadline_ns(bed, &pair->spec));
    if (wait != BENCH_WAIT_DONE) return after_wait(wait, &pair->load, "load", why);
    return bench_pair_answer(pair, result, why);
}

bench_outcome bench_measure(bench_bed *bed, const bench_plan_row *row, bench_result *result, char why[256]) {
    bench_pair pair;
    bench_outcome outcome = bench_pair_spec(bed, row, &row->spec, &pair, why) ? BENCH_MEASURED : BENCH_FAILED;
    if (outcome == BENCH_MEASURED && pair.has_server) outcome = bring_up_server(bed, row, &pair, why);
    if (outcome == BENCH_MEASURED) outcome = run_load(bed, row, &pair, result, why);
    bench_pair_stop(&pair);
    return outcome;
}
