/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/state.h"

#include <jansson.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "loop/run_folder.h"

enum { HEX_BYTES = 2 * GRILLE_NSM_PCR_BYTES + 1 };

static const char *const phase_names[] = {
    [MACHINE_STARTING] = "STARTING", [MACHINE_RUNNING] = "RUNNING", [MACHINE_ENDED] = "ENDED"};

const char *machine_phase_name(machine_phase phase) {
    return phase_names[phase];
}

/* ---- Writing ---- */

static bool add_pcr(json_t *measurements, const char *key, const uint8_t pcr[GRILLE_NSM_PCR_BYTES]) {
    char hex[HEX_BYTES];
    grille_hex_encode(grille_bytes_of(pcr, GRILLE_NSM_PCR_BYTES), hex);
    return json_object_set_new(measurements, key, json_string(hex)) == 0;
}

static json_t *measurements_of(const eif_measurements *measured) {
    json_t *made = json_pack("{s:s}", "HashAlgorithm", "Sha384 { ... }");
    if (made != NULL && add_pcr(made, "PCR0", measured->pcr0) && add_pcr(made, "PCR1", measured->pcr1) &&
        add_pcr(made, "PCR2", measured->pcr2) && (!measured->is_signed || add_pcr(made, "PCR8", measured->pcr8))) {
        return made;
    }
    json_decref(made);
    return NULL;
}

char *machine_state_write(const machine_state *state) {
    json_t *measurements = measurements_of(&state->attested);
    json_t *all = NULL;
    char *text = NULL;
    if (measurements == NULL) return NULL;
    all = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:s, s:o}", "EnclaveName", state->name, "ProcessID",
                    (json_int_t)state->supervisor.pid, "ProcessStart", (json_int_t)state->supervisor.start_ticks,
                    "EnclaveCID", (json_int_t)state->cid, "NumberOfCPUs", (json_int_t)state->cpus, "MemoryMiB",
                    (json_int_t)state->memory_mib, "State", machine_phase_name(state->phase), "Flags",
                    state->debug ? "DEBUG_MODE" : "NONE", "Address", state->address, "Measurements", measurements);
    if (all != NULL) text = json_dumps(all, JSON_INDENT(2));
    json_decref(all);
    return text;
}

/* ---- Reading ---- */

static bool read_pcr(const json_t *measurements, const char *key, uint8_t pcr[GRILLE_NSM_PCR_BYTES]) {
    const json_t *value = json_object_get(measurements, key);
    const char *hex = json_string_value(value);
    size_t len = 0;
    return hex != NULL && grille_hex_decode(hex, json_string_length(value), pcr, GRILLE_NSM_PCR_BYTES, &len) &&
           len == GRILLE_NSM_PCR_BYTES;
}

static bool read_measurements(const json_t *measurements, eif_measurements *measured) {
    measured->is_signed = json_object_get(measurements, "PCR8") != NULL;
    return read_pcr(measurements, "PCR0", measured->pcr0) && read_pcr(measurements, "PCR1", measured->pcr1) &&
           read_pcr(measurements, "PCR2", measured->pcr2) &&
           (!measured->is_signed || read_pcr(measurements, "PCR8", measured->pcr8));
}

static bool read_number(const json_t *all, const char *key, uint32_t *number) {
    const json_t *value = json_object_get(all, key);
    const json_int_t integer = json_integer_value(value);
    *number = (uint32_t)integer;
    return json_is_integer(value) && integer > 0 && integer <= UINT32_MAX;
}

static bool read_phase(const json_t *all, machine_phase *phase) {
    const char *name = json_string_value(json_object_get(all, "State"));
    for (size_t i = 0; name != NULL && i < sizeof phase_names / sizeof phase_names[0]; i++) {
        if (strcmp(name, phase_names[i]) != 0) continue;
        *phase = (machine_phase)i;
        return true;
    }
    return false;
}

static bool read_flags(const json_t *all, bool *debug) {
    const char *flags = json_string_value(json_object_get(all, "Flags"));
    *debug = flags != NULL && strcmp(flags, "DEBUG_MODE") == 0;
    return *debug || (flags != NULL && strcmp(flags, "NONE") == 0);
}

static bool read_process(const json_t *all, machine_process *process) {
    uint32_t pid = 0;
    const json_t *start = json_object_get(all, "ProcessStart");
    if (!read_number(all, "ProcessID", &pid) || pid > INT32_MAX) return false;
    *process = (machine_process){.pid = (pid_t)pid, .start_ticks = (uint64_t)json_integer_value(start)};
    return json_is_integer(start) && json_integer_value(start) >= 0;
}

/* Copies a text of at most `capacity` bytes with its terminator. */
static bool read_text(const json_t *all, const char *key, char *text, size_t capacity) {
    const json_t *value = json_object_get(all, key);
    const size_t len = json_string_length(value);
    if (!json_is_string(value) || len >= capacity) return false;
    memcpy(text, json_string_value(value), len + 1);
    return true;
}

static bool read_name(const json_t *all, char name[GRILLE_LIMIT_ENCLAVE_NAME_BYTES + 1]) {
    return read_text(all, "EnclaveName", name, GRILLE_LIMIT_ENCLAVE_NAME_BYTES + 1) &&
           grille_run_name_is_valid(grille_bytes_of_text(name));
}

/* The key whose value is missing or wrong, or NULL. */
static const char *read_keys(const json_t *all, machine_state *state) {
    if (!read_name(all, state->name)) return "EnclaveName";
    if (!read_process(all, &state->supervisor)) return "ProcessID and ProcessStart";
    if (!read_number(all, "EnclaveCID", &state->cid)) return "EnclaveCID";
    if (!read_number(all, "NumberOfCPUs", &state->cpus)) return "NumberOfCPUs";
    if (!read_number(all, "MemoryMiB", &state->memory_mib)) return "MemoryMiB";
    if (!read_phase(all, &state->phase)) return "State";
    if (!read_flags(all, &state->debug)) return "Flags";
    if (!read_text(all, "Address", state->address, sizeof state->address)) return "Address";
    if (!read_measurements(json_object_get(all, "Measurements"), &state->attested)) return "Measurements";
    return NULL;
}

static json_t *load(grille_bytes json, grille_error *error) {
    json_error_t problem = {.line = 1};
    json_t *all = json_loadb((const char *)json.data, json.len, JSON_REJECT_DUPLICATES, &problem);
    if (all == NULL) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "line %d, column %d: no JSON: %s", problem.line,
                               problem.column, problem.text);
    }
    return all;
}

bool machine_state_read(grille_bytes json, machine_state *state, grille_error *error) {
    enum { keys = 10 };
    machine_state read = {.cid = 0};
    const char *wrong = NULL;
    json_t *all = load(json, error);
    if (all == NULL) return false;
    wrong = read_keys(all, &read);
    if (wrong == NULL && json_object_size(all) != keys) wrong = "a key that does not belong there";
    json_decref(all);
    if (wrong != NULL) {
        (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "missing or not of its form: %s", wrong);
        return false;
    }
    *state = read;
    return true;
}

/* ---- What nitro-cli prints ---- */

static void read_nitro(const json_t *one, machine_state *state) {
    *state = (machine_state){.phase = MACHINE_RUNNING};
    if (!read_name(one, state->name)) state->name[0] = '\0';
    if (!read_number(one, "EnclaveCID", &state->cid)) state->cid = 0;
    if (!read_number(one, "NumberOfCPUs", &state->cpus)) state->cpus = 0;
    if (!read_number(one, "MemoryMiB", &state->memory_mib)) state->memory_mib = 0;
    if (!read_flags(one, &state->debug)) state->debug = false;
    state->supervisor.pid = (pid_t)json_integer_value(json_object_get(one, "ProcessID"));
    if (!read_measurements(json_object_get(one, "Measurements"), &state->attested)) {
        state->attested = (eif_measurements){.is_signed = false};
    }
    if (state->cid != 0) (void)snprintf(state->address, sizeof state->address, "vsock:%u", state->cid);
}

static bool refuse_nitro(grille_error *error, const char *expected) {
    (void)grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "what nitro-cli printed is no %s", expected);
    return false;
}

bool machine_state_of_nitro(grille_bytes json, machine_state *state, grille_error *error) {
    json_t *one = load(json, error);
    const bool good = json_is_object(one);
    if (one == NULL) return false;
    if (good) read_nitro(one, state);
    json_decref(one);
    return (good && state->cid != 0) || refuse_nitro(error, "object with an EnclaveCID");
}

bool machine_states_of_nitro(grille_bytes json, machine_state *states, size_t capacity, size_t *count,
                             grille_error *error) {
    json_t *all = load(json, error);
    const size_t size = json_array_size(all);
    bool good = json_is_array(all) && size <= capacity;
    if (all == NULL) return false;
    for (size_t i = 0; i < size && good; i++) {
        good = json_is_object(json_array_get(all, i));
        if (good) read_nitro(json_array_get(all, i), &states[i]);
    }
    json_decref(all);
    *count = good ? size : 0;
    return good || refuse_nitro(error, "array of enclaves, as many as an instance can have");
}
