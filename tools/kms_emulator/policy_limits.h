/* SPDX-License-Identifier: Apache-2.0
 * Every limit of key policies and of the facts they are asked about. */
#ifndef GRILLE_TOOLS_KMS_EMULATOR_POLICY_LIMITS_H
#define GRILLE_TOOLS_KMS_EMULATOR_POLICY_LIMITS_H

/* Bytes of a document: AWS KMS's own ("Quotas", key policy document size). */
#define KEY_POLICY_DOCUMENT_BYTES 32768

/* Statements of a document: ten times what people write; a decision tries each. */
#define KEY_POLICY_STATEMENTS 256

/* Principals, conditions, and actions with values, of a whole document: four of each for each statement, and sixteen.
 * Bounds the memory of a policy, which is taken at once, and the time of a decision. */
#define KEY_POLICY_PRINCIPALS 1024
#define KEY_POLICY_CONDITIONS 1024
#define KEY_POLICY_TEXTS      4096

/* Bytes of one text in a document: an ARN has at most 2,048. Bounds what a pattern costs. */
#define KEY_POLICY_TEXT_BYTES 2048

/* Pairs of key and value of one request: 32 PCRs, the image, and 230 pairs of an encryption context, each twice. */
#define KEY_POLICY_FACTS 512

/* Bytes of their names and values: an encryption context has at most 8,192 (AWS KMS API reference, "Encrypt"), its
 * names stand twice, PCRs need 5,000, prefixes the rest. */
#define KEY_POLICY_FACT_BYTES 32768

/* Bytes of what a decision says, terminator included: one line of a log. */
#define KEY_POLICY_REASON_BYTES 512

/* Bytes of one text in such a line: a PCR in hex is whole. */
#define KEY_POLICY_SHOWN_BYTES 96

#endif
