"""`make lab` opens the chapters, and the exercises can be reached from there."""

import json
import os
import shlex
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]


def command():
    said = subprocess.run(
        ["make", "-n", "lab"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    (line,) = (line for line in said.stdout.splitlines() if "jupyter lab" in line)
    return [str(Path(sys.executable).parent / "jupyter"), *shlex.split(line)[1:]]


def running(folder, seconds=60):
    """What the server wrote about itself, once it serves and has said where it will begin."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for note in folder.glob("jpserver-*.json"):
            if "/lab/tree/chapters" in (folder / "said").read_text():
                return json.loads(note.read_text())
        time.sleep(0.2)
    raise TimeoutError(
        f"the server did not start with the chapters: {(folder / 'said').read_text()}"
    )


def test_make_lab_opens_the_chapters_and_reaches_the_exercises(tmp_path):
    here = {"JUPYTER_RUNTIME_DIR": tmp_path, "JUPYTER_CONFIG_DIR": tmp_path, "HOME": tmp_path}
    env = os.environ | {key: str(folder) for key, folder in here.items()}
    options = ["--no-browser", "--allow-root", "--ServerApp.port=0", "--ServerApp.port_retries=50"]
    with (tmp_path / "said").open("w") as said:
        server = subprocess.Popen(command() + options, cwd=ROOT, env=env, stdout=said, stderr=said)
    try:
        about = running(tmp_path)
        for page in ("chapters/01_landscape.ipynb", "exercises/01_landscape/exercise.ipynb"):
            address = f"{about['url']}api/contents/{page}?content=0&token={about['token']}"
            with urllib.request.urlopen(address) as answer:
                assert json.load(answer)["type"] == "notebook"
    finally:
        server.terminate()
        server.wait(20)
