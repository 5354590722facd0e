#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: grille kms encrypt and create-data-key ask a service as AWS's own programs do, over TLS that they check, and say
what was refused; the emulator answers, and boto3 opens what they made. The key policies that grille kms prints are taken
by the emulator, and keep the key from the parent."""

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

for name in list(os.environ):
    if name.lower().endswith("_proxy") or name.startswith("AWS_"):
        del os.environ[name]
os.environ.update(AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null")

import boto3  # noqa: E402
import botocore.exceptions  # noqa: E402

EMULATOR, GRILLE = os.path.abspath("tools/kms_emulator/kms-emulator"), os.path.abspath("tools/grille/grille")
failures = 0
folder = Path(tempfile.mkdtemp(prefix="kms.", dir="/tmp"))
os.chdir(folder)


def case(function):
    global failures
    name = function.__name__.replace("_", " ")
    print("[ RUN      ] " + name, flush=True)
    try:
        function()
        print("[       OK ] " + name, flush=True)
    except Exception as error:  # whatever it is, the others go on
        failures += 1
        print("  %s: %s\n[  FAILED  ] %s" % (type(error).__name__, error, name), flush=True)


def same(observed, expected, what):
    assert observed == expected, "%s: observed %r, expected %r" % (what, observed, expected)


def emulator(*arguments):
    return subprocess.run([EMULATOR, *arguments], check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout


class Server:
    def __init__(self, *options):
        self.process = subprocess.Popen([EMULATOR, "serve", "emulator", "--listen", "127.0.0.1:0", *options],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = int(re.search(r"https://127\.0\.0\.1:(\d+) ", self.process.stdout.readline())[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate(timeout=60)


emulator("init", "emulator")
KEY = emulator("create-key", "emulator").strip()
who = json.loads(emulator("show-credentials", "emulator", "developer", "--json"))
environment = dict(os.environ, AWS_ACCESS_KEY_ID=who["AccessKeyId"], AWS_SECRET_ACCESS_KEY=who["SecretAccessKey"])
server = Server()
client = boto3.client("kms", region_name="eu-central-1", endpoint_url="https://127.0.0.1:%d" % server.port,
                      verify="emulator/ca.pem", aws_access_key_id=who["AccessKeyId"],
                      aws_secret_access_key=who["SecretAccessKey"])


def grille(*arguments, status=0, at=None, ca="emulator/ca.pem", key=None, env=None, stdin=b"", says=""):
    given = ["--key", key or KEY, "--ca", ca, "--to", at or "tcp:127.0.0.1:%d" % server.port]
    done = subprocess.run([GRILLE, "kms", arguments[0], *given, *arguments[1:]], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=env or environment, timeout=60)
    errors = done.stderr.decode()
    same(done.returncode, status, "status of %s, which says %s" % (arguments, errors))
    assert says in errors, "%s lacks %s" % (errors, says)
    for secret in [who["SecretAccessKey"], "a secret of the data"]:
        assert secret not in errors and secret not in done.stdout.decode(), "it tells a secret"
    return done.stdout.decode()


def decrypt(ciphertext, context):
    return client.decrypt(CiphertextBlob=ciphertext, KeyId=KEY, EncryptionContext=context)["Plaintext"]


def what_is_encrypted_opens():
    Path("plain").write_bytes(b"a secret of the data")
    for arguments, context in [((), {}), (("--context", "App=cards", "--context", "Ünicode \"n\"=a=b\\"),
                                          {"App": "cards", "Ünicode \"n\"": "a=b\\"})]:
        text = grille("encrypt", *arguments, "plain")
        assert text.endswith("\n") and text.count("\n") == 1, text
        same(decrypt(base64.b64decode(text, validate=False), context), b"a secret of the data", "plaintext")
    text = grille("encrypt", "--context", "App=cards", "-", stdin=bytes(range(256)) * 16)
    same(decrypt(base64.b64decode(text), {"App": "cards"}), bytes(range(256)) * 16, "of standard input")
    try:
        decrypt(base64.b64decode(text), {"App": "other"})
        raise AssertionError("it opens in another context")
    except botocore.exceptions.ClientError as error:
        same(error.response["Error"]["Code"], "InvalidCiphertextException", "error")


def data_keys_open():
    for arguments, length in [((), 32), (("--bytes", "1"), 1), (("--bytes=1024",), 1024)]:
        same(len(decrypt(base64.b64decode(grille("create-data-key", *arguments)), {})), length, "bytes")
    same(grille("create-data-key", "--context", "App=cards", "-o", "made/wrapped.key"), "", "output")
    same(len(decrypt(Path("made/wrapped.key").read_bytes(), {"App": "cards"})), 32, "bytes in the file")
    grille("create-data-key", "-o", "made/wrapped.key", status=1, says="File exists")


def credentials_of_a_file():
    Path("credentials").write_text("[default]\naws_access_key_id = %s\naws_secret_access_key = wrong\n"
                                   "[work]\naws_access_key_id = %s\naws_secret_access_key = %s\n"
                                   % (who["AccessKeyId"], who["AccessKeyId"], who["SecretAccessKey"]))
    bare = dict(os.environ, HOME=str(folder))
    grille("encrypt", "--file", "credentials", "--profile", "work", "plain", env=bare)
    grille("encrypt", "--file", "credentials", "plain", env=bare, status=4, says="Signature")
    grille("encrypt", "plain", env=bare, status=1, says="KMS-SOURCE-EMPTY")
    grille("encrypt", "--file", "plain", "plain", env=bare, status=1, says="no profile [default]")


def what_the_service_refuses_is_said():
    grille("encrypt", "plain", key=KEY[:-4] + "beef", status=4, says="NotFoundException: ")
    client.disable_key(KeyId=KEY)
    grille("encrypt", "plain", status=4, says="DisabledException: ")
    client.enable_key(KeyId=KEY)
    grille("encrypt", "plain", key=KEY.replace("eu-central-1", "eu-west-1"), status=1, says="ATTEST-CERT-NAME")


def a_busy_service_is_asked_again():
    with Server("--throttle", "3") as busy:
        grille("create-data-key", at="tcp:127.0.0.1:%d" % busy.port)
    with Server("--throttle", "4") as busy:
        grille("create-data-key", at="tcp:127.0.0.1:%d" % busy.port, status=1, says="ThrottlingException: ")
        grille("create-data-key", at="tcp:127.0.0.1:%d" % busy.port)


def who_is_not_the_service_gets_nothing():
    subprocess.run([GRILLE, "identity", "new", "ca", "other"], check=True, stdout=subprocess.DEVNULL)
    grille("encrypt", "plain", ca="other/ca.pem", status=1, says="ATTEST-CERT-UNKNOWN-ISSUER")
    grille("encrypt", "--host", "kms.example", "plain", status=1, says="ATTEST-CERT-NAME")
    with Server() as gone:
        address = "tcp:127.0.0.1:%d" % gone.port
    grille("encrypt", "plain", at=address, status=1, says="LOOP-DIAL: " + address)
    grille("encrypt", "plain", at="unix:/tmp/no/such/socket", status=1, says="LOOP-DIAL")


def names_are_looked_up():
    done = subprocess.run([GRILLE, "kms", "create-data-key", "--key", KEY, "--ca", "other/ca.pem", "--host", "localhost"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True, timeout=60)
    same(done.returncode, 1, done.stderr)
    assert ":443: " in done.stderr, done.stderr


def a_printed_policy_keeps_the_key_from_the_parent():
    role = json.loads(Path("emulator/credentials.json").read_text())
    measured = {"Measurements": {"HashAlgorithm": "Sha384 { ... }", "PCR0": "3f" * 48, "PCR1": "4f" * 48, "PCR2": "5f" * 48}}
    Path("measurements.json").write_text(json.dumps(measured))
    principal = re.search(r"arn:aws:(?:iam|sts)::(\d+):[^\"]+", json.dumps(role))
    own_role = "arn:aws:iam::%s:role/Host" % principal[1]
    policy = subprocess.run([GRILLE, "kms", "policy", "--key", KEY, "--role", own_role, "--producer", principal[0],
                             "--admin", principal[0], "measurements.json"],
                            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    wrapped = base64.b64decode(grille("create-data-key"))
    client.put_key_policy(KeyId=KEY, PolicyName="default", Policy=policy)
    grille("encrypt", "plain")
    grille("create-data-key")
    for opens in [lambda: decrypt(wrapped, {}), lambda: client.create_grant(KeyId=KEY, GranteePrincipal=own_role,
                                                                          Operations=["Decrypt"])]:
        try:
            opens()
            raise AssertionError("the parent's side can open it")
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] in ("AccessDeniedException", "UnknownOperationException",
                                                       "UnsupportedOperationException"), error


def wrong_arguments():
    Path("empty").write_bytes(b"")
    Path("large").write_bytes(bytes(4097))
    for arguments in [("encrypt",), ("encrypt", "plain", "plain"), ("encrypt", "nowhere"), ("encrypt", "empty"),
                      ("encrypt", "large"), ("encrypt", "--context", "x", "plain"), ("encrypt", "--context", "=x", "plain"),
                      ("encrypt", "--context", "a=b", "--context", "a=c", "plain"), ("encrypt", "--to", "x", "plain"),
                      ("encrypt", "--host", "h" * 300, "plain"), ("encrypt", "--imds", "x", "plain"),
                      ("create-data-key", "x"), ("create-data-key", "--bytes", "0"), ("create-data-key", "--bytes", "1025"),
                      ("create-data-key", "--bytes", "x"), ("create-data-key", "--bytes", "")]:
        grille(*arguments, status=2, says="usage: ")
    grille("encrypt", "plain", ca="plain", status=2, says="is not PEM of certificates only")
    grille("encrypt", "plain", ca="empty", status=2, says="has no certificate")
    grille("encrypt", "plain", ca="nowhere", status=2, says="nowhere")
    grille("encrypt", "plain", at="tcp:example.org:443", status=2, says="usage: ")
    grille("encrypt", "plain", key="alias/x", status=2, says="--key is an ARN")
    for verb in ["encrypt", "create-data-key"]:
        done = subprocess.run([GRILLE, "kms", verb, "--help"], stdout=subprocess.PIPE, text=True)
        same(done.returncode, 0, "--help")
        assert "--context" in done.stdout, done.stdout


try:
    for one in [what_is_encrypted_opens, data_keys_open, credentials_of_a_file, what_the_service_refuses_is_said,
                a_busy_service_is_asked_again, who_is_not_the_service_gets_nothing, names_are_looked_up, wrong_arguments,
                a_printed_policy_keeps_the_key_from_the_parent]:
        case(one)
finally:
    server.__exit__()
    subprocess.run(["rm", "-rf", str(folder)], check=True)
sys.exit(failures != 0)
