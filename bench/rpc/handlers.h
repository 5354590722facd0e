/* SPDX-License-Identifier: Apache-2.0
 * What an enclave does in echo.proto. */
#ifndef GRILLE_BENCH_RPC_HANDLERS_H
#define GRILLE_BENCH_RPC_HANDLERS_H

#include "bench/rpc/echo.grille-nano.h"

/* Keep no state but in their calls' memory; `user` is not used. */
extern const grille_bench_v1_echo_handlers bench_rpc_handlers;

#endif
