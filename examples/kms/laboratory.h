/* SPDX-License-Identifier: Apache-2.0
 * What the enclave does with records: laboratory results of patients in, what they are on the whole out. Pure; knows
 * nothing of keys and channels. */
#ifndef ACME_LABORATORY_H
#define ACME_LABORATORY_H

#include <stdbool.h>

#include "grille/bytes.h"

enum {
    LABORATORY_FIELD_MAX = 63,    /* bytes of a patient's or a test's name */
    LABORATORY_TESTS_MAX = 64,    /* tests of one data set; records of further ones are bad */
    LABORATORY_LISTED_MAX = 20,   /* bad records that a report lists; the others are counted */
    LABORATORY_REPORT_MAX = 16384 /* bytes of a report, at most */
};

/* Results of one test. Values are thousandths, so that sums are exact. */
typedef struct laboratory_test {
    char name[LABORATORY_FIELD_MAX + 1];
    uint32_t count;
    int64_t lowest, highest, sum;
} laboratory_test;

/* Caller's storage; starts as zeros. Holds no patient's name. */
typedef struct laboratory {
    laboratory_test tests[LABORATORY_TESTS_MAX];
    size_t test_count;
    uint32_t records, bad;
    struct {
        uint32_t number;
        const char *why;
    } listed[LABORATORY_LISTED_MAX];
} laboratory;

/* Takes the next record, "patient,test,value" with at most three decimals; one that is bad is counted, and reported by
 * its number (from 1). At most 2^32 - 1 records. */
void laboratory_take(laboratory *lab, grille_bytes record);

/* Writes the report as text of at most LABORATORY_REPORT_MAX bytes: each test with how often, lowest, mean, highest.
 * Answers its length. */
size_t laboratory_report(const laboratory *lab, char text[LABORATORY_REPORT_MAX]);

#endif
