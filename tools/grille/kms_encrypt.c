/* SPDX-License-Identifier: Apache-2.0
 * grille kms encrypt, grille kms create-data-key: what a parent may do with a key that it can't open anything with. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "command.h"
#include "input.h"
#include "kms.h"
#include "kms/base64.h"
#include "kms_service.h"

/* AWS KMS API reference, "Encrypt": of a symmetric key. */
enum { PLAIN_MAX = 4096, KEY_BYTES_MAX = 1024 };

static const char encrypt_usage[] =
    "usage: grille kms encrypt --key ARN [options] FILE\n"
    "         FILE (\"-\": standard input, at most 4,096 bytes) encrypted under a key of the "
    "service\n" KMS_SERVICE_USAGE KMS_SOURCE_USAGE
    "         exit status: 0 done, 1 the service could not be asked, 4 it refused, 2 usage or a file that can't be\n"
    "         used\n";

static const char create_usage[] =
    "usage: grille kms create-data-key --key ARN [options]\n"
    "         a new random data key that nobody has seen, encrypted under a key of the service: for an enclave to "
    "open\n"
    "         --bytes N        of the data key, 1 to 1,024; default 32\n" KMS_SERVICE_USAGE KMS_SOURCE_USAGE
    "         exit status: 0 done, 1 the service could not be asked, 4 it refused, 2 usage or a file that can't be\n"
    "         used\n";

static int deliver(const char *command, const kms_service_options *said, int status, const kms_service_answer *answer) {
    return status == EXIT_DONE ? kms_service_deliver(command, said, answer) : status;
}

/* ---- encrypt ---- */

/* "Plaintext":"…", of a file. */
static int read_plain(const char *path, char *member, size_t capacity) {
    static const char before[] = "\"Plaintext\":\"", behind[] = "\",";
    uint8_t plain[PLAIN_MAX];
    grille_writer text = grille_writer_into((uint8_t *)member, capacity);
    grille_error error = {.code = GRILLE_OK};
    size_t len = 0;
    bool more = false;
    int status = EXIT_DONE;
    if (!input_read(path, plain, sizeof plain, &len, &more, &error))
        status = usage_error(encrypt_usage, "kms encrypt: %s", error.text);
    else if (more || len == 0)
        status = usage_error(encrypt_usage,
                             "kms encrypt: %s has %s: 1 to %d bytes are encrypted; larger data under a "
                             "data key: grille kms create-data-key",
                             path, more ? "more" : "nothing", PLAIN_MAX);
    grille_write_bytes(&text, grille_bytes_of_text(before));
    grille_base64_write(&text, grille_bytes_of(plain, len));
    grille_write_bytes(&text, grille_bytes_of(behind, sizeof behind));
    grille_wipe(plain, sizeof plain);
    return status;
}

int kms_encrypt(int argc, char **argv) {
    static kms_service_options said;
    static kms_service_answer answer;
    char member[2 * PLAIN_MAX];
    const char *path = NULL;
    const command_option options[] = {KMS_SERVICE_OPTIONS(said)};
    const command_list_option lists[] = {
        {.name = "--context", .values = said.pairs, .count = &said.pair_count, .most = KMS_SERVICE_PAIRS}};
    const command_line line = {.command = "kms encrypt",
                               .usage = encrypt_usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0],
                               .list_options = lists,
                               .list_option_count = 1,
                               .operands = &path,
                               .least = 1,
                               .most = 1,
                               .operand_name = "FILE"};
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    status = kms_service_check("kms encrypt", encrypt_usage, &said);
    if (status == EXIT_DONE) status = read_plain(path, member, sizeof member);
    if (status == EXIT_DONE) status = kms_service_ask("kms encrypt", encrypt_usage, &said, "Encrypt", member, &answer);
    grille_wipe(member, sizeof member);
    return deliver("kms encrypt", &said, status, &answer);
}

/* ---- create-data-key ---- */

/* False: no number of bytes that a data key may have. */
static bool read_count(const char *text, unsigned *count) {
    *count = 32;
    if (text == NULL) return true;
    *count = 0;
    for (; *text >= '0' && *text <= '9' && *count <= KEY_BYTES_MAX; text++)
        *count = *count * 10 + (unsigned)(*text - '0');
    return *text == '\0' && *count >= 1 && *count <= KEY_BYTES_MAX;
}

int kms_create_data_key(int argc, char **argv) {
    static kms_service_options said;
    static kms_service_answer answer;
    const char *bytes = NULL;
    const command_option options[] = {KMS_SERVICE_OPTIONS(said), {.name = "--bytes", .value = &bytes}};
    const command_list_option lists[] = {
        {.name = "--context", .values = said.pairs, .count = &said.pair_count, .most = KMS_SERVICE_PAIRS}};
    const command_line line = {.command = "kms create-data-key",
                               .usage = create_usage,
                               .options = options,
                               .option_count = sizeof options / sizeof options[0],
                               .list_options = lists,
                               .list_option_count = 1};
    char member[64];
    unsigned count = 0;
    int status = EXIT_DONE;
    if (!command_line_parse(&line, argc, argv, &status)) return status;
    status = kms_service_check("kms create-data-key", create_usage, &said);
    if (status != EXIT_DONE) return status;
    if (!read_count(bytes, &count))
        return usage_error(create_usage, "kms create-data-key: --bytes is 1 to %d", KEY_BYTES_MAX);
    (void)snprintf(member, sizeof member, "\"NumberOfBytes\":%u,", count);
    status =
        kms_service_ask("kms create-data-key", create_usage, &said, "GenerateDataKeyWithoutPlaintext", member, &answer);
    return deliver("kms create-data-key", &said, status, &answer);
}
