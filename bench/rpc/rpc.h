/* SPDX-License-Identifier: Apache-2.0
 * Calls of generated code as a row: protobuf-c calls, nanopb serves (echo.proto). What the rows differ in is how the
 * ends of a connection know each other. */
#ifndef GRILLE_BENCH_RPC_RPC_H
#define GRILLE_BENCH_RPC_RPC_H

#include "bench/agent/row.h"
#include "grille/grille.h"

/* Who one end is, and whom it trusts; both are references of its own. */
typedef struct bench_rpc_end {
    grille_identity *identity;
    grille_policy *policy;
} bench_rpc_end;

/* How the ends know each other. `load` tells of a failure on standard error and leaves the end empty. */
typedef struct bench_rpc_trust {
    bool (*load)(const bench_spec *spec, bool is_server, bench_rpc_end *end);
    const char *(*cipher)(void); /* of connections between two such ends; static storage */
} bench_rpc_trust;

void bench_rpc_end_free(bench_rpc_end *end);

/* Whom spec->folder names (README.md "The folder of a run"). */
extern const bench_rpc_trust bench_rpc_trust_folder;

/* The functions of a row, for this trust. */
int bench_rpc_serve(const bench_rpc_trust *trust, const bench_spec *spec, void (*ready)(const char *address));
int bench_rpc_load(const bench_rpc_trust *trust, const bench_spec *spec, bench_recorder *recorder);

/* A server that has started, at `address`; NULL after a message on standard error. grille_server_free ends it; the
 * identity and policy stay referenced by it. Its limits allow what the spec wants of it. */
grille_server *bench_rpc_server_start(const bench_rpc_trust *trust, const bench_spec *spec, const char *address);

/* Only errors of the library are told, on standard error: a line for each connection would be measured too. */
void bench_rpc_log_errors_only(void);

/* Writes "bench: NAME: TEXT" to standard error; false unless the code is OK. */
bool bench_rpc_told(grille_code code, const grille_error *error);

/* Calls and streams that one connection of this spec holds at once. */
uint32_t bench_rpc_streams(const bench_spec *spec);
/* The largest message, and what a connection needs of memory for all that is under way. */
size_t bench_rpc_message_bytes(const bench_spec *spec);
size_t bench_rpc_memory_bytes(const bench_spec *spec);

#endif
