"""What the buttons do. Thin: read the strips, start a job, report."""

from . import cures, films, hand_over, pieces

CLASSES = (
    films.CHROMASTRIP_OT_generate,
    films.CHROMASTRIP_OT_insert_strip,
    films.CHROMASTRIP_OT_cancel,
    pieces.CHROMASTRIP_OT_render,
    pieces.CHROMASTRIP_OT_render_stale,
    pieces.CHROMASTRIP_OT_redo,
    pieces.CHROMASTRIP_OT_copy_settings,
    pieces.CHROMASTRIP_OT_paste_settings,
    hand_over.CHROMASTRIP_OT_export,
    hand_over.CHROMASTRIP_OT_import,
    hand_over.CHROMASTRIP_OT_insert_timeline,
    cures.CHROMASTRIP_OT_copy_error,
    cures.CHROMASTRIP_OT_use_standard_view,
)
