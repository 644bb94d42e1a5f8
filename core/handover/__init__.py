"""An edit for other editors, and back: what each can show, media copied, movies encoded, files written and read, sections recognised."""
