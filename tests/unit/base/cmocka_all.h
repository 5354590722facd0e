/* SPDX-License-Identifier: Apache-2.0
 * cmocka.h with what it needs before it. */
#ifndef GRILLE_TESTS_CMOCKA_ALL_H
#define GRILLE_TESTS_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
