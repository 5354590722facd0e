/* SPDX-License-Identifier: Apache-2.0
 * What nitro-cli describe-enclaves prints: a JSON array of objects with EnclaveName, EnclaveCID, State and more
 * (aws-nitro-enclaves-cli, src/common/json_output.rs, EnclaveDescribeInfo). Pure. */
#ifndef GRILLE_LOOP_NITRO_ANSWER_H
#define GRILLE_LOOP_NITRO_ANSWER_H

#include <stdbool.h>

#include "grille/reasons.h"

/* The CID of the enclave of that name that is RUNNING. LOOP_ENCLAVE_UNKNOWN: there is none (the text names those that
 * are there); LOOP_NITRO_CLI: the output is another one, or two of that name run. Any thread. */
GRILLE_MUST_USE grille_reason grille_nitro_answer_find(grille_bytes output, grille_bytes name, uint32_t *cid,
                                                       grille_error *error);

#endif
