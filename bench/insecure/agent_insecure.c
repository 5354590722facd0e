/* SPDX-License-Identifier: Apache-2.0
 * INSECURE: the agent program of the row rpc-insecure: the calls of the row rpc-attested over bare frames. It reads no
 * identity and no policy; --folder is ignored. */
#include <stdio.h>

#include "attest/identity_state.h"
#include "base/bytes.h"
#include "bench/insecure/insecure.h"
#include "bench/rpc/rpc.h"

/* Nobody proves anything, so the pin is never compared. */
static const char policy_insecure[] = "peers:\n"
                                      "  - name: " BENCH_INSECURE_SET "\n"
                                      "    kind: nitro\n"
                                      "    pcr0: 111111111111111111111111111111111111111111111111"
                                      "111111111111111111111111111111111111111111111111\n"
                                      "    may_call: [\"/grille.bench.v1.Echo/*\"]\n";

static bool load_insecure(const bench_spec *spec, bool is_server, bench_rpc_end *end) {
    grille_error error;
    (void)spec;
    (void)is_server;
    *end =
        (bench_rpc_end){.identity = grille_identity_new(GRILLE_IDENTITY_X509)}; /* never shown, so it holds nothing */
    if (end->identity == NULL) {
        (void)fprintf(stderr, "bench: no memory\n");
        return false;
    }
    if (bench_rpc_told(grille_policy_parse(grille_bytes_of_text(policy_insecure), "policy of rpc-insecure", NULL,
                                           &end->policy, &error),
                       &error)) {
        return true;
    }
    bench_rpc_end_free(end);
    return false;
}

static const char *cipher_insecure(void) {
    return "none";
}

static const bench_rpc_trust trust_insecure = {load_insecure, cipher_insecure};

static int serve(const bench_spec *spec, void (*ready)(const char *address)) {
    return bench_rpc_serve(&trust_insecure, spec, ready);
}

static int load(const bench_spec *spec, bench_recorder *recorder) {
    return bench_rpc_load(&trust_insecure, spec, recorder);
}

static const bench_row row_insecure = {.name = "rpc-insecure", .serve = serve, .load = load};

int main(int argc, char **argv) {
    static const bench_row *const rows[] = {&row_insecure, NULL};
    return bench_agent_main(rows, argc - 1, argv + 1);
}
