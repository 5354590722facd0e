#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: AWS's own client, boto3, takes kms-emulator for AWS KMS; what the service must refuse is refused with its errors;
what it has answered survives a restart and a kill. Argument: how often it is killed."""

import base64
import concurrent.futures
import datetime
import hashlib
import hmac
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest.mock
import warnings
from pathlib import Path

for name in list(os.environ):
    if name.lower().endswith("_proxy") or name.startswith("AWS_"):
        del os.environ[name]
os.environ.update(AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null")

import boto3  # noqa: E402
import botocore.config  # noqa: E402
import botocore.exceptions  # noqa: E402

EMULATOR = os.path.abspath("tools/kms_emulator/kms-emulator")
REGION, ACCOUNT = "eu-central-1", "111122223333"
BODY_MOST = 524288

failures = 0
folder = Path(tempfile.mkdtemp(prefix="kms.", dir="/tmp"))


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


def command(*arguments, status=0):
    done = subprocess.run([EMULATOR, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=60)
    same(done.returncode, status, "status of %s, which says %s" % (arguments, done.stderr))
    return done.stdout if status == 0 else done.stderr


known_credentials = {}
session = boto3.session.Session(region_name=REGION)


def credentials(name):
    if name not in known_credentials:
        known_credentials[name] = json.loads(command("show-credentials", folder, name, "--json"))
    return known_credentials[name]


class Server:
    """The folder, served; its port stays the same, so that a client can go on after a restart."""

    def __init__(self, *options, port=0):
        self.process = subprocess.Popen([EMULATOR, "serve", str(folder), "--listen", "127.0.0.1:%d" % port, *options],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("it does not serve: " + self.process.communicate()[1])
        assert "insecure" in line, line
        self.port = int(re.search(r"https://127\.0\.0\.1:(\d+) ", line)[1])

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        errors = self.process.communicate(timeout=60)[1]
        same(self.process.returncode, 0 if how == signal.SIGTERM else -how, "status of the server, which says " + errors)
        return errors

    def read_again(self):
        self.process.send_signal(signal.SIGHUP)
        same(self.process.stdout.readline(), "kms-emulator: read again\n", "what it says to SIGHUP")


def tls(version=None):
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


known_clients = {}


def client(server, name="developer", attempts=1, **changed):
    """A client of boto3 with the caller's keys; one for each use that is like another."""
    use = (server.port, name, attempts, *sorted(changed.items()))
    if use not in known_clients:
        known_clients[use] = make_client(server, name, attempts, **changed)
    return known_clients[use]


def make_client(server, name, attempts, **changed):
    keys = {"aws_access_key_id": "AccessKeyId", "aws_secret_access_key": "SecretAccessKey",
            "aws_session_token": "SessionToken"}
    known = credentials(name)
    arguments = {**{key: known.get(value) for key, value in keys.items()}, **changed}
    return session.client(
        "kms", endpoint_url="https://127.0.0.1:%d" % server.port, verify=str(folder / "ca.pem"),
        config=botocore.config.Config(retries={"total_max_attempts": attempts}), **arguments)


def refused(kind, function, *arguments, **named):
    """The error's message."""
    try:
        function(*arguments, **named)
    except botocore.exceptions.ClientError as error:
        same(error.response["Error"]["Code"], kind, "type of the error \"%s\"" % error)
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        same(status, 400, "status of " + kind)
        return error.response["Error"]["Message"]
    raise AssertionError("%s expected, but it was done" % kind)


def digest_of(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signed(action, body, name="developer", at=None, host="127.0.0.1", more=(), **scope):
    """Headers of a request, signed as AWS's General Reference says: no code of the client's or the server's."""
    keys = credentials(name)
    at = at or datetime.datetime.now(datetime.timezone.utc)
    date = at.strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": host, "content-type": "application/x-amz-json-1.1", "x-amz-date": date,
               "x-amz-target": "TrentService." + action, **dict(more)}
    if "SessionToken" in keys:
        headers["x-amz-security-token"] = keys["SessionToken"]
    names = ";".join(sorted(headers))
    canonical = "POST\n/\n\n%s\n%s\n%s" % ("".join("%s:%s\n" % (key, " ".join(headers[key].split()))
                                                   for key in sorted(headers)), names, hashlib.sha256(body).hexdigest())
    parts = [scope.get("day", date[:8]), scope.get("region", REGION), scope.get("service", "kms"), "aws4_request"]
    text = "AWS4-HMAC-SHA256\n%s\n%s\n%s" % (date, "/".join(parts), hashlib.sha256(canonical.encode()).hexdigest())
    key = ("AWS4" + keys["SecretAccessKey"]).encode()
    for part in parts:
        key = digest_of(key, part)
    headers["authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
        keys["AccessKeyId"], "/".join(parts), names, digest_of(key, text).hex())
    return headers


def send(server, headers, body, method="POST", path="/", chunked=False):
    """Status, type of the error or None, the answer."""
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=tls(), timeout=60)
    try:
        if chunked:
            connection.request(method, path, iter([body[:1], body[1:]]), headers, encode_chunked=True)
        else:
            connection.request(method, path, body, headers)
        answer = connection.getresponse()
        value = json.loads(answer.read())
        same(answer.getheader("content-type"), "application/x-amz-json-1.1", "content type")
        assert re.fullmatch(r"[0-9a-f-]{36}", answer.getheader("x-amzn-requestid")), "no request id"
        return answer.status, value.get("__type"), value
    finally:
        connection.close()


kept_connections = threading.local()


def ask(server, action, value, **named):
    """As send, signed, on a connection that this thread keeps."""
    body = json.dumps(value).encode()
    known = kept_connections.__dict__
    if known.get("server") is not server:
        known.update(server=server, connection=http.client.HTTPSConnection("127.0.0.1", server.port, context=tls(), timeout=60))
    known["connection"].request("POST", "/", body, signed(action, body, **named))
    answer = known["connection"].getresponse()
    value = json.loads(answer.read())
    return answer.status, value.get("__type"), value


def answered(server, action, value, **named):
    status, kind, answer = ask(server, action, value, **named)
    same((status, kind), (200, None), "answer to %s: %s" % (action, answer))
    return answer


def command_lines():
    for verb in ["init", "serve", "create-key", "put-policy", "list-keys", "add-credentials", "show-credentials"]:
        assert command(verb, "--help").startswith("usage: kms-emulator " + verb), verb
    command("help")
    nowhere = folder / "nothing"
    for line in [[], ["nothing"], ["init"], ["init", nowhere, "--region", "EU"], ["init", nowhere, "--account", "1"],
                 ["init", nowhere, "--listen", "0.0.0.0:1"], ["init", nowhere, "--listen", "127.0.0.1"],
                 ["init", nowhere, "--documents-at", "now"], ["init", nowhere, "more"], ["init", nowhere, "--regions", "x"],
                 ["serve"], ["serve", nowhere, "--throttle", "-1"], ["serve", nowhere, "--throttle"],
                 ["create-key"], ["create-key", nowhere, "--alias", "a b"], ["create-key", nowhere, "--alias", "aws/x"],
                 ["put-policy", nowhere, "x"], ["list-keys"], ["add-credentials", nowhere, "x"],
                 ["add-credentials", nowhere, "x", "--principal", "y", "--valid-seconds", "soon"],
                 ["show-credentials", nowhere]]:
        assert "usage: kms-emulator" in command(*line, status=2), line
    assert not nowhere.exists()
    command("serve", nowhere, status=1)


def a_folder_is_made_once():
    folder.rmdir()
    assert "development only" in command("init", folder)
    same(folder.stat().st_mode & 0o777, 0o700, "mode of the folder")
    for path in folder.iterdir():
        same(path.stat().st_mode & 0o077, 0, "what others may do with " + path.name)
    assert "holds something already" in command("init", folder, status=2)
    with tempfile.TemporaryDirectory(prefix="kms.", dir="/tmp") as other:
        assert "DNS name" in command("init", other, "--host", "a_b", status=2)
    with tempfile.TemporaryDirectory(prefix="kms.", dir="/tmp") as other:
        assert "is not one certificate" in command("init", other, "--root", EMULATOR, status=2)
    assert "principal" in command("add-credentials", folder, "x", "--principal", "arn:aws:iam::1:user/x", status=2)
    command("add-credentials", folder, "parent", "--principal", "arn:aws:iam::%s:role/Parent" % ACCOUNT, "--no-kms")
    command("add-credentials", folder, "stranger", "--principal", "arn:aws:iam::444455556666:user/stranger")
    command("add-credentials", folder, "late", "--principal", "arn:aws:iam::%s:role/Parent" % ACCOUNT, "--valid-seconds", "0")
    assert "already" in command("add-credentials", folder, "late", "--principal", "arn:aws:iam::%s:role/X" % ACCOUNT, status=2)
    assert "nobody" in command("show-credentials", folder, "nobody", status=2)
    shell = command("show-credentials", folder, "parent")
    for name in ["AWS_ACCESS_KEY_ID=ASIA", "AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN=", "AWS_REGION=" + REGION]:
        assert name in shell, shell


def boto3_uses_it_as_aws_kms():
    kms = client(server)
    made = kms.create_key(Description="of a test")["KeyMetadata"]
    key = made["KeyId"]
    assert made["Arn"] == "arn:aws:kms:%s:%s:key/%s" % (REGION, ACCOUNT, key), made
    kms.create_alias(AliasName="alias/test", TargetKeyId=key)
    same(kms.describe_key(KeyId="alias/test")["KeyMetadata"]["Arn"], made["Arn"], "what the alias stands for")
    assert key in [item["KeyId"] for item in kms.list_keys()["Keys"]]
    assert "alias/test" in [item["AliasName"] for item in kms.list_aliases()["Aliases"]]
    context = {"purpose": "test", "for": "\u00e4"}
    sealed = kms.encrypt(KeyId="alias/test", Plaintext=b"a plaintext of a test", EncryptionContext=context)
    opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
    same((opened["Plaintext"], opened["KeyId"]), (b"a plaintext of a test", made["Arn"]), "what was encrypted")
    data = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=context)
    same(len(data["Plaintext"]), 32, "length of a data key")
    same(kms.decrypt(CiphertextBlob=data["CiphertextBlob"], EncryptionContext=context)["Plaintext"], data["Plaintext"],
         "the data key")
    hidden = kms.generate_data_key_without_plaintext(KeyId=key, NumberOfBytes=64)
    assert "Plaintext" not in hidden
    same(len(kms.decrypt(CiphertextBlob=hidden["CiphertextBlob"])["Plaintext"]), 64, "length of the hidden one")
    first, second = (kms.generate_random(NumberOfBytes=32)["Plaintext"] for _ in range(2))
    assert len(first) == 32 and first != second


def boto3_hears_why_it_is_refused():
    kms = client(server)
    key = kms.describe_key(KeyId="alias/test")["KeyMetadata"]["KeyId"]
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
    refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=sealed, EncryptionContext={"a": "c"})
    refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=sealed)
    refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=b"nothing", EncryptionContext={"a": "b"})
    refused("IncorrectKeyException", kms.decrypt, CiphertextBlob=sealed, KeyId=other, EncryptionContext={"a": "b"})
    refused("NotFoundException", kms.encrypt, KeyId="alias/nothing", Plaintext=b"x")
    refused("AlreadyExistsException", kms.create_alias, AliasName="alias/test", TargetKeyId=key)
    refused("ValidationException", kms.generate_data_key, KeyId=key)
    kms.disable_key(KeyId=key)
    refused("DisabledException", kms.decrypt, CiphertextBlob=sealed, EncryptionContext={"a": "b"})
    refused("DisabledException", kms.generate_data_key, KeyId=key, KeySpec="AES_128")
    kms.enable_key(KeyId=key)
    same(kms.decrypt(CiphertextBlob=sealed, EncryptionContext={"a": "b"})["Plaintext"], b"x", "after it was enabled")
    kms.schedule_key_deletion(KeyId=other, PendingWindowInDays=7)
    refused("KMSInvalidStateException", kms.encrypt, KeyId=other, Plaintext=b"x")
    same(kms.cancel_key_deletion(KeyId=other)["KeyId"].split("/")[-1], other, "the key that stays")
    same(kms.describe_key(KeyId=other)["KeyMetadata"]["KeyState"], "Disabled", "its state")
    refused("AccessDeniedException", client(server, "parent").encrypt, KeyId=key, Plaintext=b"x")
    arn = "arn:aws:kms:%s:%s:key/%s" % (REGION, ACCOUNT, key)
    refused("AccessDeniedException", client(server, "stranger").encrypt, KeyId=arn, Plaintext=b"x")


def only_who_signs_is_heard():
    body = b"{}"
    good = signed("ListKeys", body)
    same(send(server, good, body)[:2], (200, None), "a good signature")
    same(send(server, {}, body)[:2], (400, "MissingAuthenticationTokenException"), "no signature")
    same(send(server, {**good, "authorization": "Bearer x"}, body)[:2], (400, "IncompleteSignatureException"), "another scheme")
    same(send(server, {**good, "authorization": good["authorization"][:-1]}, body)[:2],
         (400, "IncompleteSignatureException"), "a cut signature")
    flipped = good["authorization"][:-1] + ("0" if good["authorization"][-1] != "0" else "1")
    same(send(server, {**good, "authorization": flipped}, body)[:2], (400, "InvalidSignatureException"), "one digit")
    same(send(server, good, b"{ }")[:2], (400, "InvalidSignatureException"), "another body")
    same(send(server, {**good, "x-amz-target": "TrentService.CreateKey"}, body)[:2], (400, "InvalidSignatureException"),
         "another action")
    same(send(server, {**good, "host": "localhost"}, body)[:2], (400, "InvalidSignatureException"), "another host")
    same(send(server, {**good, "x-amz-more": "1"}, body)[:2], (400, "InvalidSignatureException"), "what is not signed")
    for scope in [{"region": "us-east-1"}, {"service": "s3"}, {"day": "20150830"}]:
        same(ask(server, "ListKeys", {}, **scope)[:2], (400, "InvalidSignatureException"), scope)
    refused("InvalidSignatureException", client(server, aws_secret_access_key="x" * 40).list_keys)
    refused("UnrecognizedClientException", client(server, aws_access_key_id="AKIAIOSFODNN7EXAMPLE").list_keys)
    refused("UnrecognizedClientException", client(server, "parent", aws_session_token="x").list_keys)
    refused("UnrecognizedClientException", client(server, aws_session_token="x").list_keys)
    refused("ExpiredTokenException", client(server, "late").list_keys)


def the_clock_may_be_five_minutes_off():
    now = datetime.datetime.now(datetime.timezone.utc)
    for minutes in [-4, 4]:
        at = now + datetime.timedelta(minutes=minutes)
        same(ask(server, "ListKeys", {}, at=at)[:2], (200, None), "%d minutes off" % minutes)
    for minutes, word in [(-6, "Signature expired"), (6, "Signature not yet current"), (-1500, "Signature expired")]:
        at = now + datetime.timedelta(minutes=minutes)
        status, kind, answer = ask(server, "ListKeys", {}, at=at)
        same((status, kind), (400, "InvalidSignatureException"), "%d minutes off" % minutes)
        assert answer["message"].startswith(word), answer


def what_is_no_request_is_refused():
    same(ask(server, "Frobnicate", {})[:2], (400, "UnknownOperationException"), "an unknown action")
    same(ask(server, "ReEncrypt", {})[1], "UnknownOperationException", "an action that is not here")
    for method, path in [("GET", "/"), ("PUT", "/"), ("POST", "/x"), ("POST", "/?x=1"), ("DELETE", "/")]:
        same(send(server, signed("ListKeys", b"{}"), b"{}", method, path)[1], "UnknownOperationException", (method, path))
    for body in [b"", b"[]", b"{", b"{}{}", b"\xff", b'{"KeyId":"a","KeyId":"b"}']:
        same(send(server, signed("DescribeKey", body), body)[:2], (400, "SerializationException"), body)
    many = signed("ListKeys", b"{}", more=[("header-%03d" % i, "x") for i in range(60)])
    same(send(server, many, b"{}")[:2], (400, "ValidationException"), "60 headers")
    few = signed("ListKeys", b"{}", more=[("header-%03d" % i, " a   b ") for i in range(8)])
    same(send(server, few, b"{}")[:2], (200, None), "headers with blanks")


def a_body_has_a_limit():
    def padded(size):
        return b"{" + b" " * (size - 2) + b"}"
    body = padded(BODY_MOST)
    same(send(server, signed("ListKeys", body), body)[:2], (200, None), "the longest body")
    same(send(server, signed("ListKeys", body), body, chunked=True)[:2], (200, None), "the same in chunks")
    for chunked in [False, True]:
        body = padded(BODY_MOST + 1)
        same(send(server, signed("ListKeys", body), body, chunked=chunked)[:2], (413, "RequestEntityTooLargeException"),
             "a body that is longer")


def tls_is_1_2_or_1_3_by_the_folders_ca():
    for version in [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]:
        with socket.create_connection(("127.0.0.1", server.port)) as plain:
            with tls(version).wrap_socket(plain, server_hostname="kms.%s.amazonaws.com" % REGION) as wrapped:
                assert wrapped.version() in ("TLSv1.2", "TLSv1.3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old = tls(ssl.TLSVersion.TLSv1_1)
    old.set_ciphers("ALL:@SECLEVEL=0")
    for context, name in [(ssl.create_default_context(), "localhost"), (tls(), "kms.us-east-1.amazonaws.com"),
                          (old, "localhost")]:
        with socket.create_connection(("127.0.0.1", server.port)) as plain:
            try:
                context.wrap_socket(plain, server_hostname=name)
                raise AssertionError("a connection that must not be: " + name)
            except ssl.SSLError:
                pass
    # Whatever is no TLS, and whoever leaves in the middle, harms nobody.
    for words in [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", os.urandom(64)]:
        with socket.create_connection(("127.0.0.1", server.port)) as plain:
            plain.sendall(words)
    with socket.create_connection(("127.0.0.1", server.port)) as plain:
        with tls().wrap_socket(plain, server_hostname="localhost") as wrapped:
            wrapped.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
    answered(server, "ListKeys", {})


def many_at_once_are_answered():
    sealed = answered(server, "Encrypt", {"KeyId": "alias/test", "Plaintext": base64.b64encode(b"many").decode()})
    body = json.dumps({"CiphertextBlob": sealed["CiphertextBlob"]}).encode()
    headers = signed("Decrypt", body)
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda _: send(server, headers, body), range(64)))
    for status, kind, answer in answers:
        same((status, kind, base64.b64decode(answer["Plaintext"])), (200, None, b"many"), "one of many")


def policy_file():
    key = answered(server, "DescribeKey", {"KeyId": "alias/test"})["KeyMetadata"]["KeyId"]
    return key, folder / "policies" / (key + ".json")


def denying(action, policy):
    changed = json.loads(policy)
    changed["Statement"].append({"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"})
    return json.dumps(changed)


def policies_are_files():
    key, path = policy_file()
    kms, before = client(server), path.read_text()
    same(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"], before, "the key's policy")
    path.write_text(denying("kms:Encrypt", before))
    kms.encrypt(KeyId=key, Plaintext=b"x")
    server.read_again()
    refused("AccessDeniedException", kms.encrypt, KeyId=key, Plaintext=b"x")
    path.write_text("{")
    server.read_again()
    line = server.process.stderr.readline()
    assert "it is passed over" in line, line
    refused("AccessDeniedException", kms.encrypt, KeyId=key, Plaintext=b"x")
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=denying("kms:Decrypt", before))
    same(path.read_text(), denying("kms:Decrypt", before), "the file of what was put")
    kms.encrypt(KeyId=key, Plaintext=b"x")
    refused("MalformedPolicyDocumentException", kms.put_key_policy, KeyId=key, PolicyName="default", Policy="{}")
    (folder / "before.json").write_text(before)
    command("put-policy", folder, "alias/test", folder / "before.json")
    same(path.read_text(), before, "the file of what was put by command")
    same(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"], before, "and the service's")
    assert "is not there" in command("put-policy", folder, "alias/nothing", folder / "before.json", status=2)
    assert "line 2" in command("put-policy", folder, key, folder / "settings.json", status=2)


def a_key_may_be_made_while_it_serves():
    arn = command("create-key", folder, "--alias", "second").strip()
    same(answered(server, "DescribeKey", {"KeyId": "alias/second"})["KeyMetadata"]["Arn"], arn, "the new key")
    assert "alias/second is taken" in command("create-key", folder, "--alias", "second", status=2)
    lines = command("list-keys", folder).splitlines()
    assert arn + " Enabled alias/second" in lines, lines


def callers_are_read_again():
    command("add-credentials", folder, "new", "--principal", "arn:aws:iam::%s:user/new" % ACCOUNT)
    refused("UnrecognizedClientException", client(server, "new").list_keys)
    server.read_again()
    client(server, "new").list_keys()
    good = (folder / "credentials.json").read_text()
    (folder / "credentials.json").write_text("[{}]")
    server.process.send_signal(signal.SIGHUP)
    line = server.process.stderr.readline()
    assert "not read again" in line, line
    (folder / "credentials.json").write_text(good)
    client(server).list_keys()


def the_log_tells_everything_but_secrets():
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    names = {event["eventName"] for event in events}
    assert {"Encrypt", "Decrypt", "CreateKey", "PutKeyPolicy"} <= names, names
    codes = {event.get("errorCode") for event in events}
    expected = {"InvalidSignatureException", "DisabledException", "MissingAuthenticationTokenException", "AccessDenied"}
    assert expected <= codes, codes
    text = (folder / "events.jsonl").read_text()
    for name in ["developer", "parent"]:
        keys = credentials(name)
        assert keys["AccessKeyId"] in text
        for secret in ["SecretAccessKey", "SessionToken"]:
            assert secret not in keys or keys[secret] not in text, secret
    for plain in [b"a plaintext of a test", b"many"]:
        assert plain.decode() not in text and base64.b64encode(plain).decode() not in text, plain


def a_restart_changes_nothing():
    global server
    sealed = client(server).encrypt(KeyId="alias/test", Plaintext=b"kept")["CiphertextBlob"]
    before = client(server).list_aliases()["Aliases"]
    same(server.end(), "", "what it says at its end")
    server = Server(port=server.port)
    same(client(server).list_aliases()["Aliases"], before, "the aliases")
    same(client(server).decrypt(CiphertextBlob=sealed)["Plaintext"], b"kept", "what was encrypted before")


def busy_services_are_asked_again():
    global server
    server.end()
    server = Server("--throttle", "3")
    same(ask(server, "ListKeys", {})[:2], (400, "ThrottlingException"), "the first request")
    same(send(server, {}, b"{}")[:2], (400, "MissingAuthenticationTokenException"), "one that is not signed")
    with unittest.mock.patch("botocore.endpoint.time.sleep"):
        client(server, attempts=4).list_keys()
    same(ask(server, "ListKeys", {})[:2], (200, None), "after three")


def nothing_that_was_answered_is_lost_by_a_kill():
    """Writers make keys, aliases and policies until the service is killed after so many answers; each answered one is
    there afterwards, with a ciphertext that opens."""
    global server
    default = policy_file()[1].read_text()
    port, kept = server.port, {}
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    for round_number in range(rounds):
        acknowledged, enough = {}, threading.Event()

        def write(number):
            try:
                for step in range(1000):
                    made = answered(server, "CreateKey", {})["KeyMetadata"]["KeyId"]
                    acknowledged[made] = {}
                    alias = "alias/r%d-%d-%d" % (round_number, number, step)
                    answered(server, "CreateAlias", {"AliasName": alias, "TargetKeyId": made})
                    acknowledged[made]["alias"] = alias
                    policy = denying("kms:Sign", default)
                    answered(server, "PutKeyPolicy", {"KeyId": made, "PolicyName": "default", "Policy": policy})
                    acknowledged[made]["policy"] = policy
                    sealed = answered(server, "Encrypt", {"KeyId": made, "Plaintext": "a2VwdA=="})
                    acknowledged[made]["sealed"] = sealed["CiphertextBlob"]
                    if len(acknowledged) > round_number % 7 + 3:
                        enough.set()
            except (OSError, http.client.HTTPException):
                pass  # it was killed

        writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
        for writer in writers:
            writer.start()
        assert enough.wait(60), "too slow: %d keys" % len(acknowledged)
        server.end(signal.SIGKILL)
        for writer in writers:
            writer.join()
        kept.update(acknowledged)
        server = Server(port=port)
        for key, made in kept.items():
            answered(server, "DescribeKey", {"KeyId": made.get("alias", key)})
            if "policy" in made:
                same(answered(server, "GetKeyPolicy", {"KeyId": key})["Policy"], made["policy"], "policy")
                same((folder / "policies" / (key + ".json")).read_text(), made["policy"], "policy in its file")
            if "sealed" in made:
                same(answered(server, "Decrypt", {"CiphertextBlob": made["sealed"]})["Plaintext"], "a2VwdA==", "plaintext")
    listed = {item["KeyId"] for item in answered(server, "ListKeys", {"Limit": 1000})["Keys"]}
    assert set(kept) <= listed and len(kept) >= 3 * rounds, len(kept)


server = None
case(command_lines)
case(a_folder_is_made_once)
server = Server()
for test in [boto3_uses_it_as_aws_kms, boto3_hears_why_it_is_refused, only_who_signs_is_heard,
             the_clock_may_be_five_minutes_off, what_is_no_request_is_refused, a_body_has_a_limit,
             tls_is_1_2_or_1_3_by_the_folders_ca, many_at_once_are_answered, policies_are_files,
             a_key_may_be_made_while_it_serves, callers_are_read_again, the_log_tells_everything_but_secrets,
             a_restart_changes_nothing, busy_services_are_asked_again, nothing_that_was_answered_is_lost_by_a_kill]:
    case(test)
server.process.kill()
server.process.wait()
subprocess.run(["rm", "-rf", str(folder)], check=True)
sys.exit(failures != 0)
