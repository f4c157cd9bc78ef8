"""The filter language for runs: what is accepted, how it is written, and what errors say."""

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.queries.expressions.completing import complete_expression
from mfwidgets.queries.expressions.literals import literal_of, quoted, unquoted, value_text
from mfwidgets.queries.expressions.parsing import MAX_CHARS, parse_expression
from mfwidgets.queries.expressions.terms import (
    KEYS,
    LISTS,
    MOMENTS,
    OPERATORS,
    ORDERS,
    KeyTerm,
    RunExpression,
    ValueTerm,
    WordTerm,
)
from mfwidgets.queries.run_filter import RUN_STATUSES

# -- the language -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", ()),
        (" \t\n\u00a0", ()),
        ("rmse<0.3", (ValueTerm("rmse", "<", "0.3"),)),
        ("rmse < 0.3", (ValueTerm("rmse", "<", "0.3"),)),
        ("rmse<= -1e-3 x>=.5", (ValueTerm("rmse", "<=", "-1e-3"), ValueTerm("x", ">=", ".5"))),
        ("a==1", (ValueTerm("a", "=", "1"),)),
        ("optimizer=adam", (ValueTerm("optimizer", "=", "adam"),)),
        ('optimizer="adam"', (ValueTerm("optimizer", "=", "adam"),)),
        ("version='1'", (ValueTerm("version", "=", '"1"'),)),
        ("version~'1'", (ValueTerm("version", "~", "1"),)),
        ("label='two words'", (ValueTerm("label", "=", '"two words"'),)),
        ("label='it''s'", (ValueTerm("label", "=", '"it\'s"'),)),
        ('x=""', (ValueTerm("x", "=", '""'),)),
        ("\u00f6fen.l\u00e4nge!=3", (ValueTerm("\u00f6fen.l\u00e4nge", "!=", "3"),)),
        ("'val loss'<1", (ValueTerm("val loss", "<", "1"),)),
        ("url~http://x/?y", (ValueTerm("url", "~", "http://x/?y"),)),
        ("status:Failed,running", (KeyTerm("status", ("failed", "running")),)),
        ("Status:failed", (KeyTerm("status", ("failed",)),)),
        ("since:7d until:2026-01-31T12:00+01:00", (KeyTerm("since", ("7d",)), KeyTerm("until", ("2026-01-31T12:00+01:00",)))),
        ("tag:team:blue tag:a=b,c", (KeyTerm("tag", ("team:blue",)), KeyTerm("tag", ("a=b,c",)))),
        ('user:ann,"bob, jr"', (KeyTerm("user", ("ann", "bob, jr")),)),
        ("-tag:nightly !user:ann", (KeyTerm("tag", ("nightly",), negated=True), KeyTerm("user", ("ann",), negated=True))),
        ("a !tag:x", (WordTerm("a"), KeyTerm("tag", ("x",), negated=True))),
        ("nightly -old 'two words' -\"it's\"", (WordTerm("nightly"), WordTerm("old", negated=True), WordTerm("two words"), WordTerm("it's", negated=True))),
        ("'and' '-x' 'a:b' '(a)'", (WordTerm("and"), WordTerm("-x"), WordTerm("a:b"), WordTerm("(a)"))),
        ("or=1", (ValueTerm("or", "=", "1"),)),
        ("a a a=1 a = 1", (WordTerm("a"), ValueTerm("a", "=", "1"))),
    ],
)  # fmt: skip
def test_terms(text, terms):
    expression = parse_expression(text)
    assert expression.terms == terms
    assert parse_expression(expression.described()) == expression


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("-7", -7), ("+7", 7), ("1.", 1.0), (".5", 0.5), ("1e-3", 0.001), ("1E5", 1e5), ("007", 7),
        ("true", True), ("False", False), ("none", None), ("NULL", None), ("inf", math.inf), ("-inf", -math.inf),
        ("1_000", "1_000"), ("0x10", "0x10"), ("1e", "1e"), (".", "."), ("\u0661", "\u0661"), ("adam", "adam"), ("2026-01-31", "2026-01-31"),
        ("9" * 2_001, "9" * 2_001),
    ],
)  # fmt: skip
def test_literals(text, value):
    assert literal_of(text) == value
    assert type(literal_of(text)) is type(value)


def test_not_a_number_is_a_literal():
    assert math.isnan(literal_of("NaN"))


def test_the_value_of_a_term():
    values = [term.values for term in parse_expression("a=1 b='1' c~1 d=none e=x f=1,x,'2,3' g!=a,b,a h~1,2").terms]
    assert values == [(1,), ("1",), ("1",), (None,), ("x",), (1, "x", "2,3"), ("a", "b"), ("1,2",)]


def test_terms_are_grouped_by_name():
    by_name = parse_expression("a>1 b=2 a<3").value_terms
    assert {name: [term.described() for term in terms] for name, terms in by_name.items()} == {
        "a": ["a>1", "a<3"],
        "b": ["b=2"],
    }


# -- errors: the position, the reason, and what to do -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "position", "reason", "advice"),
    [
        ("rmse<", 6, "Expected a value after rmse<, got the end", "Try rmse<0.3."),
        ("x~ ", 4, "Expected a value after x~", "Try x~text."),
        ("<3", 1, "Expected a name before <, got '<3'", "Try rmse<0.3."),
        ("a=1 != 3", 5, "Expected a name before !=", "Try rmse!=0.3."),
        ('""=3', 1, "Expected a name before =", "Try rmse=0.3."),
        ("rmse=<3", 5, "Expected one of the operators = != < <= > >= ~, got '=<'", "Try <=."),
        ("rmse<>3", 5, "operators", "Try !=."),
        ("rmse\u22643", 5, "operators", "Try <=."),
        ("rmse=~3", 5, "operators", "Try ~."),
        ("rmse<<3", 5, "operators", "needs quotes"),
        ("optimizer=adam,", 16, "Expected a value right after the comma, got the end", "such as optimizer=adam,sgd. "),
        ("x=1, 2", 5, "Expected a value right after the comma", "Write several values without blanks"),
        ("x=,1", 3, "Expected a value after x=, got ',1'", "Put a value before the comma."),
        ("rmse<0,3", 7, "Expected one value after rmse<, got ',3'", "Try rmse<0.3, with a point"),
        ("optimizer in (adam, sgd)", 11, "Expected a term, got 'in'", "Try optimizer=adam,sgd for one of several values."),
        ("a=x or a=y", 5, "Expected a term, got 'or'", "Try status:failed,running or optimizer=adam,sgd"),
        ("a=b=c", 4, "Expected a blank after 'a=b', got '='", "needs quotes"),
        ("rmse<0.3optimizer=x", 18, "Expected a blank after 'rmse<0.3optimizer', got '='", "Put a blank between"),
        ("stauts:failed", 1, "Expected one of the keys status:, since:, until:, tag:", "Try status:failed, or tag:stauts:failed"),
        ("team:blue", 1, "Expected one of the keys", "Try tag:team:blue, or team=blue for a parameter or a result."),
        ("x rmse:0.3", 3, "Expected one of the keys", "rmse=0.3 for a parameter"),
        (":x", 1, "Expected one of the keys", "Try rmse<0.3"),
        ("status:faild", 8, "Expected one of completed, caught, failed, running, unknown after status:", "Try status:failed."),
        ("status:", 8, "Expected a value right after status:, got the end", "Try status:failed."),
        ("status: failed", 8, "Expected a value right after status:", "Try status:failed."),
        ("user:ann,", 10, "Expected a value right after user:", "Try user:ann."),
        ("user:,ann", 6, "Expected a value right after user:", "Try user:ann."),
        ("tag:''", 5, "Expected a value right after tag:", "Try tag:nightly."),
        ('user:"a":b', 9, "Expected a blank after 'user:\"a\"'", "Put the whole value in quotes"),
        ("since:yesterday", 7, "Expected an age such as 7d or 12h, or a time", "Try since:7d."),
        ("-since:3d", 2, "Expected since: without - or !", "Try until:."),
        ("it's", 3, "Expected a blank after 'it', got \"'\"", 'Put it in quotes, such as "it\'s".'),
        ("a!b", 2, "Expected a blank after 'a'", 'such as "a!b"'),
        ('"open', 1, 'Expected a closing quote "', "Close it"),
        ('x="a"b', 6, "Expected a blank after '\"a\"'", "doubled"),
        ('"a":b', 4, "Expected a blank", "Put it in quotes"),
        ('""', 1, "Expected a word", "Leave out"),
        ("(a)", 1, "Expected a term, got '(a)'", "Leave out parentheses"),
        ("a and b", 3, "Expected a term, got 'and'", "all terms must hold"),
        ("a || b", 3, "Expected a term", "Try status:failed,running"),
        ("not a", 1, "Expected a term", "Try - before the term"),
        ("x<true", 3, "Expected a number or text after x<", "Try x=true or x!=true"),
        ("x>=nan", 4, "Expected a number or text", 'x>="nan"'),
        ("x<none", 3, "Expected a number or text", "Try x=none"),
        ("--x", 1, "Expected a term after - or !", "Try -tag:nightly"),
        ("- x", 1, "Expected a term after - or !", "quotes"),
        ("-a=3", 1, "Expected a comparison without - or !", "rmse>=0.3"),
        ("a\x1b[2J:x", 1, r"'a\x1b[2J:x'", "tag:"),
    ],
)  # fmt: skip
def test_an_error_names_the_position_the_reason_and_a_solution(text, position, reason, advice):
    with pytest.raises(MetaflowInvalidArgument) as caught:
        parse_expression(text)
    message = str(caught.value)
    assert f"at character {position} of " in message
    assert reason in message
    assert advice in message
    assert message.isprintable()


def test_errors_about_the_whole():
    with pytest.raises(MetaflowInvalidArgument, match="at most 2,000 characters, got 2,001"):
        parse_expression("x" * (MAX_CHARS + 1))
    for odd in (5, None, b"rmse<3", ["rmse<3"]):
        with pytest.raises(MetaflowInvalidArgument, match="Expected conditions such as"):
            parse_expression(odd)


def test_a_long_expression_is_shown_around_the_error():
    with pytest.raises(MetaflowInvalidArgument) as caught:
        parse_expression("word " * 200 + "statsu:failed " + "word " * 50)
    assert len(str(caught.value)) < 400
    assert "at character 1001 of \u2026'" in str(caught.value)
    assert caught.value.suggestions == ("status",)


# -- properties -----------------------------------------------------------------------------------------------------------

PIECES = some.sampled_from(
    [
        "a", "rmse", "param.alpha", "0.3", "1e-3", "true", "nan", "status", "failed", "since", "7d", "tag", "user", "id", "and",
        *OPERATORS, *"=!<>~:,-()\"' \t\n\u00a0\u2264\x00\x1b\u202e\ud800\u00fc", "{x}", "__import__('os')", "$(rm)", "%s", "\\",
    ]
)  # fmt: skip
SCRIPTS = some.lists(PIECES, max_size=25).map("".join)
TEXTS = some.text(some.characters() | some.sampled_from(" \"'=!<>~:,-(a"), min_size=1, max_size=20)


@settings(max_examples=1_500, deadline=None)
@given(text=SCRIPTS | some.text(max_size=60))
@example("'")
@example("a=-")
@example("!=")
def test_any_text_is_an_expression_or_our_error(text):
    try:
        expression = parse_expression(text)
    except MetaflowInvalidArgument as error:
        assert "at character" in str(error)  # noqa: PT017 - any text is either valid or refused
        return
    written = expression.described()
    assert parse_expression(written) == expression
    assert parse_expression(written).described() == written
    assert len(written) <= len(text)


def terms():
    texts = TEXTS
    value = some.one_of(
        texts.map(value_text),
        some.integers().map(str),
        some.floats().map(repr),
        some.sampled_from(["true", "None", "inf"]),
    )
    ordered = some.one_of(texts.map(value_text), some.integers(-9, 9).map(str)).filter(
        lambda text: not isinstance(literal_of(text), bool | None) and text.lower() != "nan"
    )
    moments = some.sampled_from(["7d", "2026-01-31", "2026-01-31 12:00"])
    statuses = some.lists(some.sampled_from(RUN_STATUSES), min_size=1, max_size=3, unique=True).map(tuple)
    lists = some.lists(texts, min_size=1, max_size=3, unique=True).map(tuple)
    others = [key for key in KEYS if key not in (*LISTS, *MOMENTS)]
    return some.one_of(
        some.builds(
            lambda name, operator, values: ValueTerm(name, operator, values[0], tuple(values[1:])),
            texts,
            some.sampled_from(["=", "!="]),
            some.lists(value, min_size=1, max_size=3, unique=True),
        ),
        some.builds(ValueTerm, texts, some.sampled_from(ORDERS), ordered),
        some.builds(ValueTerm, texts, some.just("~"), texts.map(lambda text: value_text(text, only_text=True))),
        some.builds(KeyTerm, some.just("status"), statuses, some.booleans()),
        some.builds(KeyTerm, some.sampled_from(["user", "id"]), lists, some.booleans()),
        some.builds(KeyTerm, some.sampled_from(MOMENTS), some.tuples(moments), some.just(False)),  # noqa: FBT003
        some.builds(KeyTerm, some.sampled_from(others), some.tuples(texts), some.booleans()),
        some.builds(WordTerm, texts, some.booleans()),
    )


@settings(max_examples=800, deadline=None)
@given(made=some.lists(terms(), max_size=6, unique=True).map(tuple))
def test_what_is_written_is_read_back(made):
    expression = RunExpression(made)
    written = expression.described()
    if len(written) <= MAX_CHARS:
        assert parse_expression(written) == expression


@settings(max_examples=500, deadline=None)
@given(text=TEXTS)
def test_quotes_keep_any_text(text):
    assert unquoted(quoted(text)) == text
    term = parse_expression(f"x={value_text(text)}").terms[0]
    assert (term.name, term.values) == ("x", (text,))


@pytest.mark.parametrize(
    "text",
    [
        "'" * 1_999,
        '"' * 1_999,
        "a" * 2_000,
        "1" * 2_000,
        "x=" + "1" * 1_998,
        "(" * 2_000,
        "=" * 2_000,
        " " * 2_000,
        "a=1 " * 500,
        "a," * 1_000,
        "user:" + "a," * 997 + "b",
    ],
)
def test_long_text_is_read_at_once(text):
    try:
        parse_expression(text)
    except MetaflowInvalidArgument as error:
        assert len(str(error)) < 600  # noqa: PT017


# -- completion ---------------------------------------------------------------------------------------------------------------

OFFERED = {"name": ["rmse", "val loss", "metrics.auc"], "tag": ["nightly", "two words", "project:fraud", "project_branch:prod"], "user": ["ann", "bob"]}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("", [*(f"{key}:" for key in KEYS), "rmse", '"val loss"', "metrics.auc"]),
        ("x ", [*(f"x {key}:" for key in KEYS), "x rmse", 'x "val loss"', "x metrics.auc"]),
        ("rm", ["rmse"]),
        ('"va', ['"val loss"']),
        ("a=1 st", ["a=1 status:"]),
        ("-t", ["-tag:"]),
        ("-rm", []),
        ("status:", [f"status:{status}" for status in RUN_STATUSES]),
        ("-status:c", ["-status:completed", "-status:caught"]),
        ("status:failed,r", ["status:failed,running"]),
        ("since:", ["since:1h", "since:1d", "since:7d", "since:30d"]),
        ("tag:t", []),
        ('tag:"t', ['tag:"two words"']),
        ("tag:", ["tag:nightly", 'tag:"two words"', "tag:project:fraud", "tag:project_branch:prod"]),
        ("user:a", ["user:ann"]),
        ("project:", ["project:fraud"]),
        ("branch:p", ["branch:prod"]),
        ("id:", []),
        ("rmse<", []),
        ("other:", []),
        ("'two words", []),
        ("x='a b' us", ["x='a b' user:"]),
    ],
)  # fmt: skip
def test_the_last_term_is_completed(text, ends):
    assert complete_expression(text, OFFERED.__getitem__) == ends


@settings(max_examples=300, deadline=None)
@given(text=SCRIPTS, name=TEXTS, tag=TEXTS)
def test_a_completion_continues_the_text(text, name, tag):
    for end in complete_expression(text, lambda kind: [name] if kind == "name" else [tag]):
        assert end.startswith(text)


@settings(max_examples=300, deadline=None)
@given(name=TEXTS, tag=TEXTS)
def test_completions_are_read_back(name, tag):
    written = complete_expression("", lambda _: [name])[-1]
    assert parse_expression(f"{written}=1").terms == (ValueTerm(name, "=", "1"),)
    (written,) = complete_expression("tag:", lambda _: [tag])
    assert parse_expression(written).terms == (KeyTerm("tag", (tag,)),)
