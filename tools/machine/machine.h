/* SPDX-License-Identifier: Apache-2.0
 * Enclave images in virtual machines of QEMU: for development, on machines that have no Nitro. An image's parts go to
 * QEMU as they are; the stand-in for /dev/nsm rides beside them and attests the PCRs of the very bytes that QEMU was
 * given. A machine has no network and no disk: a vsock, and in debug mode a serial port. */
#ifndef GRILLE_TOOLS_MACHINE_MACHINE_H
#define GRILLE_TOOLS_MACHINE_MACHINE_H

#include "machine/stand_in.h"
#include "machine/state.h"

/* An image gets at least four times its size, as nitro-cli wants it (ENCLAVE_MEMORY_EIF_SIZE_RATIO). */
#define MACHINE_MEMORY_RATIO 4u
/* QEMU's q35 has at most this many processors; more memory than this has no machine that somebody develops on. */
#define MACHINE_CPUS_MAX   255u
#define MACHINE_MEMORY_MAX (1u << 20) /* MiB */

typedef enum machine_accelerator {
    MACHINE_TCG, /* every instruction is translated */
    MACHINE_KVM,
} machine_accelerator;

/* Time until the init says that it is up. nitro-cli waits 20 s, and so do we where the processor runs the kernel
 * itself. Translated it takes 2 s on an idle machine, and many times that on a busy one: six times as long. */
#define MACHINE_PATIENCE_KVM_MS 20000
#define MACHINE_PATIENCE_TCG_MS 120000

/* What to start. Everything is borrowed until machine_start returns. */
typedef struct machine_request {
    const char *name; /* valid (loop/run_folder.h) */
    const eif *image;
    const eif_measurements *measured; /* of the image: for PCR8 alone, the others are measured again */
    uint32_t cpus, memory_mib;
    uint32_t cid; /* 0: any that is free */
    bool debug;
    machine_accelerator accelerator;
    uint32_t patience_ms; /* until the init is up; 0: MACHINE_PATIENCE_… */
    const machine_root *root;
    grille_bytes stand_in;    /* //tools/nsm_device:insecure_nsm_ramdisk */
    const char *qemu, *vhost; /* absolute paths of programs */
} machine_request;

/* BAD_ARGUMENT when the memory is too little for an image file of this size. */
GRILLE_MUST_USE bool machine_check_memory(uint32_t memory_mib, size_t image_bytes, grille_error *error);
/* BAD_ARGUMENT for an image that can't come up in such a machine: of another processor, a command line with another
 * first process or without PCI. */
GRILLE_MUST_USE bool machine_check_image(const eif *image, grille_error *error);

/* KVM when /dev/kvm can be used, else TCG. */
machine_accelerator machine_accelerator_here(void);
const char *machine_accelerator_name(machine_accelerator accelerator);

/* Why a machine did not come up. */
#define MACHINE_LAST_LINES_BYTES 2048
typedef struct machine_failure {
    grille_error error;
    bool qemu_ended;                        /* by itself: what it runs on does not work, or the kernel gave up */
    char console[MACHINE_LAST_LINES_BYTES]; /* the last lines, of a debug enclave */
} machine_failure;

/* Starts the machine with a supervisor of its own, a process that stays: it keeps QEMU and vhost-device-vsock, and the
 * console of a debug enclave; when one of the two ends or SIGTERM comes it ends all of it and takes the files away.
 * Returns when the enclave's init said that it is up; *state tells of it. False: everything is taken down again;
 * *failure says why. SIGINT or the end of this process before that take it down too. */
GRILLE_MUST_USE bool machine_start(const machine_request *request, machine_state *state, machine_failure *failure);

/* Ends what machine_start started, and waits until its supervisor has gone. False: SYSTEM, it does not end. */
GRILLE_MUST_USE bool machine_stop(const machine_state *state, grille_error *error);

#endif
