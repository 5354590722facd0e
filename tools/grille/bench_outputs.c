/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_outputs.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

bool bench_outputs_any(const bench_outputs *outputs) {
    return outputs->json != NULL || outputs->csv != NULL || outputs->html != NULL || outputs->hgrm != NULL;
}

static bool failed(const char *what, const char *path, grille_error *error) {
    (void)grille_error_set(error, GRILLE_REASON_SYSTEM, "%s %s: %s", what, path, strerror(errno));
    return false;
}

static bool check_file(const char *path, grille_error *error) {
    int fd;
    if (path == NULL) return true;
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return failed("can't write", path, error);
    (void)close(fd);
    return true;
}

bool bench_outputs_check(const bench_outputs *outputs, grille_error *error) {
    if (outputs->hgrm != NULL && mkdir(outputs->hgrm, 0777) != 0 && errno != EEXIST) {
        return failed("can't make the folder", outputs->hgrm, error);
    }
    if (outputs->hgrm != NULL && access(outputs->hgrm, W_OK | X_OK) != 0) {
        return failed("can't write into", outputs->hgrm, error);
    }
    return check_file(outputs->json, error) && check_file(outputs->csv, error) && check_file(outputs->html, error);
}

static bool write_file(const char *path, bool (*write_report)(const bench_report *, FILE *), const bench_report *report,
                       grille_error *error) {
    FILE *file;
    bool written;
    if (path == NULL) return true;
    file = fopen(path, "we");
    written = file != NULL && write_report(report, file);
    if (file != NULL && fclose(file) != 0) written = false;
    return written || failed("can't write", path, error);
}

/* "rpc-attested-unix-same-ping-pong-64-1-1-0-0.hgrm": what tells rows apart. */
static void name_row(const bench_report_row *row, char name[256]) {
    (void)snprintf(name, 256, "%s-%s-%s-%s-%zu-%u-%u-%u-%u.hgrm", row->mode, row->transport, row->placement,
                   bench_pattern_word(row->spec.pattern), row->spec.bytes, row->spec.in_flight, row->spec.connections,
                   row->spec.idle_streams, row->spec.idle_connections);
    for (char *at = name; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && strchr("-+._", *at) == NULL) *at = '_';
    }
}

static bool write_row(const char *folder, const bench_labels *labels, const bench_report_row *row,
                      grille_error *error) {
    char path[PATH_MAX], name[256];
    FILE *file;
    bool written;
    if (row->latency_ns == NULL) return true;
    name_row(row, name);
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path) {
        errno = ENAMETOOLONG;
        return failed("can't write", folder, error);
    }
    file = fopen(path, "we");
    written = file != NULL && bench_report_hgrm(labels, row, file);
    if (file != NULL && fclose(file) != 0) written = false;
    return written || failed("can't write", path, error);
}

bool bench_outputs_write(const bench_outputs *outputs, const bench_report *report, grille_error *error) {
    for (size_t i = 0; outputs->hgrm != NULL && i < report->row_count; i++) {
        if (!write_row(outputs->hgrm, &report->labels, &report->rows[i], error)) return false;
    }
    return write_file(outputs->json, bench_report_json, report, error) &&
           write_file(outputs->csv, bench_report_csv, report, error) &&
           write_file(outputs->html, bench_report_html, report, error);
}
