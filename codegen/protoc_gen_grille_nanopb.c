/* SPDX-License-Identifier: Apache-2.0
 * The protoc plugin `grille-nanopb`: messages for nanopb. */
#include "codegen/messages_nanopb.h"

int main(int argc, char **argv) {
    return grille_gen_main(argc, argv, grille_gen_messages_nanopb);
}
