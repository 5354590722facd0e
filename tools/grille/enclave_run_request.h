/* SPDX-License-Identifier: Apache-2.0
 * The command line of grille enclave run. */
#ifndef GRILLE_TOOLS_ENCLAVE_RUN_REQUEST_H
#define GRILLE_TOOLS_ENCLAVE_RUN_REQUEST_H

#include "enclave_running.h"
#include "machine/machine.h"

/* Texts of the command line, or NULL. */
typedef struct enclave_run_request {
    const char *name, *image;
    const char *root, *stand_in, *vhost; /* --insecure-nsm, --insecure-nsm-ramdisk, --vhost-device-vsock */
    uint32_t cpus, memory_mib, cid;      /* cid 0: any */
    bool debug;
    enclave_place place;
    bool has_accelerator; /* it was chosen */
    machine_accelerator accelerator;
} enclave_run_request;

/* Fills *request, or says what is wrong. False: the process ends with *status. */
bool enclave_run_request_parse(enclave_run_request *request, int argc, char **argv, int *status);

#endif
