"""``python -m grokmodels``: run studies, look at them, and check that they can be remade."""

from grokmodels.studies.cli import main

if __name__ == "__main__":
    main()
