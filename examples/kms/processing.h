/* SPDX-License-Identifier: Apache-2.0
 * The enclave's service: a sealed data set in, its sealed report out. The data key comes from the key service, for this
 * enclave only; it and the records are in the call's memory, which is wiped with the call. */
#ifndef ACME_PROCESSING_H
#define ACME_PROCESSING_H

#include "examples/kms/records.grille-nano.h"
#include "grille/kms.h"

/* For acme_records_v1_records_register; its user is the client (grille_kms *), whose context pins the purpose. */
extern const acme_records_v1_records_handlers processing_handlers;

#endif
