/* SPDX-License-Identifier: Apache-2.0
 * What rides in an unmeasured ramdisk beside the image's own. */
#ifndef GRILLE_TOOLS_NSM_DEVICE_LAYOUT_H
#define GRILLE_TOOLS_NSM_DEVICE_LAYOUT_H

#define NSM_DEVICE_FOLDER  "/insecure-nsm"
#define NSM_DEVICE_SIM     NSM_DEVICE_FOLDER "/sim"     /* a simulated NSM's folder, with the PCRs to attest */
#define NSM_DEVICE_MODULES NSM_DEVICE_FOLDER "/modules" /* loaded in the order of names: fuse, cuse */
#define NSM_DEVICE_INIT    NSM_DEVICE_FOLDER "/init"    /* the image's init, whose name the stand-in has taken */

#endif
