/* SPDX-License-Identifier: Apache-2.0
 * A small image whose bytes and measurements were computed by an independent program. */
#ifndef GRILLE_TESTS_EIF_PARTS_H
#define GRILLE_TESTS_EIF_PARTS_H

#include "base/bytes.h"
#include "image/eif.h"

#define EIF_PARTS_BYTES 682u
#define EIF_PARTS_CRC   0x96296f68u
#define EIF_PARTS_PCR0                                                                                                 \
    "482c4c1155e65441890fb363f64309af78863fdd1d83b2ba2922c2bf8ac3a332a89d4dd47fe41f73665f8b7bb9bde923"
#define EIF_PARTS_PCR1                                                                                                 \
    "483ff0272e4b1cfb00271ff001c5f80f71f6c6c6845b6480b7de5a954813807c04ba415a7b32fa5dc982411a92d0f897"
#define EIF_PARTS_PCR2                                                                                                 \
    "9548c32a884558fef6e442a145f33eab866af2c83d98134bdf36ebe9aec7bd136df4a2cc45ed98b929b82cfa25847d57"

static inline eif eif_parts(void) {
    return (eif){.version = EIF_VERSION,
                 .default_memory = UINT64_C(1) << 30,
                 .default_cpus = 2,
                 .section_count = 5,
                 .sections = {{EIF_KERNEL, grille_bytes_of_text("kernel-bytes")},
                              {EIF_CMDLINE, grille_bytes_of_text("console=ttyS0 grille")},
                              {EIF_METADATA, grille_bytes_of_text("{\"ImageName\":\"t\"}")},
                              {EIF_RAMDISK, grille_bytes_of_text("ramdisk zero")},
                              {EIF_RAMDISK, grille_bytes_of_text("ramdisk one!!")}}};
}

#endif
