"""The sums of tests/run: nothing that failed or was skipped may get lost in them."""

import json
import pathlib
import sys

import pytest

import tree

sys.path.insert(0, str(tree.ROOT / "tests/support"))

import totals  # noqa: E402

GTEST = """<testsuites><testsuite name="A">
  <testcase name="good" status="run" result="completed" classname="A"/>
  <testcase name="bad" status="run" result="completed" classname="A"><failure message="x"/></testcase>
  <testcase name="later" status="run" result="skipped" classname="A"><skipped message="why"/></testcase>
  <testcase name="DISABLED_off" status="notrun" result="suppressed" classname="A"/>
</testsuite></testsuites>"""
GOOD = '<testsuites><testsuite name="B"><testcase name="good" status="run" result="completed" ' \
       'classname="B"/></testsuite></testsuites>'


def ctest(*cases: tuple[str, str]) -> str:
    inside = "".join(
        f'<testcase name="{name}" classname="{name}" status="{status}">'
        + ("<failure/>" if status == "fail" else "") + "</testcase>" for name, status in cases)
    return f"<testsuite>{inside}</testsuite>"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "gtest").mkdir()
    return tmp_path


def count(folder: pathlib.Path, junit: str, programs: dict[str, str], **xml: str) -> totals.Totals:
    (folder / "ctest.xml").write_text(junit)
    for name, text in xml.items():
        (folder / "gtest" / f"{name}.xml").write_text(text)
    return totals.of_ctest(folder / "ctest.xml", folder / "gtest", programs)


def test_cases_of_a_googletest_program_count_one_by_one(folder):
    got = count(folder, ctest(("a_test", "fail")), {"a_test": "a_test"}, a_test=GTEST)
    assert (got.passed, got.failed, got.skipped) == (1, ["A.bad"], ["A.later", "A.DISABLED_off"])


def test_a_program_that_died_counts_as_one_failure(folder):
    got = count(folder, ctest(("a_test", "fail"), ("b_test", "run")),
                {"a_test": "a_test", "b_test": "b_test"}, b_test=GOOD)
    assert (got.passed, got.failed) == (1, ["a_test"])


def test_a_program_that_died_after_its_tests_is_a_failure(folder):
    got = count(folder, ctest(("b_test", "fail")), {"b_test": "b_test"}, b_test=GOOD)
    assert (got.passed, len(got.failed)) == (1, 1)


def test_other_programs_count_as_one(folder):
    got = count(folder, ctest(("script", "run"), ("off", "disabled"), ("away", "notrun")), {})
    assert (got.passed, got.failed, got.skipped) == (1, [], ["off", "away"])


def test_a_file_that_is_cut_short_is_a_failure(folder):
    got = count(folder, ctest(("b_test", "fail")), {"b_test": "b_test"}, b_test=GOOD[:40])
    assert got.passed == 0
    assert got.failed


def test_a_missing_file_is_a_failure(tmp_path):
    assert totals.of_pytest(tmp_path / "no.xml").failed


def test_why_it_failed_is_one_line_of_bounded_length(tmp_path):
    path = tmp_path / "pytest.xml"
    path.write_text(f'''<testsuites><testsuite><testcase classname="a" name="b">
        <failure message="AssertionError: x == 1&#10;  +  where {"y" * 10_000}">long</failure></testcase>
        <testcase classname="a" name="c"/></testsuite></testsuites>''')
    got = totals.of_pytest(path)
    assert list(got.reasons) == got.failed == ["a.b"]
    assert got.reasons["a.b"].startswith("AssertionError: x == 1 + where yyy")
    assert len(got.reasons["a.b"]) == totals.REASON_CHARACTERS
    other = totals.Totals()
    other.merge(got)
    assert other.reasons == got.reasons


def test_programs_are_found_by_their_command():
    listing = json.dumps({"tests": [{"name": "a", "command": ["/x/a_test", "--flag"]}, {"name": "b"}]})
    assert totals.programs_of_ctest(listing) == {"a": "a_test"}


def test_the_line():
    got = totals.Totals()
    for name, outcome in (("a", "passed"), ("b", "failed"), ("c", "skipped"), ("d", "passed")):
        got.add(name, outcome)
    assert got.line() == "2 passed, 1 failed, 1 skipped"


def test_a_skip_without_a_reason_is_refused(tmp_path):
    path = tmp_path / "allowed_skips"
    path.write_text("# comment\n\nbpf A.b  # needs kprobes\n")
    assert totals.read_allowed_skips(path) == {"bpf A.b"}
    path.write_text("bpf A.b\n")
    with pytest.raises(ValueError):
        totals.read_allowed_skips(path)
