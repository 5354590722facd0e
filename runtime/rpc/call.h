/* SPDX-License-Identifier: Apache-2.0
 * What calls of both sides share: the handle that applications hold. */
#ifndef GRILLE_RPC_CALL_H
#define GRILLE_RPC_CALL_H

#include "grille/call.h"

typedef enum grille_call_side { GRILLE_CALL_OF_CALLER, GRILLE_CALL_OF_HANDLER } grille_call_side;

/* First member of grille_client_call and grille_server_call. */
struct grille_call {
    grille_call_side side;
};

#endif
