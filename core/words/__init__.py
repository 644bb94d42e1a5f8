"""What lyrics and labels mean: from words to ImageNet classes."""
