/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "crypto/pem.h"
#include "forge_session.h"
#include "grille/log.h"
#include "nsm/simulated.h"

stage on_stage;

/* ---- Enclaves ---- */

/* Counts what the NSM behind it signs. */
typedef struct counting_nsm {
    grille_nsm nsm;
    grille_nsm *inner;
    atomic_uint *documents;
} counting_nsm;

static grille_nsm *inner_of(grille_nsm *nsm) {
    return ((counting_nsm *)nsm)->inner;
}

static grille_reason attest(grille_nsm *nsm, const grille_nsm_request *request, uint8_t *document, size_t capacity,
                            size_t *len, grille_error *error) {
    atomic_fetch_add(((counting_nsm *)nsm)->documents, 1);
    return inner_of(nsm)->functions->attest(inner_of(nsm), request, document, capacity, len, error);
}

static grille_reason give_random(grille_nsm *nsm, uint8_t *out, size_t len, grille_error *error) {
    return inner_of(nsm)->functions->random(inner_of(nsm), out, len, error);
}

static grille_reason describe(grille_nsm *nsm, grille_nsm_description *description, grille_error *error) {
    return inner_of(nsm)->functions->describe(inner_of(nsm), description, error);
}

static grille_reason describe_pcr(grille_nsm *nsm, uint16_t index, uint8_t value[GRILLE_NSM_PCR_BYTES], bool *locked,
                                  grille_error *error) {
    return inner_of(nsm)->functions->describe_pcr(inner_of(nsm), index, value, locked, error);
}

static grille_reason extend_pcr(grille_nsm *nsm, uint16_t index, grille_bytes data, uint8_t value[GRILLE_NSM_PCR_BYTES],
                                grille_error *error) {
    return inner_of(nsm)->functions->extend_pcr(inner_of(nsm), index, data, value, error);
}

static grille_reason lock_pcr(grille_nsm *nsm, uint16_t index, grille_error *error) {
    return inner_of(nsm)->functions->lock_pcr(inner_of(nsm), index, error);
}

static grille_reason lock_pcrs(grille_nsm *nsm, uint16_t range, grille_error *error) {
    return inner_of(nsm)->functions->lock_pcrs(inner_of(nsm), range, error);
}

static void close_nsm(grille_nsm *nsm) {
    inner_of(nsm)->functions->close(inner_of(nsm));
    free(nsm);
}

static const grille_nsm_functions counting_functions = {.attest = attest,
                                                        .random = give_random,
                                                        .describe = describe,
                                                        .describe_pcr = describe_pcr,
                                                        .extend_pcr = extend_pcr,
                                                        .lock_pcr = lock_pcr,
                                                        .lock_pcrs = lock_pcrs,
                                                        .close = close_nsm};

static _Atomic int64_t clock_ms;

void stage_set_clock(grille_wall_ms now_ms) {
    atomic_store(&clock_ms, now_ms);
}

grille_wall_ms __wrap_grille_clock_wall_ms(void);
grille_wall_ms __wrap_grille_clock_wall_ms(void) {
    return atomic_load(&clock_ms);
}

static grille_wall_ms nsm_clock(void *user) {
    stage_enclave *enclave = user;
    return atomic_load(&clock_ms) + atomic_load(&enclave->clock_off_ms);
}

static void open_enclave(stage_enclave *enclave, grille_nsm_simulated_options options, uint8_t image, uint8_t signer) {
    grille_nsm_simulated_pcr pcrs[4] = {{.index = 0}, {.index = 1}, {.index = 2}, {.index = 8}};
    counting_nsm *nsm = calloc(1, sizeof *nsm);
    grille_error error;
    size_t len = 0;
    assert_non_null(nsm);
    for (size_t i = 0; i < 4; i++)
        memset(pcrs[i].value, i < 3 ? image : signer, sizeof pcrs[i].value);
    options.now = nsm_clock;
    options.now_user = enclave;
    options.pcrs = pcrs;
    options.pcr_count = options.debug_mode ? 0 : 4;
    nsm->nsm.functions = &counting_functions;
    nsm->documents = &enclave->documents;
    assert_int_equal(grille_nsm_open_simulated_insecure(&options, &nsm->inner, &error), GRILLE_REASON_OK);
    assert_int_equal(grille_pem_write(GRILLE_PEM_CERTIFICATE, grille_nsm_simulated_root(nsm->inner), enclave->root_pem,
                                      sizeof enclave->root_pem - 1, &len),
                     GRILLE_REASON_OK);
    for (uint16_t i = 0; i < 16; i++) {
        bool locked = false;
        assert_int_equal(nsm->inner->functions->describe_pcr(nsm->inner, i, enclave->pcrs[i], &locked, &error),
                         GRILLE_REASON_OK);
    }
    assert_int_equal(grille_identity_from_nsm(&nsm->nsm, &enclave->identity, &error), GRILLE_OK);
}

static void open_enclaves(void) {
    static const char *const roles[] = {"arn:aws:iam::111122223333:role/genuine",
                                        "arn:aws:iam::444455556666:role/somebody"};
    char root[96];
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    grille_error error;
    (void)snprintf(root, sizeof root, "%s/sim", on_stage.folder);
    assert_int_equal(grille_sim_init_insecure(root, NULL, &error), GRILLE_REASON_OK);
    options.root_folder = root;
    options.role_arn = roles[0];
    options.instance_id = "i-00000000000000001";
    open_enclave(&on_stage.enclave, options, STAGE_IMAGE, STAGE_SIGNER);
    open_enclave(&on_stage.other, options, STAGE_OTHER_IMAGE, STAGE_SIGNER);
    options.debug_mode = true;
    open_enclave(&on_stage.debug, options, 0, 0);
    options.debug_mode = false;
    options.role_arn = roles[1];
    options.instance_id = "i-00000000000000002";
    open_enclave(&on_stage.twin, options, STAGE_IMAGE, STAGE_OTHER_SIGNER);
    options.root_folder = NULL;
    open_enclave(&on_stage.clone, options, STAGE_IMAGE, STAGE_SIGNER);
}

/* ---- Who trusts whom ---- */

#define CALLS "    may_call: [\"/test.Victim/Do\"]\n"

grille_policy *stage_policy(const char *top_level, const char *sets) {
    return forge_policy("%sinsecure_development_root: %speers:\n%s", top_level,
                        forge_yaml_block(on_stage.enclave.root_pem, 2), sets);
}

const char *stage_set_with_pcr(const stage_enclave *enclave, unsigned pcr) {
    static char text[1024];
    char hex[2 * GRILLE_NSM_PCR_BYTES + 1];
    const size_t len = (size_t)snprintf(text, sizeof text, "%s", attested_set_of_image(STAGE_IMAGE));
    if (pcr == 0) return text;
    grille_hex_encode(grille_bytes_of(enclave->pcrs[pcr], sizeof enclave->pcrs[pcr]), hex);
    (void)snprintf(text + len, sizeof text - len, "    pcr%u: %s\n", pcr, hex);
    return text;
}

const char *stage_set_of_psk(const char *name, const char *id) {
    static char text[512];
    (void)snprintf(text, sizeof text, "  - name: %s\n    kind: psk\n    psk: %s/%s.psk\n", name, on_stage.folder, id);
    return text;
}

static void drop(grille_log_level level, const char *module, const char *line, void *user) {
    (void)module;
    (void)level, (void)line, (void)user;
}

static void make_policies(void) {
    char sets[16384];
    on_stage.trusts_enclave = stage_policy("", attested_set_of_image(STAGE_IMAGE));
    (void)snprintf(sets, sizeof sets, "%s" CALLS "%s" CALLS "%s" CALLS "%s" CALLS, attested_set_of_image(STAGE_IMAGE),
                   attested_set_of_name(&on_stage.ca, STAGE_PARENT), attested_set_of_name(&on_stage.ca, STAGE_INSIDER),
                   stage_set_of_psk("keyed", "caller"));
    on_stage.trusts_callers = stage_policy("", sets);
}

const char *stage_psk_file(const char *id, const char *role) {
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    uint8_t key[32];
    char hex[2 * sizeof key + 1];
    FILE *file = NULL;
    (void)snprintf(path, sizeof paths[0], "%s/%s.psk", on_stage.folder, id);
    assert_int_equal(grille_crypto_wolf()->random(key, sizeof key), GRILLE_REASON_OK);
    grille_hex_encode(grille_bytes_of(key, sizeof key), hex);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    assert_true(fprintf(file, "grille-psk 1\nid: %s\nrole: %s\nkey: %s\n", id, role, hex) > 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

static void make_keyed_caller(void) {
    grille_error error;
    if (grille_identity_load_psk(stage_psk_file("caller", "initiator"), &on_stage.keyed, &error) != GRILLE_OK)
        fail_msg("%s: %s", error.name, error.text);
}

static void make_callers(void) {
    forge_template ca = forge_ca("Callers", GRILLE_P256);
    const victim_world world = {.now_ms = on_stage.now_ms};
    const grille_wall_ms later = on_stage.now_ms + FORGE_HOUR_MS;
    ca.not_before_ms = on_stage.now_ms - 2 * FORGE_HOUR_MS;
    ca.not_after_ms = on_stage.now_ms + 2 * FORGE_HOUR_MS;
    forge_certificate(&ca, NULL, &on_stage.ca);
    on_stage.parent = victim_world_identity(&world, &on_stage.ca, STAGE_PARENT, later);
    on_stage.insider = victim_world_identity(&world, &on_stage.ca, STAGE_INSIDER, later);
    on_stage.expired = victim_world_identity(&world, &on_stage.ca, STAGE_INSIDER, on_stage.now_ms - FORGE_HOUR_MS);
    make_keyed_caller();
}

static stage_server enclaves_server;

stage_server *stage_enclaves_server(void) {
    return &enclaves_server;
}

void stage_begin(void) {
    struct timespec now;
    memset(&on_stage, 0, sizeof on_stage);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    on_stage.now_ms = now.tv_sec * INT64_C(1000);
    stage_set_clock(on_stage.now_ms);
    grille_log_set(drop, NULL, GRILLE_LOG_ERROR);
    (void)strcpy(on_stage.folder, "/tmp/attack-XXXXXX");
    assert_non_null(mkdtemp(on_stage.folder));
    make_callers();
    open_enclaves();
    make_policies();
    stage_server_start(&enclaves_server, &on_stage.enclave, NULL);
}

void stage_end(void) {
    stage_enclave *const enclaves[] = {&on_stage.enclave, &on_stage.twin, &on_stage.clone, &on_stage.debug,
                                       &on_stage.other};
    char path[128];
    stage_server_stop(&enclaves_server);
    for (size_t i = 0; i < sizeof enclaves / sizeof enclaves[0]; i++)
        grille_identity_free(enclaves[i]->identity);
    grille_policy_free(on_stage.trusts_enclave);
    grille_policy_free(on_stage.trusts_callers);
    grille_identity_free(on_stage.parent);
    grille_identity_free(on_stage.insider);
    grille_identity_free(on_stage.expired);
    grille_identity_free(on_stage.keyed);
    forge_free(&on_stage.ca);
    (void)snprintf(path, sizeof path, "%s/caller.psk", on_stage.folder);
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof path, "%s/sim/%s", on_stage.folder, GRILLE_SIM_ROOT_KEY_FILE);
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof path, "%s/sim/%s", on_stage.folder, GRILLE_SIM_ROOT_CERTIFICATE_FILE);
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof path, "%s/sim/%s", on_stage.folder, GRILLE_SIM_SETTINGS_FILE);
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof path, "%s/sim", on_stage.folder);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(on_stage.folder), 0);
}
