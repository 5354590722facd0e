/* SPDX-License-Identifier: Apache-2.0
 * Which answers of a key service are worth another attempt. Pure; any thread. */
#ifndef GRILLE_KMS_RETRY_H
#define GRILLE_KMS_RETRY_H

#include <stdbool.h>

/* True where the service was busy or broken: a type that says so (AWS SDKs' standard retry mode), status 429 or 500 to
 * 599. False where it refused, whatever the status; an attempt would only end the same. `type` is the error's, "" for
 * an answer that had none. How long to wait is another's matter (base/backoff.h). */
bool grille_kms_is_worth_retry(unsigned status, const char *type);

#endif
