/* SPDX-License-Identifier: Apache-2.0
 * The agent program of the row rpc-attested alone; `grille bench agent` has the others too. */
#include "bench/agent/row.h"

int main(int argc, char **argv) {
    static const bench_row *const rows[] = {&bench_row_rpc_attested, NULL};
    return bench_agent_main(rows, argc - 1, argv + 1);
}
