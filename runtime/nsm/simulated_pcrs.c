/* SPDX-License-Identifier: Apache-2.0 */
#include "nsm/simulated_pcrs.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "nsm/measure.h"

enum { boot_pcr_count = 16, debug_zero_pcrs = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 8 };

static const char invalid_index[] = "InvalidIndex";
static const char read_only_index[] = "ReadOnlyIndex";

static grille_reason measure_image(grille_nsm_simulated_pcrs *pcrs, const grille_nsm_simulated_options *options,
                                   grille_error *error) {
    const char *executable = options->executable != NULL ? options->executable : "/proc/self/exe";
    grille_reason reason = grille_measure_executable(executable, pcrs->values[0], pcrs->values[2], error);
    memcpy(pcrs->values[1], pcrs->values[0], GRILLE_NSM_PCR_BYTES);
    return reason;
}

grille_reason grille_nsm_simulated_pcrs_choose(grille_nsm_simulated_pcrs *pcrs, const grille_nsm_simulated_pcr *chosen,
                                               size_t count, grille_error *error) {
    for (size_t i = 0; i < count; i++) {
        if (chosen[i].index >= GRILLE_NSM_PCR_COUNT)
            return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "PCR%u does not exist; there are 0 to %d",
                                    chosen[i].index, GRILLE_NSM_PCR_COUNT - 1);
        memcpy(pcrs->values[chosen[i].index], chosen[i].value, GRILLE_NSM_PCR_BYTES);
    }
    return GRILLE_REASON_OK;
}

grille_reason grille_nsm_simulated_pcrs_init(grille_nsm_simulated_pcrs *pcrs,
                                             const grille_nsm_simulated_options *options, const char *instance_id,
                                             grille_error *error) {
    grille_reason reason;
    memset(pcrs, 0, sizeof *pcrs);
    pcrs->locked = (UINT32_C(1) << boot_pcr_count) - 1;
    reason = measure_image(pcrs, options, error);
    if (reason == GRILLE_REASON_OK && options->role_arn != NULL)
        reason = grille_measure_pcr(options->crypto, grille_bytes_of_text(options->role_arn), pcrs->values[3]);
    if (reason == GRILLE_REASON_OK)
        reason = grille_measure_pcr(options->crypto, grille_bytes_of_text(instance_id), pcrs->values[4]);
    if (reason != GRILLE_REASON_OK) return grille_error_default(error, reason);
    for (unsigned i = 0; options->debug_mode && i < boot_pcr_count; i++)
        if ((debug_zero_pcrs >> i & 1) != 0) memset(pcrs->values[i], 0, GRILLE_NSM_PCR_BYTES);
    return GRILLE_REASON_OK;
}

static bool is_locked(const grille_nsm_simulated_pcrs *pcrs, uint16_t index) {
    return (pcrs->locked >> index & 1) != 0;
}

const char *grille_nsm_simulated_pcrs_extend(grille_nsm_simulated_pcrs *pcrs, const grille_crypto *crypto,
                                             uint16_t index, grille_bytes data) {
    uint8_t extended[GRILLE_SHA384_BYTES];
    grille_bytes parts[2];
    if (index >= GRILLE_NSM_PCR_COUNT) return invalid_index;
    if (is_locked(pcrs, index)) return read_only_index;
    parts[0] = grille_bytes_of(pcrs->values[index], GRILLE_NSM_PCR_BYTES);
    parts[1] = data;
    if (crypto->hash(GRILLE_SHA384, parts, 2, extended) != GRILLE_REASON_OK) return "InternalError";
    memcpy(pcrs->values[index], extended, sizeof extended);
    return NULL;
}

const char *grille_nsm_simulated_pcrs_lock(grille_nsm_simulated_pcrs *pcrs, uint16_t index) {
    if (index >= GRILLE_NSM_PCR_COUNT) return invalid_index;
    if (is_locked(pcrs, index)) return read_only_index;
    pcrs->locked |= UINT32_C(1) << index;
    return NULL;
}

const char *grille_nsm_simulated_pcrs_lock_range(grille_nsm_simulated_pcrs *pcrs, uint16_t range) {
    if (range > GRILLE_NSM_PCR_COUNT) return invalid_index;
    for (unsigned i = 0; i < range; i++)
        pcrs->locked |= UINT32_C(1) << i;
    return NULL;
}
