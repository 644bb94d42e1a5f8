"""What the embedded model “Emoji” learns from: emoji, tied to the 1000 ImageNet classes, and the views that noise gives of them."""
