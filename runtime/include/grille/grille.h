/* SPDX-License-Identifier: Apache-2.0
 * Everything. */
#ifndef GRILLE_GRILLE_H
#define GRILLE_GRILLE_H

#include "grille/boot.h"
#include "grille/bytes.h"
#include "grille/call.h"
#include "grille/channel.h"
#include "grille/egress.h"
#include "grille/health.h"
#include "grille/identity.h"
#include "grille/interceptor.h"
#include "grille/kms.h"
#include "grille/kms_parent.h"
#include "grille/log.h"
#include "grille/metadata.h"
#include "grille/method.h"
#include "grille/policy.h"
#include "grille/reasons.h"
#include "grille/reflection.h"
#include "grille/seal.h"
#include "grille/server.h"
#include "grille/services.h"
#include "grille/stats.h"
#include "grille/status.h"

#endif
