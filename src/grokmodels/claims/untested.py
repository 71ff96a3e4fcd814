"""Claims that are on the list and that no stored run has tested yet."""

from __future__ import annotations

from grokmodels.claims.row import Row

CLAIMS = {
    19: ("Grokking without weight decay exists.", "published work by other groups"),
    20: ("The scale of the logits, not the norm of the weights, carries the effect.", "published work, disputed"),
}


def rows() -> list[Row]:
    """Each of them as an open row."""
    return [
        Row(
            number=number,
            claim=claim,
            source=source,
            experiment="none yet",
            runs=0,
            seeds=0,
            censored=0,
            effect="Not measured.",
            verdict="open",
            reason="No run of this book tests it.",
            figure="",
        )
        for number, (claim, source) in CLAIMS.items()
    ]
