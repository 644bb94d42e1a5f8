"""Pictures made larger by networks of the user's: their weights on this machine, how they are read, how they are run."""
