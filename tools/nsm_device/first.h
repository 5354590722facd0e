/* SPDX-License-Identifier: Apache-2.0
 * As a virtual machine's first process: makes /dev/nsm, then becomes the image's own init. */
#ifndef GRILLE_TOOLS_NSM_DEVICE_FIRST_H
#define GRILLE_TOOLS_NSM_DEVICE_FIRST_H

#include "exchange.h"

/* What rides in an unmeasured ramdisk beside the image's own. */
#define NSM_DEVICE_FOLDER  "/insecure-nsm"
#define NSM_DEVICE_SIM     NSM_DEVICE_FOLDER "/sim"     /* a simulated NSM's folder, with the PCRs to attest */
#define NSM_DEVICE_MODULES NSM_DEVICE_FOLDER "/modules" /* loaded in the order of names: fuse, cuse */
#define NSM_DEVICE_INIT    NSM_DEVICE_FOLDER "/init"    /* the image's init, whose name this program has taken */

/* Does all that; returns only when it can't, after saying why. */
void nsm_first_process(int (*serve)(const char *folder));

#endif
