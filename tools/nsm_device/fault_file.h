/* SPDX-License-Identifier: Apache-2.0
 * Where a program in the machine asks for a fault, by its word (exchange.h): /dev is the same one for all of them. */
#ifndef GRILLE_TOOLS_NSM_DEVICE_FAULT_FILE_H
#define GRILLE_TOOLS_NSM_DEVICE_FAULT_FILE_H

#define NSM_DEVICE_FAULT "/dev/insecure-nsm-fault"

#endif
