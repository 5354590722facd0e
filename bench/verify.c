/* SPDX-License-Identifier: Apache-2.0
 * How many attestation documents one core verifies in a second, as evidence of a channel: everything from the first
 * byte to the policy's verdict. Cold: root to leaf and the document, five signatures. Cached: the signatures of the
 * three CAs between root and leaf are known, two are left. Median of the rounds, by the thread's CPU time. usage:
 * verify [ROUNDS] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "attest/evidence.h"
#include "base/bytes.h"
#include "forge_document.h"
#include "forge_session.h"
#include "grille/log.h"

#define DOCUMENTS  32
#define ROUNDS_MAX 101
#define ROUND_NS   INT64_C(300000000)

static uint8_t documents[DOCUMENTS][8192];
static grille_bytes bodies[DOCUMENTS];
static forge_session sessions[DOCUMENTS];

static void die(const char *why) {
    (void)fprintf(stderr, "verify: %s\n", why);
    exit(1);
}

/* Documents of one enclave for as many sessions. */
static void make_documents(const forge_chain *chain) {
    for (unsigned i = 0; i < DOCUMENTS; i++) {
        uint8_t user_data[128];
        forge_document d;
        grille_bytes made;
        grille_writer w = grille_writer_into(user_data, sizeof user_data);
        grille_writer out = grille_writer_into(documents[i], sizeof documents[i]);
        forge_session_init(&sessions[i], 'R', i);
        grille_write_bytes(&w, grille_bytes_of_text(GRILLE_ATTEST_CHANNEL_PREFIX));
        grille_write_u8(&w, 'R');
        grille_write_bytes(&w, grille_bytes_of(sessions[i].binding.binder, GRILLE_BINDER_BYTES));
        forge_document_init(&d, chain);
        d.user_data = grille_written(&w);
        d.nonce = sessions[i].binding.verifier_nonce;
        d.public_key = sessions[i].binding.prover_spki;
        made = forge_document_sign(&d, chain);
        grille_write_bytes(&out, made);
        if (grille_writer_end(&out) != GRILLE_REASON_OK) die("a document does not fit");
        bodies[i] = grille_written(&out);
    }
}

static grille_policy *make_policy(const forge_chain *chain) {
    forge_document d;
    char hex[2 * GRILLE_PCR_BYTES + 1];
    forge_document_init(&d, chain);
    grille_hex_encode(grille_bytes_of(d.pcrs[0], GRILLE_PCR_BYTES), hex);
    return forge_policy("insecure_development_root: %s\npeers:\n- name: a\n  kind: nitro\n  pcr0: %s\n",
                        forge_yaml_block(forge_pem(&chain->certificates[0]), 2), hex);
}

static int64_t cpu_ns(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0) die("no CPU clock");
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Documents per second in one round. */
static double round_of(const grille_judge *judge) {
    int64_t start_ns = cpu_ns(), spent_ns;
    size_t count = 0;
    do {
        size_t which = count++ % DOCUMENTS;
        grille_peer_identity peer;
        grille_error error;
        if (grille_evidence_verify(judge, GRILLE_IDENTITY_NITRO, &sessions[which].binding, bodies[which], &peer, NULL,
                                   &error) != GRILLE_REASON_OK) {
            die(error.text);
        }
        spent_ns = cpu_ns() - start_ns;
    } while (spent_ns < ROUND_NS);
    return (double)count * 1e9 / (double)spent_ns;
}

static int ascending(const void *left, const void *right) {
    double one = *(const double *)left, other = *(const double *)right;
    return (one > other) - (one < other);
}

static void report(const char *name, double *rates, size_t count) {
    qsort(rates, count, sizeof *rates, ascending);
    (void)printf("%-24s%10.0f documents/s per core%10.1f us each   [%.0f-%.0f, %zu rounds]\n", name, rates[count / 2],
                 1e6 / rates[count / 2], rates[0], rates[count - 1], count);
}

static void silent(grille_log_level level, const char *module, const char *line, void *user) {
    (void)level;
    (void)module;
    (void)line;
    (void)user;
}

int main(int argc, char **argv) {
    static forge_template templates[FORGE_CHAIN];
    static double cold[ROUNDS_MAX], cached[ROUNDS_MAX];
    long wanted = argc > 1 ? strtol(argv[1], NULL, 10) : 7;
    size_t rounds = wanted > 0 && wanted <= ROUNDS_MAX ? (size_t)wanted : 0;
    grille_judge judge = {.crypto = grille_crypto_wolf(), .now_ms = FORGE_NOW_MS};
    grille_path_cache *cache = NULL;
    grille_policy *policy;
    forge_chain chain;
    if (rounds == 0) die("rounds: 1 to 101");
    grille_log_set(silent, NULL, GRILLE_LOG_ERROR);
    forge_chain_templates(templates);
    forge_chain_make(templates, &chain);
    make_documents(&chain);
    policy = make_policy(&chain);
    judge.policy = policy;
    if (grille_path_cache_new(&cache) != GRILLE_REASON_OK) die("out of memory");
    (void)round_of(&judge);
    for (size_t i = 0; i < rounds; i++) { /* in turns, so that a loaded machine slows both */
        judge.cache = NULL;
        cold[i] = round_of(&judge);
        judge.cache = cache;
        cached[i] = round_of(&judge);
    }
    report("cold", cold, rounds);
    report("cached intermediates", cached, rounds);
    grille_path_cache_free(cache);
    grille_policy_free(policy);
    forge_chain_free(&chain);
    return 0;
}
