"""Secrets in texts that are quoted: known ones in all forms, and whatever looks like one."""

import json
import time
from urllib.parse import quote, quote_plus

import pytest

from mfwidgets.config import read_configuration
from mfwidgets.errors import MetaflowException, problem_of
from mfwidgets.redaction import (
    redact,
    redact_message,
    redact_selector,
    remember_secrets,
    secrets_in,
    secrets_in_variables,
)

SECRET = 'pa55 "wörd"/\\&S3CRET'


@pytest.mark.parametrize(
    "sent", [str, repr, json.dumps, quote, quote_plus, lambda text: text.encode("unicode_escape").decode()]
)
def test_a_known_secret_is_removed_in_all_forms(sent):
    remember_secrets([SECRET])
    for remove in (redact, redact_message):
        assert remove(f"it says {sent(SECRET)} twice: {sent(SECRET)}").count("S3CRET") == 0


@pytest.mark.parametrize(
    "text",
    [
        "x-api-key: S3CRET", "token=S3CRET", '{"password": "S3CRET"}', "Authorization: Bearer S3CRET",
        "Authorization=Basic S3CRET", "AWS_SECRET_ACCESS_KEY=S3CRET", "sig=S3CRET&x=1", "set-cookie: S3CRET",
        "https://S3CRET@host/x", "https://ann:S3CRET@host", "https:/ann:S3CRET@host", "http:///ann:S3CRET@host",
        "https:\\\\ann:S3CRET@host", "ann:S3CRET@host", "https://host/?x=S3CRET", "https://host/#S3CRET",
        "https://ann:with blank S3CRET@host", "eyJhbGciOiJIUzI1NiJ9.S3CRET.x", "s3://KEY:S3CRET@bucket/x",
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_removed(text):
    assert "S3CRET" not in redact(f"cannot open {text}")
    assert redact(f"cannot open {text}").startswith("cannot open ")


@pytest.mark.parametrize(
    "text",
    [
        "https://host:8080/path, and http://[::1]:80/x.",
        "Expected a URL, got 'https://[::1'. Try metadata('service@https://HOST').",
        "The author is authorised: see C:\\x",
        "user:ann",
        "10:30:00 to 11:00",
        "a monkey: b",
    ],
)
def test_what_is_not_secret_stays(text):
    assert redact_message(text) == text
    if "monkey" not in text and "@" not in text:
        assert redact(text) == text


@pytest.mark.parametrize(
    ("selector", "shown"),
    [
        ("http://ann:pw@host/x", "http://host/x"), ("service@https://ann:p/w@host", "service@https://host"), ("local@/data/x", "local@/data/x"),
        ("ann:pw@host:8080", "***@host:8080"), ("host:password", "host:***"), ("host:8080", "host:8080"), ("C:\\runs", "C:\\runs"),
    ],
)  # fmt: skip
def test_selectors(selector, shown):
    assert redact_selector(selector) == shown


def test_an_error_shows_no_configured_secret(tmp_path):
    read_configuration({"METAFLOW_SERVICE_HEADERS": json.dumps({"x": "Bearer HDR-S3CRET"}), "HTTPS_PROXY": "http://a:PR0XY-S3CRET@h"}, tmp_path)  # fmt: skip
    error = MetaflowException("got HDR-S3CRET and PR0XY-S3CRET")
    assert str(error) == "got *** and ***"
    assert problem_of(ValueError("got HDR-S3CRET")) == "ValueError: got ***"


def test_words_that_occur_everywhere_stay_in_our_messages():
    remember_secrets(["other", "metaflow", "ab"])
    assert redact_message("another metaflow cab") == "another metaflow cab"
    assert redact("an other cab") == "an *** cab"


def test_secrets_of_any_type_are_found():
    assert secrets_in({"a": ["x1", {"b": b"y1"}], "c": 5}) == {"x1", "y1", "5"}
    assert "PASS" in secrets_in("Basic YW5uOlBBU1M=")
    assert secrets_in_variables({"METAFLOW_UI_URL": "https://ann:pw@h", "METAFLOW_USER": "ann"}) >= {"pw"}


@pytest.mark.parametrize("part", ["http:/", "http://a:b", "a:", "key=", "key", ".", "eyJaaaaaaaa.", "a", "@", ":"])
def test_a_long_text_takes_no_long_time(part):
    began = time.process_time()
    redact("http://" + part * (1_000_000 // len(part)))
    assert time.process_time() - began < 10
