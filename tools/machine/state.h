/* SPDX-License-Identifier: Apache-2.0
 * What is known of an enclave that runs here: a JSON object with the keys of nitro-cli's run-enclave and
 * describe-enclaves, and a few more. */
#ifndef GRILLE_TOOLS_MACHINE_STATE_H
#define GRILLE_TOOLS_MACHINE_STATE_H

#include "image/eif_measure.h"
#include "machine/process.h"
#include "wire/limits.h"

/* "hybrid:" and the path of a Unix socket. */
#define MACHINE_ADDRESS_BYTES 128
/* A longer file is none of ours. */
#define MACHINE_STATE_MAX 16384

typedef enum machine_phase {
    MACHINE_STARTING,
    MACHINE_RUNNING,
    MACHINE_ENDED,
} machine_phase;

typedef struct machine_state {
    char name[GRILLE_LIMIT_ENCLAVE_NAME_BYTES + 1];
    machine_phase phase;
    uint32_t cid;
    uint32_t cpus;
    uint32_t memory_mib;
    bool debug;
    machine_process supervisor;
    char address[MACHINE_ADDRESS_BYTES]; /* without a port; "" where nobody can be dialled */
    eif_measurements attested;           /* what the enclave's documents say: all zero in a debug enclave */
} machine_state;

/* "STARTING" … */
const char *machine_phase_name(machine_phase phase);

/* The object on lines of its own, indented; free(3) by the caller. NULL without memory. */
char *machine_state_write(const machine_state *state);

/* Reads what was written: exactly these keys, each of its type and range. False: BAD_ARGUMENT, with what is wrong. */
GRILLE_MUST_USE bool machine_state_read(grille_bytes json, machine_state *state, grille_error *error);

/* Reads what `nitro-cli describe-enclaves` prints, an array of objects: at most `capacity` of them; *count has how many
 * there are. What is not there of an enclave stays 0 or empty: its name in versions before 1.2. BAD_ARGUMENT: no such
 * JSON, or more than `capacity`. */
GRILLE_MUST_USE bool machine_states_of_nitro(grille_bytes json, machine_state *states, size_t capacity, size_t *count,
                                             grille_error *error);
/* The same of one object, as run-enclave prints it. */
GRILLE_MUST_USE bool machine_state_of_nitro(grille_bytes json, machine_state *state, grille_error *error);

#endif
