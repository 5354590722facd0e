/* SPDX-License-Identifier: Apache-2.0 */
#include "attested_world.h"

#include <string.h>

#include "cmocka_all.h"
#include "forge_session.h"

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
    return forge_policy("peers:\n"
                        "  - name: theirs\n"
                        "    kind: x509\n"
                        "    ca: %s"
                        "    names: [\"%s\"]\n",
                        forge_yaml_block(forge_pem(ca), 6), name);
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
