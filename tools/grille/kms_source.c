/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_source.h"

#include "base/error.h"

grille_code kms_source_open(const kms_source_options *said, grille_kms_source **source, grille_error *error) {
    grille_kms_imds_options imds = grille_kms_imds_options_default();
    *source = NULL;
    if (said->imds != NULL && (said->file != NULL || said->profile != NULL))
        return grille_reason_code(
            grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "--imds goes without --file and --profile"));
    if (said->imds != NULL) {
        imds.address = said->imds;
        return grille_kms_source_open_imds(&imds, source, error);
    }
    if (said->file != NULL || said->profile != NULL)
        return grille_kms_source_open_file(said->file, said->profile, source, error);
    return grille_kms_source_open_default(NULL, source, error);
}
