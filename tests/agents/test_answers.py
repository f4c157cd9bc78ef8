"""Answers for agents: compact, bounded, without secrets and hidden characters; and the text of cards."""

import json

import pytest

from mfwidgets.agents.answers import MAX_ANSWER_CHARS, answer_text
from mfwidgets.agents.card_text import card_text
from mfwidgets.redaction import remember_secrets


def answer(facts):
    text = answer_text(facts)
    assert len(text) <= MAX_ANSWER_CHARS
    return json.loads(text)


def test_empty_and_repeated_values_are_left_out():
    run = {"pathspec": "F/1", "reason": None, "note": "", "duration": 1.5, "duration_seconds": 1.5, "user_tags": []}
    assert answer({"runs": [run], "more": False}) == {"runs": [{"pathspec": "F/1", "duration": 1.5}], "more": False}


def test_an_empty_list_is_an_answer():
    assert answer({"runs": [], "note": "", "flow": "F"}) == {"runs": [], "flow": "F"}


def test_long_lists_are_cut_with_a_note():
    found = answer({"tasks": [{"pathspec": f"F/1/start/{number}", "status": "completed"} for number in range(5_000)]})
    assert 100 <= len(found["tasks"]) < 5_000
    assert found["left_out"] == [f"tasks: the first {len(found['tasks']):,} of 5,000"]


def test_of_logs_the_end_is_kept():
    found = answer({"text": "begin\n" + "x\n" * 10**6 + "end"})
    assert found["text"].endswith("end")
    assert "characters" in found["left_out"][0]
    found = answer({"source": "begin\n" + "y\n" * 10**6 + "end"})
    assert found["source"].startswith("begin\n")


@pytest.mark.parametrize(
    "facts",
    [
        {f"key{number}": "v" * 100 for number in range(100_000)},
        {"rows": [["x" * 1_000] * 1_000] * 1_000},
        {"deep": [[[[["\n" * 500] * 50] * 50] * 20] * 5]},
        {"a" * 10**6: 1},
        {"text": "\u202e" * 10**6},
    ],
)
def test_anything_fits(facts):
    answer(facts)


def test_secrets_and_hidden_characters():
    remember_secrets(["hunter2-SECRET"])
    found = answer({"text": "key hunter2-SECRET\n\x1b[2J\u202e https://ann:pw123@example.org/x", "hunter2-SECRET": 1})
    assert "SECRET" not in json.dumps(found)
    assert "pw123" not in json.dumps(found)
    assert found["text"].split("\n")[1].startswith("\\x1b[2J\\u202e")


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<h1>Title</h1><p>One &amp; two</p>", "Title\nOne & two"),
        ("<script>alert('<p>no</p>')</script>yes", "yes"),
        ("<STYLE>p {}</STYLE ><p>yes", "yes"),
        ("<!-- <p>no</p> -->yes<!-- open", "yes"),
        ("yes<script>never ends", "yes"),
        ("a   b\t\tc\n\n\n d", "a b c\nd"),
        ("1 < 2", "1"),
        ("", ""),
    ],
)
def test_the_text_of_cards(page, text):
    assert card_text(page) == text


@pytest.mark.parametrize("piece", ["<", "<script>", "<!--", "<p", "</script", "&lt;", "<style></style"])
def test_hostile_cards_take_linear_time(piece):
    assert isinstance(card_text(piece * 300_000), str)
