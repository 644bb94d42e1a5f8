"""An edit for other editors: what each one can show, media copied, movies encoded, files written."""
