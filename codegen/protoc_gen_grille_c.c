/* SPDX-License-Identifier: Apache-2.0
 * The protoc plugin `grille-c`: messages for protobuf-c. */
#include "codegen/messages_c.h"

int main(int argc, char **argv) {
    return grille_gen_main(argc, argv, grille_gen_messages_c);
}
