"""The claims ledger: every claim of the book as a row that is computed from stored runs.

Each module holds the rows of one chapter and the analysis behind them, which the chapter uses, too.
"""
