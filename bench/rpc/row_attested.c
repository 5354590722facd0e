/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/rpc/rpc.h"

static int serve(const bench_spec *spec, void (*ready)(const char *address)) {
    return bench_rpc_serve(&bench_rpc_trust_folder, spec, ready);
}

static int load(const bench_spec *spec, bench_recorder *recorder) {
    return bench_rpc_load(&bench_rpc_trust_folder, spec, recorder);
}

const bench_row bench_row_rpc_attested = {.name = "rpc-attested", .serve = serve, .load = load};
