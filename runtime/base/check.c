/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "grille/status.h"

void grille_check(grille_code code, const grille_error *error) {
    if (code == GRILLE_OK) return;
    (void)fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, error->name, error->text);
    exit(1);
}
