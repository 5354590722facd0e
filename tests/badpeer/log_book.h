/* SPDX-License-Identifier: Apache-2.0
 * The library's log lines of this process, kept; any thread writes. */
#ifndef GRILLE_TESTS_BADPEER_LOG_BOOK_H
#define GRILLE_TESTS_BADPEER_LOG_BOOK_H

#include "grille/log.h"

/* Takes the process's log lines from now on, down to INFO. Before any other thread of the library runs. */
void log_book_open(void);
void log_book_clear(void);
/* How many lines contain both texts; NULL matches all. */
unsigned log_book_count(const char *text, const char *other);
/* Sum of the numbers that stand right behind the text, of all lines that contain it. */
unsigned long log_book_sum(const char *text);
/* All lines to standard error. */
void log_book_print(void);

#endif
