/* SPDX-License-Identifier: Apache-2.0
 * The NSM: it is there, says what it is, and gives bytes. */
#include "base/bytes.h"
#include "base/error.h"
#include "boot/check.h"

/* nsm-check of aws-nitro-enclaves-nsm-api: an NSM has 32 PCRs, and the image's are locked when the enclave starts. */
enum { PCRS_LEAST = 16, IMAGE_PCRS = 7 };

static grille_boot_outcome fail(grille_error *said, const char *what, const grille_error *why) {
    (void)grille_error_set(said, GRILLE_REASON_BOOT_NO_NSM, "%s; observed: %.32s: %.220s; expected: an answer", what,
                           why->name, why->text);
    return GRILLE_BOOT_FAILED;
}

static grille_boot_outcome judge(const grille_nsm_description *told, grille_error *said) {
    if (told->module_id[0] == '\0' || told->version_major == 0 || told->max_pcrs < PCRS_LEAST ||
        (told->locked_pcrs & IMAGE_PCRS) != IMAGE_PCRS) {
        (void)grille_error_set(said, GRILLE_REASON_BOOT_NO_NSM,
                               "the NSM describes itself as none does; observed: module \"%s\", version %u.%u.%u, %u "
                               "PCRs, locked ones 0x%x; expected: a name, version 1 or later, %d PCRs or more, 0 to 2 "
                               "locked. Likely the device is not a real NSM",
                               told->module_id, told->version_major, told->version_minor, told->version_patch,
                               told->max_pcrs, told->locked_pcrs, PCRS_LEAST);
        return GRILLE_BOOT_FAILED;
    }
    return grille_boot_say(said, GRILLE_BOOT_PASSED, "%s, version %u.%u.%u, %u PCRs, locked ones 0x%x", told->module_id,
                           told->version_major, told->version_minor, told->version_patch, told->max_pcrs,
                           told->locked_pcrs);
}

grille_boot_outcome grille_boot_check_nsm(grille_boot_run *run, grille_error *said) {
    grille_nsm_description told = {0};
    uint8_t byte = 0;
    grille_error why = {.code = GRILLE_OK};
    if (!run->ground->has_device) {
        return grille_boot_say(said, GRILLE_BOOT_NOT_CHECKED, "%s", grille_boot_without_nsm(run));
    }
    if (run->ground->open_nsm(run->ground->user, run->options->nsm_path, &run->nsm, &why) != GRILLE_REASON_OK) {
        run->nsm = NULL;
        return fail(said, "the NSM can't be opened", &why);
    }
    if (run->nsm->functions->describe(run->nsm, &told, &why) != GRILLE_REASON_OK)
        return fail(said, "the NSM does not describe itself", &why);
    if (run->nsm->functions->random(run->nsm, &byte, sizeof byte, &why) != GRILLE_REASON_OK)
        return fail(said, "the NSM gives no randomness", &why);
    return judge(&told, said);
}
