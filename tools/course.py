"""Make the students' assignments and mark what they hand in, with nbgrader.

    make assignments
    make grades

The first writes the notebooks of ``course/source`` without solutions and hidden tests into ``_build/course/release``.
The second runs what lies in ``course/submitted/STUDENT/ASSIGNMENT`` and writes all marks to ``course/grades.csv``, with
the columns of nbgrader's export. What was marked already is marked anew only if it was handed in anew.
"""

import argparse
import os
import sys
from pathlib import Path

from nbgrader.apps import NbGraderAPI
from nbgrader.plugins import CsvExportPlugin
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

COURSE = Path(__file__).parents[1] / "course"


class CourseError(Exception):
    """What nbgrader refused, and why."""


def settings() -> Config:
    """What ``course/nbgrader_config.py`` says."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(COURSE)).load_config()


def assignments(course: Config) -> list[str]:
    """Write the students' version of every assignment; their names."""
    nbgrader = _nbgrader(course)
    names = sorted(nbgrader.get_source_assignments())
    for name in names:
        _must(nbgrader.generate_assignment(name, force=True, create=True), name)
    return names


def grades(course: Config, table: Path) -> list[str]:
    """Mark what was handed in, and write the marks of every student and assignment as CSV; what was marked."""
    nbgrader = _nbgrader(course)
    handed_in = [
        (name, student)
        for name in sorted(nbgrader.get_source_assignments())
        for student in sorted(nbgrader.get_submitted_students(name))
    ]
    if not handed_in:
        place = Path(nbgrader.coursedir.format_path("submitted", "STUDENT", "ASSIGNMENT"))
        raise CourseError(f"submitted: found nothing to mark; put notebooks into {place}")
    for name, student in handed_in:
        _must(nbgrader.autograde(name, student, force=False, create=True), f"{name} of {student}")
    with nbgrader.gradebook as gradebook:
        CsvExportPlugin(config=course, to=str(table)).export(gradebook)
    return [f"{name} of {student}" for name, student in handed_in]


def _nbgrader(course: Config) -> NbGraderAPI:
    # It calls alembic, which makes its database, by its bare name.
    beside = str(Path(sys.executable).parent)
    if beside not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([beside, os.environ["PATH"]])
    return NbGraderAPI(config=course)


def _must(result: dict[str, object], what: str) -> None:
    if not result["success"]:
        raise CourseError(f"{what}: nbgrader stopped:\n{result.get('log') or ''}{result.get('error') or ''}")


def main() -> int:
    """Do what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", choices=["assignments", "grades"])
    course = settings()
    try:
        if parser.parse_args().work == "assignments":
            done, place = assignments(course), Path(course.CourseDirectory.release_directory)
        else:
            place = COURSE / "grades.csv"
            done = grades(course, place)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    print(*done, sep="\n")
    print(f"They are in {place}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
