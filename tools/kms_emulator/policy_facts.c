/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_emulator/policy_facts.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/writer.h"
#include "kms_emulator/policy_match.h"

#define PCR_BYTES_MAX 64

void key_policy_facts_init(key_policy_facts *facts) {
    facts->caller_arn = facts->caller_account = facts->action = facts->key_arn = (grille_bytes){.len = 0};
    facts->identity_policy_allows = false;
    facts->count = 0;
    facts->used = 0;
}

/* The name is written in two parts. */
static bool add(key_policy_facts *facts, grille_bytes prefix, grille_bytes name, grille_bytes value) {
    grille_writer texts = grille_writer_into(facts->texts, sizeof facts->texts);
    const size_t before = facts->used;
    if (facts->count == KEY_POLICY_FACTS) return false;
    texts.len = before;
    grille_write_bytes(&texts, prefix);
    grille_write_bytes(&texts, name);
    const size_t named = texts.len;
    grille_write_bytes(&texts, value);
    if (grille_writer_end(&texts) != GRILLE_REASON_OK) return false;
    facts->facts[facts->count++] = (key_policy_fact){.name = grille_bytes_of(&facts->texts[before], named - before),
                                                     .value = grille_bytes_of(&facts->texts[named], value.len)};
    facts->used = texts.len;
    return true;
}

bool key_policy_facts_add(key_policy_facts *facts, grille_bytes name, grille_bytes value) {
    return add(facts, grille_bytes_of_text(""), name, value);
}

bool key_policy_facts_add_pcr(key_policy_facts *facts, unsigned number, grille_bytes pcr) {
    char name[48], hex[2 * PCR_BYTES_MAX + 1];
    if (pcr.len > PCR_BYTES_MAX) return false;
    grille_hex_encode(pcr, hex);
    (void)snprintf(name, sizeof name, "kms:RecipientAttestation:PCR%u", number);
    return key_policy_facts_add(facts, grille_bytes_of_text(name), grille_bytes_of_text(hex)) &&
           (number != 0 || key_policy_facts_add(facts, grille_bytes_of_text("kms:RecipientAttestation:ImageSha384"),
                                                grille_bytes_of_text(hex)));
}

bool key_policy_facts_add_context(key_policy_facts *facts, grille_bytes key, grille_bytes value) {
    return add(facts, grille_bytes_of_text("kms:EncryptionContext:"), key, value) &&
           key_policy_facts_add(facts, grille_bytes_of_text("kms:EncryptionContextKeys"), key);
}

bool key_policy_facts_next(const key_policy_facts *facts, grille_bytes name, size_t *at, grille_bytes *value) {
    while (*at < facts->count) {
        const key_policy_fact *fact = &facts->facts[(*at)++];
        if (fact->value.len > 0 && key_policy_equal(name, fact->name, KEY_POLICY_IGNORE_CASE)) {
            *value = fact->value;
            return true;
        }
    }
    return false;
}
