/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/driver/progress.h"

#include <unistd.h>

#include "bench/agent/recorder.h"

bench_progress bench_progress_begin(bool quiet, uint32_t rounds) {
    return (bench_progress){
        .out = !quiet && isatty(STDERR_FILENO) ? stderr : NULL, .rounds = rounds, .begin_ns = bench_now_ns()};
}

void bench_progress_text(const bench_progress *progress, const bench_plan_row *row, uint32_t round, size_t done,
                         size_t all, uint64_t now_ns, char text[256]) {
    char name[160], left[40] = "";
    bench_plan_row_name(row, name);
    if (done > 0) {
        const double each_s = (double)(now_ns - progress->begin_ns) / 1e9 / (double)done;
        (void)snprintf(left, sizeof left, ", about %.0f s left", each_s * (double)(all - done));
    }
    if (round == 0) {
        (void)snprintf(text, 256, "%zu/%zu %s, counting system calls", done + 1, all, name);
    } else {
        (void)snprintf(text, 256, "%zu/%zu %s, round %u of %u%s", done + 1, all, name, round, progress->rounds, left);
    }
}

void bench_progress_show(void *user, const bench_plan_row *row, uint32_t round, size_t done, size_t all) {
    bench_progress *progress = user;
    char text[256];
    if (progress->out == NULL) return;
    bench_progress_text(progress, row, round, done, all, bench_now_ns(), text);
    (void)fprintf(progress->out, "\r\033[K%.100s", text);
    (void)fflush(progress->out);
    progress->shown = true;
}

void bench_progress_end(bench_progress *progress) {
    if (progress->shown) (void)fputs("\r\033[K", progress->out);
    progress->shown = false;
}
