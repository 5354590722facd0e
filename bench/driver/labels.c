/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/driver/labels.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "bench/agent/recorder.h"
#include "bench/driver/placement.h"
#include "bench/driver/process.h"

enum { PATH_BYTES = 4200 };

#define WORTH_A_WORD 0.1 /* of one CPU */

#define GIT_NS UINT64_C(2500000000)

/* ---- Files ---- */

/* The first line of a file below `root`; empty when there is none. */
static void read_line(const char *root, const char *path, char *line, size_t size) {
    char whole[PATH_BYTES];
    FILE *file;
    line[0] = '\0';
    (void)snprintf(whole, sizeof whole, "%s%s", root, path);
    file = fopen(whole, "re");
    if (file == NULL) return;
    if (fgets(line, (int)size, file) == NULL) line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    (void)fclose(file);
}

static bool is_there(const char *root, const char *path) {
    char whole[PATH_BYTES];
    (void)snprintf(whole, sizeof whole, "%s%s", root, path);
    return access(whole, F_OK) == 0;
}

/* The value of the first line of /proc/cpuinfo with that name. */
static void cpu_fact(const char *root, const char *name, char *value, size_t size) {
    char path[PATH_BYTES], line[8192];
    FILE *file;
    value[0] = '\0';
    (void)snprintf(path, sizeof path, "%s/proc/cpuinfo", root);
    file = fopen(path, "re");
    if (file == NULL) return;
    while (value[0] == '\0' && fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, name, strlen(name)) != 0 || colon == NULL) continue;
        colon += 1 + strspn(colon + 1, " \t");
        (void)snprintf(value, size, "%.*s", (int)strcspn(colon, "\n"), colon);
    }
    (void)fclose(file);
}

/* ---- Machine ---- */

static void read_machine(const char *root, bench_labels *labels) {
    char model[96];
    cpu_fact(root, "model name", model, sizeof model);
    if (model[0] == '\0') cpu_fact(root, "CPU part", model, sizeof model); /* arm64 has numbers only */
    (void)snprintf(labels->machine, sizeof labels->machine, "%s, %u CPUs", model[0] != '\0' ? model : "unknown CPU",
                   bench_cpus());
}

static void read_kernel(bench_labels *labels) {
    struct utsname name;
    if (uname(&name) != 0) return;
    (void)snprintf(labels->kernel, sizeof labels->kernel, "%.16s %.64s %.32s", name.sysname, name.release,
                   name.machine);
}

/* Nitro hardware: EC2's own firmware, and a device that only enclaves and their parents have. */
static void read_system(const char *root, bench_labels *labels) {
    char vendor[48], product[48], flags[8192], padded[sizeof flags + 2];
    read_line(root, "/sys/class/dmi/id/sys_vendor", vendor, sizeof vendor);
    read_line(root, "/sys/class/dmi/id/product_name", product, sizeof product);
    cpu_fact(root, "flags", flags, sizeof flags);
    (void)snprintf(padded, sizeof padded, " %s ", flags);
    (void)snprintf(labels->system, sizeof labels->system, "%s%s%s%s%s", vendor[0] != '\0' ? vendor : "no DMI name",
                   product[0] != '\0' ? " " : "", product,
                   strstr(padded, " hypervisor ") != NULL ? ", virtual machine" : "",
                   is_there(root, "/.dockerenv") ? ", container" : "");
    labels->nitro =
        strcmp(vendor, "Amazon EC2") == 0 && (is_there(root, "/dev/nitro_enclaves") || is_there(root, "/dev/nsm"));
}

/* ---- Build ---- */

bool bench_labels_optimised(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
    return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return false;
#else
    return GRILLE_BENCH_OPTIMISED;
#endif
#else
    return GRILLE_BENCH_OPTIMISED;
#endif
}

static void read_build(bench_labels *labels) {
#ifdef __clang__
    (void)snprintf(labels->compiler, sizeof labels->compiler, "clang %d.%d.%d", __clang_major__, __clang_minor__,
                   __clang_patchlevel__);
#else
    (void)snprintf(labels->compiler, sizeof labels->compiler, "gcc %d.%d.%d", __GNUC__, __GNUC_MINOR__,
                   __GNUC_PATCHLEVEL__);
#endif
    (void)snprintf(labels->flags, sizeof labels->flags, "%s", GRILLE_BENCH_FLAGS);
    labels->optimised = bench_labels_optimised();
}

/* The whole answer of a git command in the working directory; false when it fails. */
static bool ask_git(char *const *argv, char *answer, size_t size) {
    bench_process git;
    char why[256];
    bool good = bench_process_start(&git, argv, BENCH_CPU_ANY, false, why) &&
                bench_process_end(&git, bench_now_ns() + GIT_NS) == BENCH_WAIT_DONE && git.status == 0;
    if (good) (void)snprintf(answer, size, "%s", git.answer);
    bench_process_stop(&git, 0);
    return good;
}

/* A repository of something else says nothing about this program. */
static void read_commit(bench_labels *labels) {
    char git[] = "git", parse[] = "rev-parse", top[] = "--show-toplevel", head[] = "HEAD", status[] = "status",
         porcelain[] = "--porcelain", no_lock[] = "--no-optional-locks";
    char *const ask_top[] = {git, parse, top, NULL}, *const ask_head[] = {git, parse, head, NULL},
                *const ask_status[] = {git, no_lock, status, porcelain, NULL};
    char folder[4096] = "", commit[48] = "", changes[2] = "";
    (void)snprintf(labels->commit, sizeof labels->commit, "unknown");
    if (!ask_git(ask_top, folder, sizeof folder)) return;
    folder[strcspn(folder, "\n")] = '\0';
    if (!is_there(folder, "/runtime/include/grille/grille.h") || !ask_git(ask_head, commit, sizeof commit) ||
        !ask_git(ask_status, changes, sizeof changes)) {
        return;
    }
    commit[strcspn(commit, "\n")] = '\0';
    (void)snprintf(labels->commit, sizeof labels->commit, "%s%s", commit, changes[0] != '\0' ? "+" : "");
}

/* ---- The whole ---- */

void bench_labels_read(const char *root, bench_labels *labels) {
    const time_t now = time(NULL);
    struct tm utc;
    memset(labels, 0, sizeof *labels);
    read_machine(root, labels);
    read_kernel(labels);
    read_system(root, labels);
    read_build(labels);
    read_commit(labels);
    if (gmtime_r(&now, &utc) != NULL) {
        (void)strftime(labels->date_utc, sizeof labels->date_utc, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
}

static double seconds_of(const struct rusage *usage) {
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

void bench_labels_warn(bench_labels *labels, unsigned cpus, bool elsewhere) {
    if (elsewhere) {
        (void)snprintf(labels->note, sizeof labels->note,
                       "the server ran elsewhere: its CPU, memory and counts are not known");
        return;
    }
    (void)snprintf(
        labels->note, sizeof labels->note,
        "client and server ran on one machine, with no network between them, and shared %s: with a server of "
        "its own machine, figures differ",
        cpus > 1 ? "its cores" : "its one core");
}

double bench_labels_others_cpu_s(const char *root) {
    unsigned long long user, nice, system, idle, waiting, interrupts, soft;
    struct rusage own, children;
    char line[256];
    read_line(root, "/proc/stat", line, sizeof line);
    if (sscanf(line, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &waiting, &interrupts,
               &soft) != 7 ||
        getrusage(RUSAGE_SELF, &own) != 0 || getrusage(RUSAGE_CHILDREN, &children) != 0) {
        return -1;
    }
    return (double)(user + nice + system + interrupts + soft) / (double)sysconf(_SC_CLK_TCK) - seconds_of(&own) -
           seconds_of(&children);
}

void bench_labels_disturbed(bench_labels *labels, double others_cpus) {
    const size_t used = strlen(labels->note);
    if (others_cpus < WORTH_A_WORD) return;
    (void)snprintf(labels->note + used, sizeof labels->note - used, "; other processes used %.1f CPUs meanwhile",
                   others_cpus);
}

void bench_labels_command(bench_labels *labels, int argc, char *const *argv) {
    size_t used = 0;
    labels->command[0] = '\0';
    for (int i = 0; i < argc && used < sizeof labels->command; i++) {
        const int len =
            snprintf(labels->command + used, sizeof labels->command - used, "%s%s", i > 0 ? " " : "", argv[i]);
        used += len > 0 ? (size_t)len : 0;
    }
}
