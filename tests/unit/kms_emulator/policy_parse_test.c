/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "policy_tests.h"
#include "policy_text.h"

#define HEAD "{'Version':'2012-10-17','Statement':"
/* A statement with one element in its place. */
#define PRINCIPAL(value) HEAD "{'Effect':'Allow','Action':'*','Resource':'*',\n'Principal':" value "}}"
#define ACTION(value)    HEAD "{'Effect':'Allow','Principal':'*','Resource':'*',\n'Action':" value "}}"
#define RESOURCE(value)  HEAD "{'Effect':'Allow','Principal':'*','Action':'*',\n'Resource':" value "}}"
#define CONDITION(value) HEAD "{'Effect':'Allow','Principal':'*','Action':'*','Resource':'*',\n'Condition':" value "}}"
#define ONE              "{'Effect':'Allow','Principal':'*','Action':'*','Resource':'*'}"

/* A document that is refused, and how its error begins. */
typedef struct refused {
    const char *document;
    const char *error;
} refused;

static const refused documents[] = {
    /* Not JSON. */
    {"", "line 1, column 1: the document ends too early"},
    {"{", "line 1, column 2: the document ends too early"},
    {"{'Version' '2012-10-17'}", "line 1, column 2: not JSON"},
    {"{'Version':'2012-10-17',\n 'Statement':" ONE ",}", "line 2, column 77: not JSON"},
    {"{'Version':'2012-10-17'\n 'Statement':" ONE "}", "line 2, column 2: not JSON"},
    {HEAD ONE "} x", "line 1, column 101: not JSON"},
    {HEAD "{'Sid':'a\nb'}}", "line 1, column 44: not JSON"},
    {"{'Version':'2012-10-17',\n\n  'Statement':tru}", "line 3, column 15: not JSON"},
    {HEAD "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "line 1, column 38: a statement is an object"},
    {"{'Version':'2012-10-17','\xc3\xa4':1}", "line 1, column 25: a policy has no element"},
    {"{'\xc3\xa4'\x01", "line 1, column 2: not JSON"},
    {"\xff", "line 1, column 1: a byte that is no UTF-8"},
    {"\x80", "line 1, column 1: a byte that is no UTF-8"},
    {"{'\xc3", "line 1, column 3: a byte that is no UTF-8"},
    {"{'\xc3(':1}", "line 1, column 3: a byte that is no UTF-8"},
    {"{'\xe2\x82\xac':1}", "line 1, column 3: a byte that is no UTF-8, or a character above U+00FF"},
    /* The document. */
    {"[]", "line 1, column 1: a policy is an object"},
    {"{}", "line 1, column 2: a policy lacks Version"},
    {"{'Version':'2012-10-17'}", "line 1, column 24: a policy lacks Statement"},
    {"{'Statement':" ONE "}", "line 1, column 76: a policy lacks Version"},
    {"{'Version':'2008-10-17','Statement':" ONE "}", "line 1, column 12: the Version must be \"2012-10-17\""},
    {"{'Version':20121017,'Statement':" ONE "}", "line 1, column 12: the Version must be \"2012-10-17\""},
    {"{'Version':'2012-10-17','Version':'2012-10-17'}", "line 1, column 25: Version stands twice in a policy"},
    {"{'version':'2012-10-17'}", "line 1, column 2: a policy has no element \"version\""},
    {"{'Version':'2012-10-17','Id':1}", "line 1, column 30: an Id is a text"},
    {HEAD "[]}", "line 1, column 38: an empty list"},
    {HEAD "'x'}", "line 1, column 37: a statement is an object"},
    {HEAD "[" ONE ",null]}", "line 1, column 101: a statement is an object"},
    /* The statement. */
    {HEAD "{}}", "line 1, column 38: a statement lacks Effect"},
    {HEAD "{'Effect':'Allow','Action':'*','Resource':'*'}}", "line 1, column 82: a statement lacks Principal"},
    {HEAD "{'Effect':'Allow','Principal':'*','Resource':'*'}}", "line 1, column 85: a statement lacks Action"},
    {HEAD "{'Effect':'Allow','Principal':'*','Action':'*'}}", "line 1, column 83: a statement lacks Resource"},
    {HEAD "{'Effect':'allow'}}", "line 1, column 47: an Effect is \"Allow\" or \"Deny\""},
    {HEAD "{'Effect':['Allow']}}", "line 1, column 47: an Effect is \"Allow\" or \"Deny\""},
    {HEAD "{'Effect':'Allow','Effect':'Deny'}}", "line 1, column 55: Effect stands twice"},
    {HEAD "{'Sid':7}}", "line 1, column 44: a Sid is a text"},
    {HEAD "{'Sid':'a\\u0007b'}}", "line 1, column 44: a control character in a text"},
    {HEAD "{'Sid':'\\u007fb'}}", "line 1, column 44: a control character in a text"},
    {HEAD "{'Sid':'a\\u0000b'}}", "line 1, column 44: an escape of U+0000 or of half a character"},
    {HEAD "{'Sid':'a\\ud800b'}}", "line 1, column 44: an escape of U+0000 or of half a character"},
    {HEAD "[{'Sid':'a','Effect':'Deny','Principal':'*','Action':'*','Resource':'*'},\n{'Sid':'a'}]}",
     "line 2, column 8: the Sid of statement 1 again"},
    {HEAD "[{'Sid':'a','Effect':'Deny','Principal':'*','Action':'*','Resource':'*'}," ONE
          ",\n{'Sid':'b','Effect':'Deny','Principal':'*','Action':'*','Resource':'*'},\n{'Sid':'b'}]}",
     "line 3, column 8: the Sid of statement 3 again"},
    {HEAD "{'Conditions':{}}}", "line 1, column 38: a statement has no element \"Conditions\""},
    {HEAD "{'NotPrincipal':'*'}}", "line 1, column 38: NotPrincipal: not supported"},
    {HEAD "{'NotAction':'*'}}", "line 1, column 38: NotAction: not supported"},
    {HEAD "{'NotResource':'*'}}", "line 1, column 38: NotResource: not supported"},
    /* Principals. */
    {PRINCIPAL("'111122223333'"), "line 2, column 13: a Principal is \"*\" or an object with \"AWS\""},
    {PRINCIPAL("{}"), "line 2, column 14: a Principal lacks AWS"},
    {PRINCIPAL("{'AWS':[]}"), "line 2, column 21: an empty list"},
    {PRINCIPAL("{'AWS':[['*']]}"), "line 2, column 21: a principal is a text"},
    {PRINCIPAL("{'AWS':''}"), "line 2, column 20: an empty text"},
    {PRINCIPAL("{'Service':'s3.amazonaws.com'}"), "line 2, column 14: Service: not supported"},
    {PRINCIPAL("{'AWS':'*','Federated':'x'}"), "line 2, column 24: Federated: not supported"},
    {PRINCIPAL("{'AWS':'11112222333'}"), "line 2, column 20: \"11112222333\" is no account"},
    {PRINCIPAL("{'AWS':'arn:aws:iam::111122223333:role/*'}"), "line 2, column 20: a principal has no wildcards"},
    {PRINCIPAL("{'AWS':['*',\n'arn:aws:iam::111122223333:role/?']}"), "line 3, column 1: a principal has no wildcards"},
    {PRINCIPAL("{'AWS':'arn:aws:iam::111122223333:role/'}"),
     "line 2, column 20: \"arn:aws:iam::111122223333:role/\" is"},
    {PRINCIPAL("{'AWS':'arn:aws:iam::111122223333:'}"), "line 2, column 20: \"arn:aws:iam::111122223333:\" is no"},
    {PRINCIPAL("{'AWS':'arn:aws:iam::111122223333:user'}"), "line 2, column 20: \"arn:aws:iam::111122223333:user\" is"},
    {PRINCIPAL("{'AWS':'arn:aws:iam::111122223333:group/g'}"), "line 2, column 20: \"arn:aws:iam::111122223333:group"},
    {PRINCIPAL("{'AWS':'arn:aws:sts::111122223333:assumed-role/r'}"), "line 2, column 20: \"arn:aws:sts::1111"},
    {PRINCIPAL("{'AWS':'arn:aws:sts::111122223333:assumed-role/r/'}"), "line 2, column 20: \"arn:aws:sts::1111"},
    {PRINCIPAL("{'AWS':'arn:aws:sts::111122223333:assumed-role//s'}"), "line 2, column 20: \"arn:aws:sts::1111"},
    {PRINCIPAL("{'AWS':'arn:aws:iam::x11122223333:user/u'}"), "line 2, column 20: \"arn:aws:iam::x11122223333"},
    {PRINCIPAL("{'AWS':'arn:aws:iam::111122223333:assumed-role/r/s'}"), "line 2, column 20: \"arn:aws:iam::1111"},
    {PRINCIPAL("{'AWS':'arn:aws:sts::111122223333:role/r'}"), "line 2, column 20: \"arn:aws:sts::1111"},
    {PRINCIPAL("{'AWS':'arn:aws:iam:eu-central-1:111122223333:user/u'}"), "line 2, column 20: \"arn:aws:iam:eu"},
    {PRINCIPAL("{'AWS':'arn:aws:iam::11112222333x:user/u'}"), "line 2, column 20: \"arn:aws:iam::11112222333x"},
    {PRINCIPAL("{'AWS':'arn:azure:iam::111122223333:user/u'}"), "line 2, column 20: \"arn:azure:iam"},
    /* Actions and resources. */
    {ACTION("[]"), "line 2, column 11: an empty list"},
    {ACTION("''"), "line 2, column 10: an empty text"},
    {ACTION("null"), "line 2, column 10: an Action is a text"},
    {ACTION("'Decrypt'"), "line 2, column 10: the Action \"Decrypt\" is neither"},
    {ACTION("'kms:'"), "line 2, column 10: the Action \"kms:\" is neither"},
    {ACTION("['kms:*',\n's3:GetObject']"), "line 3, column 1: the Action \"s3:GetObject\" is neither"},
    {ACTION("'kms:De crypt'"), "line 2, column 10: the Action \"kms:De crypt\" is neither"},
    {ACTION("'**'"), "line 2, column 10: the Action \"**\" is neither"},
    {RESOURCE("'arn:aws:kms:eu-central-1:111122223333:key/k'"), "line 2, column 12: the Resource of a key policy"},
    {RESOURCE("[]"), "line 2, column 13: an empty list"},
    {RESOURCE("['*','x']"), "line 2, column 17: the Resource of a key policy"},
    /* Conditions. */
    {CONDITION("[]"), "line 2, column 13: a Condition is an object"},
    {CONDITION("{}"), "line 2, column 14: an empty Condition"},
    {CONDITION("{'StringEquals':{}}"), "line 2, column 30: an operator without condition keys"},
    {CONDITION("{'StringEquals':'x'}"), "line 2, column 29: an operator has an object of condition keys"},
    {CONDITION("{'StringEqual':{'a:b':'x'}}"), "line 2, column 14: no operator that is supported: \"StringEqual\""},
    {CONDITION("{'stringEquals':{'a:b':'x'}}"), "line 2, column 14: no operator that is supported"},
    {CONDITION("{'ArnLike':{'a:b':'x'}}"), "line 2, column 14: no operator that is supported"},
    {CONDITION("{'ForSomeValues:StringLike':{'a:b':'x'}}"), "line 2, column 14: no operator that is supported"},
    {CONDITION("{'IfExists':{'a:b':'x'}}"), "line 2, column 14: no operator that is supported"},
    {CONDITION("{'ForAnyValue:StringEqualsIfExists':{'a:b':'x'}}"), "line 2, column 14: ForAnyValue with IfExists"},
    {CONDITION("{'NullIfExists':{'a:b':'true'}}"), "line 2, column 14: Null stands alone"},
    {CONDITION("{'ForAllValues:Null':{'a:b':'true'}}"), "line 2, column 14: Null stands alone"},
    {CONDITION("{'Null':{'a:b':'yes'}}"), "line 2, column 28: the value of Null is true"},
    {CONDITION("{'Null':{'a:b':[true,false]}}"), "line 2, column 34: Null has one value"},
    {CONDITION("{'StringEquals':{'b':'x'}}"), "line 2, column 30: a condition key is a service, a colon and a name"},
    {CONDITION("{'StringEquals':{':b':'x'}}"), "line 2, column 30: a condition key is a service"},
    {CONDITION("{'StringEquals':{'a:':'x'}}"), "line 2, column 30: a condition key is a service"},
    {CONDITION("{'StringEquals':{'':'x'}}"), "line 2, column 30: an empty text"},
    {CONDITION("{'':{'a:b':'x'}}"), "line 2, column 14: an empty text"},
    {CONDITION("{'StringEquals\\n':{'a:b':'x'}}"), "line 2, column 14: a control character in a text"},
    {CONDITION("{'StringEquals':{'a:b\\n':'x'}}"), "line 2, column 30: a control character in a text"},
    {CONDITION("{'StringEquals':{'a:b':'\\n'}}"), "line 2, column 36: a control character in a text"},
    {CONDITION("{'StringEquals':{'a:b':[]}}"), "line 2, column 37: an empty list"},
    {CONDITION("{'StringEquals':{'a:b':1}}"), "line 2, column 36: a value to compare with is a text"},
    {CONDITION("{'StringEquals':{'a:b':true}}"), "line 2, column 36: a value to compare with is a text"},
    {CONDITION("{'StringEquals':{'a:b':'x','A:B':'y'}}"), "line 2, column 40: the condition key stands twice"},
    {CONDITION("{'StringEquals':{'a:a':'x','a:b':'x',\n'a:b':'y'}}"),
     "line 3, column 1: the condition key stands twice"},
    {CONDITION("{'StringLike':{'a:b':'x'},'StringEquals':{'a:b':'x'},\n'StringEquals':{'a:c':'y'}}"),
     "line 3, column 1: the operator stands twice"},
    {CONDITION("{'StringEquals':{'a:b':'x'},\n'StringEquals':{'a:c':'y'}}"),
     "line 3, column 1: the operator stands twice"},
    {CONDITION("{'StringEquals':{'a:b':'${aws:username}'}}"), "line 2, column 36: policy variables are not supported"},
    {CONDITION("{'StringLike':{'a:b':'${*x}'}}"), "line 2, column 34: policy variables are not supported"},
    {CONDITION("{'StringLike':{'a:b':'x${*'}}"), "line 2, column 34: policy variables are not supported"},
    {CONDITION("{'StringLike':{'kms:encryptioncontextkeys':'x'}}"),
     "line 2, column 28: kms:EncryptionContextKeys has many"},
};

static void what_is_wrong_is_told_with_its_place(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        grille_error error;
        assert_null(parse(documents[i].document, &error));
        if (strncmp(documents[i].error, error.text, strlen(documents[i].error)) != 0) {
            fail_msg("%s\nexpected: %s\nobserved: %s", documents[i].document, documents[i].error, error.text);
        }
        assert_int_equal(GRILLE_INVALID_ARGUMENT, error.code);
    }
}

static const char whole[] =
    " {\n'Id' : 'key-default-1', 'Version':'2012-10-17',\n'Statement':[\n"
    "  {'Sid':'Enable IAM User Permissions','Effect':'Allow','Principal':{'AWS':'arn:aws:iam::111122223333:root'},"
    "'Action':'kms:*','Resource':'*'},\n"
    "\t{'Resource':['*'],'Condition':{'StringEqualsIgnoreCase':{'kms:RecipientAttestation:PCR0':['a1','b2'],"
    "'kms:RecipientAttestation:PCR8':'c3'},'Null':{'kms:ViaService':true},'ForAllValues:StringLike':"
    "{'kms:EncryptionContextKeys':['App*','${*}']}},'Action':['kms:Decrypt','kms:Generate*'],'Principal':{'AWS':"
    "['444455556666','arn:aws-cn:iam::111122223333:role/team/Enclave','*']},'Effect':'Deny'}]} \n";

static void assert_text(const char *expected, grille_bytes text) {
    assert_int_equal(strlen(expected), text.len);
    assert_memory_equal(expected, text.data, text.len);
}

static void a_whole_policy_is_read(void **state) {
    grille_error error;
    key_policy *policy = parse(whole, &error);
    (void)state;
    assert_non_null(policy);
    assert_int_equal(GRILLE_OK, error.code);
    assert_string_equal("", error.text);
    assert_int_equal(2, policy->statement_count);
    assert_text("Enable IAM User Permissions", policy->statements[0].sid);
    assert_false(policy->statements[0].denies);
    assert_int_equal(4, policy->statements[0].line);
    assert_int_equal(3, policy->statements[0].column);
    assert_int_equal(0, policy->statements[0].conditions.count);
    assert_true(policy->statements[1].denies);
    assert_int_equal(5, policy->statements[1].line);
    assert_int_equal(2, policy->statements[1].column);
    assert_int_equal(4, policy->condition_count);
    assert_int_equal(KEY_POLICY_STRING_EQUALS_IGNORE_CASE, policy->conditions[1].comparison);
    assert_text("kms:RecipientAttestation:PCR8", policy->conditions[1].key);
    assert_text("c3", policy->texts[policy->conditions[1].values.first]);
    assert_int_equal(KEY_POLICY_NULL, policy->conditions[2].comparison);
    assert_true(policy->conditions[2].wants_absent);
    assert_int_equal(KEY_POLICY_FOR_ALL_VALUES, policy->conditions[3].set);
    assert_text("App\x01", policy->texts[policy->conditions[3].values.first]);
    assert_text("*", policy->texts[policy->conditions[3].values.first + 1]);
    assert_text("kms:Generate\x01", policy->texts[policy->statements[1].actions.first + 1]);
    assert_int_equal(3, policy->statements[1].principals.count);
    assert_int_equal(KEY_POLICY_ACCOUNT, policy->principals[0].kind);
    assert_text("111122223333", policy->principals[0].account);
    assert_int_equal(KEY_POLICY_ACCOUNT, policy->principals[1].kind);
    assert_int_equal(KEY_POLICY_ROLE, policy->principals[2].kind);
    assert_text("Enclave", policy->principals[2].role);
    assert_int_equal(KEY_POLICY_EVERYONE, policy->principals[3].kind);
    key_policy_free(policy);
}

static void names_may_be_empty(void **state) {
    grille_error error;
    key_policy *policy = parse("{'Id':'','Version':'2012-10-17','Statement':[{'Sid':'','Effect':'Deny','Principal':'*',"
                               "'Action':'*','Resource':'*'},{'Resource':'*','Sid':'','Effect':'Deny','Principal':'*',"
                               "'Action':'*'}]}",
                               &error);
    (void)state;
    assert_string_equal("", error.text);
    assert_non_null(policy);
    key_policy_free(policy);
}

static void a_policy_that_is_cut_is_none(void **state) {
    const size_t last = strlen(whole) - 2;
    grille_error error;
    (void)state;
    for (size_t len = 0; len < last; len++) {
        assert_null(parse_bytes(whole, len, &error));
        assert_int_equal(0, strncmp("line ", error.text, 5));
    }
    key_policy *policy = parse_bytes(whole, last, &error);
    assert_non_null(policy);
    key_policy_free(policy);
}

/* `before`, `count` times `each` with commas, `after`. */
static char *repeated(const char *before, const char *each, size_t count, const char *after) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    (void)fputs(before, out);
    for (size_t i = 0; i < count; i++)
        (void)fprintf(out, "%s%s", i > 0 ? "," : "", each);
    (void)fputs(after, out);
    assert_int_equal(0, fclose(out));
    return text;
}

static void assert_limit(char *fits, char *over, const char *expected) {
    grille_error error;
    key_policy *policy = parse(fits, &error);
    assert_string_equal("", error.text);
    assert_non_null(policy);
    key_policy_free(policy);
    assert_null(parse(over, &error));
    assert_non_null(strstr(error.text, expected));
    free(fits);
    free(over);
}

static void lists_have_limits(void **state) {
    const char *text = HEAD "{'Effect':'Deny','Principal':'*','Resource':'*','Action':[";
    const char *who = HEAD "{'Effect':'Deny','Action':'*','Resource':'*','Principal':{'AWS':[";
    (void)state;
    assert_limit(repeated(HEAD "[", ONE, 256, "]}"), repeated(HEAD "[", ONE, 257, "]}"), ": more than 256 statements");
    assert_limit(repeated(text, "'*'", 4096, "]}}"), repeated(text, "'*'", 4097, "]}}"),
                 ": more than 4096 actions and values");
    assert_limit(repeated(who, "'*'", 1024, "]}}}"), repeated(who, "'*'", 1025, "]}}}"), ": more than 1024 principals");
}

static char *with_conditions(size_t count) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    (void)fputs(HEAD "{'Effect':'Deny','Principal':'*','Action':'*','Resource':'*','Condition':{'Null':{", out);
    for (size_t i = 0; i < count; i++)
        (void)fprintf(out, "%s'a:%zu':true", i > 0 ? "," : "", i);
    (void)fputs("}}}}", out);
    assert_int_equal(0, fclose(out));
    return text;
}

static void conditions_texts_and_the_document_have_limits(void **state) {
    char text[KEY_POLICY_TEXT_BYTES + 2];
    (void)state;
    assert_limit(with_conditions(1024), with_conditions(1025), ": more than 1024 conditions");
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_limit(repeated("{'Version':'2012-10-17','Id':'", &text[1], 1, "','Statement':" ONE "}"),
                 repeated("{'Version':'2012-10-17','Id':'", text, 1, "','Statement':" ONE "}"),
                 "column 30: a text of 2049 bytes; at most 2048 are read");
    char blanks[KEY_POLICY_DOCUMENT_BYTES + 2];
    const size_t used = strlen(HEAD ONE "}");
    memset(blanks, ' ', sizeof blanks);
    blanks[KEY_POLICY_DOCUMENT_BYTES - used + 1] = '\0';
    assert_limit(repeated(HEAD ONE, &blanks[1], 1, "}"), repeated(HEAD ONE, blanks, 1, "}"),
                 "a policy of 32769 bytes; AWS KMS takes at most 32768");
}

int policy_parse_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(a_whole_policy_is_read),
        cmocka_unit_test(names_may_be_empty),
        cmocka_unit_test(a_policy_that_is_cut_is_none),
        cmocka_unit_test(lists_have_limits),
        cmocka_unit_test(conditions_texts_and_the_document_have_limits),
    };
    return cmocka_run_group_tests_name("policy_parse", tests, NULL, NULL);
}
