/* SPDX-License-Identifier: Apache-2.0
 * What an operator is told of a refusal besides what was observed and expected: its likely cause and what to do next.
 * One table; every ATTEST- and BOOT- reason has a row (a test looks). grille_error_set adds it to the text. */
#ifndef GRILLE_BASE_ADVICE_H
#define GRILLE_BASE_ADVICE_H

/* X(identifier, likely cause, what to do next) */
/* clang-format off */
#define GRILLE_ADVICE_MAP(X)                                                                                           \
    X(ATTEST_KIND_REFUSED, "this is the wrong address, or the policy lacks a set of that kind", "compare the kinds that the policy accepts: grille policy explain FILE") \
    X(ATTEST_KIND_UNSUPPORTED, "the peer is of a later version", "update the older end") \
    X(ATTEST_ORDER, "the responder is an enclave that wants to know its callers first", "write `evidence_order: any` into the policy if a responder that is not verified yet may see who we are") \
    X(ATTEST_IDENTITY, "a file is missing or of another identity, or the identity is of a kind that can't do this", "make it anew: grille identity new") \
    X(ATTEST_SIZE, "something else was given in its place, or it was cut", "look at its size; a document: grille attest show DOC") \
    X(ATTEST_CLAIMS, "the peer is of another version", "update the older end") \
    X(ATTEST_NONCE_MISMATCH, "an old document is replayed", "ask the peer for one with a fresh nonce; a peer that does this again is an attacker") \
    X(ATTEST_PREFIX_MISMATCH, "it was made for another use, or by another program than one of Grille", "look at user_data: grille attest show DOC") \
    X(ATTEST_ROLE_MISMATCH, "somebody in between sent evidence back to where it came from", "look for a proxy between the two ends") \
    X(ATTEST_BINDER_MISMATCH, "somebody in between ends TLS and passes on a genuine peer's evidence", "use a relay of bytes: grille relay") \
    X(ATTEST_KEY_MISMATCH, "somebody in between ends TLS and passes on a genuine peer's evidence", "use a relay of bytes: grille relay") \
    X(ATTEST_CBOR, "it was damaged, or no NSM wrote it", "look at it: grille attest show DOC") \
    X(ATTEST_CBOR_DEPTH, "somebody made it by hand to exhaust its reader", "look at where it comes from") \
    X(ATTEST_CBOR_DUPLICATE_KEY, "somebody made it by hand so that two readers understand it differently", "look at where it comes from") \
    X(ATTEST_COSE_STRUCTURE, "it was cut, or is in another encoding, as base64 or hex", "look at it: grille attest show DOC") \
    X(ATTEST_COSE_ALGORITHM, "another program than an NSM signed it", "look at where it comes from") \
    X(ATTEST_COSE_UNPROTECTED, "somebody added to it on its way", "take it from its source again") \
    X(ATTEST_COSE_SIGNATURE, "it was changed after the NSM signed it, or no NSM signed it", "take it from its source again") \
    X(ATTEST_DOCUMENT_FIELD, "no NSM wrote it", "look at its fields: grille attest show DOC") \
    X(ATTEST_DOCUMENT_DIGEST, "no NSM wrote it", "look at its fields: grille attest show DOC") \
    X(ATTEST_DOCUMENT_PCRS, "no NSM wrote it", "look at its PCRs: grille attest show DOC") \
    X(ATTEST_DOCUMENT_NITROTPM, "it is of an instance and not of an enclave on it", "ask the enclave for its document") \
    X(ATTEST_DOCUMENT_ENCLAVE, "it is of an enclave and not of the instance below it", "ask the instance for its document, or verify this one as an enclave's") \
    X(ATTEST_DOCUMENT_TIME, "no NSM wrote it", "compare its times: grille attest show DOC") \
    X(ATTEST_DOCUMENT_STALE, "it was kept, or the clock here is fast", "ask for a fresh one; compare date -u on both ends") \
    X(ATTEST_DOCUMENT_FUTURE, "the clock here is slow", "compare date -u on both ends") \
    X(ATTEST_DOCUMENT_INCONSISTENT, "no NSM wrote it", "look at its fields: grille attest show DOC") \
    X(ATTEST_ROOT_MISMATCH, "it is of a simulated NSM, or the policy's insecure_development_root is of another one", "compare the roots: grille attest show DOC, grille policy explain FILE") \
    X(ATTEST_CERT_FORMAT, "it was damaged, or made by a program that writes no strict DER", "look at it: openssl asn1parse -inform DER") \
    X(ATTEST_CERT_DUPLICATE_EXTENSION, "somebody made it by hand so that two readers understand it differently", "look at it: openssl asn1parse -inform DER") \
    X(ATTEST_CERT_CRITICAL_EXTENSION, "it was issued for another purpose", "issue one without it: grille identity new x509") \
    X(ATTEST_CERT_NAME_CONSTRAINTS, "the CA is meant for another purpose", "use a CA without them: grille identity new ca") \
    X(ATTEST_CERT_ALGORITHM, "it is an RSA certificate, or one of another system", "issue an EC one: grille identity new x509") \
    X(ATTEST_CERT_RSA_KEY, "it is an old certificate, or of a CA that nobody should trust", "look at the key: openssl x509 -noout -text") \
    X(ATTEST_CERT_NAME_CHAIN, "a certificate of the chain is missing, or their order is wrong", "look at subject and issuer of each: openssl x509 -noout -subject -issuer") \
    X(ATTEST_CERT_SIGNATURE, "it is forged, or its CA changed its key", "compare the CA's key with the policy's: openssl x509 -noout -text") \
    X(ATTEST_CERT_NOT_CA, "somebody's leaf certificate was used to make another one", "look at it: openssl x509 -noout -text") \
    X(ATTEST_CERT_IS_CA, "the CA's own certificate was given in place of the leaf's", "put the leaf first in the chain file") \
    X(ATTEST_CERT_PATH_LENGTH, "a CA made another CA without leave", "look at the chain: openssl x509 -noout -text") \
    X(ATTEST_CERT_KEY_USAGE, "it was issued for another use", "look at it: openssl x509 -noout -text") \
    X(ATTEST_CERT_EXTENDED_KEY_USAGE, "it was issued for the other role of TLS", "issue one for both: grille identity new x509") \
    X(ATTEST_CERT_NOT_YET_VALID, "a clock is wrong", "compare date -u on both ends") \
    X(ATTEST_CERT_EXPIRED, "it is old evidence, a certificate to be renewed, or a wrong clock", "renew it; compare date -u on both ends") \
    X(ATTEST_CERT_CHAIN, "an intermediate certificate is missing from the identity's chain file", "count them: grep -c BEGIN FILE") \
    X(ATTEST_CERT_UNKNOWN_ISSUER, "an intermediate certificate is missing from the peer's chain, or it has another CA", "compare its issuer with the set's ca: openssl x509 -noout -issuer") \
    X(ATTEST_CERT_NAME, "it is the wrong peer, or its name is missing from the policy", "compare with the names in the policy: grille policy explain FILE") \
    X(ATTEST_X509_BODY, "the peer is of another version, or does not speak Grille", "update the older end") \
    X(ATTEST_X509_SIGNATURE, "somebody in between passes on or replays evidence, or the peer holds another key", "look for a proxy between the two ends") \
    X(ATTEST_DEBUG, "it was started with --debug-mode or attach-console", "start it without; while testing the policy may say insecure_allow_debug") \
    X(ATTEST_PCR_MISSING, "the enclave did not extend and lock this PCR", "look at its PCRs: grille attest show DOC") \
    X(ATTEST_NO_SELF, "the policy is an enclave's, or a debug enclave has it", "pin the image with measurements or pcr0") \
    X(ATTEST_PSK_BODY, "the peer is of another version, or does not speak Grille", "update the older end") \
    X(ATTEST_PSK_MISMATCH, "one of the two key files was replaced, or the policy lacks the peer's", "compare the key files of both ends: each has the same id, role and key in both places") \
    X(ATTEST_IDENTITY_CHANGED, "somebody took the peer's place, or its name or image changed under the connection", "see the peer's log; who becomes another one connects anew") \
    X(ATTEST_PCR_MISMATCH, "another build runs than the policy pins", "pin the build that runs: grille policy add") \
    X(ATTEST_BUILD_TOO_OLD, "an old build still runs", "update it") \
    X(ATTEST_SET_EXPIRED, "an old build still runs", "update it, or extend the set's not_after") \
    X(ATTEST_FEATURE_REFUSED, "a development build runs, or a service of the library was left in", "build the peer without it, or take it out of the set's `refuse`") \
    X(ATTEST_POLICY_DIGEST, "the peer has another policy than it should", "give it the policy that is meant, or list the digest: grille policy explain FILE") \
    X(ATTEST_EVIDENCE_EXPIRED, "its NSM does not answer, or it runs another implementation that does not re-attest", "see the peer's log") \
    X(BOOT_NO_NSM, "this is no Nitro Enclave, or its kernel has no driver for the NSM", "look for nsm.ko in the image: grille enclave describe IMAGE") \
    X(BOOT_NO_RANDOM, "the init did not seed the kernel", "read what it says on the console of a debug enclave") \
    X(BOOT_CLOCK, "this is another hypervisor than Nitro's", "see all that is observed: --check-only") \
    X(BOOT_NO_VSOCK, "the machine was started without a vsock, or the image lacks its driver", "look for the modules in the image: grille enclave describe IMAGE")
/* clang-format on */

#endif
