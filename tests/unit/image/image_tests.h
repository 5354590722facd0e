/* SPDX-License-Identifier: Apache-2.0
 * The groups of image_test, one for each source file. */
#ifndef GRILLE_TESTS_IMAGE_TESTS_H
#define GRILLE_TESTS_IMAGE_TESTS_H

int tree_tests(void);
int cpio_tests(void);
int eif_tests(void);
int eif_signature_tests(void);

#endif
