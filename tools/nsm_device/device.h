/* SPDX-License-Identifier: Apache-2.0
 * /dev/nsm in user space: a character device by CUSE (Linux Documentation/filesystems/fuse; libfuse's cuse_lowlevel.h),
 * with the ioctl of Linux's driver. */
#ifndef GRILLE_TOOLS_NSM_DEVICE_DEVICE_H
#define GRILLE_TOOLS_NSM_DEVICE_DEVICE_H

#include "exchange.h"

/* Serves until it is told to end (SIGTERM); 0, or 1 when the device can't be made. It takes one request at a time, as
 * the real one. */
int nsm_device_serve(nsm_exchange *exchange);

#endif
