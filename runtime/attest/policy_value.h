/* SPDX-License-Identifier: Apache-2.0
 * Values of a policy: scalars into what they mean. Each refuses with file:line:column (policy_yaml.h): POLICY_TYPE,
 * POLICY_VALUE, POLICY_LENGTH. `what` names the value in the message. */
#ifndef GRILLE_ATTEST_POLICY_VALUE_H
#define GRILLE_ATTEST_POLICY_VALUE_H

#include "attest/policy_yaml.h"
#include "base/time.h"

/* Exactly 2 * len hex digits. */
GRILLE_MUST_USE grille_reason grille_policy_read_hex(const grille_yaml *yaml, const yaml_node_t *node, const char *what,
                                                     uint8_t *out, size_t len);
/* "true" or "false". */
GRILLE_MUST_USE grille_reason grille_policy_read_bool(const grille_yaml *yaml, const yaml_node_t *node,
                                                      const char *what, bool *out);
/* Decimal digits without a sign or leading zeros, below 10^18. */
GRILLE_MUST_USE grille_reason grille_policy_read_unsigned(const grille_yaml *yaml, const yaml_node_t *node,
                                                          const char *what, uint64_t *out);
/* Digits and one of ms, s, m, h, d: "90s"; `least_ms` to `most_ms`. */
GRILLE_MUST_USE grille_reason grille_policy_read_duration(const grille_yaml *yaml, const yaml_node_t *node,
                                                          const char *what, int64_t least_ms, int64_t most_ms,
                                                          int64_t *out_ms);
/* "2027-01-31T12:00:00Z". */
GRILLE_MUST_USE grille_reason grille_policy_read_time(const grille_yaml *yaml, const yaml_node_t *node,
                                                      const char *what, grille_wall_ms *out_ms);
/* One of `count` words; its index. */
GRILLE_MUST_USE grille_reason grille_policy_read_word(const grille_yaml *yaml, const yaml_node_t *node,
                                                      const char *what, const char *const *words, size_t count,
                                                      size_t *out);
/* Printable ASCII of 1 to `most` bytes; a view of the node. */
GRILLE_MUST_USE grille_reason grille_policy_read_label(const grille_yaml *yaml, const yaml_node_t *node,
                                                       const char *what, size_t most, grille_bytes *out);
/* "/package.Service/Method" or "/package.Service/" and an asterisk; a view of the node. POLICY_METHOD. */
GRILLE_MUST_USE grille_reason grille_policy_read_method(const grille_yaml *yaml, const yaml_node_t *node,
                                                        grille_bytes *out);

#endif
