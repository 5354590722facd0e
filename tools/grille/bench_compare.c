/* SPDX-License-Identifier: Apache-2.0
 * grille bench compare: what got worse. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "bench/report/report.h"
#include "command.h"
#include "options.h"

static const char usage[] =
    "usage: grille bench compare [--max-regress N%] BEFORE AFTER\n"
    "         BEFORE, AFTER      files of grille bench --json\n"
    "         --max-regress N%   how much worse a median may be, where the ranges don't meet; default 10%\n"
    "       exit status: 0 nothing got worse by more, 1 something did, 2 usage, or a file that can't be read\n";

#define MOST_PERCENT 1000.0

static bool parse_bound(const char *text, double *bound) {
    char *end = NULL;
    double percent;
    if (text == NULL) return true;
    if (strspn(text, "0123456789.") == 0) return false;
    percent = strtod(text, &end);
    if (*end == '%') end++;
    *bound = percent / 100;
    return *end == '\0' && percent >= 0 && percent <= MOST_PERCENT;
}

int bench_compare(int argc, char **argv) {
    const char *bound_text = NULL, *files[2] = {NULL, NULL};
    const command_option options[] = {{"--max-regress", NULL, &bound_text}};
    const command_line line = {.command = "bench compare",
                               .usage = usage,
                               .options = options,
                               .option_count = 1,
                               .operands = files,
                               .least = 2,
                               .most = 2,
                               .operand_name = "BEFORE or AFTER"};
    bench_report reports[2];
    char why[512];
    double bound = 0.1;
    int status = EXIT_DONE, worse;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    if (!parse_bound(bound_text, &bound)) {
        return usage_error(usage, "bench compare: --max-regress is a part of a hundred, as 10%%, not \"%.60s\"",
                           bound_text);
    }
    memset(reports, 0, sizeof reports);
    for (size_t i = 0; i < 2 && status == EXIT_DONE; i++) {
        if (bench_report_read(files[i], &reports[i], why)) continue;
        (void)fprintf(stderr, "grille: bench compare: %s\n", why);
        status = EXIT_USAGE;
    }
    if (status == EXIT_DONE) {
        worse = bench_report_compare(&reports[0], &reports[1], bound, stdout);
        if (worse < 0) (void)fprintf(stderr, "grille: bench compare: the two have no row in common\n");
        status = worse < 0 ? EXIT_USAGE : worse > 0 ? EXIT_REGRESSION : EXIT_DONE;
    }
    bench_report_deinit(&reports[0]);
    bench_report_deinit(&reports[1]);
    return status;
}
