/* SPDX-License-Identifier: Apache-2.0
 * docs/protocol.md, for tests that keep the page and the code in step. */
#ifndef GRILLE_TESTS_SUPPORT_PROTOCOL_PAGE_H
#define GRILLE_TESTS_SUPPORT_PROTOCOL_PAGE_H

#include "grille/bytes.h"

/* The whole page, read once; asserts that it is there. */
const char *protocol_page(void);

/* What the page's part below this heading (of any level, up to the next one of the same or a higher level) says. */
const char *protocol_page_part(const char *heading);

/* Bytes in hex behind `name`, which stands at the start of a line below the heading: on the same line behind two
 * blanks, or on lines of their own that begin with four. Asserts that there are some. In a heap block of exactly their
 * size until protocol_page_free. */
grille_bytes protocol_page_hex(const char *heading, const char *name);

/* A cmocka teardown. */
int protocol_page_free(void **state);

#endif
