/* SPDX-License-Identifier: Apache-2.0
 * Every limit, with its unit and its reason. A peer can cause nothing that has no row here. Names end in the unit; a
 * count has none. Each row has a test that goes one over it. */
#ifndef GRILLE_WIRE_LIMITS_H
#define GRILLE_WIRE_LIMITS_H

/* ---- Frames (wire/frame.h) ---- */

#define GRILLE_FRAME_HEADER_BYTES 8
/* Before a message in CALL and STATUS, and at the start of DATA with BEGIN. */
#define GRILLE_MESSAGE_LENGTH_BYTES 4
/* Header and payload fill one TLS record of 16,384 bytes (RFC 8446, 5.1). */
#define GRILLE_LIMIT_FRAME_PAYLOAD_BYTES 16376
/* Highest credit, one grant or the sum: the largest positive int32, so that sums never wrap in 32 bits. */
#define GRILLE_LIMIT_CREDIT_BYTES 0x7fffffff
/* Streams from here on are not opened: the opener dials a successor with 2^20 ids to spare for calls that race with it.
 */
#define GRILLE_LIMIT_STREAM_ID (0x80000000 - 0x100000)
/* What one DATA frame costs besides its bytes, so that a flood of empty ones uses up the window. */
#define GRILLE_CREDIT_PER_DATA_FRAME_BYTES 8

/* ---- What holds until the peer's SETTINGS came; a setting may only raise it ---- */

#define GRILLE_MINIMUM_STREAMS                 16
#define GRILLE_MINIMUM_HANDLERS                16
#define GRILLE_MINIMUM_MESSAGE_BYTES           65536
#define GRILLE_MINIMUM_METADATA_BYTES          8192
#define GRILLE_MINIMUM_STREAM_WINDOW_BYTES     65536
#define GRILLE_MINIMUM_CONNECTION_WINDOW_BYTES 1048576
/* 15 streams that nobody reads leave 1/16 of the connection's window to the rest. */
#define GRILLE_STREAM_WINDOWS_PER_CONNECTION 16

/* ---- What we announce when the application says nothing ---- */

/* Enough to keep one connection busy; the slot of a call, short messages included, costs about 4 KiB. */
#define GRILLE_DEFAULT_STREAMS  256
#define GRILLE_DEFAULT_HANDLERS 256
/* gRPC's default for a received message. */
#define GRILLE_DEFAULT_MESSAGE_BYTES  4194304
#define GRILLE_DEFAULT_METADATA_BYTES 8192
/* A quarter of a message of the default limit is under way before the first credit is needed. */
#define GRILLE_DEFAULT_STREAM_WINDOW_BYTES     1048576
#define GRILLE_DEFAULT_CONNECTION_WINDOW_BYTES 16777216

/* ---- The most that a peer may announce, and that an application may configure ---- */

/* Memory of slots and of the id map per connection. */
#define GRILLE_LIMIT_STREAMS  65536
#define GRILLE_LIMIT_HANDLERS 65536
/* protobuf itself ends at 2 GiB; half of it leaves every sum of sizes below 2^31. */
#define GRILLE_LIMIT_MESSAGE_BYTES 1073741824
/* Sum of the encoded metadata entries; together with the longest status message and details one frame holds it. */
#define GRILLE_LIMIT_METADATA_BYTES          10240
#define GRILLE_LIMIT_STREAM_WINDOW_BYTES     (GRILLE_LIMIT_CREDIT_BYTES / GRILLE_STREAM_WINDOWS_PER_CONNECTION)
#define GRILLE_LIMIT_CONNECTION_WINDOW_BYTES GRILLE_LIMIT_CREDIT_BYTES
/* Entries {id, schema digest}: all of them fit the one SETTINGS frame. */
#define GRILLE_LIMIT_SERVICES      256
#define GRILLE_SCHEMA_DIGEST_BYTES 32

/* ---- Session (session/) ---- */

/* Messages that wait on one stream besides the first: enough to fill a few frames. */
#define GRILLE_LIMIT_SEND_QUEUE_BYTES 65536
/* Calls leave one part in so many of a connection's budget to frames under way and to TLS: when calls use up theirs,
 * one of them ends, and not the connection. */
#define GRILLE_CALLS_LEAVE_OF_BUDGET 8
/* Messages of a caller's stream that are kept, so that another attempt can send them again, until something of the
 * answer comes: as much as waits besides. */
#define GRILLE_LIMIT_REPLAY_BYTES GRILLE_LIMIT_SEND_QUEUE_BYTES
/* Buffers of long messages that a busy connection keeps for the next ones: request and answer of 1 MiB. */
#define GRILLE_LIMIT_KEPT_BUFFER_BYTES 2097152

/* ---- Messages of the protocol itself (wire/message.h) ---- */

/* Fields of one message, unknown ones included: a bound on the work per frame. */
#define GRILLE_LIMIT_PROTOCOL_FIELDS 512
/* Each entry costs the receiver a callback or a copy. */
#define GRILLE_LIMIT_METADATA_ENTRIES   64
#define GRILLE_LIMIT_METADATA_KEY_BYTES 128
/* A status message is one line for people. */
#define GRILLE_LIMIT_STATUS_MESSAGE_BYTES 1024
/* An encoded google.rpc.Status with a few details. */
#define GRILLE_LIMIT_STATUS_DETAILS_BYTES 4096

/* ---- Gate (secure/gate.h; docs/protocol.md, "Attested gate") ---- */

/* A Hello is about 80 bytes; the rest is for later versions. */
#define GRILLE_LIMIT_HELLO_BYTES 1024
/* A Nitro document is 4.4 to 5.5 KiB, its device answers at most 12 KiB: one frame is enough. */
#define GRILLE_LIMIT_EVIDENCE_BYTES GRILLE_LIMIT_FRAME_PAYLOAD_BYTES
/* Bound into the evidence, vouched for by nobody: small. */
#define GRILLE_LIMIT_CLAIMS_BYTES 1024
/* Kinds of evidence that one Hello may offer. */
#define GRILLE_LIMIT_HELLO_KINDS 16
/* Plaintext taken from a peer before its Confirm: two Hellos and one evidence with room to spare. */
#define GRILLE_LIMIT_BEFORE_CONFIRM_BYTES 32768
/* From the first byte of TLS to the verified Confirm: a slow NSM needs tens of milliseconds. */
#define GRILLE_LIMIT_GATE_MS 5000
/* Connections of one server that have not passed the gate: beyond that new ones are closed at once. */
#define GRILLE_LIMIT_HALF_OPEN_CONNECTIONS 64

/* ---- Re-attestation (secure/epoch.h) ---- */

/* HELLOs that a responder takes at once, then one each interval: each costs a document of its NSM. So many epochs fit
 * the bucket of GATE frames. */
#define GRILLE_LIMIT_EPOCH_BURST       5
#define GRILLE_LIMIT_EPOCH_INTERVAL_MS 10000
/* What an initiator of ours sends of these: the rest is for HELLOs that were held up and come together. */
#define GRILLE_EPOCH_OWN_BURST 3
/* REQUESTs that an initiator takes at once, then one each interval. A responder sends one each interval: the other is
 * for one that was held up. */
#define GRILLE_LIMIT_REQUEST_BURST       2
#define GRILLE_LIMIT_REQUEST_INTERVAL_MS 60000
/* An epoch that the peer does not finish ends with the evidence in force; where that has no end, with this: as long as
 * the last attempt before an end has. */
#define GRILLE_LIMIT_EPOCH_MS 600000

/* ---- Token buckets: burst, then so many a second; an empty bucket ends the connection ---- */

#define GRILLE_LIMIT_PING_BURST      16
#define GRILLE_LIMIT_PING_PER_SECOND 2
/* SETTINGS comes once: no bucket but the rule, which is a limit of 1. */
#define GRILLE_LIMIT_SETTINGS_FRAMES 1
/* Calls that the peer resets, or makes us reset by breaking a rule (CVE-2023-44487, CVE-2025-8671). What runs is
 * bounded by slots; this bounds work without use. Not counted: one RESET for each call that was answered, up to the
 * burst, so that a busy peer may cancel at any rate, and a deadline once half of the call's time is over. */
#define GRILLE_LIMIT_RESET_BURST      10000
#define GRILLE_LIMIT_RESET_PER_SECOND 1000
/* Besides two grants for each DATA frame of ours, which are never counted: grants for what was not sent. */
#define GRILLE_LIMIT_CREDIT_BURST      10000
#define GRILLE_LIMIT_CREDIT_PER_SECOND 10000
/* DRAIN comes twice: no bucket but the rule. */
#define GRILLE_LIMIT_DRAIN_FRAMES 2
/* An epoch is four messages. */
#define GRILLE_LIMIT_GATE_BURST      16
#define GRILLE_LIMIT_GATE_PER_SECOND 1
/* A peer needs one after 2^20 records, in answer to ours, or with an epoch: a fast link makes a few a second. Each
 * costs us a key schedule step and an answer. */
#define GRILLE_LIMIT_KEY_UPDATE_BURST      32
#define GRILLE_LIMIT_KEY_UPDATE_PER_SECOND 8
/* Frames of unknown type with the ignorable flag. */
#define GRILLE_LIMIT_IGNORED_BURST      100
#define GRILLE_LIMIT_IGNORED_PER_SECOND 10
/* Frames for streams that are closed already, besides what was under way when this end closed them, which is never
 * counted. */
#define GRILLE_LIMIT_LATE_FRAME_BURST      10000
#define GRILLE_LIMIT_LATE_FRAME_PER_SECOND 1000
/* Records before we send KeyUpdate: far below the 2^24.5 full records of AES-GCM (RFC 8446, 5.5). */
#define GRILLE_LIMIT_RECORDS_PER_KEY 1048576

/* Calls of the stats service that are answered at one time in one process: each holds a snapshot in memory. */
#define GRILLE_LIMIT_STATS_SNAPSHOTS 8

/* ---- Log lines: burst, then so many a second; the rest is counted ---- */

/* Of one verified peer: its calls that are not allowed, or whose answers can't be sent. */
#define GRILLE_LIMIT_PEER_LOG_BURST      100
#define GRILLE_LIMIT_PEER_LOG_PER_SECOND 1
/* Of all connections of the process that end before they are open: anybody may cause them. */
#define GRILLE_LIMIT_STRANGER_LOG_BURST      1000
#define GRILLE_LIMIT_STRANGER_LOG_PER_SECOND 10

/* Of all verified peers of the process together, however often they connect: ends of their connections; calls as above;
 * insecure peers that were accepted. */
#define GRILLE_LIMIT_VERIFIED_LOG_BURST      200
#define GRILLE_LIMIT_VERIFIED_LOG_PER_SECOND 10

/* ---- Application messages (codec/) ---- */

/* Nesting of messages: protobuf-c recurses without a bound; the reference implementation stops at 100. */
#define GRILLE_LIMIT_PROTOBUF_DEPTH 64
/* Fields of one message tree: 4 MiB of empty fields would otherwise cost 29 times their size. */
#define GRILLE_LIMIT_PROTOBUF_FIELDS 65536

/* ---- Evidence (attest/; limits of the AWS Nitro attestation document) ---- */

#define GRILLE_LIMIT_CBOR_DEPTH 16
/* Keys of all the maps that are open at one point: a document needs 42; bounds the search for a key that comes twice.
 */
#define GRILLE_LIMIT_CBOR_OPEN_KEYS 128
/* Extensions of one certificate: real ones have at most 10. */
#define GRILLE_LIMIT_CERTIFICATE_EXTENSIONS 32
#define GRILLE_LIMIT_DOCUMENT_BYTES         16384
#define GRILLE_LIMIT_CERTIFICATE_BYTES      1024
#define GRILLE_LIMIT_CABUNDLE_CERTIFICATES  8
#define GRILLE_LIMIT_PCRS                   32
#define GRILLE_LIMIT_X509_CHAIN             4
/* Signatures of CA certificates that are remembered (80 bytes each): three for each instance, zone and region. */
#define GRILLE_LIMIT_PATH_CACHE_ENTRIES     256
#define GRILLE_LIMIT_PEER_CERTIFICATE_BYTES 4096
/* RSA keys of TLS servers outside of Grille's channels: 112 bits of strength at least (SP 800-57 5.6.1). */
#define GRILLE_LIMIT_RSA_LEAST_BITS 2048
/* The longest in use by public CAs: a verification costs the square of it, and so much stack. */
#define GRILLE_LIMIT_RSA_MOST_BITS 4096
/* Public exponents from 2^16 + 1 (FIPS 186-5 5.1: small ones have made forgeries possible) up to 32 bits: a
 * verification costs a multiplication for each, and all in use are the least. */
#define GRILLE_LIMIT_RSA_EXPONENT_LEAST     65537
#define GRILLE_LIMIT_RSA_EXPONENT_MOST_BITS 32
/* A policy is written by people. */
#define GRILLE_LIMIT_POLICY_FILE_BYTES 262144
/* CAs of one set of a policy: each whose name fits may cost a path walk. */
#define GRILLE_LIMIT_POLICY_AUTHORITIES 16
/* Pre-shared keys of one policy: psk evidence is compared with the id of each, so that time tells no ids. */
#define GRILLE_LIMIT_POLICY_PSKS 256
/* Sets of one policy. */
#define GRILLE_LIMIT_POLICY_SETS 256
/* Policy digests that one set lists: old and new ones while a roll-out lasts. */
#define GRILLE_LIMIT_POLICY_DIGESTS 32
/* Oldest document that a policy may accept: a leaf certificate lives three hours. */
#define GRILLE_LIMIT_POLICY_MAX_AGE_MS 86400000
/* Clocks of ends that can talk at all. */
#define GRILLE_LIMIT_POLICY_CLOCK_SKEW_MS 3600000
/* Re-attestation by interval: an epoch at most once a minute, so the shortest leaves room for a second attempt. */
#define GRILLE_LIMIT_POLICY_REATTEST_LEAST_MS 120000
/* 30 days; a certificate of an NSM lives three hours anyway. */
#define GRILLE_LIMIT_POLICY_REATTEST_MOST_MS 2592000000

/* ---- The enclave's NSM (nsm/managed.h): one thing at a time for the whole enclave ---- */

/* Requests that wait, in each of two queues: four times the half-open connections of a server. */
#define GRILLE_DEFAULT_NSM_QUEUE 256
/* Documents for channels, which strangers can ask for: more than any NSM was seen to make, so that the queue bounds
 * them, and a flood leaves a fast one idle half of the time. */
#define GRILLE_DEFAULT_NSM_DOCUMENTS_PER_SECOND 1000
#define GRILLE_DEFAULT_NSM_DOCUMENT_BURST       256
/* Of randomness that one turn draws: 16 answers of the NSM, about as long as a document takes. */
#define GRILLE_LIMIT_NSM_RANDOM_BYTES 4096

/* ---- The boot guard (boot/) ---- */

/* The wall clock of an enclave against its NSM: one that was left alone for a month is half a minute off, certificates
 * and signatures allow as much as a minute. */
#define GRILLE_DEFAULT_BOOT_WALL_CLOCK_TOLERANCE_MS 60000
/* Looks at a clock that should move: half a second, where the coarsest one ticks every 10 ms. */
#define GRILLE_LIMIT_BOOT_CLOCK_READS 10000000

/* ---- The key service (kms/) ---- */

/* CiphertextForRecipient, the longest that AWS KMS documents; its plaintext is at most 4,096 bytes. */
#define GRILLE_LIMIT_KMS_RECIPIENT_BYTES 6144
/* Elements of indefinite length inside each other, and octet strings: real messages have 5, and 2; a message without
 * any definite length has 10. */
#define GRILLE_LIMIT_BER_DEPTH 16

/* ---- Calls (rpc/) ---- */

/* After so long without a byte from the peer we ask whether it is there: a VM that was ended says nothing, and vsock
 * does not either. Rare enough that an idle process sleeps. */
#define GRILLE_KEEPALIVE_INTERVAL_MS 30000
/* And so long we wait for any byte: a busy loop answers late. */
#define GRILLE_KEEPALIVE_TIMEOUT_MS 20000

#define GRILLE_LIMIT_METHODS           4096
#define GRILLE_LIMIT_METHOD_NAME_BYTES 512

/* ---- Transports and dialling (loop/) ---- */

/* "OK <port>\n" of a hybrid socket, newline included. */
#define GRILLE_LIMIT_HYBRID_ANSWER_BYTES 32
/* A name of an enclave on its parent: it is a folder's name, and that folder's sockets have paths of at most 107 bytes.
 */
#define GRILLE_LIMIT_ENCLAVE_NAME_BYTES 64
/* Output of `nitro-cli describe-enclaves`: about 700 bytes for an enclave, and a machine runs a handful. */
#define GRILLE_LIMIT_NITRO_CLI_ANSWER_BYTES 65536
/* One attempt, dialling and gate: a vsock connect that nobody answers hangs in the kernel. */
#define GRILLE_DEFAULT_CONNECT_TIMEOUT_MS 10000
/* Running calls get this long when a server drains. */
#define GRILLE_DEFAULT_DRAIN_TIMEOUT_MS 10000
/* Polling before sleep: about as long as waking a sleeping CPU takes. */
#define GRILLE_DEFAULT_SPIN_US 50
/* A connection that was told goodbye waits for the peer's end of the stream, so that the goodbye is not lost. */
#define GRILLE_LIMIT_LINGER_MS 500
/* What a peer may still send meanwhile; it is thrown away. */
#define GRILLE_LIMIT_LINGER_BYTES 1048576
/* Buffers of a connection without traffic are wiped and given back. */
#define GRILLE_CONNECTION_IDLE_MS 100
/* Calls of one channel that wait for a connection or for a free stream. */
#define GRILLE_LIMIT_WAITING_CALLS 1024
/* Addresses of one channel: each may have a connection. A parent has so many enclaves in a fleet, not more. */
#define GRILLE_LIMIT_TARGETS 1024
/* Of these, dialled at the same time: each handshake has GRILLE_LIMIT_GATE_MS, and they share a CPU. */
#define GRILLE_LIMIT_TARGETS_CONNECTING 64
/* Connections to one address that take no new calls and wait for the last ones: a peer may hold calls for ever, and
 * drain each connection at once. */
#define GRILLE_LIMIT_RETIRING_CONNECTIONS 16
/* Offloaded calls that wait for a worker, in one server. */
#define GRILLE_LIMIT_QUEUED_TASKS 4096
/* After a failed attempt a channel waits, longer each time (1.6 times, a fifth jitter), then tries again. */
#define GRILLE_RECONNECT_FIRST_MS   20
#define GRILLE_RECONNECT_LONGEST_MS 5000
/* Connections of one server. */
#define GRILLE_DEFAULT_CONNECTIONS 1024
/* Everything that one connection may hold: buffers, calls, messages under way, TLS. */
#define GRILLE_DEFAULT_CONNECTION_BUDGET_BYTES 67108864

/* ---- A key service's requests and answers (kms/) ---- */

/* Headers of one request: seven are needed. */
#define GRILLE_LIMIT_KMS_HEADERS 16
/* A secret access key has 40 characters. */
#define GRILLE_LIMIT_KMS_SECRET_BYTES 128
/* Everything of one answer, head and chunk sizes included: the longest that is of use has 18 KiB. */
#define GRILLE_LIMIT_KMS_ANSWER_BYTES 65536
/* A status line, a header, a chunk's size: the service's longest have 80. */
#define GRILLE_LIMIT_KMS_ANSWER_LINE_BYTES 1024
/* A key's ARN; AWS KMS takes 2,048, the longest that it makes have 90. */
#define GRILLE_LIMIT_KMS_KEY_ID_BYTES 256
/* What AWS KMS documents for CiphertextBlob, and for random bytes and data keys. */
#define GRILLE_LIMIT_KMS_CIPHERTEXT_BYTES 6144
#define GRILLE_LIMIT_KMS_RANDOM_BYTES     1024
/* Pairs of one encryption context: each is looked for among the others. */
#define GRILLE_LIMIT_KMS_CONTEXT_PAIRS 32
/* What is kept of an error's type and message for the operator. */
#define GRILLE_LIMIT_KMS_ERROR_TYPE_BYTES    63
#define GRILLE_LIMIT_KMS_ERROR_MESSAGE_BYTES 511
/* The service's DNS name, the longest that there is (RFC 1035 2.3.4, without its last dot). */
#define GRILLE_LIMIT_KMS_HOST_BYTES 253
/* What one exchange takes: TLS with the longest chain of certificates, the request sealed, the answer's pieces. */
#define GRILLE_LIMIT_KMS_EXCHANGE_BYTES 262144
/* Of credentials: an id has 20 characters. The length of a token is nowhere fixed; AWS STS calls less than 4,096
 * typical. */
#define GRILLE_LIMIT_KMS_ACCESS_KEY_ID_BYTES 128
#define GRILLE_LIMIT_KMS_TOKEN_BYTES         8192
/* Keys of one client. */
#define GRILLE_LIMIT_KMS_KEYS 32
/* An encryption context, all its texts together: AWS KMS takes 8,192 characters. */
#define GRILLE_LIMIT_KMS_CONTEXT_BYTES 8192
/* What an application may ask of a client: connections at once (each holds 200 KiB), calls that wait, keys ahead. */
#define GRILLE_LIMIT_KMS_IN_FLIGHT  256
#define GRILLE_LIMIT_KMS_QUEUED     65536
#define GRILLE_LIMIT_KMS_KEYS_AHEAD 16
/* AWS KMS refuses an attestation document that is older than five minutes; ours is made anew after one. */
#define GRILLE_LIMIT_KMS_DOCUMENT_AGE_MS 60000
/* What a client does unless it is told otherwise (grille/kms.h). A request takes 10 to 50 ms, throttling ends within
 * seconds. */
#define GRILLE_DEFAULT_KMS_IN_FLIGHT          16
#define GRILLE_DEFAULT_KMS_QUEUED             256
#define GRILLE_DEFAULT_KMS_TIMEOUT_MS         10000
#define GRILLE_DEFAULT_KMS_CONNECT_TIMEOUT_MS 3000
#define GRILLE_DEFAULT_KMS_ATTEMPT_TIMEOUT_MS 5000
#define GRILLE_DEFAULT_KMS_ATTEMPTS           4
#define GRILLE_DEFAULT_KMS_FIRST_BACKOFF_MS   100
#define GRILLE_DEFAULT_KMS_LONGEST_BACKOFF_MS 2000
/* Whoever learns an RSA key can open what was sent for it: few requests, not for long. Making one takes 150 ms. */
#define GRILLE_DEFAULT_KMS_USES_PER_KEY 64
#define GRILLE_DEFAULT_KMS_KEY_AGE_MS   300000
#define GRILLE_DEFAULT_KMS_KEYS_AHEAD   1

/* ---- Ways out of an enclave (egress/) ---- */

/* A host's DNS name, without a last dot (RFC 1035 2.3.4). */
#define GRILLE_LIMIT_HOST_NAME_BYTES 253
/* Addresses of one name that are tried: each gets its share of the time. */
#define GRILLE_LIMIT_HOST_ADDRESSES 8
/* Names that are looked up at once, each by a thread: one that nobody answers holds its thread for minutes. */
#define GRILLE_LIMIT_LOOKUPS 16
/* An allow-list's file is far beyond what people write: 64 KiB are read in a millisecond. */
#define GRILLE_LIMIT_ALLOW_FILE_BYTES 65536
/* Sets of peers, and sets of targets: a bit of 64 each in a peer's `to`. */
#define GRILLE_LIMIT_ALLOW_SETS 64
/* Addresses, ports or names in one set: a connection is compared with each of them. */
#define GRILLE_LIMIT_ALLOW_RULES 256
/* A set's name. */
#define GRILLE_LIMIT_ALLOW_NAME_BYTES 64
/* Bytes of one piece of a stream: it fills one frame with what is around it. */
#define GRILLE_LIMIT_EGRESS_PIECE_BYTES 16000
/* What waits for a slow socket, for each connection: then the stream's sender is held back by its window. */
#define GRILLE_LIMIT_EGRESS_WAITING_BYTES 65536
/* Connections of one egress service: two blocks of memory and a descriptor each. */
#define GRILLE_DEFAULT_EGRESS_CONNECTIONS 256
#define GRILLE_LIMIT_EGRESS_CONNECTIONS   65536
/* New connections a second, and as many at once after a quiet second; as the relay's. */
#define GRILLE_DEFAULT_EGRESS_RATE 500
#define GRILLE_LIMIT_EGRESS_RATE   100000
/* As the relay's: a connect that nobody answers; who is silent for so long is gone. */
#define GRILLE_DEFAULT_EGRESS_CONNECT_TIMEOUT_MS 10000
#define GRILLE_DEFAULT_EGRESS_IDLE_TIMEOUT_MS    900000
/* A day, for each of these times: there is no "for ever". */
#define GRILLE_LIMIT_EGRESS_TIMEOUT_MS 86400000

/* ---- A parent's credentials (kms/, the parent's part) ---- */

/* A token of the metadata service; today's have 56 characters. */
#define GRILLE_LIMIT_IMDS_TOKEN_BYTES 512
/* One answer of it: credentials with the longest session token, and the JSON around them. */
#define GRILLE_LIMIT_IMDS_ANSWER_BYTES 12288
/* A shared credentials file: hundreds of profiles. */
#define GRILLE_LIMIT_KMS_PROFILE_FILE_BYTES 65536
/* A region's name, "ap-southeast-1"; as long as a part of a DNS name, which it is one of. */
#define GRILLE_LIMIT_KMS_REGION_BYTES 63

#endif
