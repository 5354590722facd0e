/* SPDX-License-Identifier: Apache-2.0 */
#include "nsm/simulated_chain.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

#define SECOND_MS ((grille_wall_ms)1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

enum { random_name_bytes = 8 };

/* What AWS's certificates have at each level. The leaf is dated back 3 s and ends 3 h 0 m 3 s later. */
static const struct level {
    grille_wall_ms backdated_ms, valid_ms, reissue_before_end_ms;
    int path_len;
    uint8_t key_usage;
} levels[GRILLE_NSM_SIMULATED_LEVEL_COUNT] = {
    [GRILLE_NSM_SIMULATED_ROOT] = {DAY_MS, 30 * 365 * DAY_MS, 0, -1,
                                   GRILLE_KEY_USAGE_DIGITAL_SIGNATURE | GRILLE_KEY_USAGE_CERT_SIGN |
                                       GRILLE_KEY_USAGE_CRL_SIGN},
    [GRILLE_NSM_SIMULATED_REGIONAL] = {HOUR_MS, 20 * DAY_MS + HOUR_MS, 3 * HOUR_MS, 2,
                                       GRILLE_KEY_USAGE_DIGITAL_SIGNATURE | GRILLE_KEY_USAGE_CERT_SIGN |
                                           GRILLE_KEY_USAGE_CRL_SIGN},
    [GRILLE_NSM_SIMULATED_ZONAL] = {HOUR_MS, 5 * DAY_MS + 12 * HOUR_MS, 3 * HOUR_MS, 1,
                                    GRILLE_KEY_USAGE_DIGITAL_SIGNATURE | GRILLE_KEY_USAGE_CERT_SIGN |
                                        GRILLE_KEY_USAGE_CRL_SIGN},
    [GRILLE_NSM_SIMULATED_INSTANCE] = {MINUTE_MS, DAY_MS, 3 * HOUR_MS, 0, GRILLE_KEY_USAGE_CERT_SIGN},
    [GRILLE_NSM_SIMULATED_LEAF] = {3 * SECOND_MS, 3 * HOUR_MS + 3 * SECOND_MS, 15 * MINUTE_MS, -1,
                                   GRILLE_KEY_USAGE_DIGITAL_SIGNATURE | GRILLE_KEY_USAGE_NON_REPUDIATION},
};

/* Names as AWS's, where the region of a simulated one says what it is. */
static grille_reason name_link(const grille_nsm_simulated_chain *chain, grille_nsm_simulated_level level,
                               grille_nsm_simulated_link *link) {
    uint8_t random[random_name_bytes];
    char hex[2 * random_name_bytes + 1];
    size_t capacity = sizeof link->common_name;
    grille_reason reason = chain->crypto->random(random, sizeof random);
    int len = -1;
    if (reason != GRILLE_REASON_OK) return reason;
    grille_hex_encode(grille_bytes_of(random, sizeof random), hex);
    if (level == GRILLE_NSM_SIMULATED_REGIONAL)
        len = snprintf(link->common_name, capacity, "%s.%s.aws.nitro-enclaves", hex, chain->region);
    else if (level == GRILLE_NSM_SIMULATED_ZONAL)
        len = snprintf(link->common_name, capacity, "%s.zonal.%s.aws.nitro-enclaves", hex, chain->region);
    else if (level == GRILLE_NSM_SIMULATED_INSTANCE)
        len = snprintf(link->common_name, capacity, "%s.%s.aws.nitro-enclaves", chain->instance_id, chain->region);
    else if (level == GRILLE_NSM_SIMULATED_LEAF)
        len = snprintf(link->common_name, capacity, "%s.%s.aws", chain->module_id, chain->region);
    return len > 0 && (size_t)len < capacity ? GRILLE_REASON_OK : GRILLE_REASON_INTERNAL;
}

/* Gives a named link a fresh key and a certificate by `issuer`, NULL for a root. */
static grille_reason issue(const grille_crypto *crypto, grille_nsm_simulated_level level, grille_wall_ms now_ms,
                           const grille_nsm_simulated_link *issuer, grille_nsm_simulated_link *link) {
    const struct level *rules = &levels[level];
    bool is_ca = level != GRILLE_NSM_SIMULATED_LEAF;
    uint8_t point[GRILLE_POINT_MAX];
    size_t point_len = 0;
    grille_certificate_template said = {
        .subject_common_name = link->common_name,
        .issuer_common_name = issuer != NULL ? issuer->common_name : NULL,
        .not_before_ms = now_ms - rules->backdated_ms,
        .not_after_ms = now_ms - rules->backdated_ms + rules->valid_ms,
        .is_ca = is_ca,
        .path_len = rules->path_len,
        .with_basic_constraints = true,
        .key_usage = rules->key_usage,
    };
    grille_reason reason = crypto->random(said.serial, sizeof said.serial);
    if (reason == GRILLE_REASON_OK) reason = crypto->key_generate(GRILLE_P384, &link->key);
    if (reason == GRILLE_REASON_OK) reason = crypto->key_point(link->key, point, sizeof point, &point_len);
    if (reason == GRILLE_REASON_OK)
        reason = grille_certificate_write(crypto, &said, GRILLE_P384, grille_bytes_of(point, point_len),
                                          issuer != NULL ? issuer->key : link->key, link->certificate,
                                          sizeof link->certificate, &link->certificate_len);
    link->not_before_ms = said.not_before_ms;
    link->not_after_ms = said.not_after_ms;
    return reason;
}

grille_reason grille_nsm_simulated_root_make(const grille_crypto *crypto, grille_wall_ms now_ms,
                                             grille_nsm_simulated_link *root) {
    static const char name[] = GRILLE_NSM_SIMULATED_ROOT_NAME;
    memset(root, 0, sizeof *root);
    memcpy(root->common_name, name, sizeof name);
    return issue(crypto, GRILLE_NSM_SIMULATED_ROOT, now_ms, NULL, root);
}

static grille_reason reissue(grille_nsm_simulated_chain *chain, grille_nsm_simulated_level level,
                             grille_wall_ms now_ms) {
    grille_nsm_simulated_link fresh = {.key = NULL};
    grille_reason reason = name_link(chain, level, &fresh);
    if (reason == GRILLE_REASON_OK) reason = issue(chain->crypto, level, now_ms, &chain->links[level - 1], &fresh);
    if (reason == GRILLE_REASON_OK)
        chain->links[level] = fresh;
    else if (fresh.key != NULL)
        chain->crypto->key_free(fresh.key);
    return reason;
}

static void drop_from(grille_nsm_simulated_chain *chain, unsigned level) {
    for (; level < GRILLE_NSM_SIMULATED_LEVEL_COUNT; level++) {
        if (chain->links[level].key != NULL) chain->crypto->key_free(chain->links[level].key);
        chain->links[level].key = NULL;
    }
}

static bool is_good(const grille_nsm_simulated_link *link, grille_nsm_simulated_level level, grille_wall_ms now_ms) {
    return link->key != NULL && now_ms >= link->not_before_ms &&
           now_ms < link->not_after_ms - levels[level].reissue_before_end_ms;
}

grille_reason grille_nsm_simulated_chain_refresh(grille_nsm_simulated_chain *chain, grille_wall_ms now_ms) {
    grille_reason reason = GRILLE_REASON_OK;
    unsigned level = GRILLE_NSM_SIMULATED_REGIONAL;
    while (level < GRILLE_NSM_SIMULATED_LEVEL_COUNT &&
           is_good(&chain->links[level], (grille_nsm_simulated_level)level, now_ms))
        level++;
    /* what hangs on a new certificate must be new as well, also when the work ends half-way */
    drop_from(chain, level);
    for (; reason == GRILLE_REASON_OK && level < GRILLE_NSM_SIMULATED_LEVEL_COUNT; level++)
        reason = reissue(chain, (grille_nsm_simulated_level)level, now_ms);
    return reason;
}

void grille_nsm_simulated_chain_free(grille_nsm_simulated_chain *chain) {
    drop_from(chain, GRILLE_NSM_SIMULATED_ROOT);
    grille_wipe(chain, sizeof *chain);
}
