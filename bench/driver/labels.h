/* SPDX-License-Identifier: Apache-2.0
 * What a number is worth nothing without: on what it was measured, and of what. */
#ifndef GRILLE_BENCH_LABELS_H
#define GRILLE_BENCH_LABELS_H

#include "bench/report/report.h"

/* Reads the machine's facts below `root` ("" for this machine), compiler and flags of this build, the commit of the
 * repository that the working directory lies in, when it is Grille's, and the time. `command` stays the caller's. */
void bench_labels_read(const char *root, bench_labels *labels);

/* Whether numbers of this build mean anything: optimised, and not watched by a sanitizer. */
bool bench_labels_optimised(void);

/* What must be said beside every number of two processes on one machine; nothing for a server elsewhere. */
void bench_labels_warn(bench_labels *labels, unsigned cpus, bool elsewhere);

/* CPU time that processes other than this one and its children have used until now, in seconds; negative when the
 * kernel does not tell. The difference of two says how far others were in the way. */
double bench_labels_others_cpu_s(const char *root);
/* Adds to the note that others used so many CPUs on average, where that is worth a word. */
void bench_labels_disturbed(bench_labels *labels, double others_cpus);

/* argv as one line, as far as it fits. */
void bench_labels_command(bench_labels *labels, int argc, char *const *argv);

#endif
