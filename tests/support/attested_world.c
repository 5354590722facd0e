/* SPDX-License-Identifier: Apache-2.0 */
#include "attested_world.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "crypto/pem.h"
#include "forge_session.h"
#include "nsm/simulated.h"

grille_identity *attested_world_identity(const forge_identity *ca, const char *name, forge_identity *leaf) {
    const forge_template about = forge_leaf(name, GRILLE_P256, NULL, name);
    const forge_identity *const chain[] = {leaf};
    grille_identity *identity = NULL;
    grille_error error;
    forge_certificate(&about, ca, leaf);
    if (grille_identity_load_x509(forge_chain_file(chain, 1), forge_key_file(leaf), &identity, &error) != GRILLE_OK)
        fail_msg("%s: %s", error.name, error.text);
    return identity;
}

grille_policy *attested_world_policy(const forge_identity *ca, const char *name) {
    return attested_policy_of(NULL, attested_set_of_name(ca, name));
}

void attested_world_init(attested_world *world) {
    const forge_template ca = forge_ca("Test CA", GRILLE_P256);
    memset(world, 0, sizeof *world);
    forge_certificate(&ca, NULL, &world->ca);
    world->initiator = attested_world_identity(&world->ca, ATTESTED_WORLD_INITIATOR_NAME, &world->initiator_leaf);
    world->responder = attested_world_identity(&world->ca, ATTESTED_WORLD_RESPONDER_NAME, &world->responder_leaf);
    world->trusts_initiator = attested_world_policy(&world->ca, ATTESTED_WORLD_INITIATOR_NAME);
    world->trusts_responder = attested_world_policy(&world->ca, ATTESTED_WORLD_RESPONDER_NAME);
}

void attested_world_deinit(attested_world *world) {
    grille_identity_free(world->initiator);
    grille_identity_free(world->responder);
    grille_policy_free(world->trusts_initiator);
    grille_policy_free(world->trusts_responder);
    forge_free(&world->initiator_leaf);
    forge_free(&world->responder_leaf);
    forge_free(&world->ca);
}

static grille_wall_ms fixed_clock(void *user) {
    (void)user;
    return FORGE_NOW_MS;
}

void attested_enclave_open(attested_enclave *enclave, uint8_t image, bool debug) {
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    grille_nsm_simulated_pcr pcrs[3];
    grille_nsm *nsm = NULL;
    grille_error error;
    size_t len = 0;
    memset(enclave, 0, sizeof *enclave);
    enclave->image = image;
    for (uint16_t i = 0; i < 3; i++) {
        pcrs[i].index = i;
        memset(pcrs[i].value, image, sizeof pcrs[i].value);
    }
    options.now = fixed_clock;
    options.debug_mode = debug;
    options.pcrs = pcrs;
    options.pcr_count = debug ? 0 : 3;
    assert_int_equal(grille_nsm_open_simulated_insecure(&options, &nsm, &error), GRILLE_REASON_OK);
    assert_int_equal(grille_pem_write(GRILLE_PEM_CERTIFICATE, grille_nsm_simulated_root(nsm), enclave->root_pem,
                                      sizeof enclave->root_pem - 1, &len),
                     GRILLE_REASON_OK);
    enclave->root_pem[len] = '\0';
    assert_int_equal(grille_identity_from_nsm(nsm, &enclave->identity, &error), GRILLE_OK);
}

void attested_enclave_close(attested_enclave *enclave) {
    grille_identity_free(enclave->identity);
}

static char *next_text(void) {
    static char texts[4][8192];
    static unsigned next;
    return texts[next++ % 4];
}

const char *attested_set_of_image(uint8_t image) {
    char *text = next_text();
    uint8_t pcr[GRILLE_PCR_BYTES];
    char hex[2 * GRILLE_PCR_BYTES + 1];
    memset(pcr, image, sizeof pcr);
    grille_hex_encode(grille_bytes_of(pcr, sizeof pcr), hex);
    (void)snprintf(text, 8192, "  - name: image %02x\n    kind: nitro\n    pcr0: %s\n", image, hex);
    return text;
}

const char *attested_set_of_name(const forge_identity *ca, const char *name) {
    char *text = next_text();
    (void)snprintf(text, 8192, "  - name: %s\n    kind: x509\n    ca: %s    names: [\"%s\"]\n", name,
                   forge_yaml_block(forge_pem(ca), 6), name);
    return text;
}

grille_policy *attested_policy_of(const attested_enclave *root, const char *sets) {
    if (root == NULL) return forge_policy("peers:\n%s", sets);
    return forge_policy("insecure_development_root: %speers:\n%s", forge_yaml_block(root->root_pem, 2), sets);
}

grille_policy *attested_policy_pinning(const attested_enclave *enclave) {
    return attested_policy_of(enclave, attested_set_of_image(enclave->image));
}
