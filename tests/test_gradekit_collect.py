"""Zips as learning systems make them: whose file it is, when it came, what is not taken."""

import os
import shutil
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from small_course import DUE, RIGHT, handed_in, small_course, zipped

from gradekit import course as command
from gradekit.collect import MAX_BYTES, Report, collect
from gradekit.course_folder import Course, CourseError, Student
from gradekit.names import Piece, book_of, deciding, piece, student_of

ROSTER = """id,first_name,last_name,email,lms_id
ada,Ada,Lovelace,ada@example.org,11
bob,Robert,O'Neil-Smith,bob@example.org,12
zhang,伟,张,zhang@example.org,13
jose,José,García,jose@example.org,14
"""
EARLY = DUE - timedelta(days=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return small_course(tmp_path_factory.mktemp("collect"))


@pytest.fixture
def course(made: Course, tmp_path: Path) -> Course:
    """The same course, with nothing handed in."""
    for name in ("submitted", "handed_in"):
        shutil.rmtree(made.root / name, ignore_errors=True)
    (made.root / "students.csv").write_text(ROSTER, encoding="utf-8")
    return made


def take(course: Course, tmp_path: Path, *names: str, when: datetime = EARLY) -> Report:
    note = handed_in(course.released("small"), {})
    files = dict.fromkeys(names, (note, when))
    return collect(course, "small", zipped(tmp_path / "in.zip", files))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Ada Lovelace_4711_assignsubmission_file_", Piece(("Ada Lovelace",))),
        ("Ada Lovelace_4711_assignsubmission_file_bob.ipynb", Piece(("Ada Lovelace",))),
        ("lovelaceada_11_98765_exercise.ipynb", Piece(("11", "lovelaceada"))),
        ("lovelaceada_LATE_11_98765_x-2.ipynb", Piece(("11", "lovelaceada"), "", 2, True)),
        ("lovelaceada_11_98765_x-2027.ipynb", Piece(("11", "lovelaceada"))),
        (
            "01_landscape_ada_attempt_2027-02-28-10-15-33_exercise.ipynb",
            Piece(("ada",), "2027-02-28-10-15-33"),
        ),
        ("ada.IPYNB", Piece(("ada",))),
        ("  ada lovelace .ipynb", Piece(("ada lovelace",))),
    ],
)
def test_names_are_read(name: str, said: Piece) -> None:
    assert piece(name) == said


def test_the_folder_says_whose_it_is_not_the_file_in_it() -> None:
    assert deciding(("zip", "ada", "bob.ipynb"), 1) == ["ada"]
    assert deciding(("submissions", "ada.ipynb"), 1) == ["ada.ipynb", "submissions"]
    assert deciding(("ada", "exercise.ipynb"), 1) == ["exercise.ipynb", "ada"]


def test_a_name_that_two_students_share_leads_to_neither() -> None:
    book = book_of([Student("a", "Kim", "Lee"), Student("b", "Kim", "Lee"), Student("c", "Jo")])
    assert student_of([piece("Kim Lee")], book, add=False) is None
    assert student_of([piece("Jo")], book, add=False) == ("c", Piece(("Jo",)))


@pytest.mark.parametrize(
    ("names", "students"),
    [
        (["Ada Lovelace_1_assignsubmission_file_/ex.ipynb",
          "张 伟_2_assignsubmission_file_/练习 1.ipynb"], {"ada", "zhang"}),
        (["lovelaceada_11_5_exercise.ipynb", "oneilsmithrobert_99_6_Übung (1).ipynb",
          "garcíajosé_98_7_exercise.ipynb"], {"ada", "bob", "jose"}),
        (["x_ada_attempt_2027-02-28-10-15-33_exercise.ipynb"], {"ada"}),
        (["submissions/ada.ipynb", "submissions/BOB.ipynb"], {"ada", "bob"}),
        (["top/ada/exercise.ipynb", "top/Robert O'Neil-Smith/a/b/exercise.ipynb"], {"ada", "bob"}),
        (["ada/exercise.ipynb"], {"ada"}),
        (["zhang@example.org.ipynb", "Lovelace, Ada.ipynb", "jose\u0301 garci\u0301a.ipynb"],
         {"zhang", "ada", "jose"}),
    ],
    ids=["Moodle", "Canvas", "Blackboard", "plain", "folders", "one", "other names"],
)  # fmt: skip
def test_each_system_is_understood(
    names: list[str], students: set[str], course: Course, tmp_path: Path
) -> None:
    report = take(course, tmp_path, *names)
    assert report.taken == students
    assert report.look == []
    assert set(report.without) == {"ada", "bob", "zhang", "jose"} - students
    for student in students:
        assert course.submission("small", student).is_file()


def test_nobody_hands_in_for_another(course: Course, tmp_path: Path) -> None:
    names = [
        "Mallory_1_assignsubmission_file_/bob.ipynb",
        "ada/bob.ipynb",
        "malloryx_99_1_bob.ipynb",
    ]
    report = take(course, tmp_path, *names)
    assert report.taken == {"ada"}
    assert [line.split(":")[0] for line in report.look] == [names[0], names[2]]
    assert not course.submission("small", "bob").exists()


def test_no_path_leads_out_of_the_course(course: Course, tmp_path: Path) -> None:
    (course.root / "students.csv").write_text("id\n")
    before = set(tmp_path.rglob("*"))
    bad = [
        "../../../evil.ipynb",
        "/etc/evil.ipynb",
        "a/../../x.ipynb",
        "..\\..\\y.ipynb",
        "C:\\z.ipynb",
    ]
    report = take(course, tmp_path, *bad)
    assert set(tmp_path.rglob("*")) - before == {tmp_path / "in.zip"}
    inside = course.root / "submitted"
    assert {p.name for p in inside.iterdir()} == report.taken
    assert all(p.resolve().is_relative_to(inside) for p in inside.rglob("*"))


def test_the_last_version_counts_in_whatever_order_they_come(
    course: Course, tmp_path: Path
) -> None:
    released = course.released("small")
    first, last = (handed_in(released, {"q1": RIGHT + f"  # {n}"}) for n in (1, 2))
    files = {
        "ada/b.ipynb": (last, DUE - timedelta(hours=1)),
        "ada/c.ipynb": (first, DUE - timedelta(hours=2)),
        "bob/a.ipynb": (first, DUE - timedelta(hours=2)),
    }
    report = collect(course, "small", zipped(tmp_path / "a.zip", files))
    assert report.several == ["ada"]
    assert course.submission("small", "ada").read_text() == last
    # A second export, with an older and a newer one; taking it in twice changes nothing.
    again = {
        "bob/a.ipynb": (last, DUE + timedelta(hours=30)),
        "ada/x.ipynb": (first, DUE - timedelta(hours=9)),
    }
    for _ in range(2):
        report = collect(course, "small", zipped(tmp_path / "b.zip", again))
        assert report.late == ["bob (2027-03-02 18:00)"]
        assert course.submission("small", "ada").read_text() == last
        assert course.submission("small", "bob").read_text() == last
    stamp = course.submission("small", "bob").with_name("timestamp.txt")
    assert stamp.read_text() == "2027-03-02 18:00:00 UTC\n"
    assert len(list((course.root / "handed_in/small/ada").iterdir())) == 3


def test_canvas_attempts_are_ordered_and_equal_times_are_reported(
    course: Course, tmp_path: Path
) -> None:
    released = course.released("small")
    first, last = (handed_in(released, {"q1": RIGHT + f"  # {n}"}) for n in (1, 2))
    files = {
        "lovelaceada_11_5_exercise-1.ipynb": (last, EARLY),
        "lovelaceada_11_4_exercise.ipynb": (first, EARLY),
        "Bob/one.ipynb": (first, EARLY),
        "Bob/two.ipynb": (last, EARLY),
    }
    report = collect(course, "small", zipped(tmp_path / "a.zip", files))
    assert course.submission("small", "ada").read_text() == last
    assert len(report.look) == 1
    assert "bob: two notebooks of the same time; handed_in/small/bob/" in report.look[0]


def test_without_a_time_nothing_is_late(course: Course, tmp_path: Path) -> None:
    report = take(course, tmp_path, "ada.ipynb", when=datetime(1980, 1, 1))
    assert report.late == []
    assert report.look == ["ada: handed in at an unknown time, so not counted as late"]
    assert not course.submission("small", "ada").with_name("timestamp.txt").exists()


def test_what_cannot_be_taken_is_said(course: Course, tmp_path: Path) -> None:
    note = handed_in(course.released("small"), {})
    path = zipped(
        tmp_path / "a.zip",
        {
            "ada/report.pdf": (b"%PDF", EARLY),
            "ada/checks.py": ("print()", EARLY),
            "ada/.ipynb_checkpoints/x-checkpoint.ipynb": (note, EARLY),
            "__MACOSX/ada/._x.ipynb": (note, EARLY),
            "bob/exercise.ipynb": ("broken on the way " * 50, EARLY),
            "carol/exercise.ipynb": (note, EARLY),
            "zhang/exercise.ipynb": (note, EARLY),
        },
    )
    text = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("bob/exercise.ipynb").header_offset + 60
    path.write_bytes(text[:at] + b"\xff\xff\xff" + text[at + 3 :])
    report = collect(course, "small", path)
    assert report.taken == {"zhang"}
    assert report.look == [
        "ada/report.pdf: not taken, it is not called .ipynb",
        "bob/exercise.ipynb: not taken, it cannot be read",
        "carol/exercise.ipynb: not taken, nobody in students.csv has this name",
    ]


def test_no_name_of_a_file_stops_the_others(course: Course, tmp_path: Path) -> None:
    """The end of a file's name is the student's own choice."""
    names = [
        "lovelaceada_11_5_exercise-" + "9" * 240 + ".ipynb",
        "x_bob_attempt_2027-99-99-99-99-99_exercise.ipynb",
        "zhang.ipynb",
    ]
    report = take(course, tmp_path, *names)
    assert report.taken == {"ada", "bob", "zhang"}
    assert report.look == [f"{names[1]}: the time in its name is none"]
    assert not report.late


def test_a_bomb_is_read_no_further_than_a_notebook_may_be(course: Course, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"ada.ipynb": (b"0" * (64 << 20), EARLY)})
    assert path.stat().st_size < 1 << 17
    collect(course, "small", path)
    assert course.submission("small", "ada").stat().st_size == MAX_BYTES + 1


def test_a_folder_serves_as_well_and_its_links_are_not_followed(
    course: Course, tmp_path: Path
) -> None:
    folder, secret = tmp_path / "in", tmp_path / "secret"
    folder.mkdir()
    secret.write_text("secret")
    (folder / "ada.ipynb").write_text(handed_in(course.released("small"), {}))
    (folder / "bob.ipynb").symlink_to(secret)
    report = collect(course, "small", folder)
    assert report.taken == {"ada"}
    assert report.look == ["bob.ipynb: not taken, it cannot be read"]


def test_names_in_another_encoding_are_listed_and_stay_apart(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a zip from Windows leaves them when it is unpacked elsewhere."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in (b"M\xfcller.ipynb", b"M\xf6ller.ipynb"):
        with open(os.path.join(os.fsencode(folder), name), "w") as file:
            file.write(handed_in(course.released("small"), {}))
    assert command.main(["collect", str(course.root), "small", str(folder)]) == 0
    said = capsys.readouterr().out
    for name in ("M%DCFCller", "M%DCF6ller"):
        assert f"Look at this: {name}.ipynb: not taken, nobody in students.csv has" in said
    assert len(collect(course, "small", folder, add=True).taken) == 2


def test_without_a_list_of_students_ids_are_made_of_names(course: Course, tmp_path: Path) -> None:
    (course.root / "students.csv").write_text("id\n")
    report = take(course, tmp_path, "ada.ipynb", "José.ipynb", "Jose.ipynb", "张伟.ipynb")
    assert len(report.taken) == 4
    assert {"ada", "Jose"} < report.taken
    assert all(name.isascii() for name in report.taken)
    with pytest.raises(CourseError, match="not a zip archive or a folder"):
        collect(course, "small", course.root / "course.toml")
    with pytest.raises(CourseError, match="no file or folder"):
        collect(course, "small", tmp_path / "nothing.zip")
    with pytest.raises(CourseError, match="not released in this course; released: small"):
        collect(course, "other", tmp_path / "in.zip")
