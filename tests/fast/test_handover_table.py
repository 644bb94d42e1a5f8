"""The table of what survives is what a try of every row in every format gives, and nothing that is seen or heard changes unsaid."""

from tools import handover_table

UNSEEN = ("size", "names", "markers")
"""Words of the rows by which no frame and no sample changes."""


def test_the_documents_table_is_what_is_so_and_no_frame_or_sample_changes_unsaid():
    document = handover_table.DOCUMENT.read_text(encoding="utf-8")
    made = handover_table.table()
    assert made in document
    quiet = [row.split("|")[1] for row in made.splitlines() if handover_table.SILENT in row]
    assert [row for row in quiet if not any(word in row for word in UNSEEN)] == []
