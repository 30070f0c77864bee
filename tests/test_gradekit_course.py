"""The course folder, what is released, and the commands."""

import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from nbformat import read
from small_course import RIGHT, handed_in, private_exercise, small_course, zipped

from gradekit import course as command
from gradekit.checks import load
from gradekit.course_folder import Course, CourseError, Student, new, open_course
from gradekit.feedback import Result
from gradekit.release import release
from gradekit.shown import safe_markdown, show
from gradekit.submissions import Answers, form_of

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_course(tmp_path_factory.mktemp("made") / "it").root.parent


@pytest.fixture
def course(made: Path, tmp_path: Path) -> Course:
    """A copy, because making a gradebook takes seconds."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    settings = tmp_path / "course/course.toml"
    settings.write_text(settings.read_text().replace(str(made), str(tmp_path)))
    return open_course(tmp_path / "course")


def settings(course: Course, old: str, new: str) -> None:
    path = course.root / "course.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_the_release_of_a_books_exercise_is_the_committed_one(tmp_path: Path) -> None:
    course = new(tmp_path / "scores 2027", (ROOT / "exercises",))
    assert course.name == "scores-2027"
    handout = release(course, "01_landscape", datetime.fromisoformat("2027-03-01T12:00+01:00"))
    committed = ROOT / "exercises/01_landscape"
    with zipfile.ZipFile(handout) as archive:
        assert archive.namelist() == ["01_landscape/exercise.ipynb", "01_landscape/checks.py"]
        assert (
            archive.read("01_landscape/exercise.ipynb")
            == (committed / "exercise.ipynb").read_bytes()
        )
        assert archive.read("01_landscape/checks.py") == (committed / "checks.py").read_bytes()
    with course.gradebook() as gradebook:
        assignment = gradebook.find_assignment("01_landscape")
        assert assignment.duedate == datetime(2027, 3, 1, 11)
        form = form_of(committed / "exercise.ipynb")
        exercise = load(committed / "checks.py")
        full = sum(form.written.values()) + sum(c.points for c in exercise.checks)
        assert assignment.max_score == full


def test_a_private_exercise_keeps_its_answers_to_itself(course: Course) -> None:
    with zipfile.ZipFile(course.root / "handout/small.zip") as archive:
        given = b"".join(archive.read(name) for name in archive.namelist())
    assert b"NotImplementedError" in given
    for secret in (b"return 2 * x", b"Because", b"a teacher's own"):
        assert secret not in given


def test_a_gradebook_is_made_where_the_environment_is_not_active(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    private_exercise(tmp_path / "mine/small")
    course = new(tmp_path / "course", (tmp_path / "mine",))
    assert os.environ["PATH"] == "/usr/bin:/bin"
    with course.gradebook() as gradebook:
        version = gradebook.engine.connect().exec_driver_sql("select * from alembic_version")
        assert len(version.fetchall()) == 1


def test_an_exercise_may_be_released_again_but_not_rebuilt_under_its_submissions(
    course: Course, tmp_path: Path
) -> None:
    with course.gradebook() as gradebook:
        gradebook.add_student("ada")
        with gradebook.db.no_autoflush:
            gradebook.add_submission("small", "ada")
    master = tmp_path / "mine/small/master.ipynb"
    text = master.read_text()
    master.write_text(text.replace("more", "more words"))
    release(course, "small", None)
    assert "more words" in (course.released("small") / "exercise.ipynb").read_text()
    with course.gradebook() as gradebook:  # the deadline stays when none is given
        assert gradebook.find_assignment("small").duedate == datetime(2027, 3, 1, 12)
    master.write_text(text.replace('"q2"', '"q3"'))
    with pytest.raises(CourseError, match="RuntimeError: Cannot add or remove cells"):
        release(course, "small", None)


def test_points_must_agree(course: Course, tmp_path: Path) -> None:
    checks = tmp_path / "mine/small/checks.py"
    checks.write_text(checks.read_text().replace("points=2", "points=5"))
    with pytest.raises(CourseError, match=re.escape("gives {'q1': 3.0} points by question")):
        release(course, "small", None)


def test_links_to_chapters_lead_to_the_book(course: Course, tmp_path: Path) -> None:
    settings(course, 'book = ""', 'book = "https://book.example/"')
    release(open_course(course.root), "small", None)
    released = (course.released("small") / "exercise.ipynb").read_text()
    assert "[chapter](https://book.example/chapters/01_landscape.html)" in released


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('timezone = "UTC"', 'timezone = "Mars"', "Mars"),
        ('timezone = "UTC"', "", "does not set 'timezone'"),
        ("per_day = 0", "per_day = 101", "must be from 0 to 100, got 101"),
        ("per_day = 0", 'per_day = "much"', "much"),
        ("name = ", "name ", "cannot be read"),
    ],
)
def test_settings_that_are_wrong_are_named(old: str, new: str, words: str, course: Course) -> None:
    settings(course, old, new)
    with pytest.raises(CourseError, match=words):
        open_course(course.root)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("id\n../x\n", "'../x' is no id"),
        ("id\n=1\n", "'=1' is no id"),
        ("id\nada\nADA\n", "has ada more than once"),
        ("name\nada\n", "must have the columns id, first_name"),
        ("id\n\n,\n", "'' is no id"),
        ("id,first_name\nada,J\xe9an\n", "students.csv is not UTF-8; save it as CSV UTF-8"),
    ],
)
def test_a_list_of_students_that_is_wrong_says_so(rows: str, words: str, course: Course) -> None:
    (course.root / "students.csv").write_text(rows, encoding="latin-1")
    with pytest.raises(CourseError, match=re.escape(words)):
        course.students()


def test_a_list_of_students_may_have_semicolons(course: Course) -> None:
    text = "\ufeffid;last_name;email\r\nada;Łovelace;ada@example.org\r\n"  # as Excel writes it
    (course.root / "students.csv").write_text(text, encoding="utf-8", newline="")
    assert course.students() == [Student("ada", "", "Łovelace", "ada@example.org")]


def test_what_is_not_there_is_named(course: Course, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="no exercise"):
        new(tmp_path / "other", (tmp_path / "course",))
    assert not (tmp_path / "other").exists()
    with pytest.raises(CourseError, match="is a course already"):
        new(course.root, (tmp_path / "mine",))
    with pytest.raises(CourseError, match="no exercise other; there are small"):
        release(course, "other", None)
    with pytest.raises(CourseError, match="is not a course; make one"):
        open_course(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))",
        "[x](JaVa&#115;cript:alert(1))", "<a href='data:text/html,x'>x</a>", "![x](http://spy/x.png)",
        "<iframe src=x></iframe>", "<svg onload=alert(1)>", "<form action=x><input></form>",
        "<style>@import 'x'</style>", "<b style='background:url(x)'>b</b>", "<math><mi href=x>",
        "[a]: javascript:alert(1)\n\n[a]", "<javascript:alert(1)>", "$<img src=x onerror=alert()>$",
    ],
)  # fmt: skip
def test_a_students_text_is_only_text(text: str) -> None:
    html = safe_markdown(text)
    tags = " ".join(re.findall(r"<[^>]*>", html)).lower()
    assert not re.search(r"script|onerror|onload|src=|data:|iframe|svg|form|style|math", tags)


@pytest.mark.parametrize(
    "text", ["<div>" * 20_000, "a" + " " * 100_000 + "b", "\\begin{a}" * 11_000], ids=len
)
def test_a_text_that_takes_too_long_to_read_is_shown_as_it_is(text: str) -> None:
    begun = time.process_time()
    html = safe_markdown(text)
    assert time.process_time() - begun < 1  # as Markdown, ten seconds and more
    assert html.startswith("<pre>")
    assert "<div>" not in html


def test_formulas_and_markdown_remain() -> None:
    html = safe_markdown("**so** $a < b$ and `x < y`\n\n- [book](https://x.example)\n")
    assert "<strong>so</strong>" in html
    assert "$a &lt; b$" in html
    assert "<code>x &lt; y</code>" in html
    assert '<a href="https://x.example">book</a>' in html


def test_the_shown_notebook_is_ours_with_the_answers_in_it(course: Course) -> None:
    folder = course.released("small")
    blank = read(folder / "exercise.ipynb", as_version=4)
    answers = Answers({"q1": RIGHT + "\n# \ud800"}, {"q2": "Words"})
    shown = show(
        blank, answers, Result("ada", unreadable="it is a poem"), load(folder / "checks.py")
    )
    sources = {c.metadata.get("nbgrader", {}).get("grade_id"): c for c in shown.cells}
    assert sources["q1"].source == RIGHT + "\n# ?"
    assert sources["q2"].source == "Words"
    assert "it is a poem" in sources["q1_check"].outputs[0].text
    assert not any("Hint" in c.source for c in shown.cells)


def test_every_command_answers_and_none_shows_a_traceback(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: object) -> str:
        assert command.main([str(a) for a in arguments]) == 0
        return capsys.readouterr().out

    note = handed_in(course.released("small"), {"q1": RIGHT})
    path = zipped(tmp_path / "a.zip", {"ada.ipynb": (note, datetime(2027, 3, 2))})
    said = run("collect", course.root, "small", path)
    assert said == "Took in notebooks of 1 students.\nLate: ada (2027-03-02 00:00)\n"
    out = tmp_path / "m.csv"
    assert run("export", course.root, "--to", out) == (
        f"Look at this: small: ada is not graded yet\nWrote {out}\n"
    )
    for bad in (
        ["grade", tmp_path], ["release", course.root, "none"],
        ["collect", course.root, "small", out],
        ["marks", course.root, "small", "--from", tmp_path / "none.csv"],
        ["new", course.root, "--exercises", tmp_path / "mine"], ["feedback", course.root, "none"],
    ):  # fmt: skip
        assert command.main([str(a) for a in bad]) == 1
        assert capsys.readouterr().err.startswith("Not done: ")


def test_the_command_says_what_it_can_do() -> None:
    told = [sys.executable, "-m", "gradekit.course", "--help"]
    run = subprocess.run(told, capture_output=True, text=True, check=True, cwd=ROOT)
    for name in ("new", "release", "collect", "grade", "marks", "feedback", "export", "formgrader"):
        assert f"\n    {name}" in run.stdout
