"""Where nbgrader, run in this folder, finds a course and keeps it: read by its command line and by tools/course.py."""

from pathlib import Path

HERE = Path(__file__).resolve().parent

c = get_config()  # noqa: F821 (given by the loader)
c.CourseDirectory.course_id = "grokking"
c.CourseDirectory.root = str(HERE)
c.CourseDirectory.release_directory = str(HERE.parent / "_build" / "course" / "release")

# A test cell that somebody deleted is put back; one that was changed is restored without being asked.
c.OverwriteCells.add_missing_cells = True
# Seconds for one cell: those that read stored runs take a few. An endless loop costs its own points only.
c.Execute.timeout = 60
