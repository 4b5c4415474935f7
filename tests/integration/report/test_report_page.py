"""The pages of retort report, opened in a browser: what somebody sees there. Skipped where there is no Chromium."""

import pytest
from browser import Browser

OF_A_RUN = {
    "Accuracy",
    "Cross-entropy on the test split",
    "Objective",
    "Terms",
    "Weights of the terms",
    "Learning rate",
    "Who is right, at the last evaluation",
    "Reliability diagram, at the last evaluation",
    "Where student and teacher err",
    "Distance of the logits from the teacher's",
    "Expected calibration error",
    "Entropy of the predictions",
    "Top-logit difference",
    "Norm of the logits",
    "Norm of the penultimate layer",
    "Gradient norms",
    "Cosines between the gradients of terms",
    "Singular values: representation.student",
    "Effective rank of the projectors",
    "Correlation of features: representation.student",
    "Relations of features: representation.student",
    "Throughput",
    "Time of a step",
    "Phases of a step",
    "Training graph",
}
OF_A_STUDY = {
    "Results of the groups",
    "Accuracy on the test split",
    "Accuracy on the training split",
    "Objective on the training split",
}


@pytest.fixture(scope="module")
def browser():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def pages(run, study, shared_retort):
    shared_retort("report", run.root)
    shared_retort("report", study.root)
    return {"run": run.root / "report.html", "study": study.root / "report.html"}


@pytest.mark.parametrize("kind, expected", [("run", OF_A_RUN), ("study", OF_A_STUDY)])
def test_every_figure_is_seen(browser, pages, kind, expected):
    figures = browser.open(pages[kind]).figures()
    assert expected <= {figure["title"] for figure in figures}
    for figure in figures:
        assert figure["width"] > 100 and figure["height"] > 50, figure
        assert figure["text"], figure
        assert figure["label"] is None or figure["title"] in figure["label"], figure
        assert figure["outside"] == [], figure


@pytest.mark.parametrize("kind", ["run", "study"])
def test_nothing_is_fetched_and_nothing_complains(browser, pages, kind):
    browser.open(pages[kind])
    assert browser.requests() == []
    assert browser.messages() == []


@pytest.mark.parametrize("kind", ["run", "study"])
@pytest.mark.parametrize("width", [390, 800, 1280, 1920])
def test_nothing_is_wider_than_the_page(browser, pages, kind, width):
    assert browser.open(pages[kind], width=width).overflow() <= 0


@pytest.mark.parametrize("kind", ["run", "study"])
def test_light_and_dark(browser, pages, kind):
    grounds = set()
    for scheme in ("light", "dark"):
        browser.open(pages[kind], scheme=scheme)
        assert browser.contrasts() == []
        grounds.add(browser.background())
    assert len(grounds) == 2
    # Paper is white whatever the screen is.
    assert browser.open(pages[kind], scheme="dark", media="print").background() == "rgb(255, 255, 255)"


def test_sections_can_be_reached(browser, pages):
    browser.open(pages["run"])
    missing = browser.script(
        "return [...document.querySelectorAll('nav a')].filter(link => !document.querySelector(link.hash)).length"
    )
    assert missing == 0
    assert browser.script("return document.querySelectorAll('nav a').length") >= 5
