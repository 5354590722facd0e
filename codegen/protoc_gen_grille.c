/* SPDX-License-Identifier: Apache-2.0
 * The protoc plugin `grille`: client stubs and server handlers from services. */
#include "codegen/generate.h"

int main(int argc, char **argv) {
    return grille_gen_main(argc, argv, grille_gen_generate);
}
