"""Tracebacks of real runs of Metaflow and of other versions of Python, taken apart."""

import pytest

from mfwidgets import Metaflow
from mfwidgets.queries.status.recorded_exceptions import RecordedException, exception_in
from mfwidgets.queries.status.tracebacks import Frame, packages_of, parse_traceback, traceback_places


@pytest.fixture
def broken(small):
    """Return the exception of a run of broken_flow.py."""
    client = Metaflow(metadata=f"local@{small.folder('broken-good')}", namespace=None)
    return lambda way: client.get(small[f"broken-{way}"]).why().exception


def own_places(exception):
    return [(part.relation, str(part.where) if part.where else None) for part in exception.chain]


@pytest.mark.parametrize(
    ("way", "places"),
    [
        (
            "chained",
            [
                ("", 'broken_flow.py:32 in read_prices: raise RuntimeError("the prices are incomplete") from error'),
                ("cause", 'broken_flow.py:15 in price_of: return order["price"] * 1.19'),
            ],
        ),
        (
            "while",
            [
                ("", "broken_flow.py:68 in score: print(1 / 0)"),
                ("context", 'broken_flow.py:15 in price_of: return order["price"] * 1.19'),
            ],
        ),
        (
            "pandas",
            [("", 'broken_flow.py:72 in score: pd.DataFrame({"orders": [1, 2]})["price"]'), ("cause", None)],
        ),
        (
            "group",
            [
                ("", 'broken_flow.py:80 in score: raise ExceptionGroup("two orders are broken", errors)'),
                ("member", 'broken_flow.py:15 in price_of: return order["price"] * 1.19'),
                ("member", 'broken_flow.py:15 in price_of: return order["price"] * 1.19'),
            ],
        ),
        (
            "pool",
            [
                ("", "broken_flow.py:85 in score: list(pool.map(price_of, [{}]))"),
                ("cause", 'broken_flow.py:15 in price_of: return order["price"] * 1.19'),
            ],
        ),
        ("timeout", [("", "broken_flow.py:95 in score: time.sleep(10)")]),
        ("missing", [("", "broken_flow.py:87 in score: import surely_missing  # noqa: F401")]),
        ("syntax", [("", "settings.txt:1: def f(:")]),
        ("memory", [("", "broken_flow.py:91 in score: raise MemoryError")]),
    ],
)
def test_tracebacks_of_metaflow(broken, way, places):
    assert own_places(broken(way)) == places


def test_packages_are_named(broken):
    exception = broken("pandas")
    assert [frame.package for frame in exception.frames] == ["metaflow"] * 3 + ["", "pandas", "pandas"]
    assert packages_of(exception.frames) == "metaflow and pandas"
    assert {frame.package for frame in exception.chain[1].frames} == {"pandas"}  # also in compiled modules
    assert "Python" in {frame.package for frame in broken("subprocess").frames}


def test_the_place_of_a_group_is_that_of_its_first_member(broken):
    exception = broken("group")
    assert exception.where.function == "price_of"
    assert exception.telling_part.type == "TypeError"


def test_the_place_in_another_process(broken):
    exception = broken("pool")
    assert exception.where.function == "price_of"
    assert str(exception) == "KeyError: 'price'"


def test_a_frame_that_repeats(broken):
    exception = broken("recursion")
    assert exception.frames[-1].repeated > 900
    assert len(exception.frames) < 10


def test_marked_columns(broken):
    where = broken("while").frames[-1]
    assert where.code[slice(*where.columns)] == "1 / 0"


PYTHON_3_13 = """Traceback (most recent call last):
  File "/x/flow.py", line 5, in start
    check(
    ~~~~~^
        shop,
        ^^^^^
    )
    ^
  File "/x/flow.py", line 2, in check
    raise ValueError(
    ...<2 lines>...
    )
ValueError: two
lines

of text
"""

PYTHON_3_8 = """Traceback (most recent call last):
  File "C:\\\\flows\\\\flow.py", line 5, in start
    self.x = 1 / 0
ZeroDivisionError: division by zero
"""


def test_statements_of_several_lines():
    (part,) = parse_traceback(PYTHON_3_13)
    first, last = part.frames
    assert (first.code, first.more, first.columns) == ("check(", ("    shop,", ")"), (0, 6))
    assert (last.code, last.more) == ("raise ValueError(", ("...<2 lines>...", ")"))
    assert (part.type, part.message) == ("ValueError", "two\nlines\n\nof text")


def test_tracebacks_of_old_versions():
    (part,) = parse_traceback(PYTHON_3_8)
    assert part.frames == (Frame("C:\\\\flows\\\\flow.py", 5, "start", "self.x = 1 / 0"),)
    assert part.frames[0].place == "flow.py:5 in start"


def test_a_message_can_quote_a_traceback():
    """The exception that ended the attempt is the recorded one, not the last in the text."""
    text = (
        'Traceback (most recent call last):\n  File "/x/flow.py", line 5, in start\n    call()\n'
        f"RuntimeError: the worker failed:\n{PYTHON_3_8}"
    )
    exception = RecordedException("RuntimeError", f"the worker failed:\n{PYTHON_3_8}", text)
    assert [(part.type, part.relation) for part in exception.chain] == [
        ("RuntimeError", ""),
        ("ZeroDivisionError", "quoted"),
    ]
    assert exception.where.code == "call()"


def test_nested_groups():
    text = """  + Exception Group Traceback (most recent call last):
  |   File "/x/flow.py", line 3, in start
  |     raise both
  | ExceptionGroup: outer (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ExceptionGroup: inner (1 sub-exception)
    +-+---------------- 1 ----------------
      | ValueError: one
      +------------------------------------
    +---------------- 2 ----------------
    | Traceback (most recent call last):
    |   File "/x/flow.py", line 9, in two
    |     a | b
    | TypeError: two
    +------------------------------------
"""
    found = parse_traceback(text)
    assert [(part.level, part.type) for part in found] == [
        (0, "ExceptionGroup"),
        (4, "ExceptionGroup"),
        (6, "ValueError"),
        (4, "TypeError"),
    ]
    assert found[3].frames[0].code == "a | b"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no traceback",
        "Traceback (most recent call last):",
        'Traceback (most recent call last):\n  File "a", line 1, in f',
        "  + Exception Group Traceback (most recent call last):\n  +-+---------------- 1 ----------------",
        "Traceback (most recent call last):\n" * 1000,
        "  + Exception Group Traceback (most recent call last):\n" + "  | \n" * 1000,
        'Traceback (most recent call last):\n  File "\x1b[2J", line 999999999999, in \u202e\n' + " " * 100_000,
    ],
)
def test_odd_texts(text):
    for part in parse_traceback(text):
        assert "\x1b" not in str(part)
        assert all("\x1b" not in frame.place for frame in part.frames)
    exception_in(text.splitlines())
    assert RecordedException("E", "", text).where is None or text.count("File") == 1


def test_chained_tracebacks_in_a_log_are_one(small):
    client = Metaflow(metadata=f"local@{small.folder('broken-good')}", namespace=None)
    task = client.get(small["broken-chained"]).why().task
    lines = [line.message for line in task.logs("stderr")]
    ((first, last),) = traceback_places(lines)
    assert lines[last] == "RuntimeError: the prices are incomplete"
    assert "KeyError: 'price'" in lines[first:last]
    assert [part.type for part in exception_in(lines).chain] == ["RuntimeError", "KeyError"]


@pytest.mark.parametrize(
    ("file", "package"),
    [
        ("/home/ann/flow.py", ""),
        ("flow.py", ""),
        ("/x/site-packages/pandas/core/frame.py", "pandas"),
        ("/x/site-packages/six.py", "six"),
        ("pandas/_libs/index.pyx", "pandas"),
        ("/home/ann/project/fast.pyx", ""),
        ("<string>", "generated code"),
        ("<__array_function__ internals>", "generated code"),
        ("<frozen importlib._bootstrap>", "Python"),
        ("C:\\Python311\\Lib\\json\\decoder.py", "Python"),
        ("/usr/lib/python3.11/json/decoder.py", "Python"),
        ("/metaflow/metaflow/task.py", "metaflow"),
        ("/x/site-packages/metaflow_extensions/a/b.py", "metaflow"),
        ("<ipython-input-3-abc>", ""),
    ],
)
def test_the_package_of_a_file(file, package):
    assert Frame(file, 1, "f").package == package
