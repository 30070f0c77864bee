"""A course from its first command to its last, with a class of thirty, in the box."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from class_of_thirty import DUE, PERCENT, Pupil, exported, pupils, roster
from small_course import gradebook_rows, zipped

from gradekit import course as command
from gradekit.course_folder import open_course
from gradekit.export import problems, totals
from gradekit.tables import read_table, write_table

ROOT = Path(__file__).resolve().parents[1]
NAME = "01_landscape"
pytestmark = [pytest.mark.long, pytest.mark.box, pytest.mark.xdist_group("class")]


def run(*arguments: object) -> None:
    assert command.main([str(a) for a in arguments]) == 0


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Pupil]]:
    """The course after grading, which was killed once on the way."""
    folder = tmp_path_factory.mktemp("class")
    os.environ["GRADEKIT_SECRET"] = "the secret of the class of thirty"
    root = folder / "course"
    run("new", root, "--exercises", ROOT / "exercises")
    settings = root / "course.toml"
    settings.write_text(settings.read_text().replace("per_day = 0", f"per_day = {PERCENT}"))
    run("release", root, NAME, "--due", DUE.isoformat())
    people = list(pupils(root / "release" / NAME))
    assert len(people) == 31
    (root / "students.csv").write_text(roster(people), encoding="utf-8")
    for n, system in enumerate(("moodle", "canvas", "blackboard")):
        part = zipped(folder / f"{system}.zip", exported(people[n::3], system))
        run("collect", root, NAME, part)
    grading = [sys.executable, "-m", "gradekit.course", "grade", str(root), "--workers", "2"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.Popen(grading, env=env, start_new_session=True)
    while killed.poll() is None and len(list(root.glob("graded/*/*.json"))) < 8:
        time.sleep(0.05)
    assert killed.poll() is None, "it was over before it could be killed"
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    first = {p: p.stat().st_mtime_ns for p in root.glob("graded/*/*.json")}
    subprocess.run(grading, env=env, check=True)
    assert all(p.stat().st_mtime_ns == at for p, at in first.items()), "something was graded twice"
    return root, people


def test_every_mark_is_the_one_that_is_due(
    taught: tuple[Path, list[Pupil]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, people = taught
    machine: dict[str, float] = {}
    for student, cell, auto, _, _ in gradebook_rows(root):
        machine[student] = machine.get(student, 0) + (auto if cell != "q6" else 0)
    assert machine == {one.id: one.machine for one in people if one.files}
    # Marks by hand, through the table.
    table = tmp_path / "hand.csv"
    run("marks", root, NAME, "--to", table)
    marked = read_table(table)
    due = {one.id: one.hand for one in people}
    assert {r["student"] for r in marked} == {one.id for one in people if one.files}
    for row in marked:
        hand = due[row["student"]]
        row["points"] = "" if hand is None else f"{hand:g}"
        row["comment"] = f"Read, {row['student']}."
    write_table(table, [list(marked[0]), *(list(r.values()) for r in marked)])
    run("marks", root, NAME, "--from", table)
    course = open_course(root)
    assert problems(course) == []
    final = {one.id: {NAME: one.final} for one in people if one.files}
    assert totals(course) == final
    # Graded once more, by us and by nbgrader's own button: nothing moves, no mark by hand is lost.
    before = gradebook_rows(root)
    for path in root.glob(f"graded/{NAME}/*.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "key": ""}))
    run("grade", root)
    assert gradebook_rows(root) == before
    for student in ("late", "crook"):
        done = course.api().autograde(NAME, student)
        assert done["success"], done
    assert not course.api().autograde(NAME, "nojson")["success"]  # nbgrader cannot open it
    assert gradebook_rows(root) == before
    run("grade", root)
    assert gradebook_rows(root) == before
    assert totals(course) == final
    # Out it goes.
    out = tmp_path / "marks.csv"
    capsys.readouterr()
    run("export", root, "--to", out)
    assert "Look at this" not in capsys.readouterr().out
    assert {r["id"]: r[NAME] for r in read_table(out)} == {
        one.id: f"{one.final:g}" if one.files else "" for one in people
    }
    run("feedback", root)
    pages = {p.parents[1].name: p.read_text() for p in root.glob(f"feedback/*/{NAME}/*.html")}
    assert pages.keys() == {one.id for one in people if one.files}
    assert "Read, full1." in pages["full1"]
    assert "Score: 18.0 / 20.0" not in pages["full0"]
    assert "Score: 20.0 / 20.0" in pages["full0"]
    assert "Late submission penalty (Score: -4.0)" in pages["late"]
    assert "could not be graded: the file is not a notebook" in pages["nojson"]
    assert "sample_ring took longer than" in pages["crook"]
    assert "<script>document.title" not in pages["crook"]
    assert "onerror=" not in pages["crook"].replace("&quot;", "")


@pytest.mark.browser
def test_formgrader_shows_the_answers_and_takes_a_mark(
    taught: tuple[Path, list[Pupil]], tmp_path: Path
) -> None:
    from playwright.sync_api import sync_playwright

    root, _ = taught
    with sqlite3.connect(root / "gradebook.db") as database:
        found = database.execute(
            "select a.student_id, n.id from submitted_notebook n "
            "join submitted_assignment a on n.assignment_id = a.id"
        )
        pages = dict(found.fetchall())
    options = ["--no-browser", "--allow-root", "--ServerApp.port=8931", "--IdentityProvider.token="]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "JUPYTER_CONFIG_DIR": str(tmp_path)}
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyter", "lab", *options],
        cwd=root, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    base = "http://127.0.0.1:8931/formgrader"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(base.replace("formgrader", "api"))
                break
            except OSError:
                time.sleep(0.5)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium",
                args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
            )
            page = browser.new_page()
            page.set_default_timeout(120_000)
            page.goto(f"{base}/submissions/{pages['crook']}/", wait_until="domcontentloaded")
            page.wait_for_selector("input#q6")
            assert page.title() != "taken"
            assert "while True" in page.inner_text("body")
            page.goto(f"{base}/submissions/{pages['full4']}/", wait_until="domcontentloaded")
            assert "At a saddle" in page.inner_text("body")
            score = page.wait_for_selector("input#q6")
            assert score is not None
            page.wait_for_function("document.querySelector('#q1_check').placeholder")
            with page.expect_response(
                lambda r: "/api/grade/" in r.url and r.request.method == "PUT"
            ):
                score.fill("1.25")
                score.press("Tab")
            browser.close()
    finally:
        server.terminate()
        server.wait()
    mark = {r[:2]: r[3:] for r in gradebook_rows(root)}
    assert mark["full4", "q6"] == (1.25, 0)
    run("grade", root)
    assert {r[:2]: r[3:] for r in gradebook_rows(root)} == mark
