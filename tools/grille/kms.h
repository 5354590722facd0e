/* SPDX-License-Identifier: Apache-2.0
 * The verbs of grille kms, each with the arguments after it. */
#ifndef GRILLE_TOOLS_KMS_H
#define GRILLE_TOOLS_KMS_H

int kms_create_data_key(int argc, char **argv);
int kms_credentials(int argc, char **argv);
int kms_encrypt(int argc, char **argv);
int kms_policy(int argc, char **argv);

#endif
