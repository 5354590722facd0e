/* SPDX-License-Identifier: Apache-2.0
 * The whole way of a key: an enclave's client with its NSM's document, through a relay, over TLS, to a key service that
 * verifies the document and goes by the key's policy; and back. All in this process, over sockets. */
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "grille/kms.h"
#include "kms_emulator/default_policy.h"
#include "kms_emulator/json_file.h"
#include "kms_emulator/policies.h"
#include "kms_emulator/serve.h"
#include "nsm/simulated.h"
#include "relay/relay.h"

#define REGION  "eu-central-1"
#define ACCOUNT "111122223333"
#define ROLE    "arn:aws:iam::" ACCOUNT ":role/Parent"

enum { many = 100 };

/* PCR0 of the enclave, in hex as a policy has it. */
#define IMAGE_BYTE "a7"
#define SIX(text)  text text text text text text
#define IMAGE      SIX(SIX(IMAGE_BYTE)) SIX(IMAGE_BYTE) SIX(IMAGE_BYTE)

static char folder[32], nsm_folder[64], kms_folder[64], relay_address[80];
static grille_identity *identity;
static kms_front *front;
static kms_server *server;
static relay *way;
static pthread_t relay_thread;
static kms_store *store; /* opened once more, beside the service's own */
static char key_arns[2][KMS_KEY_ARN_BYTES];
static char *authority;
static grille_kms *kms;

/* ---- What stands around ---- */

static void make_nsm(void) {
    grille_nsm_simulated_options options = grille_nsm_simulated_options_default();
    grille_nsm_simulated_pcr image = {.index = 0};
    grille_error error = {0};
    memset(image.value, 0xa7, sizeof image.value);
    options.pcrs = &image;
    options.pcr_count = 1;
    assert_int_equal(GRILLE_REASON_OK, grille_sim_init_insecure(nsm_folder, &options, &error));
    assert_int_equal(GRILLE_OK, grille_identity_open_nsm(nsm_folder, &identity, &error));
}

static void add_caller(const char *name, grille_wall_ms expires_ms) {
    grille_error error = {0};
    kms_credentials *credentials = kms_credentials_read(kms_folder, &error);
    assert_non_null(credentials);
    assert_true(kms_credentials_add(credentials, name, ROLE, expires_ms, false, &error));
    assert_true(kms_credentials_write(kms_folder, credentials, &error));
    kms_credentials_free(credentials);
}

/* The role may decrypt and make data keys in an enclave of this image, in the context of records. */
static void put_policy(const char *arn, const char *image) {
    char policy[2048];
    grille_error error = {0};
    (void)snprintf(
        policy, sizeof policy,
        "{\"Version\": \"2012-10-17\", \"Statement\": [\n"
        "  {\"Sid\": \"enclave\", \"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"" ROLE "\"},\n"
        "   \"Action\": [\"kms:Decrypt\", \"kms:GenerateDataKey\"], \"Resource\": \"*\",\n"
        "   \"Condition\": {\"StringEqualsIgnoreCase\": {\"kms:RecipientAttestation:ImageSha384\": \"%s\"},\n"
        "                 \"StringEquals\": {\"kms:EncryptionContext:purpose\": \"records\"}}}]}",
        image);
    if (!kms_policies_put(kms_folder, store, strrchr(arn, '/') + 1, grille_bytes_of_text(policy), &error))
        fail_msg("%s", error.text);
}

static void make_key(char arn[KMS_KEY_ARN_BYTES]) {
    char policy[KMS_DEFAULT_POLICY_BYTES];
    kms_key key;
    kms_default_policy(ACCOUNT, policy);
    assert_int_equal(
        KMS_STORE_OK,
        kms_store_create_key(
            store, &(kms_key_spec){.account = ACCOUNT, .region = REGION, .description = "", .policy = policy}, &key));
    memcpy(arn, key.arn, KMS_KEY_ARN_BYTES);
    kms_key_clear(&key);
    put_policy(arn, IMAGE);
}

static void make_service(void) {
    char root[sizeof nsm_folder + 32], path[PATH_MAX];
    const char *roots[] = {root};
    const kms_folder_wishes wishes = {.settings = kms_settings_default(), .roots = roots, .root_count = 1};
    grille_error error = {0};
    size_t len = 0;
    (void)snprintf(root, sizeof root, "%s/" GRILLE_SIM_ROOT_CERTIFICATE_FILE, nsm_folder);
    if (!kms_folder_make(kms_folder, &wishes, &error)) fail_msg("%s", error.text);
    add_caller("parent", 0);
    add_caller("late", 1);
    store = kms_folder_store(kms_folder, &error);
    assert_non_null(store);
    make_key(key_arns[0]);
    make_key(key_arns[1]);
    assert_true(kms_path_join(path, kms_folder, KMS_AUTHORITY_FILE, &error));
    authority = kms_file_read(path, &len, &error);
    assert_non_null(authority);
}

/* Too busy for its first three requests. */
static void serve(void) {
    const kms_front_options options = {.folder = kms_folder, .throttled = 3};
    grille_error error = {0};
    if (kms_front_open(&options, &front, &error) != GRILLE_REASON_OK ||
        kms_server_start(front, kms_folder, "127.0.0.1:0", &server, &error) != GRILLE_REASON_OK)
        fail_msg("%s", error.text);
}

static void *run_relay(void *user) {
    grille_error error = {0};
    (void)user;
    return relay_run(way, &error) == GRILLE_REASON_OK ? way : NULL;
}

static void relay_to_service(void) {
    const relay_options options = relay_options_default();
    char target[80];
    grille_error error = {0};
    (void)snprintf(target, sizeof target, "tcp:%s", kms_server_address(server));
    if (relay_new(&options, &way, &error) != GRILLE_REASON_OK ||
        relay_add(way, relay_address, target, &error) != GRILLE_REASON_OK)
        fail_msg("%s", error.text);
    assert_int_equal(0, pthread_create(&relay_thread, NULL, run_relay, NULL));
}

static void feed(const char *name) {
    kms_credentials *credentials = kms_credentials_read(kms_folder, NULL);
    const kms_credential *who = kms_credentials_named(credentials, name);
    const grille_kms_credentials fed = {.access_key_id = grille_bytes_of_text(who->access_key_id),
                                        .secret_access_key = grille_bytes_of_text(who->secret_access_key),
                                        .session_token = grille_bytes_of_text(who->session_token)};
    grille_error error = {0};
    assert_int_equal(GRILLE_OK, grille_kms_set_credentials(kms, &fed, &error));
    kms_credentials_free(credentials);
}

static void open_client(void) {
    grille_kms_options options = grille_kms_options_default();
    const char *arns[] = {key_arns[0], key_arns[1]};
    const grille_kms_pair purpose = grille_kms_pair_of_text("purpose", "records");
    grille_error error = {0};
    options.identity = identity;
    options.region = REGION;
    options.key_arns = arns;
    options.key_arn_count = 2;
    options.ca_pem = grille_bytes_of_text(authority);
    options.egress = relay_address;
    options.required_context = &purpose;
    options.required_context_count = 1;
    options.first_backoff_ms = 1;
    options.longest_backoff_ms = 5;
    options.timeout_ms = 120000; /* a busy machine makes nobody fail */
    options.attempt_timeout_ms = 60000;
    options.connect_timeout_ms = 60000;
    if (grille_kms_open(&options, &kms, &error) != GRILLE_OK) fail_msg("%s", error.text);
    feed("parent");
}

static int world_up(void **state) {
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/release.XXXXXX");
    if (mkdtemp(folder) == NULL) return -1;
    (void)snprintf(nsm_folder, sizeof nsm_folder, "%s/nsm", folder);
    (void)snprintf(kms_folder, sizeof kms_folder, "%s/kms", folder);
    (void)snprintf(relay_address, sizeof relay_address, "unix:%s/way", folder);
    make_nsm();
    make_service();
    serve();
    relay_to_service();
    open_client();
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk) {
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

/* Once; whether it ran well. */
static bool stop_relay(void) {
    static bool is_stopped;
    void *ran = way;
    if (!is_stopped) {
        relay_stop(way);
        if (pthread_join(relay_thread, &ran) != 0) return false;
    }
    is_stopped = true;
    return ran != NULL;
}

static int world_down(void **state) {
    (void)state;
    grille_kms_close(kms);
    if (!stop_relay()) return -1;
    relay_free(way);
    kms_server_stop(server);
    kms_front_close(front);
    free(authority);
    kms_store_close(store);
    grille_identity_free(identity);
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- What is asked ---- */

static grille_kms_reply reply;

/* A data key of 32 bytes and its ciphertext, which the caller frees. */
static grille_bytes make_data_key(uint8_t data_key[32]) {
    uint8_t *ciphertext = NULL;
    size_t len = 0;
    if (grille_kms_generate_data_key(kms, 32, NULL, &reply) != GRILLE_OK) fail_msg("%s", reply.error.text);
    assert_int_equal(32, reply.plaintext.len);
    memcpy(data_key, reply.plaintext.data, 32);
    len = reply.ciphertext.len;
    ciphertext = malloc(len);
    assert_non_null(ciphertext);
    memcpy(ciphertext, reply.ciphertext.data, len);
    grille_kms_reply_free(&reply);
    return grille_bytes_of(ciphertext, len);
}

static void let_go(grille_bytes ciphertext) {
    free((void *)(uintptr_t)ciphertext.data);
}

static void assert_refused(grille_code code, const char *type) {
    if (reply.code != code || strcmp(reply.error_type, type) != 0)
        fail_msg("%s, \"%s\": %s", grille_code_name(reply.code), reply.error_type, reply.error.text);
    assert_int_equal(0, reply.plaintext.len);
    assert_int_equal(1, reply.attempts);
    grille_kms_reply_free(&reply);
}

static void an_enclave_of_the_image_gets_the_key(void **state) {
    uint8_t data_key[32];
    const grille_bytes ciphertext = make_data_key(data_key);
    grille_kms_reply random;
    (void)state;
    assert_int_equal(GRILLE_OK, grille_kms_decrypt(kms, ciphertext, NULL, &reply));
    assert_true(grille_bytes_equal(grille_bytes_of(data_key, sizeof data_key), reply.plaintext));
    grille_kms_reply_free(&reply);
    let_go(ciphertext);
    /* No key, so no key policy: the caller's own decides, and the parent's has nothing. */
    (void)grille_kms_generate_random(kms, 32, NULL, &random);
    assert_int_equal(GRILLE_PERMISSION_DENIED, random.code);
    grille_kms_reply_free(&random);
}

static void the_log_says_which_image_it_was(void **state) {
    char path[PATH_MAX];
    size_t len = 0;
    uint8_t data_key[32];
    char *events = NULL;
    (void)state;
    let_go(make_data_key(data_key));
    assert_true(kms_path_join(path, kms_folder, KMS_EVENTS_FILE, NULL));
    events = kms_file_read(path, &len, NULL);
    assert_non_null(strstr(events, "\"attestationDocumentEnclaveImageDigest\":\"" IMAGE "\""));
    free(events);
}

static void what_the_policy_does_not_say_is_refused(void **state) {
    uint8_t data_key[32];
    const grille_bytes ciphertext = make_data_key(data_key);
    const grille_kms_pair more = grille_kms_pair_of_text("dataset", "1");
    (void)state;
    (void)grille_kms_decrypt(kms, ciphertext, &GRILLE_KMS_CALL_OPTIONS(.key_arn = key_arns[1]), &reply);
    assert_refused(GRILLE_INVALID_ARGUMENT, "IncorrectKeyException");
    (void)grille_kms_decrypt(kms, ciphertext, &GRILLE_KMS_CALL_OPTIONS(.context = &more, .context_count = 1), &reply);
    assert_refused(GRILLE_INVALID_ARGUMENT, "InvalidCiphertextException");
    put_policy(key_arns[0], SIX(SIX("00")) SIX("00") SIX("00"));
    (void)grille_kms_decrypt(kms, ciphertext, NULL, &reply);
    assert_refused(GRILLE_PERMISSION_DENIED, "AccessDeniedException");
    put_policy(key_arns[0], IMAGE);
    assert_int_equal(KMS_STORE_OK, kms_store_change_state(store, strrchr(key_arns[0], '/') + 1, KMS_KEY_ENABLED,
                                                          KMS_KEY_DISABLED, 0));
    (void)grille_kms_decrypt(kms, ciphertext, NULL, &reply);
    assert_refused(GRILLE_FAILED_PRECONDITION, "DisabledException");
    assert_int_equal(KMS_STORE_OK, kms_store_change_state(store, strrchr(key_arns[0], '/') + 1, KMS_KEY_DISABLED,
                                                          KMS_KEY_ENABLED, 0));
    assert_int_equal(GRILLE_OK, grille_kms_decrypt(kms, ciphertext, NULL, &reply));
    grille_kms_reply_free(&reply);
    let_go(ciphertext);
}

static void a_busy_service_is_asked_again(void **state) {
    (void)state;
    assert_int_equal(GRILLE_OK, grille_kms_generate_data_key(kms, 32, NULL, &reply));
    assert_int_equal(4, reply.attempts);
    grille_kms_reply_free(&reply);
}

/* ---- A hundred at once: the last, as the relay tells its numbers when it has ended ---- */

static uint8_t expected[many][32];
static atomic_uint right, ended;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void opened(const grille_kms_reply *done, void *user) {
    const uint8_t *data_key = user;
    if (done->code == GRILLE_OK && grille_bytes_equal(grille_bytes_of(data_key, 32), done->plaintext))
        atomic_fetch_add(&right, 1);
    (void)pthread_mutex_lock(&lock);
    atomic_fetch_add(&ended, 1);
    (void)pthread_cond_signal(&changed);
    (void)pthread_mutex_unlock(&lock);
}

static void a_hundred_at_once_lose_nothing(void **state) {
    grille_bytes ciphertexts[many];
    relay_counters counters;
    grille_kms_state all;
    grille_error error = {0};
    (void)state;
    for (size_t i = 0; i < many; i++)
        ciphertexts[i] = i < 4 ? make_data_key(expected[i]) : ciphertexts[i % 4];
    for (size_t i = 4; i < many; i++)
        memcpy(expected[i], expected[i % 4], sizeof expected[i]);
    for (size_t i = 0; i < many; i++)
        assert_int_equal(GRILLE_OK, grille_kms_decrypt_async(kms, ciphertexts[i], NULL, opened, expected[i], &error));
    (void)pthread_mutex_lock(&lock);
    while (atomic_load(&ended) < many)
        (void)pthread_cond_wait(&changed, &lock);
    (void)pthread_mutex_unlock(&lock);
    assert_int_equal(many, atomic_load(&right));
    for (size_t i = 0; i < 4; i++)
        let_go(ciphertexts[i]);
    grille_kms_get_state(kms, &all);
    assert_true(stop_relay());
    relay_get_counters(way, &counters);
    assert_int_equal(all.attempts, counters.accepted);
    assert_int_equal(0, counters.refused_full + counters.refused_rate + counters.target_failures);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_busy_service_is_asked_again),   cmocka_unit_test(an_enclave_of_the_image_gets_the_key),
        cmocka_unit_test(the_log_says_which_image_it_was), cmocka_unit_test(what_the_policy_does_not_say_is_refused),
        cmocka_unit_test(a_hundred_at_once_lose_nothing),
    };
    return cmocka_run_group_tests_name("key release", tests, world_up, world_down);
}
