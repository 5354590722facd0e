/* SPDX-License-Identifier: Apache-2.0
 * The table of reasons (grille/reasons.h). Rows are added at the end of their section; names are stable. */
#ifndef GRILLE_REASON_MAP_H
#define GRILLE_REASON_MAP_H

/* X(identifier, name for programs, status code, what it means) */
/* clang-format off */
#define GRILLE_REASON_MAP_GENERAL(X)                                                                                   \
    X(OK,                      "OK",                       OK,                  "success")                             \
    X(MORE,                    "MORE",                     AGAIN,               "not finished: more bytes or time are needed") \
    X(OUT_OF_MEMORY,           "OUT-OF-MEMORY",            RESOURCE_EXHAUSTED,  "memory could not be allocated")       \
    X(BUDGET,                  "BUDGET",                   RESOURCE_EXHAUSTED,  "the memory budget of this connection is used up") \
    X(TRUNCATED,               "TRUNCATED",                INVALID_ARGUMENT,    "the input ends too early")            \
    X(TRAILING,                "TRAILING",                 INVALID_ARGUMENT,    "bytes follow after the end")          \
    X(NO_SPACE,                "NO-SPACE",                 RESOURCE_EXHAUSTED,  "the output does not fit its buffer")  \
    X(BAD_ARGUMENT,            "BAD-ARGUMENT",             INVALID_ARGUMENT,    "an argument is not valid")            \
    X(SYSTEM,                  "SYSTEM",                   UNAVAILABLE,         "the operating system refused")        \
    X(INTERNAL,                "INTERNAL",                 INTERNAL,            "an invariant broke")

#define GRILLE_REASON_MAP_WIRE(X)                                                                                      \
    X(WIRE_FRAME_TOO_LONG,     "WIRE-FRAME-TOO-LONG",      INTERNAL,            "a frame is longer than the limit")    \
    X(WIRE_UNKNOWN_TYPE,       "WIRE-UNKNOWN-TYPE",        INTERNAL,            "an unknown frame type without the ignorable flag") \
    X(WIRE_BAD_FLAGS,          "WIRE-BAD-FLAGS",           INTERNAL,            "a frame has flags that its type does not know") \
    X(WIRE_BAD_STREAM,         "WIRE-BAD-STREAM",          INTERNAL,            "a frame type is on a stream where it can't be") \
    X(WIRE_BAD_PAYLOAD,        "WIRE-BAD-PAYLOAD",         INTERNAL,            "a frame's payload does not have the layout of its type") \
    X(WIRE_BAD_MESSAGE,        "WIRE-BAD-MESSAGE",         INTERNAL,            "a protobuf message of the protocol is malformed") \
    X(WIRE_LIMIT,              "WIRE-LIMIT",               RESOURCE_EXHAUSTED,  "a field is over its limit")

#define GRILLE_REASON_MAP_CRYPTO(X)                                                                                    \
    X(CRYPTO_FAILED,           "CRYPTO-FAILED",            INTERNAL,            "a cryptographic operation failed")    \
    X(CRYPTO_BAD_KEY,          "CRYPTO-BAD-KEY",           INVALID_ARGUMENT,    "a key is malformed or not on its curve") \
    X(CRYPTO_BAD_SIGNATURE,    "CRYPTO-BAD-SIGNATURE",     UNAUTHENTICATED,     "a signature does not verify")         \
    X(CRYPTO_NOT_AUTHENTIC,    "CRYPTO-NOT-AUTHENTIC",     UNAUTHENTICATED,     "a ciphertext is not authentic")       \
    X(CRYPTO_BAD_PEM,          "CRYPTO-BAD-PEM",           INVALID_ARGUMENT,    "a PEM block is malformed")            \
    X(CRYPTO_RSA_LIMIT,        "CRYPTO-RSA-LIMIT",         INVALID_ARGUMENT,    "an RSA key is too short or too long, or its exponent is")

#define GRILLE_REASON_MAP_ATTEST(X)                                                                                    \
    X(ATTEST_KIND_REFUSED,             "ATTEST-KIND-REFUSED",             UNAUTHENTICATED,     "the policy accepts no peer with this kind of identity") \
    X(ATTEST_KIND_UNSUPPORTED,         "ATTEST-KIND-UNSUPPORTED",         UNAUTHENTICATED,     "identities of this kind are not supported") \
    X(ATTEST_ORDER,                    "ATTEST-ORDER",                    UNAUTHENTICATED,     "the peer asks for an order of evidence that the policy rules out") \
    X(ATTEST_IDENTITY,                 "ATTEST-IDENTITY",                 FAILED_PRECONDITION, "our own identity can't be used") \
    X(ATTEST_SIZE,                     "ATTEST-SIZE",                     UNAUTHENTICATED,     "the evidence is empty or longer than its limit") \
    X(ATTEST_CLAIMS,                   "ATTEST-CLAIMS",                   UNAUTHENTICATED,     "the claims are malformed") \
    X(ATTEST_NONCE_MISMATCH,           "ATTEST-NONCE-MISMATCH",           UNAUTHENTICATED,     "the evidence does not carry the nonce that was sent") \
    X(ATTEST_PREFIX_MISMATCH,          "ATTEST-PREFIX-MISMATCH",          UNAUTHENTICATED,     "the document's user_data does not begin with the prefix of this use") \
    X(ATTEST_ROLE_MISMATCH,            "ATTEST-ROLE-MISMATCH",            UNAUTHENTICATED,     "the evidence was made for the other role") \
    X(ATTEST_BINDER_MISMATCH,          "ATTEST-BINDER-MISMATCH",          UNAUTHENTICATED,     "the evidence is bound to another session") \
    X(ATTEST_KEY_MISMATCH,             "ATTEST-KEY-MISMATCH",             UNAUTHENTICATED,     "the evidence is bound to another key") \
    X(ATTEST_CBOR,                     "ATTEST-CBOR",                     UNAUTHENTICATED,     "the CBOR is malformed or not in the one allowed encoding") \
    X(ATTEST_CBOR_DEPTH,               "ATTEST-CBOR-DEPTH",               UNAUTHENTICATED,     "the CBOR is nested too deeply") \
    X(ATTEST_CBOR_DUPLICATE_KEY,       "ATTEST-CBOR-DUPLICATE-KEY",       UNAUTHENTICATED,     "a CBOR map has a key twice") \
    X(ATTEST_COSE_STRUCTURE,           "ATTEST-COSE-STRUCTURE",           UNAUTHENTICATED,     "the document is not a COSE_Sign1 structure") \
    X(ATTEST_COSE_ALGORITHM,           "ATTEST-COSE-ALGORITHM",           UNAUTHENTICATED,     "the document's protected header is not exactly ES384") \
    X(ATTEST_COSE_UNPROTECTED,         "ATTEST-COSE-UNPROTECTED",         UNAUTHENTICATED,     "the document has an unprotected header") \
    X(ATTEST_COSE_SIGNATURE,           "ATTEST-COSE-SIGNATURE",           UNAUTHENTICATED,     "the document's signature does not verify") \
    X(ATTEST_DOCUMENT_FIELD,           "ATTEST-DOCUMENT-FIELD",           UNAUTHENTICATED,     "a field of the document is missing, has the wrong type or is over its limit") \
    X(ATTEST_DOCUMENT_DIGEST,          "ATTEST-DOCUMENT-DIGEST",          UNAUTHENTICATED,     "the document's digest algorithm is not SHA384") \
    X(ATTEST_DOCUMENT_PCRS,            "ATTEST-DOCUMENT-PCRS",            UNAUTHENTICATED,     "the document's PCRs are malformed") \
    X(ATTEST_DOCUMENT_NITROTPM,        "ATTEST-DOCUMENT-NITROTPM",        UNAUTHENTICATED,     "a NitroTPM document where an enclave's is needed") \
    X(ATTEST_DOCUMENT_TIME,            "ATTEST-DOCUMENT-TIME",            UNAUTHENTICATED,     "the document's time is outside the validity of its certificate") \
    X(ATTEST_DOCUMENT_STALE,           "ATTEST-DOCUMENT-STALE",           UNAUTHENTICATED,     "the document is too old") \
    X(ATTEST_DOCUMENT_FUTURE,          "ATTEST-DOCUMENT-FUTURE",          UNAUTHENTICATED,     "the document is from the future") \
    X(ATTEST_DOCUMENT_INCONSISTENT,    "ATTEST-DOCUMENT-INCONSISTENT",    UNAUTHENTICATED,     "the document contradicts its certificates") \
    X(ATTEST_ROOT_MISMATCH,            "ATTEST-ROOT-MISMATCH",            UNAUTHENTICATED,     "the chain does not begin at the pinned root") \
    X(ATTEST_CERT_FORMAT,              "ATTEST-CERT-FORMAT",              UNAUTHENTICATED,     "a certificate is not strict DER as RFC 5280 wants it") \
    X(ATTEST_CERT_DUPLICATE_EXTENSION, "ATTEST-CERT-DUPLICATE-EXTENSION", UNAUTHENTICATED,     "a certificate has an extension twice") \
    X(ATTEST_CERT_CRITICAL_EXTENSION,  "ATTEST-CERT-CRITICAL-EXTENSION",  UNAUTHENTICATED,     "a certificate has a critical extension that is not understood") \
    X(ATTEST_CERT_NAME_CONSTRAINTS,    "ATTEST-CERT-NAME-CONSTRAINTS",    UNAUTHENTICATED,     "a certificate has name constraints, which are refused") \
    X(ATTEST_CERT_ALGORITHM,           "ATTEST-CERT-ALGORITHM",           UNAUTHENTICATED,     "a certificate uses an algorithm or a curve that is not allowed") \
    X(ATTEST_CERT_NAME_CHAIN,          "ATTEST-CERT-NAME-CHAIN",          UNAUTHENTICATED,     "a certificate's issuer is not the subject above it") \
    X(ATTEST_CERT_SIGNATURE,           "ATTEST-CERT-SIGNATURE",           UNAUTHENTICATED,     "a certificate's signature does not verify") \
    X(ATTEST_CERT_NOT_CA,              "ATTEST-CERT-NOT-CA",              UNAUTHENTICATED,     "a certificate that issued another one is no CA") \
    X(ATTEST_CERT_IS_CA,               "ATTEST-CERT-IS-CA",               UNAUTHENTICATED,     "the leaf certificate is a CA") \
    X(ATTEST_CERT_PATH_LENGTH,         "ATTEST-CERT-PATH-LENGTH",         UNAUTHENTICATED,     "a CA's path length is exceeded") \
    X(ATTEST_CERT_KEY_USAGE,           "ATTEST-CERT-KEY-USAGE",           UNAUTHENTICATED,     "a certificate's key usage does not allow its use") \
    X(ATTEST_CERT_EXTENDED_KEY_USAGE,  "ATTEST-CERT-EXTENDED-KEY-USAGE",  UNAUTHENTICATED,     "a certificate's extended key usage does not allow its use") \
    X(ATTEST_CERT_NOT_YET_VALID,       "ATTEST-CERT-NOT-YET-VALID",       UNAUTHENTICATED,     "a certificate is not yet valid") \
    X(ATTEST_CERT_EXPIRED,             "ATTEST-CERT-EXPIRED",             UNAUTHENTICATED,     "a certificate has expired") \
    X(ATTEST_CERT_CHAIN,               "ATTEST-CERT-CHAIN",               UNAUTHENTICATED,     "the chain has too few or too many certificates") \
    X(ATTEST_CERT_UNKNOWN_ISSUER,      "ATTEST-CERT-UNKNOWN-ISSUER",      UNAUTHENTICATED,     "the certificate was not issued by a CA of the policy") \
    X(ATTEST_CERT_NAME,                "ATTEST-CERT-NAME",                UNAUTHENTICATED,     "the certificate has none of the names that the policy lists") \
    X(ATTEST_X509_BODY,                "ATTEST-X509-BODY",                UNAUTHENTICATED,     "the x509 evidence is malformed") \
    X(ATTEST_X509_SIGNATURE,           "ATTEST-X509-SIGNATURE",           UNAUTHENTICATED,     "the x509 evidence's signature does not verify") \
    X(ATTEST_DEBUG,                    "ATTEST-DEBUG",                    UNAUTHENTICATED,     "the peer is a debug enclave") \
    X(ATTEST_PCR_MISSING,              "ATTEST-PCR-MISSING",              UNAUTHENTICATED,     "a PCR that the policy pins is not in the document") \
    X(ATTEST_NO_SELF,                  "ATTEST-NO-SELF",                  UNAUTHENTICATED,     "the policy accepts the image that we are ourselves, and we are none") \
    X(ATTEST_PSK_BODY,                 "ATTEST-PSK-BODY",                 UNAUTHENTICATED,     "the psk evidence is malformed") \
    X(ATTEST_PSK_MISMATCH,             "ATTEST-PSK-MISMATCH",             UNAUTHENTICATED,     "the psk evidence is not of an id and key that the policy lists") \
    X(ATTEST_IDENTITY_CHANGED,         "ATTEST-IDENTITY-CHANGED",         UNAUTHENTICATED,     "the evidence of a later epoch is of another identity") \
    X(ATTEST_PCR_MISMATCH,             "ATTEST-PCR-MISMATCH",             UNAUTHENTICATED,     "a PCR is not the one that the policy pins") \
    X(ATTEST_BUILD_TOO_OLD,            "ATTEST-BUILD-TOO-OLD",            UNAUTHENTICATED,     "the peer's build is older than the policy allows") \
    X(ATTEST_SET_EXPIRED,              "ATTEST-SET-EXPIRED",              UNAUTHENTICATED,     "the policy's set that matches the peer has expired") \
    X(ATTEST_DOCUMENT_ENCLAVE,         "ATTEST-DOCUMENT-ENCLAVE",         UNAUTHENTICATED,     "an enclave's document where a NitroTPM's is needed") \
    X(ATTEST_FEATURE_REFUSED,          "ATTEST-FEATURE-REFUSED",          UNAUTHENTICATED,     "the peer has a feature on, or does not tell, that the policy refuses") \
    X(ATTEST_POLICY_DIGEST,            "ATTEST-POLICY-DIGEST",            UNAUTHENTICATED,     "the peer's own policy is not one that the policy lists") \
    X(ATTEST_EVIDENCE_EXPIRED,         "ATTEST-EVIDENCE-EXPIRED",         UNAUTHENTICATED,     "the peer's evidence has expired and it has not attested again") \
    X(ATTEST_CERT_RSA_KEY,             "ATTEST-CERT-RSA-KEY",             UNAUTHENTICATED,     "a certificate's RSA key is too short, too long, or has a bad exponent")

#define GRILLE_REASON_MAP_POLICY(X)                                                                                    \
    X(POLICY_FILE,                     "POLICY-FILE",                     INVALID_ARGUMENT,    "a file of the policy can't be read") \
    X(POLICY_SYNTAX,                   "POLICY-SYNTAX",                   INVALID_ARGUMENT,    "the policy is not well-formed YAML") \
    X(POLICY_STRUCTURE,                "POLICY-STRUCTURE",                INVALID_ARGUMENT,    "the policy uses a YAML feature that is not allowed") \
    X(POLICY_UNKNOWN_KEY,              "POLICY-UNKNOWN-KEY",              INVALID_ARGUMENT,    "the policy has a key that is not known") \
    X(POLICY_DUPLICATE_KEY,            "POLICY-DUPLICATE-KEY",            INVALID_ARGUMENT,    "the policy has a key twice") \
    X(POLICY_MISSING_KEY,              "POLICY-MISSING-KEY",              INVALID_ARGUMENT,    "the policy lacks a key that is needed") \
    X(POLICY_TYPE,                     "POLICY-TYPE",                     INVALID_ARGUMENT,    "a value of the policy has the wrong type") \
    X(POLICY_VALUE,                    "POLICY-VALUE",                    INVALID_ARGUMENT,    "a value of the policy is malformed") \
    X(POLICY_LENGTH,                   "POLICY-LENGTH",                   INVALID_ARGUMENT,    "a value of the policy has the wrong length") \
    X(POLICY_ZERO_PCR,                 "POLICY-ZERO-PCR",                 INVALID_ARGUMENT,    "the policy pins an all-zero PCR, which every debug enclave has") \
    X(POLICY_PINNED_TWICE,             "POLICY-PINNED-TWICE",             INVALID_ARGUMENT,    "the policy pins the same PCR twice in one set") \
    X(POLICY_EMPTY,                    "POLICY-EMPTY",                    INVALID_ARGUMENT,    "the policy accepts nobody") \
    X(POLICY_WEAK_SET,                 "POLICY-WEAK-SET",                 INVALID_ARGUMENT,    "a set of the policy pins neither the image nor its signer") \
    X(POLICY_METHOD,                   "POLICY-METHOD",                   INVALID_ARGUMENT,    "a method pattern of the policy is malformed") \
    X(POLICY_CERTIFICATE,              "POLICY-CERTIFICATE",              INVALID_ARGUMENT,    "a certificate of the policy is malformed or no CA") \
    X(POLICY_MEASUREMENTS,             "POLICY-MEASUREMENTS",             INVALID_ARGUMENT,    "a measurements file is malformed") \
    X(POLICY_PSK,                      "POLICY-PSK",                      INVALID_ARGUMENT,    "a pre-shared key of the policy is malformed, readable by others or listed twice") \
    X(POLICY_DEVELOPMENT_ROOT,         "POLICY-DEVELOPMENT-ROOT",         INVALID_ARGUMENT,    "this build accepts no development root") \
    X(POLICY_FORBIDS,          "POLICY-FORBIDS",           FAILED_PRECONDITION, "the policy does not allow this program to serve that") \
    X(POLICY_KEY,              "POLICY-KEY",              INVALID_ARGUMENT,    "a key of the policy is malformed or of a kind that is not allowed") \
    X(POLICY_UPDATE_FORMAT,    "POLICY-UPDATE-FORMAT",    INVALID_ARGUMENT,    "a policy update is malformed") \
    X(POLICY_UPDATE_KEY,       "POLICY-UPDATE-KEY",       FAILED_PRECONDITION, "no key, or a key of another kind, decides about this policy update") \
    X(POLICY_UPDATE_SIGNATURE, "POLICY-UPDATE-SIGNATURE", UNAUTHENTICATED,     "a policy update's signature does not verify") \
    X(POLICY_UPDATE_VERSION,   "POLICY-UPDATE-VERSION",   INVALID_ARGUMENT,    "the version of a policy update is missing or not that of its text") \
    X(POLICY_ROLLBACK,         "POLICY-ROLLBACK",         FAILED_PRECONDITION, "the version of a policy update does not rise")

#define GRILLE_REASON_MAP_NSM(X)                                                                                       \
    X(NSM_FAILED,              "NSM-FAILED",               UNAVAILABLE,         "the NSM did not answer or answered an error") \
    X(NSM_MALFORMED,           "NSM-MALFORMED",            UNAVAILABLE,         "a message of the NSM is malformed")   \
    X(NSM_BUSY,                "NSM-BUSY",                 RESOURCE_EXHAUSTED,  "too many requests wait for the NSM")  \
    X(NSM_CLOSED,              "NSM-CLOSED",               CANCELLED,           "the NSM was closed")                  \
    X(NSM_NO_TIME,             "NSM-NO-TIME",              UNAVAILABLE,         "a document of our own NSM does not tell the time") \
    X(NSM_INVALID_ARGUMENT,    "NSM-INVALID-ARGUMENT",     INVALID_ARGUMENT,    "the NSM does not take an argument")   \
    X(NSM_INVALID_INDEX,       "NSM-INVALID-INDEX",        INVALID_ARGUMENT,    "the NSM has no PCR of this index")    \
    X(NSM_INVALID_RESPONSE,    "NSM-INVALID-RESPONSE",     UNAVAILABLE,         "the NSM could not answer")            \
    X(NSM_READ_ONLY_INDEX,     "NSM-READ-ONLY-INDEX",      FAILED_PRECONDITION, "the PCR is locked")                   \
    X(NSM_INVALID_OPERATION,   "NSM-INVALID-OPERATION",    UNIMPLEMENTED,       "the NSM does not know the operation") \
    X(NSM_BUFFER_TOO_SMALL,    "NSM-BUFFER-TOO-SMALL",     UNAVAILABLE,         "the NSM's answer does not fit its buffer") \
    X(NSM_INPUT_TOO_LARGE,     "NSM-INPUT-TOO-LARGE",      INVALID_ARGUMENT,    "a request is too long for the NSM")   \
    X(NSM_INTERNAL_ERROR,      "NSM-INTERNAL-ERROR",       UNAVAILABLE,         "the NSM failed inside")

#define GRILLE_REASON_MAP_TLS(X)                                                                                       \
    X(TLS_FAILED,           "TLS-FAILED",           UNAVAILABLE,         "TLS failed") \
    X(TLS_VERSION,          "TLS-VERSION",          UNAVAILABLE,         "the peer does not speak TLS 1.3") \
    X(TLS_ALPN,             "TLS-ALPN",             UNAVAILABLE,         "the peer does not agree to the application protocol (ALPN)") \
    X(TLS_NOTHING_COMMON,   "TLS-NOTHING-COMMON",   UNAVAILABLE,         "the peer and this end have no cipher or key exchange in common") \
    X(TLS_BAD_KEY_SHARE,    "TLS-BAD-KEY-SHARE",    UNAVAILABLE,         "the peer's key share is not valid") \
    X(TLS_BAD_RECORD,       "TLS-BAD-RECORD",       UNAVAILABLE,         "the peer sent something that is not valid TLS here") \
    X(TLS_NO_CERTIFICATE,   "TLS-NO-CERTIFICATE",   UNAUTHENTICATED,     "the peer sent no TLS certificate") \
    X(TLS_CHAIN_LENGTH,     "TLS-CHAIN-LENGTH",     UNAUTHENTICATED,     "the peer sent more than one TLS certificate") \
    X(TLS_BAD_CERTIFICATE,  "TLS-BAD-CERTIFICATE",  UNAUTHENTICATED,     "the peer's TLS certificate is not a self-signed P-256 certificate") \
    X(TLS_CERTIFICATE_TIME, "TLS-CERTIFICATE-TIME", UNAUTHENTICATED,     "the peer's TLS certificate is not valid now") \
    X(TLS_BAD_SIGNATURE,    "TLS-BAD-SIGNATURE",    UNAUTHENTICATED,     "the peer does not hold the key of its TLS certificate") \
    X(TLS_PEER_ALERT,       "TLS-PEER-ALERT",       UNAVAILABLE,         "the peer ended TLS with an alert") \
    X(TLS_CONTROL_FLOOD,    "TLS-CONTROL-FLOOD",    RESOURCE_EXHAUSTED,  "the peer sent more TLS control records than it may")

#define GRILLE_REASON_MAP_GATE(X)                                                                                      \
    X(GATE_DEADLINE,         "GATE-DEADLINE",         UNAVAILABLE,         "TLS and the gate were not finished in time") \
    X(GATE_TOO_MUCH,         "GATE-TOO-MUCH",         RESOURCE_EXHAUSTED,  "the peer sent more than it may before its Confirm") \
    X(GATE_TOO_LONG,         "GATE-TOO-LONG",         UNAUTHENTICATED,     "a gate message is longer than its limit") \
    X(GATE_BAD_MESSAGE,      "GATE-BAD-MESSAGE",      UNAUTHENTICATED,     "a gate message does not have the layout of its type") \
    X(GATE_ORDER,            "GATE-ORDER",            UNAUTHENTICATED,     "a gate message came out of its order, or twice") \
    X(GATE_NOT_A_GATE_FRAME, "GATE-NOT-A-GATE-FRAME", UNAUTHENTICATED,     "another frame came before the peer's Confirm") \
    X(GATE_VERSION,          "GATE-VERSION",          UNAUTHENTICATED,     "the peer speaks another version of the gate") \
    X(GATE_EPOCH,            "GATE-EPOCH",            UNAUTHENTICATED,     "the peer's Hello is for another epoch") \
    X(GATE_KIND,             "GATE-KIND",             UNAUTHENTICATED,     "the peer sent evidence of a kind that its Hello did not offer") \
    X(GATE_REFLECTED,        "GATE-REFLECTED",        UNAUTHENTICATED,     "the peer presents this end's own key or nonce") \
    X(GATE_CONFIRM,          "GATE-CONFIRM",          UNAUTHENTICATED,     "the peer's Confirm is not that of this session") \
    X(GATE_REFUSED_BY_PEER,  "GATE-REFUSED-BY-PEER",  UNAUTHENTICATED,     "the peer refused our evidence; its log says why") \
    X(GATE_CLOSED,           "GATE-CLOSED",           UNAVAILABLE,         "the peer closed the channel before the gate was open") \
    X(GATE_FLOOD,            "GATE-FLOOD",            RESOURCE_EXHAUSTED,  "the peer asks for re-attestation or begins it more often than it may") \
    X(GATE_TOO_SOON,         "GATE-TOO-SOON",         AGAIN,               "this end has re-attested too recently to do it again")

#define GRILLE_REASON_MAP_SESSION(X)                                                                                   \
    X(SESSION_BAD_ORDER,         "SESSION-BAD-ORDER",         INTERNAL,            "SETTINGS is not the first frame of the peer, or came twice") \
    X(SESSION_BAD_STREAM_ID,     "SESSION-BAD-STREAM-ID",     INTERNAL,            "a frame names a stream that was never opened, or one that its sender can't open") \
    X(SESSION_TOO_MANY_STREAMS,  "SESSION-TOO-MANY-STREAMS",  RESOURCE_EXHAUSTED,  "the peer has more streams open than it may") \
    X(SESSION_FLOW_CONTROL,      "SESSION-FLOW-CONTROL",      INTERNAL,            "the peer sent more message bytes than it had credit for") \
    X(SESSION_CREDIT_OVERFLOW,   "SESSION-CREDIT-OVERFLOW",   INTERNAL,            "the peer granted more credit than a window can hold") \
    X(SESSION_FLOOD,             "SESSION-FLOOD",             RESOURCE_EXHAUSTED,  "the peer sent more control frames than it may") \
    X(SESSION_BAD_PING,          "SESSION-BAD-PING",          INTERNAL,            "an answer to a PING that was never sent") \
    X(SESSION_BAD_DRAIN,         "SESSION-BAD-DRAIN",         INTERNAL,            "DRAIN frames out of order")        \
    X(SESSION_UNEXPECTED_GATE,   "SESSION-UNEXPECTED-GATE",   INTERNAL,            "a GATE frame that nobody expects") \
    X(SESSION_KEEPALIVE,         "SESSION-KEEPALIVE",         UNAVAILABLE,         "the peer did not answer a PING in time") \
    X(SESSION_IDLE,              "SESSION-IDLE",              UNAVAILABLE,         "the connection was idle for too long") \
    X(SESSION_LOST,              "SESSION-LOST",              UNAVAILABLE,         "the connection is lost")           \
    X(SESSION_CLOSED,            "SESSION-CLOSED",            CANCELLED,           "the connection was closed")        \
    X(SESSION_STREAMS_FULL,      "SESSION-STREAMS-FULL",      AGAIN,               "as many streams are open as the peer allows") \
    X(SESSION_WINDOW_FULL,       "SESSION-WINDOW-FULL",       AGAIN,               "enough waits to be sent on this stream") \
    X(SESSION_DRAINING,          "SESSION-DRAINING",          UNAVAILABLE,         "the peer takes no new calls on this connection") \
    X(SESSION_IDS_USED_UP,       "SESSION-IDS-USED-UP",       UNAVAILABLE,         "the stream ids of this connection are used up") \
    X(SESSION_STREAM_ENDED,      "SESSION-STREAM-ENDED",      CLOSED,              "the stream has ended in this direction") \
    X(SESSION_DEADLINE,          "SESSION-DEADLINE",          DEADLINE_EXCEEDED,   "the time for the call ran out")    \
    X(SESSION_MESSAGE_TOO_LONG,  "SESSION-MESSAGE-TOO-LONG",  RESOURCE_EXHAUSTED,  "a message is longer than the limit of its receiver") \
    X(SESSION_METADATA_TOO_LONG, "SESSION-METADATA-TOO-LONG", RESOURCE_EXHAUSTED,  "metadata is longer than the limit of its receiver") \
    X(SESSION_STREAM_PROTOCOL,   "SESSION-STREAM-PROTOCOL",   INTERNAL,            "the peer broke a rule of this call") \
    X(SESSION_PEER_CANCELLED,    "SESSION-PEER-CANCELLED",    CANCELLED,           "the peer cancelled the call")      \
    X(SESSION_PEER_REFUSED,      "SESSION-PEER-REFUSED",      UNAVAILABLE,         "the peer refused the call before any handler ran") \
    X(SESSION_PEER_DEADLINE,     "SESSION-PEER-DEADLINE",     DEADLINE_EXCEEDED,   "the peer says that the time for the call ran out") \
    X(SESSION_PEER_PROTOCOL,     "SESSION-PEER-PROTOCOL",     INTERNAL,            "the peer says that this end broke a rule of this call") \
    X(SESSION_PEER_LIMIT,        "SESSION-PEER-LIMIT",        RESOURCE_EXHAUSTED,  "the peer ended the call over a limit of its own")

#define GRILLE_REASON_MAP_CODEC(X)                                                                                     \
    X(CODEC_MALFORMED,         "CODEC-MALFORMED",          INTERNAL,            "a message is not well-formed protobuf") \
    X(CODEC_WIRE_TYPE,         "CODEC-WIRE-TYPE",          INTERNAL,            "a field of a message does not have the wire type of its schema") \
    X(CODEC_GROUP,             "CODEC-GROUP",              INTERNAL,            "a message has a group, which is not supported") \
    X(CODEC_DEPTH,             "CODEC-DEPTH",              RESOURCE_EXHAUSTED,  "messages are nested deeper than the limit") \
    X(CODEC_FIELDS,            "CODEC-FIELDS",             RESOURCE_EXHAUSTED,  "a message has more fields than the limit") \
    X(CODEC_BOUND,             "CODEC-BOUND",              RESOURCE_EXHAUSTED,  "a value does not fit the field's bound in this program")

#define GRILLE_REASON_MAP_RPC(X)                                                                                       \
    X(RPC_DUPLICATE_SERVICE,   "RPC-DUPLICATE-SERVICE",    ALREADY_EXISTS,      "a service of this name is registered already") \
    X(RPC_METHOD_COLLISION,    "RPC-METHOD-COLLISION",     ALREADY_EXISTS,      "two methods have the same id")        \
    X(RPC_TOO_MANY_METHODS,    "RPC-TOO-MANY-METHODS",     RESOURCE_EXHAUSTED,  "more methods or services than one end may serve") \
    X(RPC_BAD_METHOD,          "RPC-BAD-METHOD",           INVALID_ARGUMENT,    "a method's description is not valid") \
    X(RPC_BAD_METADATA,        "RPC-BAD-METADATA",         INVALID_ARGUMENT,    "a metadata key or value is not allowed") \
    X(RPC_METADATA_TOO_LONG,   "RPC-METADATA-TOO-LONG",    RESOURCE_EXHAUSTED,  "metadata is over its limit")          \
    X(RPC_MESSAGE_TOO_LONG,    "RPC-MESSAGE-TOO-LONG",     RESOURCE_EXHAUSTED,  "a message is over its limit")         \
    X(RPC_SCHEMA_MISMATCH,     "RPC-SCHEMA-MISMATCH",      FAILED_PRECONDITION, "the peer was generated from another schema") \
    X(RPC_SERVICES_FROZEN,     "RPC-SERVICES-FROZEN",      FAILED_PRECONDITION, "services are registered before the start") \
    X(RPC_PEER_REVOKED,                "RPC-PEER-REVOKED",                PERMISSION_DENIED,   "the policy in force does not accept the peer any more") \
    X(RPC_NOT_SERVED_BY,       "RPC-NOT-SERVED-BY",        PERMISSION_DENIED,   "the policy does not let this peer serve the method")

#define GRILLE_REASON_MAP_LOOP(X)                                                                                      \
    X(LOOP_BAD_ADDRESS,        "LOOP-BAD-ADDRESS",         INVALID_ARGUMENT,    "an address is malformed")             \
    X(LOOP_ADDRESS_UNSUPPORTED, "LOOP-ADDRESS-UNSUPPORTED", UNIMPLEMENTED,      "this form of address can't be used here") \
    X(LOOP_BAD_OPTIONS,        "LOOP-BAD-OPTIONS",         INVALID_ARGUMENT,    "an option is missing or out of range") \
    X(LOOP_WRONG_STATE,        "LOOP-WRONG-STATE",         FAILED_PRECONDITION, "the object is in another state")      \
    X(LOOP_SOCKET,             "LOOP-SOCKET",              SYSTEM,              "a socket could not be made or set up") \
    X(LOOP_LISTEN,             "LOOP-LISTEN",              SYSTEM,              "an address could not be bound")       \
    X(LOOP_DIAL,               "LOOP-DIAL",                UNAVAILABLE,         "nobody could be reached at the address") \
    X(LOOP_DIAL_TIMEOUT,       "LOOP-DIAL-TIMEOUT",        UNAVAILABLE,         "connecting took longer than its timeout") \
    X(LOOP_HYBRID_REFUSED,     "LOOP-HYBRID-REFUSED",      UNAVAILABLE,         "the hybrid socket did not connect us to the port") \
    X(LOOP_RUN_FOLDER,         "LOOP-RUN-FOLDER",          FAILED_PRECONDITION, "the folder of running enclaves can't be used") \
    X(LOOP_ENCLAVE_UNKNOWN,    "LOOP-ENCLAVE-UNKNOWN",     UNAVAILABLE,         "no enclave of that name runs here") \
    X(LOOP_NITRO_CLI,          "LOOP-NITRO-CLI",           UNAVAILABLE,         "nitro-cli did not say where the enclave is") \
    X(LOOP_CONNECTION_LOST,    "LOOP-CONNECTION-LOST",     UNAVAILABLE,         "the connection broke")                \
    X(LOOP_PEER_CLOSED,        "LOOP-PEER-CLOSED",         UNAVAILABLE,         "the peer closed the connection")      \
    X(LOOP_HALF_OPEN_LIMIT,    "LOOP-HALF-OPEN-LIMIT",     RESOURCE_EXHAUSTED,  "too many connections have not passed the gate yet") \
    X(LOOP_CONNECTION_LIMIT,   "LOOP-CONNECTION-LIMIT",    RESOURCE_EXHAUSTED,  "too many connections are open")       \
    X(LOOP_WAITING_LIMIT,      "LOOP-WAITING-LIMIT",       RESOURCE_EXHAUSTED,  "too many calls wait for a connection") \
    X(LOOP_WOULD_DEADLOCK,     "LOOP-WOULD-DEADLOCK",      WOULD_DEADLOCK,      "a blocking call from the thread that would have to complete it") \
    X(LOOP_CHANNEL_CLOSED,     "LOOP-CHANNEL-CLOSED",      CANCELLED,           "the channel was closed")              \
    X(LOOP_DRAINED,            "LOOP-DRAINED",             UNAVAILABLE,         "the server is stopping") \
    X(LOOP_NOT_SERVING,        "LOOP-NOT-SERVING",         UNAVAILABLE,         "the peer says that it does not serve")

#define GRILLE_REASON_MAP_EIF(X)                                                                                       \
    X(EIF_MALFORMED,           "EIF-MALFORMED",            INVALID_ARGUMENT,    "an enclave image file is malformed")  \
    X(EIF_CHECKSUM,            "EIF-CHECKSUM",             DATA_LOSS,           "an enclave image file has changed since it was written") \
    X(EIF_SIGNATURE,           "EIF-SIGNATURE",            UNAUTHENTICATED,     "the signature of an enclave image does not hold")

#define GRILLE_REASON_MAP_EGRESS(X)                                                                                    \
    X(EGRESS_REFUSED,          "EGRESS-REFUSED",           PERMISSION_DENIED,   "a way out is not allowed")            \
    X(EGRESS_INSIDE,           "EGRESS-INSIDE",            PERMISSION_DENIED,   "a name leads to an address inside")   \
    X(EGRESS_NAME,             "EGRESS-NAME",              UNAVAILABLE,         "a name's addresses were not found")   \
    X(EGRESS_FULL,             "EGRESS-FULL",              RESOURCE_EXHAUSTED,  "too many ways out are in use")        \
    X(EGRESS_UNREACHABLE,      "EGRESS-UNREACHABLE",       UNAVAILABLE,         "there is no way out, or it broke")

#define GRILLE_REASON_MAP_BOOT(X)                                                                                      \
    X(BOOT_NO_NSM,             "BOOT-NO-NSM",              FAILED_PRECONDITION, "this process has no NSM that answers") \
    X(BOOT_NO_RANDOM,          "BOOT-NO-RANDOM",           FAILED_PRECONDITION, "the kernel has no randomness, or none of the NSM's") \
    X(BOOT_CLOCK,              "BOOT-CLOCK",               FAILED_PRECONDITION, "the clock is not one to rely on")     \
    X(BOOT_NO_VSOCK,           "BOOT-NO-VSOCK",            FAILED_PRECONDITION, "this machine has no vsock that a parent reaches")

#define GRILLE_REASON_MAP_KMS(X)                                                                                       \
    X(KMS_MESSAGE,             "KMS-MESSAGE",              INTERNAL,            "a message of the key service is malformed") \
    X(KMS_RECIPIENT,           "KMS-RECIPIENT",            UNAUTHENTICATED,     "a message of the key service does not open with our key") \
    X(KMS_BASE64,              "KMS-BASE64",               INTERNAL,            "a text of the key service is not strict base64") \
    X(KMS_HTTP,                "KMS-HTTP",                 INTERNAL,            "an answer of the key service is not the HTTP that is read here") \
    X(KMS_ANSWER_LIMIT,        "KMS-ANSWER-LIMIT",         RESOURCE_EXHAUSTED,  "an answer of the key service is over its limit") \
    X(KMS_ANSWER,              "KMS-ANSWER",               INTERNAL,            "an answer of the key service is malformed") \
    X(KMS_KEY_ID,              "KMS-KEY-ID",               UNAUTHENTICATED,     "the key service used another key than the one asked for") \
    X(KMS_PLAINTEXT,           "KMS-PLAINTEXT",            UNAUTHENTICATED,     "the key service sent a plaintext that is not encrypted for us") \
    X(KMS_REFUSED,             "KMS-REFUSED",              PERMISSION_DENIED,   "the key service refused") \
    X(KMS_UNAVAILABLE,         "KMS-UNAVAILABLE",          UNAVAILABLE,         "the key service is busy or broken") \
    X(KMS_CUT_SHORT,           "KMS-CUT-SHORT",            UNAVAILABLE,         "the connection to the key service ended before its answer was whole") \
    X(KMS_SOURCE,              "KMS-SOURCE",               UNAVAILABLE,         "where credentials come from does not answer, or not with credentials") \
    X(KMS_SOURCE_EMPTY,        "KMS-SOURCE-EMPTY",         NOT_FOUND,           "where credentials come from has none") \
    X(KMS_CREDENTIALS,         "KMS-CREDENTIALS",          INVALID_ARGUMENT,    "credentials for the key service are malformed or have expired") \
    X(KMS_NO_CREDENTIALS,      "KMS-NO-CREDENTIALS",       FAILED_PRECONDITION, "no credentials for the key service came in time") \
    X(KMS_QUEUE,               "KMS-QUEUE",                RESOURCE_EXHAUSTED,  "too many calls wait for the key service") \
    X(KMS_DEADLINE,            "KMS-DEADLINE",             DEADLINE_EXCEEDED,   "the time for a call to the key service ran out") \
    X(KMS_TIMEOUT,             "KMS-TIMEOUT",              UNAVAILABLE,         "the key service did not answer in time") \
    X(KMS_THROTTLED,           "KMS-THROTTLED",            RESOURCE_EXHAUSTED,  "the key service asks for fewer requests") \
    X(KMS_CLOSED,              "KMS-CLOSED",               CANCELLED,           "the client of the key service was closed") \
    X(KMS_PINNED,              "KMS-PINNED",               INVALID_ARGUMENT,    "a key or a context that this enclave's configuration does not allow") \
    X(KMS_NOT_FOUND,           "KMS-NOT-FOUND",            NOT_FOUND,           "the key service knows no such key")   \
    X(KMS_KEY_STATE,           "KMS-KEY-STATE",            FAILED_PRECONDITION, "the key is disabled, of another use, or about to be deleted") \
    X(KMS_CIPHERTEXT,          "KMS-CIPHERTEXT",           INVALID_ARGUMENT,    "the key service can't decrypt this under this key in this context") \
    X(KMS_INVALID,             "KMS-INVALID",              INVALID_ARGUMENT,    "the key service calls the request invalid")
/* clang-format on */

#endif
