/* SPDX-License-Identifier: Apache-2.0
 * As a virtual machine's first process: makes /dev/nsm, then becomes the image's own init. */
#ifndef GRILLE_TOOLS_NSM_DEVICE_FIRST_H
#define GRILLE_TOOLS_NSM_DEVICE_FIRST_H

#include "exchange.h"
#include "layout.h"

/* Does all that; returns only when it can't, after saying why. */
void nsm_first_process(int (*serve)(const char *folder));

#endif
