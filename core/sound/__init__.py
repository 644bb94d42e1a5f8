"""What a sound is made of: from a file to features, one row for each control frame."""
