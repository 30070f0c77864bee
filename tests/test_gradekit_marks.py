"""Marks by hand and by the computer in one gradebook: none is lost, none is stale."""

import csv
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from small_course import (
    DUE,
    HALF,
    RIGHT,
    Unboxed,
    grade,
    gradebook_rows,
    handed_in,
    small_course,
    zipped,
)

from gradekit import marks, nbgrader_shell
from gradekit.collect import collect
from gradekit.course_folder import Course, CourseError, open_course
from gradekit.export import export, fill, problems, totals
from gradekit.marks import read_hand, settle, write_hand
from gradekit.tables import guard, read_table, write_table

STUDENTS = """id,first_name,last_name,email,lms_id
ada,Ada,Lovelace,ada@example.org,11
bob,=cmd|' /C calc'!A0,Smith,bob@example.org,12
cem,Cem,Şahin,cem@example.org,13
dee,Dee,"O, Hara",,14
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    course = small_course(tmp_path_factory.mktemp("marks"))
    (course.root / "students.csv").write_text(STUDENTS, encoding="utf-8")
    return course.root


@pytest.fixture
def course(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """Three have handed in and are graded: all right; half, a day and an hour late; nothing."""
    monkeypatch.setenv("GRADEKIT_SECRET", "a secret of the tests")
    shutil.copytree(made, tmp_path / "course")
    settings = tmp_path / "course/course.toml"
    text = settings.read_text()
    settings.write_text(text.replace("per_day = 0", "per_day = 10"))
    course = open_course(tmp_path / "course")
    note = course.released("small")
    files = {
        "ada.ipynb": (handed_in(note, {"q1": RIGHT, "q2": "As $2x = x + x$."}), DUE),
        "bob.ipynb": (handed_in(note, {"q1": HALF, "q2": "=1+1"}), DUE + timedelta(hours=25)),
        "cem.ipynb": (handed_in(note, {}), DUE),
    }
    collect(course, "small", zipped(tmp_path / "in.zip", files))
    grade(course)
    return course


def resubmit(course: Course, tmp_path: Path, student: str, **cells: str) -> None:
    note = handed_in(course.released("small"), cells)
    when = DUE - timedelta(minutes=1) if student != "bob" else DUE + timedelta(hours=26)
    when = when + timedelta(minutes=2) if student == "ada" else when
    collect(course, "small", zipped(tmp_path / "more.zip", {f"{student}.ipynb": (note, when)}))


def hand(course: Course, path: Path, **points: str) -> None:
    rows = [["student", "question", "points", "comment"]]
    rows += [[student, "q2", value, f"for {student}"] for student, value in points.items()]
    write_table(path, rows)
    read_hand(course, "small", path)


def state(course: Course) -> list[tuple[object, ...]]:
    return gradebook_rows(course.root)


def test_the_gradebook_is_filled(course: Course) -> None:
    assert state(course) == [
        ("ada", "q1_check", 3.0, None, 0), ("ada", "q2", None, None, 1),
        ("bob", "q1_check", 1.0, None, 0), ("bob", "q2", None, None, 1),
        ("cem", "q1_check", 0.0, None, 0), ("cem", "q2", 0.0, None, 0),
    ]  # fmt: skip
    assert problems(course) == [
        "small: ada's q2 waits for a person's mark", "small: bob's q2 waits for a person's mark"
    ]  # fmt: skip
    with course.gradebook() as gradebook:
        assert gradebook.find_student("cem").last_name == "Şahin"


def test_nothing_is_graded_twice_and_whatever_changed_is(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, executor = state(course), Unboxed()
    again = grade(course, executor)
    assert [(m.student, m.earned, m.fresh) for m in again] == [
        ("ada", 3, False), ("bob", 1, False), ("cem", 0, False)
    ]  # fmt: skip
    assert executor.graded == []
    assert state(course) == before
    resubmit(course, tmp_path, "cem", q1=RIGHT)  # older than what counts
    grade(course, executor)
    assert executor.graded == []
    resubmit(course, tmp_path, "ada", q1=HALF, q2="As $2x = x + x$.")
    grade(course, executor)
    assert executor.graded == ["ada"]
    monkeypatch.setenv("GRADEKIT_SECRET", "another secret, so other inputs")
    grade(course, executor)
    assert executor.graded == ["ada", "ada", "bob", "cem"]
    # Somebody has removed a notebook that formgrader shows.
    shutil.rmtree(course.root / "autograded/cem")
    grade(course, executor)
    assert executor.graded[4:] == ["cem"]


def test_marks_by_hand_stay_when_all_is_graded_again(course: Course, tmp_path: Path) -> None:
    hand(course, tmp_path / "h.csv", ada="1.5", bob="2")
    settle(course, "small")
    before, earned = state(course), totals(course)
    # Late by a day and an hour: two days begun, ten percent of five points each.
    assert earned == {"ada": {"small": 4.5}, "bob": {"small": 2.0}, "cem": {"small": 0.0}}
    grade(course, again=True)
    assert state(course) == before
    assert totals(course) == earned
    with course.gradebook() as gradebook:
        comment = gradebook.find_comment("q2", "exercise", "small", "ada")
        assert (comment.auto_comment, comment.manual_comment) == (None, "for ada")


def test_a_mark_is_looked_at_again_when_its_answer_changes(course: Course, tmp_path: Path) -> None:
    hand(course, tmp_path / "h.csv", ada="1.5", bob="2")
    resubmit(course, tmp_path, "ada", q1=RIGHT, q2="As I copied.")
    resubmit(course, tmp_path, "bob", q1=RIGHT, q2="=1+1")  # the code, not the text
    for _ in range(2):
        grade(course, again=True)
        assert state(course)[1] == ("ada", "q2", None, 1.5, 1)
        assert state(course)[3] == ("bob", "q2", None, 2.0, 0)
        assert problems(course) == ["small: ada's q2 waits for a person's mark"]
    hand(course, tmp_path / "h.csv", ada="0.5")
    assert problems(course) == []
    # A person's word on the computer's part stands, until the computer says something else.
    with course.gradebook() as gradebook:
        one = gradebook.find_grade("q1_check", "exercise", "small", "ada")
        one.manual_score = 2.0
        gradebook.db.commit()
    grade(course, again=True)
    assert state(course)[0] == ("ada", "q1_check", 3.0, 2.0, 0)


def test_a_run_that_dies_anywhere_is_repeated_to_the_same_end(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand(course, tmp_path / "h.csv", ada="1.5", bob="2")
    before = state(course)
    for step in range(7):
        for name in ("graded", "autograded"):
            shutil.rmtree(course.root / name)
        monkeypatch.undo()
        monkeypatch.setenv("GRADEKIT_SECRET", "a secret of the tests")
        writes = iter(range(100))
        write = nbgrader_shell._write

        def dies(path: Path, text: str, writes=writes, write=write, step=step) -> None:
            if next(writes) == step:
                raise KeyboardInterrupt
            write(path, text)

        monkeypatch.setattr(nbgrader_shell, "_write", dies)
        with pytest.raises(KeyboardInterrupt):
            grade(course)
        monkeypatch.setattr(nbgrader_shell, "_write", write)
        grade(course)
        # Without its records a run cannot know that a text is the one that was marked.
        unknown = [(s, q, a, m, int(m is not None or bool(n))) for s, q, a, m, n in before]
        assert state(course) == unknown
        hand(course, tmp_path / "h.csv", ada="1.5", bob="2")
        assert state(course) == before


def test_one_run_at_a_time(course: Course) -> None:
    with nbgrader_shell._alone(course), pytest.raises(CourseError, match="another run is grading"):
        grade(course)


def test_a_grader_in_trouble_gives_no_mark(course: Course, tmp_path: Path) -> None:
    resubmit(course, tmp_path, "ada", q1=HALF, q2="new")
    before = state(course)
    troubled = [m for m in grade(course, Unboxed(fails=True)) if m.trouble]
    assert [m.student for m in troubled] == ["ada"]
    assert "out of order" in troubled[0].trouble
    assert state(course) == before


def test_the_table_for_marking_goes_out_and_comes_back(course: Course, tmp_path: Path) -> None:
    path = tmp_path / "hand.csv"
    assert write_hand(course, "small", path) == 2
    rows = read_table(path)
    assert [(r["student"], r["question"], r["points"], r["out_of"]) for r in rows] == [
        ("ada", "q2", "", "2"), ("bob", "q2", "", "2"), ("cem", "q2", "", "2")
    ]  # fmt: skip
    assert [r["answer"] for r in rows] == ["As $2x = x + x$.", "'=1+1", "*Your answer here.*"]
    # As a spreadsheet of a country with decimal commas saves it.
    rows[0] |= {"points": "1,5", "comment": "=good"}
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    assert read_hand(course, "small", path) == 1
    assert state(course)[1] == ("ada", "q2", None, 1.5, 0)
    assert write_hand(course, "small", path) == 1
    assert (read_table(path)[0]["points"], read_table(path)[0]["comment"]) == ("1.5", "'=good")


@pytest.mark.parametrize(
    ("student", "question", "points", "words"),
    [
        ("ada", "q2", "2.5", "row 3: points must be from 0 to 2, got 2.5"),
        ("ada", "q2", "-1", "from 0 to 2"),
        ("ada", "q2", "nan", "from 0 to 2"),
        ("ada", "q2", "good", "from 0 to 2, got good"),
        ("eve", "q2", "1", "row 3: there is no answer q2 of eve"),
        ("ada", "q1_check", "1", "there is no answer q1_check of ada to mark by hand"),
        ("bob", "q2", "1", "row 3: bob has a mark for q2 already"),
    ],
)
def test_a_table_with_a_mistake_enters_nothing(
    student: str, question: str, points: str, words: str, course: Course, tmp_path: Path
) -> None:
    before, path = state(course), tmp_path / "h.csv"
    rows = [["student", "question", "points"], ["bob", "q2", "1"], [student, question, points]]
    write_table(path, rows)
    with pytest.raises(CourseError, match=f"no mark was entered[^!]*{words}"):
        read_hand(course, "small", path)
    assert state(course) == before
    path.write_text("a,b\n1,2\n")
    with pytest.raises(CourseError, match="must have the columns student, question, points"):
        read_hand(course, "small", path)


def test_a_mark_for_an_answer_that_was_replaced_is_refused(course: Course, tmp_path: Path) -> None:
    path = tmp_path / "hand.csv"
    write_hand(course, "small", path)
    rows = read_table(path)
    rows[0]["points"] = "2"
    write_table(path, [list(rows[0]), *(list(r.values()) for r in rows)])
    resubmit(course, tmp_path, "ada", q1=RIGHT, q2="Something else.")
    grade(course)
    with pytest.raises(CourseError, match="row 2: ada has handed in another answer since"):
        read_hand(course, "small", path)


def test_a_penalty_follows_marks_and_extensions(course: Course, tmp_path: Path) -> None:
    settle(course, "small")
    assert totals(course)["bob"] == {"small": 0.0}  # one point, and one of two days' cost taken
    hand(course, tmp_path / "h.csv", bob="2")
    assert totals(course)["bob"] == {"small": 2.0}
    with course.gradebook() as gradebook:
        gradebook.grant_extension("small", "bob", hours=2)
    assert totals(course)["bob"] == {"small": 2.5}
    with course.gradebook() as gradebook:
        gradebook.grant_extension("small", "bob", days=2)
    assert totals(course)["bob"] == {"small": 3.0}


def test_marks_go_out_as_a_table(course: Course, tmp_path: Path) -> None:
    hand(course, tmp_path / "h.csv", ada="1.5", bob="2")
    path = tmp_path / "marks.csv"
    export(course, path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfid,")
    assert [list(row.values()) for row in read_table(path)] == [
        ["ada", "Ada", "Lovelace", "ada@example.org", "11", "4.5", "4.5"],
        ["bob", "'=cmd|' /C calc'!A0", "Smith", "bob@example.org", "12", "2", "2"],
        ["cem", "Cem", "Şahin", "cem@example.org", "13", "0", "0"],
        ["dee", "Dee", "O, Hara", "", "14", "", "0"],
    ]
    export(course, path, missing="0")
    assert list(read_table(path)[3].values())[5:] == ["0", "0"]


CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,small (778),Other (779)
    Points Possible,,,,,5,10
"Lovelace, Ada",11,s1,ada,A,,7
"Smith, =Bob",12,s2,bob@example.org,A,,
"Nobody, Else",99,s9,else,A,,3
"""


def test_marks_are_filled_into_the_systems_own_table(course: Course, tmp_path: Path) -> None:
    hand(course, tmp_path / "h.csv", ada="1.5", bob="2")
    like, path = tmp_path / "canvas.csv", tmp_path / "out.csv"
    like.write_text(CANVAS, encoding="utf-8")
    assert fill(course, like, path) == ["cem"]
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == CANVAS.splitlines()[0].split(",")
    assert rows[1] == ["    Points Possible", "", "", "", "", "5", "10"]
    assert rows[2] == ["Lovelace, Ada", "11", "s1", "ada", "A", "4.5", "7"]
    assert rows[3] == ["Smith, =Bob", "12", "s2", "bob@example.org", "A", "2", ""]
    assert rows[4] == ["Nobody, Else", "99", "s9", "else", "A", "", "3"]
    # Moodle's has no column yet.
    like.write_text("First name,Email address\nAda,ADA@example.org\n", encoding="utf-8")
    assert fill(course, like, path) == ["bob", "cem"]
    assert read_table(path)[0]["small"] == "4.5"
    like.write_text("Email address\n", encoding="utf-8")
    with pytest.raises(CourseError, match="has no rows"):
        fill(course, like, path)


def test_points_are_not_taken_for_the_number_of_a_student(course: Course, tmp_path: Path) -> None:
    """Ada's number is 11, and so is what another exercise is worth, and somebody's mark in it."""
    like, path = tmp_path / "like.csv", tmp_path / "out.csv"
    like.write_text(
        "Student,Quiz,Other,ID\nPoints Possible,11,20,\nNobody,13,11,99\n"
        "Ada,12,3,11\nBob,11,4,12\n",
        encoding="utf-8",
    )
    assert fill(course, like, path) == ["cem"]
    assert [(row["Student"], row["small"]) for row in read_table(path)] == [
        ("Points Possible", ""), ("Nobody", ""), ("Ada", "3"), ("Bob", "0"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("=1+1", False), ("+1+1", False), ("-x", False), ("@SUM(A1)", False), ("\t=1", False),
        (" =1", False), ("\r=1", False), ("-1.5", True), ("+3", True), ("a=1", True), ("", True),
        ("-inf", False),
    ],
)  # fmt: skip
def test_no_cell_is_a_formula(text: str, kept: bool) -> None:
    assert guard(text) == (text if kept else f"'{text}")


def test_a_table_in_another_encoding_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("name\nJosé\n".encode("latin-1"))
    with pytest.raises(CourseError, match="save it as CSV UTF-8"):
        read_table(tmp_path / "a.csv")


def test_an_answer_is_known_by_its_words() -> None:
    assert marks._version("a") != marks._version("a ")
    assert marks._version("\ud800").startswith("v")
