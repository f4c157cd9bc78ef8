"""The search of the documentation finds the page that answers a question, with the words in which people ask it."""

from urllib.parse import quote

import pytest
from documents.pages import ROOT

from .jupyterlab import browser

BUILT = ROOT / "build" / "docs"

QUESTIONS = {
    "plot accuracy against learning rate": "howto/plot-metric",
    "model of the best run": "howto/model-of-best-run",
    "failed this week and why": "howto/failed-this-week",
    "wait for a run": "howto/wait",
    "download all cards": "howto/cards",
    "tag the best run": "howto/tag-best-run",
    "Argo, Step Functions, Airflow runs": "howto/schedulers",
    "Outerbounds": "howto/outerbounds",
    "MinIO and other S3 endpoints": "howto/clouds",
    "CI": "howto/ci",
    "leaderboard": "howto/best-run",
    "polars": "howto/polars",
    "delete the cache": "howto/cache",
    "my company's profile": "howto/profiles",
    "try it in the browser": "browser",
    "limits": "limits",
    "why did my run fail": "howto/why-failed",
    "coding agent": "howto/agents",
    "compare two runs": "howto/changed-since-good",
    "sidebar": "howto/sidebar",
}
"""The words that people type, and the page that should be among the first results."""

FIRST = 3


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    if not (BUILT / "searchindex.js").exists():
        pytest.skip("the documentation is not built (make docs)")
    with browser(tmp_path_factory.mktemp("home")) as page:
        yield page


def results(page, question):
    """Return the pages that the search lists, best first."""
    page.goto(f"{(BUILT / 'search.html').as_uri()}?q={quote(question)}")
    summary = page.locator("#search-results p.search-summary")
    summary.filter(has_text="found").or_(summary.filter(has_text="did not match")).wait_for()
    page.wait_for_function("document.querySelector('#search-progress')?.textContent !== 'Searching...'")
    links = [link.get_attribute("href") for link in page.locator("#search-results ul.search > li > a").all()]
    return list(dict.fromkeys(link.partition(".html")[0] for link in links))


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_answer_is_among_the_first_results(page, question):
    assert QUESTIONS[question] in results(page, question)[:FIRST]


def test_nothing_is_found_for_nonsense(page):
    assert results(page, "zyzzyva") == []
