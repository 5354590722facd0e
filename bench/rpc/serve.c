/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "bench/rpc/handlers.h"
#include "bench/rpc/rpc.h"

/* Beside what the spec asks for: the call that sees whether a connection works, and the ones that are not gone yet. */
enum { SPARE = 16, SPARE_CONNECTIONS = 64, OPEN_LOOP_STREAMS = 1024 };
/* What one call or stream that stands takes, at most. */
enum { STREAM_MEMORY_BYTES = 16384 };

static uint32_t larger(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

static uint32_t per_connection(uint32_t all, uint32_t connections) {
    return connections == 0 ? all : all / connections + (all % connections != 0 ? 1 : 0);
}

static bool is_stream(const bench_spec *spec) {
    return spec->pattern == BENCH_STREAM_UP || spec->pattern == BENCH_STREAM_DOWN || spec->pattern == BENCH_STREAM_BOTH;
}

uint32_t bench_rpc_streams(const bench_spec *spec) {
    const uint32_t calls = is_stream(spec) ? spec->in_flight : per_connection(spec->in_flight, spec->connections);
    return (spec->pattern == BENCH_OPEN_LOOP ? OPEN_LOOP_STREAMS : calls) +
           per_connection(spec->idle_streams, spec->connections) + SPARE;
}

size_t bench_rpc_message_bytes(const bench_spec *spec) {
    const size_t usual = grille_server_options_default().max_message_bytes;
    return spec->bytes + 64 > usual ? spec->bytes + 64 : usual;
}

size_t bench_rpc_memory_bytes(const bench_spec *spec) {
    const size_t streams = bench_rpc_streams(spec);
    const size_t moving = streams - per_connection(spec->idle_streams, spec->connections);
    return grille_server_options_default().max_memory_bytes + streams * STREAM_MEMORY_BYTES + 4 * moving * spec->bytes;
}

static grille_server_options options_for(const bench_spec *spec) {
    grille_server_options options = grille_server_options_default();
    options.loops = spec->loops > 0 ? spec->loops : 1;
    options.spin_us = spec->spin_us;
    options.max_streams = larger(options.max_streams, bench_rpc_streams(spec));
    options.max_connections = larger(options.max_connections, larger(spec->connections, spec->in_flight) +
                                                                  spec->idle_connections + SPARE_CONNECTIONS);
    options.max_half_open = larger(options.max_half_open, spec->in_flight + SPARE);
    options.max_message_bytes = bench_rpc_message_bytes(spec);
    options.max_memory_bytes = bench_rpc_memory_bytes(spec);
    options.drain_timeout_ms = 200; /* streams that stand idle would be waited for */
    return options;
}

static void log_line(grille_log_level level, const char *module, const char *line, void *user) {
    (void)level;
    (void)user;
    (void)fprintf(stderr, "%s: %s\n", module, line);
}

void bench_rpc_log_errors_only(void) {
    grille_log_set(log_line, NULL, GRILLE_LOG_ERROR);
}

bool bench_rpc_told(grille_code code, const grille_error *error) {
    if (code != GRILLE_OK) (void)fprintf(stderr, "bench: %s: %s\n", error->name, error->text);
    return code == GRILLE_OK;
}

void bench_rpc_end_free(bench_rpc_end *end) {
    grille_identity_free(end->identity);
    grille_policy_free(end->policy);
    *end = (bench_rpc_end){0};
}

/* Bound, not started. */
static grille_server *make_server(const bench_rpc_trust *trust, const bench_spec *spec, const char *address) {
    grille_server_options options = options_for(spec);
    bench_rpc_end end;
    grille_server *server = NULL;
    grille_error error;
    if (!trust->load(spec, true, &end)) return NULL;
    options.identity = end.identity;
    options.policy = end.policy;
    if (!bench_rpc_told(grille_server_new(&options, &server, &error), &error) ||
        !bench_rpc_told(grille_bench_v1_echo_register_with_error(server, &bench_rpc_handlers, NULL, &error), &error) ||
        !bench_rpc_told(grille_server_listen(server, address, &error), &error)) {
        grille_server_free(server);
        server = NULL;
    }
    bench_rpc_end_free(&end);
    return server;
}

grille_server *bench_rpc_server_start(const bench_rpc_trust *trust, const bench_spec *spec, const char *address) {
    grille_server *server = make_server(trust, spec, address);
    grille_error error;
    if (server == NULL) return NULL;
    if (bench_rpc_told(grille_server_start(server, &error), &error)) return server;
    grille_server_free(server);
    return NULL;
}

int bench_rpc_serve(const bench_rpc_trust *trust, const bench_spec *spec, void (*ready)(const char *address)) {
    grille_server *server = NULL;
    grille_error error;
    bool served = false;
    bench_rpc_log_errors_only();
    server = bench_rpc_server_start(trust, spec, spec->address);
    if (server == NULL) return 1;
    ready(grille_server_address(server, 0));
    served = bench_rpc_told(grille_server_run(server, &error), &error);
    grille_server_free(server);
    return served ? 0 : 1;
}
