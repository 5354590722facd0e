/* SPDX-License-Identifier: Apache-2.0
 * The rows without an RPC, as a program of their own. */
#include "bench/agent/row.h"

int main(int argc, char **argv) {
    static const bench_row *const rows[] = {&bench_row_raw, &bench_row_tls, 0};
    return bench_agent_main(rows, argc - 1, argv + 1);
}
