/* SPDX-License-Identifier: Apache-2.0
 * grille bench: one file per verb. */
#ifndef GRILLE_TOOLS_BENCH_H
#define GRILLE_TOOLS_BENCH_H

/* Each answers an exit status. */
int bench_run(int argc, char **argv);     /* argv[0] is "bench" */
int bench_serve(int argc, char **argv);   /* the arguments after the verb */
int bench_compare(int argc, char **argv); /* the same */

/* After SIGINT, as a shell says it. */
enum { EXIT_INTERRUPTED = 130, EXIT_REGRESSION = 1 };

/* SIGINT, SIGTERM and SIGHUP end what runs in an orderly way (bench_interrupted). */
void bench_catch_signals(void);

#endif
