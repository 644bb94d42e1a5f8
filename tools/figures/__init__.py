"""What the next embedded model learns: figures of Fluent Emoji 3D on studio grounds, in any shape."""
