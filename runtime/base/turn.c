/* SPDX-License-Identifier: Apache-2.0 */
#include "base/turn.h"

_Thread_local const void *grille_turn_of = NULL;
